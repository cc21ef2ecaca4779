/* SPDX-License-Identifier: MIT */
/* The registry by the kernel's own functions: keys by path and by device, values of all kinds, numbers of them.
 * inf: registry.inf
 * options: --set Extra=set
 */
#include "shape.h"

#ifndef REG_OPENED_EXISTING_KEY
#define REG_CREATED_NEW_KEY     1
#define REG_OPENED_EXISTING_KEY 2
#endif

static UNICODE_STRING ServiceKey;
static WCHAR ServiceKeyText[128];

static NTSTATUS Open(PHANDLE Key, HANDLE Root, PCWSTR Path)
{
    OBJECT_ATTRIBUTES Attributes;
    UNICODE_STRING Name;

    RtlInitUnicodeString(&Name, Path);
    InitializeObjectAttributes(&Attributes, &Name, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, Root,
                               NULL);
    return ZwOpenKey(Key, KEY_READ, &Attributes);
}

static NTSTATUS Query(HANDLE Key, PCWSTR Name, PVOID Buffer, ULONG Length, PULONG Result)
{
    UNICODE_STRING Value;

    RtlInitUnicodeString(&Value, Name);
    return ZwQueryValueKey(Key, &Value, KeyValuePartialInformation, Buffer, Length, Result);
}

static VOID CheckQuery(HANDLE Key)
{
    ULONG Buffer[16], Result = 0;
    PKEY_VALUE_PARTIAL_INFORMATION Value = (PVOID)Buffer;

    CHECK(Query(Key, L"number", Buffer, sizeof(Buffer), &Result) == STATUS_SUCCESS);
    CHECK(Value->Type == REG_DWORD && Value->DataLength == 4 && Buffer[3] == 0x12345678);
    CHECK(Result == 16);
    CHECK(Query(Key, L"Binary", Buffer, 14, &Result) == STATUS_BUFFER_OVERFLOW);
    CHECK(Result == 17 && Value->DataLength == 5);
    CHECK(Query(Key, L"Binary", Buffer, 4, &Result) == STATUS_BUFFER_TOO_SMALL && Result == 17);
    CHECK(Query(Key, L"Absent", Buffer, sizeof(Buffer), &Result) == STATUS_OBJECT_NAME_NOT_FOUND);
    CHECK(Query(Key, L"Extra", Buffer, sizeof(Buffer), &Result) == STATUS_SUCCESS);
    CHECK(Value->Type == REG_SZ && Value->DataLength == 8);
}

static VOID CheckChanges(HANDLE Key)
{
    OBJECT_ATTRIBUTES Attributes;
    UNICODE_STRING Name, Value;
    ULONG Disposition = 0, Number = 5, Result, Buffer[16];
    HANDLE Made;

    RtlInitUnicodeString(&Name, L"Made");
    RtlInitUnicodeString(&Value, L"Five");
    InitializeObjectAttributes(&Attributes, &Name, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, Key,
                               NULL);
    CHECK(ZwCreateKey(&Made, KEY_ALL_ACCESS, &Attributes, 0, NULL, REG_OPTION_NON_VOLATILE,
                      &Disposition) == STATUS_SUCCESS);
    CHECK(Disposition == REG_CREATED_NEW_KEY);
    CHECK(ZwSetValueKey(Made, &Value, 0, REG_DWORD, &Number, sizeof(Number)) == STATUS_SUCCESS);
    CHECK(Query(Made, L"FIVE", Buffer, sizeof(Buffer), &Result) == STATUS_SUCCESS &&
          Buffer[3] == 5);
    CHECK(ZwEnumerateValueKey(Made, 0, KeyValueBasicInformation, Buffer, sizeof(Buffer), &Result) ==
              STATUS_SUCCESS &&
          Buffer[2] == 8);
    CHECK(ZwEnumerateValueKey(Made, 1, KeyValueBasicInformation, Buffer, sizeof(Buffer), &Result) ==
          STATUS_NO_MORE_ENTRIES);
    CHECK(ZwEnumerateKey(Key, 0, KeyBasicInformation, Buffer, sizeof(Buffer), &Result) ==
          STATUS_SUCCESS);
    CHECK(ZwQueryKey(Made, KeyFullInformation, Buffer, sizeof(Buffer), &Result) == STATUS_SUCCESS &&
          Buffer[8] == 1);
    CHECK(ZwDeleteKey(Made) == STATUS_SUCCESS);
    CHECK(Query(Made, L"Five", Buffer, sizeof(Buffer), &Result) == (NTSTATUS)0xC000017C);
    CHECK(ZwClose(Made) == STATUS_SUCCESS);
    CHECK(Open(&Made, Key, L"Made") == STATUS_OBJECT_NAME_NOT_FOUND);
}

