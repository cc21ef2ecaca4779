/* SPDX-License-Identifier: MIT */
#include "link.h"
#include "adapter.h"
#include "event_log.h"
#include "state.h"

/* `Up` is as it was when the link cannot be read. */
static enum virtio_pci_status AerovnetReadLink(PAEROVNET_ADAPTER Adapter, PBOOLEAN Up)
{
    enum virtio_pci_status Status = VIRTIO_PCI_OK;
    virtio_u16 Word = VIRTIO_NET_S_LINK_UP;

    if (virtio_pci_has(&Adapter->Device, VIRTIO_NET_F_STATUS))
        Status =
            virtio_pci_config_read(&Adapter->Device, VIRTIO_NET_CONFIG_STATUS, &Word, sizeof(Word));
    if (Status == VIRTIO_PCI_OK)
        *Up = (Word & VIRTIO_NET_S_LINK_UP) != 0;
    return Status;
}

/* Logs that the link cannot be read, once until it can. That a device is gone others find and log. */
static VOID AerovnetLogLink(PAEROVNET_ADAPTER Adapter, enum virtio_pci_status Status)
{
    BOOLEAN Unreadable = Status != VIRTIO_PCI_OK && Status != VIRTIO_PCI_E_GONE;

    if (Unreadable && !Adapter->LinkUnreadable)
        AerovnetLog(Adapter, AEROVNET_EVENT_CONFIG_UNREADABLE, VIRTIO_NET_CONFIG_STATUS,
                    (ULONG)Status);
    Adapter->LinkUnreadable = Unreadable;
}

VOID AerovnetLinkFirst(PAEROVNET_ADAPTER Adapter)
{
    BOOLEAN Up = TRUE;

    AEROVNET_ASSERT_PASSIVE();
    AerovnetLogLink(Adapter, AerovnetReadLink(Adapter, &Up));
    Adapter->LinkUp = Up;
}

static VOID AerovnetIndicateLink(PAEROVNET_ADAPTER Adapter, BOOLEAN Up)
{
    NDIS_STATUS_INDICATION Indication;
    NDIS_LINK_STATE Link;

    NdisZeroMemory(&Link, sizeof(Link));
    Link.Header.Type = NDIS_OBJECT_TYPE_DEFAULT;
    Link.Header.Revision = NDIS_LINK_STATE_REVISION_1;
    Link.Header.Size = NDIS_SIZEOF_LINK_STATE_REVISION_1;
    Link.MediaConnectState = Up ? MediaConnectStateConnected : MediaConnectStateDisconnected;
    Link.MediaDuplexState = Up ? MediaDuplexStateFull : MediaDuplexStateUnknown;
    Link.XmitLinkSpeed = Up ? AEROVNET_LINK_SPEED : NDIS_LINK_SPEED_UNKNOWN;
    Link.RcvLinkSpeed = Link.XmitLinkSpeed;
    Link.PauseFunctions = NdisPauseFunctionsUnsupported;

    NdisZeroMemory(&Indication, sizeof(Indication));
    Indication.Header.Type = NDIS_OBJECT_TYPE_STATUS_INDICATION;
    Indication.Header.Revision = NDIS_STATUS_INDICATION_REVISION_1;
    Indication.Header.Size = NDIS_SIZEOF_STATUS_INDICATION_REVISION_1;
    Indication.SourceHandle = Adapter->MiniportHandle;
    Indication.StatusCode = NDIS_STATUS_LINK_STATE;
    Indication.StatusBuffer = &Link;
    Indication.StatusBufferSize = sizeof(Link);
    NdisMIndicateStatusEx(Adapter->MiniportHandle, &Indication);
}

VOID AerovnetLinkChanged(PAEROVNET_ADAPTER Adapter)
{
    PAEROVNET_QUEUE Queue = &Adapter->Receive.Queue;
    enum virtio_pci_status Status = VIRTIO_PCI_OK;
    BOOLEAN Up = FALSE;
    BOOLEAN Live;

    /* While the gate is open the device is not reset, and its features are not negotiated anew.
     * Whoever opens it has the DPC run after it. */
    NdisDprAcquireSpinLock(&Queue->Lock);
    Live = Queue->Live;
    if (Live)
        Status = AerovnetReadLink(Adapter, &Up);
    NdisDprReleaseSpinLock(&Queue->Lock);
    if (Live)
        AerovnetLogLink(Adapter, Status);
    else if (AerovnetStateOf(&Adapter->State) != AerovnetStateDead)
        return;
    if (Status != VIRTIO_PCI_OK)
        return;
    if (InterlockedExchange(&Adapter->LinkUp, Up) == Up)
        return;
    InterlockedIncrement(&Adapter->LinkChanges);
    AerovnetIndicateLink(Adapter, Up);
}
