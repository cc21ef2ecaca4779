/* SPDX-License-Identifier: MIT */
/* LargeSendOffload: LSOv1 is completed with the bytes of data that were sent. Here the list keeps its MSS.
 * ndishost-options: --net gen:ip=1,large=20,dir=tx,count=400,size=400-1514
 * control: wait finished
 * says: sent with LSOv1, completed with LsoV1TransmitComplete.TcpPayload
 */
#include "segment.h"

static VOID Send(PNET_BUFFER_LIST List, ULONG CompleteFlags)
{
    PNET_BUFFER Buffer = NET_BUFFER_LIST_FIRST_NB(List);
    LARGE_INFO Info;

    Info.Value = NET_BUFFER_LIST_INFO(List, TcpLargeSendNetBufferListInfo);
    if (Info.Value == NULL) {
        SegmentSend(List, CompleteFlags);
        return;
    }
    CopyPacket(Buffer);
    SegmentPacket(NET_BUFFER_DATA_LENGTH(Buffer), Info.LsoV2Transmit.TcpHeaderOffset,
                  Info.LsoV2Transmit.MSS);
    Complete(List, NDIS_STATUS_SUCCESS, CompleteFlags);
}

VOID Break(HOOKS *Hooks)
{
    SegmentHooks(Hooks);
    LargeVersions = 1;
    Hooks->Send = Send;
}
