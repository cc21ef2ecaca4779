/* SPDX-License-Identifier: MIT */
/*
 * filter.h: a miniport that changes its interrupts in MiniportFilterResourceRequirements. Windows has two messages for
 * it. Shapes that include it say what the driver makes of them:
 *   MESSAGES   how many messages it wants; 0: it removes them, and has the line
 */
#ifndef FOREIGN_FILTER_H
#define FOREIGN_FILTER_H

#include "shape.h"

#define OFFERED 2

/* As ntddk.h of the WDK has it; mingw-w64's lacks the policy. */
typedef struct _DESCRIPTOR {
    UCHAR Option, Type, ShareDisposition, Spare1;
    USHORT Flags, Spare2;
    ULONG MinimumVector, MaximumVector, AffinityPolicy, PriorityPolicy;
    union {
        KAFFINITY TargetedProcessors;
        ULONGLONG Room;
    };
} DESCRIPTOR, *PDESCRIPTOR;

static const ULONG Wanted = MESSAGES;
static LONG Added, Filtered;

static BOOLEAN IsMessage(const DESCRIPTOR *One)
{
    return One->Type == CmResourceTypeInterrupt && One->Flags & CM_RESOURCE_INTERRUPT_MESSAGE;
}

static MINIPORT_ADD_DEVICE AddDevice;
static NDIS_STATUS NTAPI AddDevice(NDIS_HANDLE NdisMiniportHandle,
                                   NDIS_HANDLE MiniportDriverContext)
{
    NDIS_MINIPORT_ADD_DEVICE_REGISTRATION_ATTRIBUTES Attributes;

    UNREFERENCED_PARAMETER(MiniportDriverContext);
    NdisZeroMemory(&Attributes, sizeof(Attributes));
    Attributes.Header.Type = NDIS_OBJECT_TYPE_MINIPORT_ADD_DEVICE_REGISTRATION_ATTRIBUTES;
    Attributes.Header.Revision = NDIS_MINIPORT_ADD_DEVICE_REGISTRATION_ATTRIBUTES_REVISION_1;
    Attributes.Header.Size = NDIS_SIZEOF_MINIPORT_ADD_DEVICE_REGISTRATION_ATTRIBUTES_REVISION_1;
    Attributes.MiniportAddDeviceContext = &Added;
    Added++;
    return NdisMSetMiniportAttributes(NdisMiniportHandle,
                                      (PNDIS_MINIPORT_ADAPTER_ATTRIBUTES)&Attributes);
}

static MINIPORT_REMOVE_DEVICE RemoveDevice;
static VOID NTAPI RemoveDevice(NDIS_HANDLE MiniportAddDeviceContext)
{
    CHECK(MiniportAddDeviceContext == &Added && Added == 1 && Filtered == 1);
}

/* Another list: all of the old one that is not a message, and the messages that the driver wants. */
static VOID Rewrite(PIO_RESOURCE_REQUIREMENTS_LIST Old, PIO_RESOURCE_REQUIREMENTS_LIST New)
{
    PDESCRIPTOR From = (PDESCRIPTOR)Old->List[0].Descriptors;
    PDESCRIPTOR To = (PDESCRIPTOR)New->List[0].Descriptors;
    PDESCRIPTOR Message = NULL;
    ULONG i;

    *New = *Old;
    for (i = 0; i < Old->List[0].Count; i++) {
        if (IsMessage(&From[i]))
            Message = &From[i];
        else
            *To++ = From[i];
    }
    CHECK(Message != NULL && Message->MinimumVector == CM_RESOURCE_INTERRUPT_MESSAGE_TOKEN);
    for (i = 0; i < Wanted && Message != NULL; i++, To++) {
        *To = *Message;
        To->AffinityPolicy = IrqPolicySpecifiedProcessors;
        To->TargetedProcessors = (KAFFINITY)1 << (i + 1) % 2;
    }
    New->List[0].Count = (ULONG)(To - (PDESCRIPTOR)New->List[0].Descriptors);
}

static MINIPORT_FILTER_RESOURCE_REQUIREMENTS Filter;
static NDIS_STATUS NTAPI Filter(NDIS_HANDLE MiniportAddDeviceContext, PIRP Irp)
{
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    PIO_RESOURCE_REQUIREMENTS_LIST Old = (PVOID)Irp->IoStatus.Information, New;
    ULONG Size, Messages = 0, Lines = 0, i;

    CHECK(MiniportAddDeviceContext == &Added && Filtered++ == 0);
    CHECK(KeGetCurrentIrql() == PASSIVE_LEVEL);
    CHECK(Stack->MajorFunction == IRP_MJ_PNP);
    CHECK(Stack->MinorFunction == IRP_MN_FILTER_RESOURCE_REQUIREMENTS);
    CHECK(Stack->Parameters.FilterResourceRequirements.IoResourceRequirementList == Old);
    CHECK(Old->AlternativeLists == 1 && sizeof(DESCRIPTOR) == sizeof(IO_RESOURCE_DESCRIPTOR));
    for (i = 0; i < Old->List[0].Count; i++) {
        PDESCRIPTOR One = (PDESCRIPTOR)&Old->List[0].Descriptors[i];

        Messages += IsMessage(One);
        Lines += One->Type == CmResourceTypeInterrupt && !IsMessage(One);
    }
    CHECK(Messages == OFFERED && Lines == 1);
    Size = Old->ListSize + MESSAGES * sizeof(IO_RESOURCE_DESCRIPTOR);
    New = NdisAllocateMemoryWithTagPriority(Driver, Size, TAG, NormalPoolPriority);
    CHECK(New != NULL);
    if (New == NULL)
        return NDIS_STATUS_RESOURCES;
    Rewrite(Old, New);
    New->ListSize = Size;
    NdisFreeMemory(Old, 0, 0);
    Irp->IoStatus.Information = (ULONG_PTR)New;
    return NDIS_STATUS_SUCCESS;
}

static SET_OPTIONS SetOptions;
static NDIS_STATUS NTAPI SetOptions(NDIS_HANDLE NdisDriverHandle, NDIS_HANDLE DriverContext)
{
    NDIS_MINIPORT_PNP_CHARACTERISTICS Pnp;

    UNREFERENCED_PARAMETER(DriverContext);
    NdisZeroMemory(&Pnp, sizeof(Pnp));
    Pnp.Header.Type = NDIS_OBJECT_TYPE_MINIPORT_PNP_CHARACTERISTICS;
    Pnp.Header.Revision = NDIS_MINIPORT_PNP_CHARACTERISTICS_REVISION_1;
    Pnp.Header.Size = NDIS_SIZEOF_MINIPORT_PNP_CHARACTERISTICS_REVISION_1;
    Pnp.MiniportAddDeviceHandler = AddDevice;
    Pnp.MiniportRemoveDeviceHandler = RemoveDevice;
    Pnp.MiniportFilterResourceRequirementsHandler = Filter;
    return NdisSetOptionalHandlers(NdisDriverHandle, (PNDIS_DRIVER_OPTIONAL_HANDLERS)&Pnp);
}

static VOID Entry(PNDIS_MINIPORT_DRIVER_CHARACTERISTICS Characteristics)
{
    Characteristics->SetOptionsHandler = SetOptions;
}

#endif
