/* SPDX-License-Identifier: MIT */
/* The page that Windows shares with everybody; see shared_data.h. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <unistd.h>
#include "loader/patch.h"
#include "nt/machine/clock.h"
#include "nt/machine/shared_data.h"

#if defined(__x86_64__)
#define SHARED_KERNEL 0xFFFFF78000000000ull
#else
#define SHARED_KERNEL 0xFFDF0000u
#endif
#define SHARED_USER 0x7FFE0000u
/* Offsets; the page of KUSER_SHARED_DATA in Microsoft's documentation has the fields in this order. */
#define TICK_COUNT_LOW     0x000
#define TICK_MULTIPLIER    0x004
#define INTERRUPT_TIME     0x008
#define SYSTEM_TIME        0x014
#define NT_SYSTEM_ROOT     0x030
#define NT_PRODUCT_TYPE    0x264
#define PRODUCT_TYPE_VALID 0x268
#define NT_MAJOR           0x26C
#define NT_MINOR           0x270
/* KeQueryTimeIncrement in milliseconds, as a fixed-point number with 24 fractional bits. */
#define MULTIPLIER ((uint32_t)((NT_TICK << 24) / NT_MILLISECOND))
#define REAL_TICK  (NT_MILLISECOND / 10)

uint8_t nt_shared_data[NT_SHARED_DATA_SIZE] __attribute__((aligned(4096)));
/* The same page, once it is in use, and where the host writes it. */
static uint8_t page[NT_SHARED_DATA_SIZE] __attribute__((aligned(4096)));
static atomic_flag writing = ATOMIC_FLAG_INIT;
static uint64_t written; /* interrupt time */
static bool reserved;    /* SHARED_KERNEL is the host's, to map the page there */

/* ---- Times ---- */

static void store(unsigned offset, uint32_t value)
{
    __atomic_store_n((uint32_t *)(page + offset), value, __ATOMIC_RELEASE);
}

/* LowPart, High1Time, High2Time. Who reads with three instructions reads the first high half, then the
 * low one, then the other high one. If the high ones differ he reads again. Who reads eight bytes of x64 reads both at once. */
static void store_time(unsigned offset, uint64_t time)
{
    store(offset + 8, (uint32_t)(time >> 32));
#if defined(__x86_64__)
    /* SystemTime is not aligned to eight bytes, but within one line of the cache, which is as good on x86. */
    __asm__ volatile("movq %1, %0" : "=m"(*(uint64_t *)(page + offset)) : "r"(time));
#else
    store(offset, (uint32_t)time);
    store(offset + 4, (uint32_t)(time >> 32));
#endif
}

/* Two threads may come with times in the wrong order; time does not go back. */
static void write_times(void)
{
    uint64_t now;

    while (atomic_flag_test_and_set_explicit(&writing, memory_order_acquire))
        __builtin_ia32_pause();
    now = nt_clock_now();
    if (now > written) {
        written = now;
        store_time(INTERRUPT_TIME, now);
        store_time(SYSTEM_TIME, nt_clock_system());
        store_time(NT_SHARED_DATA_TICK_COUNT, now / NT_TICK);
        store(TICK_COUNT_LOW, (uint32_t)(now / NT_TICK));
    }
    atomic_flag_clear_explicit(&writing, memory_order_release);
}

/* ---- The page ---- */

static void write_rest(void)
{
    static const char root[] = "C:\\Windows";

    store(TICK_MULTIPLIER, MULTIPLIER);
    for (unsigned i = 0; i < sizeof root; i++)
        page[NT_SYSTEM_ROOT + 2 * i] = (uint8_t)root[i];
    store(NT_PRODUCT_TYPE, 1); /* NtProductWinNt */
    page[PRODUCT_TYPE_VALID] = 1;
    store(NT_MAJOR, 6);
    store(NT_MINOR, 1);
}

static void *ticks(void *unused)
{
    uint64_t least = REAL_TICK * nt_clock_scale();

    (void)unused;
    for (;;) {
        nt_clock_sleep(least > NT_TICK ? least : NT_TICK);
        write_times();
    }
    return NULL;
}

static bool start_ticks(void)
{
    sigset_t all, old;
    pthread_t thread;
    bool started;

    nt_clock_observer = write_times;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    started = pthread_create(&thread, NULL, ticks, NULL) == 0 && pthread_detach(thread) == 0;
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    return started;
}

