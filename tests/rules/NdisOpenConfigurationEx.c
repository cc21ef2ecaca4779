/* SPDX-License-Identifier: MIT */
/* NdisOpenConfigurationEx: a configuration that is opened is closed. Here it is not. */
#include "miniport.h"

static NDIS_STATUS Initialize(VOID)
{
    NDIS_HANDLE Configuration;

    OpenConfiguration(&Configuration);
    return NDIS_STATUS_SUCCESS;
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Initialize = Initialize;
}
