/* SPDX-License-Identifier: MIT */
/*
 * virtio_types.h: the fixed-width integers and the memory barriers of the two virtio libraries.
 * It is all that they share, and it needs no header of any system: C89 compilers of WDK 7.1, MSVC,
 * GCC and clang take it as it is. Targets are little-endian x86 and x64, as virtio 1.x is.
 */
#ifndef VIRTIO_TYPES_H
#define VIRTIO_TYPES_H

typedef unsigned char virtio_u8;
typedef unsigned short virtio_u16;
typedef unsigned int virtio_u32;
#if defined(_MSC_VER)
typedef unsigned __int64 virtio_u64;
#else
__extension__ typedef unsigned long long virtio_u64;
#endif

/* As wide as a pointer, for looking at an address's alignment. */
#if defined(_WIN64) && defined(_MSC_VER)
typedef unsigned __int64 virtio_uptr;
#elif defined(_MSC_VER)
typedef unsigned int virtio_uptr;
#else
typedef __UINTPTR_TYPE__ virtio_uptr;
#endif

#if defined(_MSC_VER)
#define VIRTIO_INLINE static __inline
#else
#define VIRTIO_INLINE static __inline__
#endif

/*
 * virtio_compiler_barrier: the compiler moves no memory access across it. Stores are seen in
 * program order by other processors on x86, and loads are done in program order, so this is what
 * "write descriptors before idx" and "read used idx before the element" need.
 * virtio_full_barrier: no later load passes an earlier store. Needed only where the driver writes a
 * word and then reads one that the device writes (virtio 1.2, 2.7.7.1, 2.7.10.1).
 */
#if defined(_MSC_VER)
void _ReadWriteBarrier(void);
#pragma intrinsic(_ReadWriteBarrier)
long __cdecl _InterlockedExchange(long volatile *, long); /* as in the WDK, even under /Gz */
#pragma intrinsic(_InterlockedExchange)
#define virtio_compiler_barrier() _ReadWriteBarrier()
VIRTIO_INLINE void virtio_full_barrier(void)
{
    volatile long word;

    _InterlockedExchange(&word, 0);
}
#else
#define virtio_compiler_barrier() __asm__ __volatile__("" ::: "memory")
VIRTIO_INLINE void virtio_full_barrier(void)
{
#if defined(__x86_64__)
    __asm__ __volatile__("lock; orl $0, (%%rsp)" ::: "memory", "cc");
#else
    __asm__ __volatile__("lock; orl $0, (%%esp)" ::: "memory", "cc");
#endif
}
#endif

#endif
