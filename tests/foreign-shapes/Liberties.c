/* SPDX-License-Identifier: MIT */
/* A driver that bears all liberties of --shape. With the keyword Fault=LIBERTY it is one that cannot bear this one, and
 * an assertion of its own fails: shape_tests.py has the search name the liberty.
 * options: --shape random
 * control: send; send; send; send; send; send; send; send; power d3; power d0; power d3; power d0; oid query OID_GEN_VENDOR_ID 4
 */
#include "shape.h"

#define FAULT_MAX 16
#define HEADER    14u

static WCHAR Text[FAULT_MAX];
static UNICODE_STRING Fault;
static BOOLEAN Mapping; /* inside the call that asks for a scatter/gather list */

/* The driver assumes this, if it is the one with that fault. At any IRQL. */
static VOID Assume(PCWSTR Liberty, BOOLEAN Holds)
{
    ULONG i;

    if (Holds || Fault.Length == 0)
        return;
    for (i = 0; i < FAULT_MAX && Text[i] == Liberty[i]; i++)
        if (Liberty[i] == 0)
            RtlAssert((PVOID)(ULONG_PTR) "Assume", (PVOID)(ULONG_PTR)__FILE__, __LINE__, NULL);
}

static VOID AssumeMdl(PMDL Mdl)
{
    Assume(L"unmapped",
           (Mdl->MdlFlags & (MDL_MAPPED_TO_SYSTEM_VA | MDL_SOURCE_IS_NONPAGED_POOL)) != 0);
    Assume(L"alignment", ((ULONG_PTR)MmGetMdlVirtualAddress(Mdl) & 15) == 0);
}

static VOID AssumeFrame(PNET_BUFFER Frame)
{
    PMDL Mdl = NET_BUFFER_CURRENT_MDL(Frame);
    ULONG Offset = NET_BUFFER_CURRENT_MDL_OFFSET(Frame), Left = NET_BUFFER_DATA_LENGTH(Frame);
    ULONG Pieces = 0, First = 0;
    BOOLEAN Inside = Offset != 0, Two = FALSE;

    Assume(L"offset", Offset == 0);
    Assume(L"front-mdls", Mdl == NET_BUFFER_FIRST_MDL(Frame));
    Assume(L"empty-first", Mdl->ByteCount != 0);
    for (; Left != 0; Mdl = Mdl->Next, Offset = 0) {
        ULONG Here = Mdl->ByteCount - Offset;

        AssumeMdl(Mdl);
        Assume(L"empty-mdls", Here != 0 || Pieces == 0);
        Assume(L"spare", Here <= Left);
        Two |= Inside && Here > Left;
        Pieces += Here != 0;
        First = First != 0 ? First : Here;
        Left -= Here < Left ? Here : Left;
    }
    Assume(L"empty-mdls", Mdl == NULL || Mdl->ByteCount != 0);
    while (Mdl != NULL && Mdl->ByteCount == 0)
        Mdl = Mdl->Next;
    Assume(L"behind", Mdl == NULL);
    Assume(L"pieces", Pieces == 1);
    Assume(L"many-pieces", Pieces <= 8);
    Assume(L"split-header", First >= HEADER);
    Assume(L"two", !Two);
}

static LONG Out; /* lists that wait for a scatter/gather list */

static VOID Mapped(PNET_BUFFER Frame, PSCATTER_GATHER_LIST Sg)
{
    PNET_BUFFER_LIST List = (PNET_BUFFER_LIST)NET_BUFFER_MINIPORT_RESERVED(Frame)[0];

    Assume(L"sg-late", Mapping);
    Unmap(Frame, Sg);
    Complete(List, NDIS_STATUS_FAILURE, NDIS_SEND_COMPLETE_FLAGS_DISPATCH_LEVEL);
    InterlockedDecrement(&Out);
}

/* Maps the first frame of each list. */
static VOID Send(PNET_BUFFER_LIST List, ULONG CompleteFlags)
{
    PNET_BUFFER Frame = NET_BUFFER_LIST_FIRST_NB(List);
    NDIS_STATUS Status;
    KIRQL Irql;

    Assume(L"buffers", NET_BUFFER_NEXT_NB(Frame) == NULL);
    for (; Frame != NULL; Frame = NET_BUFFER_NEXT_NB(Frame))
        AssumeFrame(Frame);
    Frame = NET_BUFFER_LIST_FIRST_NB(List);
    NET_BUFFER_MINIPORT_RESERVED(Frame)[0] = List;
    InterlockedIncrement(&Out);
    KeRaiseIrql(DISPATCH_LEVEL, &Irql);
    Mapping = TRUE;
    Status = NdisMAllocateNetBufferSGList(Adapter.Dma, Frame, Frame, NDIS_SG_LIST_WRITE_TO_DEVICE,
                                          NULL, 0);
    Mapping = FALSE;
    KeLowerIrql(Irql);
    if (Status != NDIS_STATUS_SUCCESS) {
        InterlockedDecrement(&Out);
        Complete(List, NDIS_STATUS_FAILURE, CompleteFlags);
    }
}

