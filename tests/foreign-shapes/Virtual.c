/* SPDX-License-Identifier: MIT */
/* A miniport without hardware: it has no resources, and what belongs to hardware is refused, not reported. It lives
 * through all that an adapter lives through.
 * bus: virtual
 * control: send; pause; restart; reset; power d3; power d0; power d3 halt; power d0; state; fault mac_group; link down; step; wire ffffffffffff0252756c65010800; oid query OID_GEN_VENDOR_ID 4; remove
 * reply: 1 ok
 * reply: 2 ok
 * reply: 3 ok
 * reply: 4 ok
 * reply: 5 ok
 * reply: 6 ok
 * reply: 7 ok
 * reply: 8 ok
 * reply: 10 error --bus virtual has no device
 * reply: 11 error
 * reply: 12 error
 * reply: 13 error
 * reply: 14 ok
 * reply: 15 ok
 * says: device:    none: a virtual adapter
 */
#include "shape.h"

static PDEVICE_OBJECT Physical;

static VOID CheckHardware(VOID)
{
    UCHAR Bytes[4] = {1, 2, 3, 4};
    NDIS_HANDLE Handle;

    CHECK(Adapter.Resources == NULL);
    CHECK(NdisMGetBusData(Adapter.Handle, PCI_WHICHSPACE_CONFIG, 0, Bytes, sizeof(Bytes)) == 0);
    CHECK(NdisMSetBusData(Adapter.Handle, PCI_WHICHSPACE_CONFIG, 4, Bytes, sizeof(Bytes)) == 0);
    CHECK(Bytes[0] == 1 && Bytes[3] == 4);
    CHECK(RegisterInterrupt(&Handle) != NDIS_STATUS_SUCCESS && Handle == NULL);
}

static VOID CheckProperty(LONG Property, PCWSTR Wanted)
{
    WCHAR Text[64];
    ULONG Length = 0;
    NTSTATUS Status = IoGetDeviceProperty(Physical, (DEVICE_REGISTRY_PROPERTY)Property,
                                          sizeof(Text), Text, &Length);
    UNICODE_STRING Is, Right;

    if (Wanted == NULL) {
        CHECK(Status == STATUS_OBJECT_NAME_NOT_FOUND);
        return;
    }
    CHECK(Status == STATUS_SUCCESS);
    if (Status != STATUS_SUCCESS)
        return;
    RtlInitUnicodeString(&Is, Text);
    RtlInitUnicodeString(&Right, Wanted);
    CHECK(RtlEqualUnicodeString(&Is, &Right, TRUE));
}

static VOID CheckDevice(VOID)
{
    PCM_RESOURCE_LIST Raw = (PCM_RESOURCE_LIST)&Raw, Translated = (PCM_RESOURCE_LIST)&Raw;
    PDEVICE_OBJECT Functional, Next;

    NdisMGetDeviceProperty(Adapter.Handle, &Physical, &Functional, &Next, &Raw, &Translated);
    CHECK(Physical != NULL && Functional != NULL && Next != NULL);
    CHECK(Raw == NULL && Translated == NULL);
    CheckProperty(DevicePropertyEnumeratorName, L"ROOT");
    CheckProperty(DevicePropertyHardwareID, L"ROOT\\Virtual");
    CheckProperty(DevicePropertyLocationInformation, NULL);
    CheckProperty(DevicePropertyBusTypeGuid, NULL);
    CheckProperty(DevicePropertyLegacyBusType, NULL);
    CheckProperty(DevicePropertyBusNumber, NULL);
    CheckProperty(DevicePropertyAddress, NULL);
}

static NDIS_STATUS Initialize(VOID)
{
    CheckHardware();
    CheckDevice();
    return NDIS_STATUS_SUCCESS;
}

static VOID Send(PNET_BUFFER_LIST List, ULONG CompleteFlags)
{
    Complete(List, NDIS_STATUS_SUCCESS, CompleteFlags);
}

static NDIS_STATUS Reset(PBOOLEAN AddressingReset)
{
    *AddressingReset = FALSE;
    return NDIS_STATUS_SUCCESS;
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Initialize = Initialize;
    Hooks->Send = Send;
    Hooks->Reset = Reset;
}
