/* SPDX-License-Identifier: MIT */
/* NDIS ports beside the default port: numbers that a miniport allocates and frees. The protocol driver above
 * sends on the default port alone. */
#include "ndis/api/miniport.h"

#include "nt/api/pool.h"

#define TRACK_KIND "NDIS port"

/* Each port is an object of the adapter's: an address for the leak accounting. */
static const void *port_object(const struct ndis_adapter *adapter, NDIS_PORT_NUMBER number)
{
    return (const char *)adapter + number;
}

NDIS_STATUS NTAPI NdisMAllocatePort(NDIS_HANDLE NdisMiniportHandle,
                                    PNDIS_PORT_CHARACTERISTICS PortCharacteristics)
{
    struct ndis_adapter *adapter = handle_adapter(NdisMiniportHandle, __func__, RULE_CALLER);
    unsigned before;
    unsigned number;

    HOST_CALL(DISPATCH_LEVEL);
    if (!adapter)
        return NDIS_STATUS_FAILURE;
    if (!header_check(&PortCharacteristics->Header, NDIS_OBJECT_TYPE_PORT_CHARACTERISTICS,
                      NDIS_PORT_CHARACTERISTICS_REVISION_1,
                      NDIS_SIZEOF_PORT_CHARACTERISTICS_REVISION_1, __func__, RULE_CALLER))
        return NDIS_STATUS_INVALID_PARAMETER;
    if (adapter_state(adapter) == ADAPTER_HALTING)
        return NDIS_STATUS_CLOSING;
    if (HOST_FAILS())
        return NDIS_STATUS_RESOURCES;
    before = atomic_load(&adapter->miniport_ports);
    do {
        for (number = 1; number < 32 && (before >> number & 1); number++)
            ;
        if (number == 32)
            return NDIS_STATUS_RESOURCES;
    } while (
        !atomic_compare_exchange_weak(&adapter->miniport_ports, &before, before | 1u << number));
    PortCharacteristics->PortNumber = number;
    track_add(TRACK_KIND, port_object(adapter, number), 0, RULE_CALLER);
    return NDIS_STATUS_SUCCESS;
}
HOST_EXPORT("NDIS.SYS", NdisMAllocatePort);

NDIS_STATUS NTAPI NdisMFreePort(NDIS_HANDLE NdisMiniportHandle, NDIS_PORT_NUMBER PortNumber)
{
    struct ndis_adapter *adapter = handle_adapter(NdisMiniportHandle, __func__, RULE_CALLER);
    unsigned before;

    HOST_CALL(DISPATCH_LEVEL);
    if (!adapter)
        return NDIS_STATUS_FAILURE;
    before = PortNumber && PortNumber < 32
                 ? atomic_fetch_and(&adapter->miniport_ports, ~(1u << PortNumber))
                 : 0;
    if (!PortNumber || PortNumber >= 32 || !(before >> PortNumber & 1))
        return NDIS_STATUS_INVALID_PORT;
    track_remove(TRACK_KIND, port_object(adapter, PortNumber), RULE_CALLER);
    return NDIS_STATUS_SUCCESS;
}
HOST_EXPORT("NDIS.SYS", NdisMFreePort);