static MINIPORT_SEND_NET_BUFFER_LISTS Chain;
static VOID NTAPI Chain(NDIS_HANDLE MiniportAdapterContext, PNET_BUFFER_LIST NetBufferLists,
                        NDIS_PORT_NUMBER PortNumber, ULONG SendFlags)
{
    Assume(L"dispatch", !NDIS_TEST_SEND_AT_DISPATCH_LEVEL(SendFlags));
    Assume(L"chains", NET_BUFFER_LIST_NEXT_NBL(NetBufferLists) == NULL);
    MiniportSend(MiniportAdapterContext, NetBufferLists, PortNumber, SendFlags);
}

static VOID Dpc(PVOID Context, PNDIS_RECEIVE_THROTTLE_PARAMETERS Throttle)
{
    UNREFERENCED_PARAMETER(Context);
    Assume(L"throttle", Throttle->MaxNblsToIndicate == NDIS_INDICATE_ALL_NBLS);
}

/* Asked by itself, and by the scenario. */
static NDIS_STATUS Oid(PNDIS_OID_REQUEST Request)
{
    static const ULONG Vendor = 0x656C75;
    unsigned Turn;

    for (Turn = 0; Turn < 40; Turn++) {
        QueueDpc(NULL);
        WaitMilliseconds(1);
    }
    return Answer(Request, &Vendor, sizeof(Vendor));
}

static MINIPORT_OID_REQUEST Request;
static NDIS_STATUS NTAPI Request(NDIS_HANDLE MiniportAdapterContext, PNDIS_OID_REQUEST OidRequest)
{
    Assume(L"power", OidRequest->DATA.QUERY_INFORMATION.Oid != OID_PNP_QUERY_POWER);
    return MiniportOid(MiniportAdapterContext, OidRequest);
}

static MINIPORT_CANCEL_OID_REQUEST Cancel;
static VOID NTAPI Cancel(NDIS_HANDLE MiniportAdapterContext, PVOID RequestId)
{
    UNREFERENCED_PARAMETER(MiniportAdapterContext);
    UNREFERENCED_PARAMETER(RequestId);
    Assume(L"cancel", FALSE);
}

/* The protocol may give each back while it is indicated. */
static NDIS_STATUS Restart(VOID)
{
    unsigned Turn;

    for (Turn = 0; Turn < 8; Turn++) {
        Indicate(0);
        Assume(L"hold", Adapter.Indicated == 0);
        while (*(volatile LONG *)&Adapter.Indicated != 0)
            WaitMilliseconds(1);
    }
    return NDIS_STATUS_SUCCESS;
}

static NDIS_STATUS Pause(VOID)
{
    while (*(volatile LONG *)&Out != 0)
        WaitMilliseconds(1);
    return NDIS_STATUS_SUCCESS;
}

static NDIS_STATUS Initialize(VOID)
{
    PNDIS_CONFIGURATION_PARAMETER Parameter;
    NDIS_HANDLE Configuration;
    NDIS_STRING Name = NDIS_STRING_CONST("Fault");
    NDIS_STATUS Status = OpenConfiguration(&Configuration);

    if (Status != NDIS_STATUS_SUCCESS)
        return Status;
    NdisReadConfiguration(&Status, &Parameter, Configuration, &Name, NdisParameterString);
    if (Status == NDIS_STATUS_SUCCESS) {
        Fault.Buffer = Text;
        Fault.MaximumLength = sizeof(Text) - sizeof(WCHAR);
        RtlCopyUnicodeString(&Fault, &Parameter->ParameterData.StringData);
    }
    NdisCloseConfiguration(Configuration);
    return NDIS_STATUS_SUCCESS;
}

static VOID Entry(PNDIS_MINIPORT_DRIVER_CHARACTERISTICS Characteristics)
{
    Characteristics->SendNetBufferListsHandler = Chain;
    Characteristics->OidRequestHandler = Request;
    Characteristics->CancelOidRequestHandler = Cancel;
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Entry = Entry;
    Hooks->Initialize = Initialize;
    Hooks->Restart = Restart;
    Hooks->Pause = Pause;
    Hooks->Send = Send;
    Hooks->SgList = Mapped;
    Hooks->Dpc = Dpc;
    Hooks->Oid = Oid;
}
