/* SPDX-License-Identifier: MIT */
/* NdisMRegisterScatterGatherDma: DMA is registered with MiniportProcessSGList. Here without.
 * says: ProcessSGListHandler of NDIS_SG_DMA_DESCRIPTION is NULL
 * says: ddi/ndis/nc-ndis-miniport_process_sg_list
 */
#include "miniport.h"

static NDIS_STATUS Initialize(VOID)
{
    NDIS_SG_DMA_DESCRIPTION Description;
    NDIS_HANDLE Dma;

    NdisZeroMemory(&Description, sizeof(Description));
    Description.Header.Type = NDIS_OBJECT_TYPE_SG_DMA_DESCRIPTION;
    Description.Header.Revision = NDIS_SG_DMA_DESCRIPTION_REVISION_1;
    Description.Header.Size = NDIS_SIZEOF_SG_DMA_DESCRIPTION_REVISION_1;
    Description.MaximumPhysicalMapping = FRAME_BYTES;
    NdisMRegisterScatterGatherDma(Adapter.Handle, &Description, &Dma);
    return NDIS_STATUS_SUCCESS;
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Initialize = Initialize;
}
