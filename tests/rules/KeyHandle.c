/* SPDX-License-Identifier: MIT */
/* KeyHandle: a function of the registry is given the handle of an open key. Here it is closed. */
#include "miniport.h"

static VOID Halt(VOID)
{
    OBJECT_ATTRIBUTES Attributes;
    UNICODE_STRING Name;
    HANDLE Key;

    RtlInitUnicodeString(&Name, L"\\Registry\\Machine\\System\\CurrentControlSet\\Services");
    InitializeObjectAttributes(&Attributes, &Name, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, NULL,
                               NULL);
    if (ZwOpenKey(&Key, KEY_READ, &Attributes) != STATUS_SUCCESS)
        return;
    ZwClose(Key);
    ZwFlushKey(Key);
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Halt = Halt;
}