static NTSTATUS NTAPI Count(PWSTR ValueName, ULONG ValueType, PVOID ValueData, ULONG ValueLength,
                            PVOID Context, PVOID EntryContext)
{
    UNREFERENCED_PARAMETER(ValueData);
    CHECK(ValueName[0] == 'M' && ValueType == REG_SZ && ValueLength >= 12);
    CHECK(EntryContext == &ServiceKey);
    ++*(PULONG)Context;
    return STATUS_SUCCESS;
}

static VOID CheckTable(HANDLE Key)
{
    RTL_QUERY_REGISTRY_TABLE Table[6];
    UNICODE_STRING Text = {0, 0, NULL};
    ULONG Number = 1, Default = 0, Strings = 0, Seven = 7;

    RtlZeroMemory(Table, sizeof(Table));
    Table[0].Flags = RTL_QUERY_REGISTRY_DIRECT | RTL_QUERY_REGISTRY_REQUIRED;
    Table[0].Name = L"Number";
    Table[0].EntryContext = &Number;
    Table[1].Flags = RTL_QUERY_REGISTRY_DIRECT;
    Table[1].Name = L"Extra";
    Table[1].EntryContext = &Text;
    Table[2].Flags = RTL_QUERY_REGISTRY_DIRECT;
    Table[2].Name = L"Absent";
    Table[2].EntryContext = &Default;
    Table[2].DefaultType = REG_DWORD;
    Table[2].DefaultData = &Seven;
    Table[2].DefaultLength = sizeof(Seven);
    Table[3].QueryRoutine = Count;
    Table[3].Name = L"Multi";
    Table[3].EntryContext = &ServiceKey;
    CHECK(RtlQueryRegistryValues(RTL_REGISTRY_HANDLE, (PCWSTR)Key, Table, &Strings, NULL) ==
          STATUS_SUCCESS);
    CHECK(Number == 0x12345678 && Default == 7 && Strings == 4);
    CHECK(Text.Buffer != NULL && Text.Length == 6 && Text.Buffer[0] == 's');
    if (Text.Buffer != NULL)
        ExFreePool(Text.Buffer);
    Table[0].Name = L"Absent";
    CHECK(RtlQueryRegistryValues(RTL_REGISTRY_HANDLE, (PCWSTR)Key, Table, &Strings, NULL) ==
          STATUS_OBJECT_NAME_NOT_FOUND);
}

