/* SPDX-License-Identifier: MIT */
/* NdisMRegisterMiniportDriver: a miniport with MiniportCheckForHangEx has MiniportResetEx. Here it has
 * not, nor MiniportCancelSend.
 * says: the driver has no MiniportResetEx: ResetHandlerEx of NDIS_MINIPORT_DRIVER_CHARACTERISTICS is NULL although
 * says: the driver has no MiniportCancelSend: CancelSendHandler
 * says: ddi/ndis/nc-ndis-miniport_reset
 */
#include "miniport.h"

static MINIPORT_CHECK_FOR_HANG CheckForHang;
static BOOLEAN NTAPI CheckForHang(NDIS_HANDLE MiniportAdapterContext)
{
    UNREFERENCED_PARAMETER(MiniportAdapterContext);
    return FALSE;
}

static VOID Entry(PNDIS_MINIPORT_DRIVER_CHARACTERISTICS Characteristics)
{
    Characteristics->CheckForHangHandlerEx = CheckForHang;
    Characteristics->ResetHandlerEx = NULL;
    Characteristics->CancelSendHandler = NULL;
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Entry = Entry;
}
