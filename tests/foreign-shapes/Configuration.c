/* SPDX-License-Identifier: MIT */
/* The configuration as an INF installs it: values of all types, subkeys by name and by number.
 * inf: registry.inf
 * options: --set Number=dword:99 --set Extra=set
 */
#include "shape.h"
#include "miniport_forms.h"

static BOOLEAN IsText(PNDIS_CONFIGURATION_PARAMETER Parameter, PCWSTR Text)
{
    UNICODE_STRING Wanted;

    RtlInitUnicodeString(&Wanted, Text);
    return Parameter != NULL && Parameter->ParameterType == NdisParameterString &&
           RtlEqualUnicodeString(&Parameter->ParameterData.StringData, &Wanted, FALSE);
}

static BOOLEAN IsNumber(PNDIS_CONFIGURATION_PARAMETER Parameter, ULONG Number)
{
    return Parameter != NULL && Parameter->ParameterType == NdisParameterInteger &&
           Parameter->ParameterData.IntegerData == Number;
}

static VOID CheckTypes(NDIS_HANDLE Configuration)
{
    PNDIS_CONFIGURATION_PARAMETER Parameter;

    CHECK(IsNumber(FormRead(Configuration, L"Number", NdisParameterInteger),
                   99)); /* --set, not the INF */
    CHECK(IsText(FormRead(Configuration, L"Extra", NdisParameterString), L"set"));
    CHECK(IsText(FormRead(Configuration, L"Replaced", NdisParameterString), L"second"));
    CHECK(IsNumber(FormRead(Configuration, L"*FlowControl", NdisParameterInteger), 3));
    CHECK(IsNumber(FormRead(Configuration, L"*speedduplex", NdisParameterHexInteger), 7));
    CHECK(FormRead(Configuration, L"Optional1", NdisParameterInteger) == NULL);
    CHECK(IsNumber(FormRead(Configuration, L"BusType", NdisParameterInteger), 5));
    Parameter = FormRead(Configuration, L"Binary", NdisParameterBinary);
    CHECK(Parameter != NULL && Parameter->ParameterType == NdisParameterBinary &&
          Parameter->ParameterData.BinaryData.Length == 5 &&
          ((PUCHAR)Parameter->ParameterData.BinaryData.Buffer)[3] == 0xFE);
    Parameter = FormRead(Configuration, L"Multi", NdisParameterMultiString);
    CHECK(Parameter != NULL && Parameter->ParameterType == NdisParameterMultiString &&
          Parameter->ParameterData.StringData.Length > 8 &&
          Parameter->ParameterData.StringData.Buffer[10] == 's');
    CHECK(FormRead(Configuration, L"NetCfgInstanceId", NdisParameterString) != NULL);
    CHECK(FormRead(Configuration, L"ComponentId", NdisParameterString) != NULL);
}

static VOID CheckName(NDIS_HANDLE Configuration)
{
    NDIS_STRING Name;
    NDIS_HANDLE Key;
    NDIS_STATUS Status;

    NdisInitUnicodeString(&Name, L"sub KEY");
    NdisOpenConfigurationKeyByName(&Status, Configuration, &Name, &Key);
    CHECK(Status == NDIS_STATUS_SUCCESS);
    if (Status != NDIS_STATUS_SUCCESS)
        return;
    NdisInitUnicodeString(&Name, L"Deep");
    NdisOpenConfigurationKeyByName(&Status, Key, &Name, &Configuration);
    CHECK(Status == NDIS_STATUS_SUCCESS);
    CHECK(IsText(FormRead(Configuration, L"Text", NdisParameterString), L"deep"));
    NdisCloseConfiguration(Configuration);
    NdisInitUnicodeString(&Name, L"Absent");
    NdisOpenConfigurationKeyByName(&Status, Key, &Name, &Configuration);
    CHECK(Status == NDIS_STATUS_FAILURE);
    NdisCloseConfiguration(Key);
}

static VOID CheckIndex(NDIS_HANDLE Configuration)
{
    WCHAR Buffer[32];
    NDIS_STRING Name;
    NDIS_HANDLE Key;
    NDIS_STATUS Status;
    ULONG i, Found = 0;

    for (i = 0; i < 100; i++) {
        Name.Buffer = Buffer;
        Name.Length = 0;
        Name.MaximumLength = sizeof(Buffer);
        NdisOpenConfigurationKeyByIndex(&Status, Configuration, i, &Name, &Key);
        if (Status != NDIS_STATUS_SUCCESS)
            break;
        Found += Name.Length == 3 * sizeof(WCHAR) && Buffer[0] == 'N';
        NdisCloseConfiguration(Key);
    }
    CHECK(i > 2 && i < 100);
    CHECK(Found == 1);
}

static VOID CheckWriting(NDIS_HANDLE Configuration)
{
    NDIS_CONFIGURATION_PARAMETER Value;
    PNDIS_CONFIGURATION_PARAMETER Parameter;
    static UCHAR Bytes[3] = {7, 8, 9};
    NDIS_STRING Name;
    NDIS_STATUS Status;

    NdisInitUnicodeString(&Name, L"WrittenText");
    Value.ParameterType = NdisParameterString;
    NdisInitUnicodeString(&Value.ParameterData.StringData, L"written by the driver");
    NdisWriteConfiguration(&Status, Configuration, &Name, &Value);
    CHECK(Status == NDIS_STATUS_SUCCESS);
    CHECK(IsText(FormRead(Configuration, L"WrittenText", NdisParameterString),
                 L"written by the driver"));
    NdisInitUnicodeString(&Name, L"WrittenBytes");
    Value.ParameterType = NdisParameterBinary;
    Value.ParameterData.BinaryData.Buffer = Bytes;
    Value.ParameterData.BinaryData.Length = sizeof(Bytes);
    NdisWriteConfiguration(&Status, Configuration, &Name, &Value);
    CHECK(Status == NDIS_STATUS_SUCCESS);
    Parameter = FormRead(Configuration, L"WrittenBytes", NdisParameterBinary);
    CHECK(Parameter != NULL && Parameter->ParameterData.BinaryData.Length == sizeof(Bytes));
}

/* The driver's own parameters, below its service. */
static VOID Registered(VOID)
{
    NDIS_CONFIGURATION_OBJECT Object;
    NDIS_HANDLE Configuration;

    FormConfiguration(&Object, Driver);
    CHECK(NdisOpenConfigurationEx(&Object, &Configuration) == NDIS_STATUS_SUCCESS);
    CHECK(FormRead(Configuration, L"Absent", NdisParameterInteger) == NULL);
    NdisCloseConfiguration(Configuration);
}

static NDIS_STATUS Initialize(VOID)
{
    NDIS_HANDLE Configuration;

    CHECK(OpenConfiguration(&Configuration) == NDIS_STATUS_SUCCESS);
    CheckTypes(Configuration);
    CheckName(Configuration);
    CheckIndex(Configuration);
    CheckWriting(Configuration);
    NdisCloseConfiguration(Configuration);
    return NDIS_STATUS_SUCCESS;
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Registered = Registered;
    Hooks->Initialize = Initialize;
}
