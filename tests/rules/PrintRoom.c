/* SPDX-License-Identifier: MIT */
/* PrintRoom: text that is formatted fits its buffer. Here it does not. */
#include "miniport.h"

int __cdecl sprintf_s(char *Buffer, size_t Size, const char *Format, ...);

static VOID Halt(VOID)
{
    CHAR Text[4];

    sprintf_s(Text, sizeof(Text), "%s", "too long");
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Halt = Halt;
}
