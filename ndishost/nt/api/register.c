/* SPDX-License-Identifier: MIT */
/* Device registers and ports on x86, where they are functions of Windows; on x64 a driver has loads,
 * stores, in and out of its own, which nt/machine/trap.c carries out. */
#include <stdint.h>
#include <ntddk.h>
#include "nt/machine/ioport.h"
#include "nt/machine/mmio.h"
#include "loader/exports.h"

VOID NTAPI KeFlushWriteBuffer(VOID)
{
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
}
HOST_EXPORT("HAL.dll", KeFlushWriteBuffer);

#if defined(_X86_)
/* Through the bus where the address is a register of its, else an ordinary access. */
#define REGISTER_FUNCTIONS(NAME, TYPE)                                                          \
    TYPE NTAPI READ_REGISTER_##NAME(volatile TYPE *Register)                                    \
    {                                                                                           \
        uint64_t value;                                                                         \
                                                                                                \
        if (mmio_read(Register, sizeof *Register, &value))                                      \
            return (TYPE)value;                                                                 \
        return *Register;                                                                       \
    }                                                                                           \
    HOST_EXPORT("ntoskrnl.exe", READ_REGISTER_##NAME);                                          \
                                                                                                \
    VOID NTAPI WRITE_REGISTER_##NAME(volatile TYPE *Register, TYPE Value)                       \
    {                                                                                           \
        if (!mmio_write(Register, sizeof *Register, Value))                                     \
            *Register = Value;                                                                  \
        /* What Windows promises: the write has left the processor. */                          \
        __atomic_thread_fence(__ATOMIC_SEQ_CST);                                                \
    }                                                                                           \
    HOST_EXPORT("ntoskrnl.exe", WRITE_REGISTER_##NAME);                                         \
                                                                                                \
    VOID NTAPI READ_REGISTER_BUFFER_##NAME(volatile TYPE *Register, TYPE *Buffer, ULONG Count)  \
    {                                                                                           \
        for (ULONG i = 0; i < Count; i++)                                                       \
            Buffer[i] = READ_REGISTER_##NAME(&Register[i]);                                     \
    }                                                                                           \
    HOST_EXPORT("ntoskrnl.exe", READ_REGISTER_BUFFER_##NAME);                                   \
                                                                                                \
    VOID NTAPI WRITE_REGISTER_BUFFER_##NAME(volatile TYPE *Register, TYPE *Buffer, ULONG Count) \
    {                                                                                           \
        for (ULONG i = 0; i < Count; i++)                                                       \
            WRITE_REGISTER_##NAME(&Register[i], Buffer[i]);                                     \
    }                                                                                           \
    HOST_EXPORT("ntoskrnl.exe", WRITE_REGISTER_BUFFER_##NAME)

REGISTER_FUNCTIONS(UCHAR, UCHAR);
REGISTER_FUNCTIONS(USHORT, USHORT);
REGISTER_FUNCTIONS(ULONG, ULONG);

/* A port's address is its number; the buffer forms use the one port again and again. */
#define PORT_FUNCTIONS(NAME, TYPE)                                             \
    TYPE NTAPI READ_PORT_##NAME(TYPE *Port)                                    \
    {                                                                          \
        uint32_t value = UINT32_MAX;                                           \
                                                                               \
        ioport_read((ULONG_PTR)Port, sizeof *Port, &value);                    \
        return (TYPE)value;                                                    \
    }                                                                          \
    HOST_EXPORT("HAL.dll", READ_PORT_##NAME);                                  \
                                                                               \
    VOID NTAPI WRITE_PORT_##NAME(TYPE *Port, TYPE Value)                       \
    {                                                                          \
        ioport_write((ULONG_PTR)Port, sizeof *Port, Value);                    \
    }                                                                          \
    HOST_EXPORT("HAL.dll", WRITE_PORT_##NAME);                                 \
                                                                               \
    VOID NTAPI READ_PORT_BUFFER_##NAME(TYPE *Port, TYPE *Buffer, ULONG Count)  \
    {                                                                          \
        for (ULONG i = 0; i < Count; i++)                                      \
            Buffer[i] = READ_PORT_##NAME(Port);                                \
    }                                                                          \
    HOST_EXPORT("HAL.dll", READ_PORT_BUFFER_##NAME);                           \
                                                                               \
    VOID NTAPI WRITE_PORT_BUFFER_##NAME(TYPE *Port, TYPE *Buffer, ULONG Count) \
    {                                                                          \
        for (ULONG i = 0; i < Count; i++)                                      \
            WRITE_PORT_##NAME(Port, Buffer[i]);                                \
    }                                                                          \
    HOST_EXPORT("HAL.dll", WRITE_PORT_BUFFER_##NAME)

PORT_FUNCTIONS(UCHAR, UCHAR);
PORT_FUNCTIONS(USHORT, USHORT);
PORT_FUNCTIONS(ULONG, ULONG);
#endif
