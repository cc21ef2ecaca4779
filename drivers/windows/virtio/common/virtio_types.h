/* SPDX-License-Identifier: MIT */
/*
 * virtio_types.h: what the two virtio libraries share: fixed-width integers, memory barriers and
 * the feature bits of ring and transport. It needs no header of any system: the C89 compilers of
 * WDK 7.1, MSVC, GCC and clang take it as it is. Targets are little-endian x86 and x64.
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
 * A check of what the device wrote, which an honest device would never need. `make bench` counts what all of them cost: it builds the driver a second
 * time with AEROVNET_UNCHECKED, and there no device is found to lie. That driver is counted and never
 * shipped: no other compiler builds it, and no package takes it (packaging/check.py).
 */
#ifdef AEROVNET_UNCHECKED
#ifndef __MINGW32__
#error AEROVNET_UNCHECKED is for make bench alone: this driver would believe the device
#endif
#define VIRTIO_DEVICE_LIES(condition) (0 && (condition))
#else
#define VIRTIO_DEVICE_LIES(condition) (condition)
#endif

/* Feature bits that belong to no device type; virtio 1.2, 6 */
#define VIRTIO_F_INDIRECT_DESC   ((virtio_u64)1 << 28)
#define VIRTIO_F_EVENT_IDX       ((virtio_u64)1 << 29)
#define VIRTIO_F_VERSION_1       ((virtio_u64)1 << 32)
#define VIRTIO_F_ACCESS_PLATFORM ((virtio_u64)1 << 33)

/*
 * virtio_compiler_barrier: the compiler moves no memory access across it. On x86 other processors
 * see stores in program order, and loads are done in program order. So this is what "write
 * descriptors before idx" and "read used idx before the element" need.
 * virtio_full_barrier: no later load passes an earlier store. Needed only where the driver writes a
 * word and then reads one that the device writes (virtio 1.2, 2.7.7.1, 2.7.10.1).
 * virtio_atomic_increment: adds 1 to a word that several processors write, and is a full barrier.
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
long __cdecl _InterlockedIncrement(long volatile *);
#pragma intrinsic(_InterlockedIncrement)
VIRTIO_INLINE void virtio_atomic_increment(volatile virtio_u32 *word)
{
    _InterlockedIncrement((long volatile *)word);
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
VIRTIO_INLINE void virtio_atomic_increment(volatile virtio_u32 *word)
{
    __asm__ __volatile__("lock; incl %0" : "+m"(*word) : : "memory", "cc");
}
#endif

#endif
