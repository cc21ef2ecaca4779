/* SPDX-License-Identifier: MIT */
/* Large send offload: the protocol leaves TCP packets to the miniport, as large as its configuration allows, and what
 * it turns off it segments by itself. The far end sees each segment right.
 * options: --net gen:ip=both,large=40,dir=tx,count=3000,size=60-1514,batch=10-100,hold=1
 * control: wait up; go; wait finished
 * says: gen tx: 3000 frames sent, 3000 arrived, all intact and in order
 */
#include "segment.h"
#include "shape.h"

/* As a transport leaves it. */
static VOID Look(PNET_BUFFER_LIST List, LARGE_INFO Info)
{
    PNET_BUFFER Buffer = NET_BUFFER_LIST_FIRST_NB(List);
    ULONG Tcp = Info.LsoV2Transmit.TcpHeaderOffset, Headers, Data;
    PMDL Mdl = NET_BUFFER_CURRENT_MDL(Buffer);
    const UCHAR *At = (PUCHAR)MmGetSystemAddressForMdlSafe(Mdl, NormalPagePriority) +
                      NET_BUFFER_CURRENT_MDL_OFFSET(Buffer);
    BOOLEAN V6 = At[12] == 0x86;

    CHECK(NET_BUFFER_NEXT_NB(Buffer) == NULL);
    CHECK(Tcp == (V6 ? 54u : 34u));
    Headers = Tcp + (At[Tcp + 12] >> 4) * 4;
    CHECK(MmGetMdlByteCount(Mdl) - NET_BUFFER_CURRENT_MDL_OFFSET(Buffer) >= Headers);
    Data = NET_BUFFER_DATA_LENGTH(Buffer) - Headers;
    CHECK(Data <= LargeMost && Data > Info.LsoV2Transmit.MSS * (LARGE_LEAST - 1));
    CHECK(Info.LsoV2Transmit.MSS + Headers <= FRAME_MAX);
    if (Info.Transmit.Type == NDIS_TCP_LARGE_SEND_OFFLOAD_V1_TYPE) {
        CHECK(!V6 && GetShort(At + 16) == NET_BUFFER_DATA_LENGTH(Buffer) - 14);
        return;
    }
    CHECK(GetShort(At + (V6 ? 18 : 16)) == 0);
    CHECK(Info.LsoV2Transmit.IPVersion == (V6 ? 1u : 0u));
    CHECK(GetShort(At + Tcp + 16) ==
          Add(6, At + (V6 ? 22 : 26), V6 ? 32 : 8)); /* no length is in it */
}

static VOID Send(PNET_BUFFER_LIST List, ULONG CompleteFlags)
{
    LARGE_INFO Info;

    Info.Value = NET_BUFFER_LIST_INFO(List, TcpLargeSendNetBufferListInfo);
    if (Info.Value != NULL)
        Look(List, Info);
    SegmentSend(List, CompleteFlags);
}

static VOID Halt(VOID)
{
    CHECK(Large[0][0] > 3 && Large[1][0] > 3 && Large[1][1] > 10 && Large[0][1] == 0);
    CHECK(Segments > 2000 && Segments + Alone == 3000);
    CHECK(LongestData > 30000);
    VirtioStop();
}

VOID Break(HOOKS *Hooks)
{
    SegmentHooks(Hooks);
    Hooks->Send = Send;
    Hooks->Halt = Halt;
}
