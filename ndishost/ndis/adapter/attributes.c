/* SPDX-License-Identifier: MIT */
/* NdisMSetMiniportAttributes: what a miniport says of its adapter, and in which order. */
#include "ndis/api/miniport.h"

#include <stdlib.h>
#include <string.h>
#include "ndis/api/configuration.h"
#include "ndis/adapter/life_cycle.h"
#include "ndis/api/offload.h"
#include "ndis/api/receive_scale.h"
#include "ndis/adapter/reset.h"
#include "nt/api/pool.h"

static NDIS_STATUS refuse(const void *caller, NDIS_STATUS status, const char *format,
                          unsigned value)
{
    rule_violation("NdisMSetMiniportAttributes", caller, format, value);
    return status;
}

void attributes_forget(struct ndis_adapter *adapter)
{
    adapter->registration_set = adapter->general_set = adapter->pm_set = false;
    adapter->offload_set = false;
    memset(&adapter->offload, 0, sizeof(adapter->offload));
    free(adapter->oids);
    adapter->oids = NULL;
    adapter->oid_count = 0;
}

static NDIS_STATUS registration_set(struct ndis_adapter *adapter,
                                    const NDIS_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES *attributes,
                                    const void *caller)
{
    if (!header_valid(&attributes->Header,
                      NDIS_OBJECT_TYPE_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES,
                      NDIS_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES_REVISION_1,
                      NDIS_SIZEOF_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES_REVISION_1))
        return refuse(caller, NDIS_STATUS_BAD_VERSION,
                      "registration attributes of a size that no revision has: %u",
                      attributes->Header.Size);
    if (adapter->registration_set)
        return refuse(caller, NDIS_STATUS_FAILURE, "registration attributes set again%.0u", 0);
    if (!adapter->bus->no_device &&
        !(attributes->AttributeFlags & NDIS_MINIPORT_ATTRIBUTES_HARDWARE_DEVICE))
        rule_violation("NdisMSetMiniportAttributes", caller,
                       "AttributeFlags 0x%x lack NDIS_MINIPORT_ATTRIBUTES_HARDWARE_DEVICE, which a "
                       "PCI device needs",
                       (unsigned)attributes->AttributeFlags);
    memcpy(&adapter->registration, attributes, sizeof(adapter->registration));
    adapter->context = attributes->MiniportAdapterContext;
    adapter->registration_set = true;
    hang_check_early(adapter);
    return NDIS_STATUS_SUCCESS;
}

/* The members that point into the driver's memory are copied: they are its own after the call. */
static NDIS_STATUS general_copy(struct ndis_adapter *adapter,
                                const NDIS_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES *attributes)
{
    size_t size = attributes->Header.Size;

    if (size > sizeof(adapter->general))
        size = sizeof(adapter->general);
    memcpy(&adapter->general, attributes, size);
    adapter->oid_count = attributes->SupportedOidListLength / sizeof(NDIS_OID);
    adapter->oids = calloc(adapter->oid_count ? adapter->oid_count : 1, sizeof(NDIS_OID));
    if (!adapter->oids)
        return NDIS_STATUS_RESOURCES;
    memcpy(adapter->oids, attributes->SupportedOidList, adapter->oid_count * sizeof(NDIS_OID));
    adapter->general.SupportedOidList = adapter->oids;
    if (adapter->scale.capabilities.Header.Size)
        adapter->general.RecvScaleCapabilities = &adapter->scale.capabilities;
    if (attributes->Header.Revision >= NDIS_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES_REVISION_2 &&
        attributes->PowerManagementCapabilitiesEx) {
        adapter->pm = *attributes->PowerManagementCapabilitiesEx;
        adapter->pm_set = true;
        adapter->general.PowerManagementCapabilitiesEx = &adapter->pm;
    }
    return NDIS_STATUS_SUCCESS;
}

/* What NDIS 6.20 demands of an Ethernet adapter's members; each is a remark of its own. */
static void general_check(const NDIS_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES *attributes, bool ndis620,
                          const void *caller)
{
    static const char rule[] = "NdisMSetMiniportAttributes";

    if (attributes->MediaType != NdisMedium802_3)
        rule_violation(rule, caller, "MediaType is %d: ndishost supports Ethernet only",
                       (int)attributes->MediaType);
    if (attributes->MacAddressLength != ETH_LENGTH_OF_ADDRESS)
        rule_violation(rule, caller, "MacAddressLength is %u, expected 6",
                       attributes->MacAddressLength);
    if (attributes->CurrentMacAddress[0] & 1)
        rule_violation(rule, caller, "CurrentMacAddress is a group address");
    if (!attributes->SupportedOidList || !attributes->SupportedOidListLength ||
        attributes->SupportedOidListLength % sizeof(NDIS_OID))
        rule_violation(rule, caller, "SupportedOidListLength is %lu",
                       (unsigned long)attributes->SupportedOidListLength);
    if (attributes->PowerManagementCapabilities && ndis620)
        rule_violation(rule, caller,
                       "PowerManagementCapabilities is set; an NDIS 6.20 driver sets "
                       "PowerManagementCapabilitiesEx instead");
    if (!attributes->MtuSize || attributes->MtuSize > 65535)
        rule_violation(rule, caller, "MtuSize is %lu", (unsigned long)attributes->MtuSize);
    if (!(attributes->MacOptions & NDIS_MAC_OPTION_NO_LOOPBACK))
        rule_violation(rule, caller,
                       "MacOptions lack NDIS_MAC_OPTION_NO_LOOPBACK: the driver would have to loop "
                       "frames back itself");
}

#define VLAN_ID_MAX 4094 /* 4095 is reserved by IEEE 802.1Q */