static bool map(void *at, int file, int flags)
{
    return mmap(at, NT_SHARED_DATA_SIZE, PROT_READ, MAP_SHARED | flags, file, 0) != MAP_FAILED;
}

/* From now on `page` is the file. The caller's other threads do not write times yet. */
static bool share(int file)
{
    return ftruncate(file, NT_SHARED_DATA_SIZE) == 0 &&
           write(file, page, NT_SHARED_DATA_SIZE) == NT_SHARED_DATA_SIZE &&
           mmap(page, NT_SHARED_DATA_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, file,
                0) != MAP_FAILED;
}

static void forbid(void)
{
    mprotect(nt_shared_data, NT_SHARED_DATA_SIZE, PROT_NONE);
}

/* Where something fails the reads fault, and are right as well. */
static void start(void)
{
    int file = memfd_create("KUSER_SHARED_DATA", MFD_CLOEXEC);

    if (file >= 0 && share(file) && start_ticks()) {
        map(nt_shared_data, file, MAP_FIXED);
        map((void *)(uintptr_t)SHARED_USER, file, MAP_FIXED_NOREPLACE);
        if (reserved)
            map((void *)(uintptr_t)SHARED_KERNEL, file, MAP_FIXED);
    } else {
        forbid();
    }
    if (file >= 0)
        close(file);
}

void nt_shared_data_use(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    write_times();
    pthread_once(&once, start);
}

void nt_shared_data_install(void)
{
    static const struct patch_shared shared = {SHARED_KERNEL, SHARED_USER, NT_SHARED_DATA_SIZE,
                                               nt_shared_data, nt_shared_data_use};

    write_rest();
    /* A sanitizer that looks for leaks reads all data. On x64 nobody knows of the page before it is in use. */
    if (sizeof(void *) == 4)
        forbid();
    patch_set_shared(&shared);
}

/* ---- Reads that faulted ---- */

static uintptr_t offset_of(uintptr_t address)
{
    if (address - (uintptr_t)nt_shared_data < NT_SHARED_DATA_SIZE)
        return address - (uintptr_t)nt_shared_data;
    if (address - SHARED_USER < NT_SHARED_DATA_SIZE)
        return address - SHARED_USER;
    return address - (uintptr_t)SHARED_KERNEL;
}

bool nt_shared_data_read(uintptr_t address, unsigned size, uint64_t *value)
{
    uintptr_t offset = offset_of(address);

    if (size > 8 || size == 0 || offset >= NT_SHARED_DATA_SIZE ||
        size > NT_SHARED_DATA_SIZE - offset)
        return false;
    write_times();
    *value = 0;
    memcpy(value, page + offset, size);
    return true;
}

#if !defined(__x86_64__)
#define STACK_ROOM (1u << 20)

/* On x64 the page that Windows shares is in the kernel's half of the address space, where a load
 * faults by itself. On x86 it is where the main thread's stack may grow to: a load would make the stack
 * grow, and find a zero. So the page is taken before main. In one start of sixty, the kernel's random
 * layout has the stack there already, or so close above that it could not grow. The program then starts
 * again with the layout that is not random. On a 32-bit kernel the page is the kernel's, as on x64:
 * mmap fails with ENOMEM, and the stack is below. */
static void __attribute__((constructor))
reserve_shared_data(int argc, char **argv, char **environment)
{
    void *taken = mmap((void *)SHARED_KERNEL, NT_SHARED_DATA_SIZE, PROT_NONE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    bool kernels = taken == MAP_FAILED && errno == ENOMEM;
    int old = personality(0xFFFFFFFF);
    uintptr_t room = (uintptr_t)__builtin_frame_address(0) - (uintptr_t)SHARED_KERNEL;

    (void)argc;
    reserved = taken == (void *)SHARED_KERNEL;
    if ((reserved || kernels) && room >= STACK_ROOM)
        return;
    if (old != -1 && !(old & ADDR_NO_RANDOMIZE) &&
        personality((unsigned long)old | ADDR_NO_RANDOMIZE) != -1)
        execve("/proc/self/exe", argv, environment);
    fprintf(stderr, "ndishost: the stack is at or above 0xffdf0000, where drivers read the time; "
                    "use an environment below 1 MiB\n");
}
#endif
