/* SPDX-License-Identifier: MIT */
#include "link.h"
#include "adapter.h"

BOOLEAN AerovnetReadLink(PAEROVNET_ADAPTER Adapter)
{
    virtio_u16 Word;

    if (!virtio_pci_has(&Adapter->Device, VIRTIO_NET_F_STATUS))
        return TRUE;
    if (virtio_pci_config_read(&Adapter->Device, VIRTIO_NET_CONFIG_STATUS, &Word, sizeof(Word)) !=
        VIRTIO_PCI_OK)
        return FALSE;
    return (Word & VIRTIO_NET_S_LINK_UP) != 0;
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
    BOOLEAN Up;

    if (!Adapter->Receive.Queue.Live)
        return;
    Up = AerovnetReadLink(Adapter);
    if (InterlockedExchange(&Adapter->LinkUp, Up) == Up)
        return;
    InterlockedIncrement(&Adapter->LinkChanges);
    AerovnetIndicateLink(Adapter, Up);
}