/* A driver that sets NDIS_MAC_OPTION_8021Q_VLAN has to set NDIS_MAC_OPTION_8021P_PRIORITY too
 * (network/oid-gen-mac-options), so that only the keyword tells that priorities are off. */
static void tags_set(struct ndis_adapter *adapter, ULONG options)
{
    char keyword[16] = "", text[32], *end = NULL;
    bool has_id = configuration_value(adapter, "VlanId", text, sizeof(text));
    unsigned long vlan_id = has_id ? strtoul(text, &end, 0) : 0;
    struct tag_options tags = {.vlan = options & NDIS_MAC_OPTION_8021Q_VLAN};

    configuration_value(adapter, "*PriorityVLANTag", keyword, sizeof(keyword));
    if (end && !*end && vlan_id <= VLAN_ID_MAX)
        tags.vlan_id = (uint16_t)vlan_id;
    tags.priority =
        options & NDIS_MAC_OPTION_8021P_PRIORITY && !(tags.vlan && !strcmp(keyword, "2"));
    adapter->ports.tags = tags;
}

static NDIS_STATUS general_set(struct ndis_adapter *adapter,
                               const NDIS_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES *attributes,
                               const void *caller)
{
    bool ndis620 = adapter->driver->characteristics.MinorNdisVersion >= 20;
    unsigned revision = ndis620 ? NDIS_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES_REVISION_2
                                : NDIS_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES_REVISION_1;
    size_t size = ndis620 ? NDIS_SIZEOF_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES_REVISION_2
                          : NDIS_SIZEOF_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES_REVISION_1;
    NDIS_STATUS status;

    if (!adapter->registration_set)
        return refuse(caller, NDIS_STATUS_FAILURE,
                      "general attributes before the registration attributes%.0u", 0);
    if (adapter->general_set)
        return refuse(caller, NDIS_STATUS_FAILURE, "general attributes set again%.0u", 0);
    if (attributes->Header.Revision < revision)
        return refuse(caller, NDIS_STATUS_BAD_VERSION,
                      "general attributes of revision %u, too old for the NDIS version",
                      attributes->Header.Revision);
    if (attributes->Header.Size < size)
        return refuse(caller, NDIS_STATUS_BAD_VERSION,
                      "general attributes of a size that no revision has: %u",
                      attributes->Header.Size);
    general_check(attributes, ndis620, caller);
    receive_scale_set(adapter, attributes->RecvScaleCapabilities, caller);
    status = general_copy(adapter, attributes);
    if (status != NDIS_STATUS_SUCCESS)
        return status;
    atomic_store(&adapter->link_up, attributes->MediaConnectState == MediaConnectStateConnected);
    SHARED_SET(adapter->xmit_link_speed, attributes->XmitLinkSpeed);
    SHARED_SET(adapter->rcv_link_speed, attributes->RcvLinkSpeed);
    atomic_store(&adapter->duplex, attributes->MediaDuplexState);
    memcpy(adapter->ports.mac, attributes->CurrentMacAddress, sizeof(adapter->ports.mac));
    adapter->ports.mtu = attributes->MtuSize;
    tags_set(adapter, attributes->MacOptions);
    adapter->general_set = true;
    return NDIS_STATUS_SUCCESS;
}

NDIS_STATUS NTAPI NdisMSetMiniportAttributes(NDIS_HANDLE NdisMiniportHandle,
                                             PNDIS_MINIPORT_ADAPTER_ATTRIBUTES MiniportAttributes)
{
    struct ndis_adapter *adapter = handle_adapter(NdisMiniportHandle, __func__, RULE_CALLER);
    unsigned type = MiniportAttributes->RegistrationAttributes.Header.Type;

    HOST_CALL(PASSIVE_LEVEL);
    if (!adapter)
        return NDIS_STATUS_FAILURE;
    if (HOST_FAILS())
        return NDIS_STATUS_RESOURCES;
    if (type == NDIS_OBJECT_TYPE_MINIPORT_ADD_DEVICE_REGISTRATION_ATTRIBUTES) {
        adapter->add_device_context =
            MiniportAttributes->AddDeviceRegistrationAttributes.MiniportAddDeviceContext;
        return NDIS_STATUS_SUCCESS;
    }
    if (adapter_state(adapter) != ADAPTER_INITIALIZING)
        return refuse(RULE_CALLER, NDIS_STATUS_FAILURE,
                      "attributes of type 0x%02x set outside MiniportInitializeEx", type);
    switch (type) {
    case NDIS_OBJECT_TYPE_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES:
        return registration_set(adapter, &MiniportAttributes->RegistrationAttributes, RULE_CALLER);
    case NDIS_OBJECT_TYPE_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES:
        return general_set(adapter, &MiniportAttributes->GeneralAttributes, RULE_CALLER);
    case NDIS_OBJECT_TYPE_MINIPORT_ADAPTER_OFFLOAD_ATTRIBUTES:
        if (!adapter->general_set)
            return refuse(RULE_CALLER, NDIS_STATUS_FAILURE,
                          "offload attributes before the general attributes%.0u", 0);
        return offload_set(adapter, &MiniportAttributes->OffloadAttributes, RULE_CALLER);
    case NDIS_OBJECT_TYPE_MINIPORT_ADAPTER_HARDWARE_ASSIST_ATTRIBUTES:
        if (!adapter->general_set)
            return refuse(RULE_CALLER, NDIS_STATUS_FAILURE,
                          "attributes of type 0x%02x before the general attributes", type);
        return NDIS_STATUS_SUCCESS; /* the host's protocol does not use it */
    }
    return refuse(RULE_CALLER, NDIS_STATUS_BAD_VERSION, "attributes of unknown type 0x%02x", type);
}
HOST_EXPORT("NDIS.SYS", NdisMSetMiniportAttributes);