/* The service's parameters, by the path that DriverEntry was given, and by RTL_REGISTRY_SERVICES. */
static VOID CheckService(VOID)
{
    RTL_QUERY_REGISTRY_TABLE Table[3];
    ULONG Verbose = 0, One = 1;

    RtlZeroMemory(Table, sizeof(Table));
    Table[0].Flags = RTL_QUERY_REGISTRY_SUBKEY;
    Table[0].Name = L"Parameters";
    Table[1].Flags = RTL_QUERY_REGISTRY_DIRECT;
    Table[1].Name = L"Verbose";
    Table[1].EntryContext = &Verbose;
    CHECK(RtlQueryRegistryValues(RTL_REGISTRY_ABSOLUTE, ServiceKey.Buffer, Table, NULL, NULL) ==
          STATUS_SUCCESS);
    CHECK(Verbose == 3);
    CHECK(RtlCheckRegistryKey(RTL_REGISTRY_SERVICES, L"Shaped\\Parameters") == STATUS_SUCCESS);
    CHECK(RtlCheckRegistryKey(RTL_REGISTRY_SERVICES, L"Shaped\\Absent") != STATUS_SUCCESS);
    CHECK(RtlWriteRegistryValue(RTL_REGISTRY_SERVICES, L"Shaped\\Parameters", L"Runs", REG_DWORD,
                                &One, sizeof(One)) == STATUS_SUCCESS);
    CHECK(RtlDeleteRegistryValue(RTL_REGISTRY_SERVICES, L"Shaped\\Parameters", L"Runs") ==
          STATUS_SUCCESS);
    CHECK(RtlDeleteRegistryValue(RTL_REGISTRY_SERVICES, L"Shaped\\Parameters", L"Runs") ==
          STATUS_OBJECT_NAME_NOT_FOUND);
}

static VOID CheckDevice(PDEVICE_OBJECT Pdo)
{
    WCHAR Text[128];
    ULONG Length = 0;
    HANDLE Key, Below;

    CHECK(IoGetDeviceProperty(Pdo, DevicePropertyHardwareID, sizeof(Text), Text, &Length) ==
              STATUS_BUFFER_TOO_SMALL &&
          Length > sizeof(Text));
    CHECK(IoGetDeviceProperty(Pdo, DevicePropertyDeviceDescription, sizeof(Text), Text, &Length) ==
              STATUS_SUCCESS &&
          Text[0] == 'A' && Text[2] == '"');
    CHECK(IoGetDeviceProperty(Pdo, DevicePropertyEnumeratorName, sizeof(Text), Text, &Length) ==
              STATUS_SUCCESS &&
          Length == 8 && Text[0] == 'P');
    CHECK(IoOpenDeviceRegistryKey(Pdo, PLUGPLAY_REGKEY_DEVICE, KEY_READ, &Key) == STATUS_SUCCESS);
    CHECK(Open(&Below, Key, L"Interrupt Management\\MessageSignaledInterruptProperties") ==
          STATUS_SUCCESS);
    CHECK(ZwClose(Below) == STATUS_SUCCESS && ZwClose(Key) == STATUS_SUCCESS);
}

static NTSTATUS Start(VOID)
{
    PDEVICE_OBJECT Pdo, Fdo, Next;
    HANDLE Key;

    NdisMGetDeviceProperty(Adapter.Handle, &Pdo, &Fdo, &Next, NULL, NULL);
    CheckDevice(Pdo);
    CHECK(IoOpenDeviceRegistryKey(Pdo, PLUGPLAY_REGKEY_DRIVER, KEY_ALL_ACCESS, &Key) ==
          STATUS_SUCCESS);
    CheckQuery(Key);
    CheckChanges(Key);
    CheckTable(Key);
    CHECK(ZwClose(Key) == STATUS_SUCCESS);
    CheckService();
    CHECK(Open(&Key, NULL,
               L"\\Registry\\Machine\\SYSTEM\\CurrentControlSet\\Control\\Class\\"
               L"{4D36E972-E325-11CE-BFC1-08002bE10318}\\0000") == STATUS_SUCCESS);
    CHECK(ZwClose(Key) == STATUS_SUCCESS);
    return STATUS_SUCCESS;
}

static NDIS_STATUS Initialize(VOID)
{
    Start();
    return NDIS_STATUS_SUCCESS;
}

static VOID Entry(PNDIS_MINIPORT_DRIVER_CHARACTERISTICS Characteristics)
{
    UNREFERENCED_PARAMETER(Characteristics);
    RtlInitUnicodeString(&ServiceKey,
                         L"\\Registry\\Machine\\System\\CurrentControlSet\\Services\\Shaped");
    RtlCopyMemory(ServiceKeyText, ServiceKey.Buffer, ServiceKey.Length);
    ServiceKey.Buffer = ServiceKeyText;
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Entry = Entry;
    Hooks->Initialize = Initialize;
}
