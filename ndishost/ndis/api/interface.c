/* SPDX-License-Identifier: MIT */
/* Network interfaces: the adapters', by NET_LUID and by index, and NET_LUID indexes for others. */
#include "ndis/api/interface.h"

#include <pthread.h>
#include "nt/api/pool.h"

#define LUIDS       64
#define FIRST_INDEX 11
#define FIRST_LUID  5
#define OTHER_LUID  0x8000 /* from here on those that drivers allocate */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned registered; /* adapters: the first `registered` ones */
static struct {
    bool taken;
    NET_IFTYPE type;
} luids[LUIDS];

NET_IFINDEX interface_index(unsigned adapter)
{
    return FIRST_INDEX + adapter;
}

NET_LUID interface_luid(unsigned adapter)
{
    NET_LUID luid = {.Value = 0};

    luid.Info.IfType = IF_TYPE_ETHERNET_CSMACD;
    luid.Info.NetLuidIndex = FIRST_LUID + adapter;
    return luid;
}

void interface_register(unsigned adapter)
{
    pthread_mutex_lock(&lock);
    if (adapter >= registered)
        registered = adapter + 1;
    pthread_mutex_unlock(&lock);
}

static unsigned count(void)
{
    unsigned n;

    pthread_mutex_lock(&lock);
    n = registered;
    pthread_mutex_unlock(&lock);
    return n;
}

NDIS_STATUS NTAPI NdisIfGetInterfaceIndexFromNetLuid(NET_LUID NetLuid, PNET_IFINDEX pIfIndex)
{
    unsigned i;

    HOST_CALL(PASSIVE_LEVEL);
    for (i = 0; i < count(); i++)
        if (interface_luid(i).Value == NetLuid.Value) {
            *pIfIndex = interface_index(i);
            return NDIS_STATUS_SUCCESS;
        }
    return NDIS_STATUS_INTERFACE_NOT_FOUND;
}
HOST_EXPORT("NDIS.SYS", NdisIfGetInterfaceIndexFromNetLuid);

NDIS_STATUS NTAPI NdisIfGetNetLuidFromInterfaceIndex(NET_IFINDEX ifIndex, PNET_LUID pNetLuid)
{
    HOST_CALL(PASSIVE_LEVEL);
    if (ifIndex < FIRST_INDEX || ifIndex - FIRST_INDEX >= count())
        return NDIS_STATUS_INTERFACE_NOT_FOUND;
    *pNetLuid = interface_luid(ifIndex - FIRST_INDEX);
    return NDIS_STATUS_SUCCESS;
}
HOST_EXPORT("NDIS.SYS", NdisIfGetNetLuidFromInterfaceIndex);

/* Windows keeps them over a restart until they are freed: none is a leak. */
NDIS_STATUS NTAPI NdisIfAllocateNetLuidIndex(NET_IFTYPE ifType, PULONG pNetLuidIndex)
{
    NDIS_STATUS status = NDIS_STATUS_RESOURCES;
    ULONG i;

    HOST_CALL(PASSIVE_LEVEL);
    HOST_ALLOCATES();
    if (nt_allocation_fails())
        return status;
    pthread_mutex_lock(&lock);
    for (i = 0; i < LUIDS && luids[i].taken; i++)
        ;
    if (i < LUIDS) {
        luids[i].taken = true;
        luids[i].type = ifType;
        *pNetLuidIndex = OTHER_LUID + i;
        status = NDIS_STATUS_SUCCESS;
    }
    pthread_mutex_unlock(&lock);
    return status;
}
HOST_EXPORT("NDIS.SYS", NdisIfAllocateNetLuidIndex);

NDIS_STATUS NTAPI NdisIfFreeNetLuidIndex(NET_IFTYPE ifType, ULONG NetLuidIndex)
{
    NDIS_STATUS status = NDIS_STATUS_INVALID_PARAMETER;
    ULONG i = NetLuidIndex - OTHER_LUID;

    HOST_CALL(PASSIVE_LEVEL);
    pthread_mutex_lock(&lock);
    if (NetLuidIndex >= OTHER_LUID && i < LUIDS && luids[i].taken && luids[i].type == ifType) {
        luids[i].taken = false;
        status = NDIS_STATUS_SUCCESS;
    }
    pthread_mutex_unlock(&lock);
    return status;
}
HOST_EXPORT("NDIS.SYS", NdisIfFreeNetLuidIndex);
