/* SPDX-License-Identifier: MIT */
/* Privileged instructions, processor blocks, and the reports that end a run. */
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include "bus/map.h"
#include "nt/machine/ioport.h"
#include "nt/machine/mmio.h"
#include "fake_bus.h"
#include "nt/machine/clock.h"
#include "nt/machine/shared_data.h"
#include "nt/machine/irql.h"
#include "nt/machine/phys.h"
#include "nt/machine/probe.h"
#include "nt/machine/trap.h"
#include "rules/rules.h"

static struct fake_bus fake;

/* cmocka has its own handlers around each test. */
static void begin(void)
{
    trap_install();
    trap_thread(1);
}

/* ---- Privileged instructions that are carried out ---- */

#if defined(__x86_64__)
static void test_cr8(void **state)
{
    uint64_t value = 99, dispatch = IRQL_DISPATCH, passive = IRQL_PASSIVE;

    (void)state;
    begin();
    __asm__ volatile("mov %%cr8, %0" : "=r"(value));
    assert_int_equal(value, IRQL_PASSIVE);
    __asm__ volatile("mov %0, %%cr8" : : "r"(dispatch));
    assert_int_equal(irql_get(), IRQL_DISPATCH);
    __asm__ volatile("mov %%cr8, %%r13; mov %%r13, %0" : "=r"(value) : : "r13");
    assert_int_equal(value, IRQL_DISPATCH);
    __asm__ volatile("mov %0, %%cr8" : : "r"(passive));
    assert_int_equal(irql_get(), IRQL_PASSIVE);
    assert_int_equal(rules_violations(), 0);
}
#define CR8(T) T(cr8)
#else
#define CR8(T)
#endif

static void test_in_out(void **state)
{
    uint16_t port = FAKE_PORT + 8;
    uint32_t l = 0, high;
    uint16_t w = 0;
    uint8_t b = 0;

    (void)state;
    begin();
    assert_int_equal(bus_map_ports(&fake.bus, 2), FAKE_PORT);
    fake_bus_forget(&fake);
    __asm__ volatile("outl %0, %w1" : : "a"(0x11223344), "d"(port));
    __asm__ volatile("outw %w0, %w1" : : "a"(0xAABB), "d"(port + 4));
    __asm__ volatile("outb %b0, %w1" : : "a"(0xCC), "d"(port + 6));
    __asm__ volatile("inb %w1, %0" : "=a"(b) : "d"(port));
    __asm__ volatile("inw %w1, %0" : "=a"(w) : "d"(port + 4));
    __asm__ volatile("inl %w1, %0" : "=a"(l) : "d"(port + 4));
    assert_string_equal(fake.log, "w4w2w1r1r2r4");
    assert_int_equal(b, 0x44);
    assert_int_equal(w, 0xAABB);
    assert_int_equal(l, 0x00CCAABB);
    /* The rest of the register stays, as with any 8-bit target. */
    __asm__ volatile("mov $0x12345678, %0; inb %w1, %%al" : "=&a"(high) : "d"(port));
    assert_int_equal(high, 0x12345644);
    /* Nobody answers at a port of the board's. */
    __asm__ volatile("inb $0x80, %0" : "=a"(b));
    assert_int_equal(b, 0xFF);
    __asm__ volatile("outb %b0, $0x80" : : "a"(0));
    bus_unmap_ports(&fake.bus, 2);
    __asm__ volatile("inl %w1, %0" : "=a"(l) : "d"(port));
    assert_int_equal(l, UINT32_MAX);
}

static void test_port_strings(void **state)
{
    static uint16_t words[4] = {0x1111, 0x2222, 0x3333, 0x4444};
    uint16_t *from = words, port = FAKE_PORT;
    uint8_t bytes[4] = {0};
    uint8_t *to = bytes;
    size_t n = 4;

    (void)state;
    begin();
    bus_map_ports(&fake.bus, 2);
    fake_bus_forget(&fake);
    __asm__ volatile("rep outsw" : "+S"(from), "+c"(n) : "d"(port) : "memory");
    assert_string_equal(fake.log, "w2w2w2w2");
    assert_ptr_equal(from, words + 4);
    assert_int_equal(n, 0);
    n = 3;
    fake.ports[0] = 0x5A;
    __asm__ volatile("rep insb" : "+D"(to), "+c"(n) : "d"(port) : "memory");
    assert_memory_equal(bytes, "\x5A\x5A\x5A\0", 4);
    bus_unmap_ports(&fake.bus, 2);
}

static void test_ioport_map(void **state)
{
    struct fake_bus second;
    uint32_t value;

    (void)state;
    fake_bus_open(&second);
    assert_int_equal(bus_map_ports(&fake.bus, 0), 0); /* memory */
    assert_int_equal(bus_map_ports(&fake.bus, 9), 0);
    assert_int_equal(bus_map_ports(&fake.bus, 2), FAKE_PORT);
    assert_int_equal(bus_map_ports(&fake.bus, 2), FAKE_PORT);
    assert_int_equal(bus_map_ports(&second.bus, 2), 0); /* overlaps */
    assert_true(ioport_write(FAKE_PORT + FAKE_PORTS - 4, 4, 7));
    assert_true(ioport_read(FAKE_PORT + FAKE_PORTS - 4, 4, &value));
    assert_int_equal(value, 7);
    assert_false(ioport_read(FAKE_PORT + FAKE_PORTS - 2, 4, &value));
    assert_int_equal(value, UINT32_MAX);
    assert_false(ioport_write(FAKE_PORT - 1, 2, 0));
    bus_unmap_ports(&fake.bus, 2);
    assert_int_equal(bus_map_ports(&second.bus, 2), FAKE_PORT);
    bus_unmap_ports(&second.bus, 2);
}

/* cli, sti and hlt are reported, and the run goes on behind them. */
static void test_forbidden(void **state)
{
    unsigned before = rules_violations();

    (void)state;
    begin();
    __asm__ volatile("cli; sti; hlt");
    assert_int_equal(rules_violations(), before + 3);
}

/* ---- Processor blocks ---- */

struct block {
    void *self, *prcb, *list;
    unsigned number, legacy;
};

static struct block read_block(void)
{
    struct block b = {0};
    uint8_t byte;

#if defined(__x86_64__)
    __asm__ volatile("mov %%gs:0x18, %0" : "=r"(b.self));
    __asm__ volatile("mov %%gs:0x20, %0" : "=r"(b.prcb));
    __asm__ volatile("movl %%gs:0x1a4, %0" : "=r"(b.number));
    __asm__ volatile("movb %%gs:0x184, %0" : "=q"(byte));
    b.list = (void *)-1;
#else
    __asm__ volatile("mov %%fs:0x1c, %0" : "=r"(b.self));
    __asm__ volatile("mov %%fs:0x20, %0" : "=r"(b.prcb));
    __asm__ volatile("mov %%fs:0, %0" : "=r"(b.list));
    __asm__ volatile("movb %%fs:0x51, %0" : "=q"(byte));
    b.number = byte;
#endif
    b.legacy = byte;
    return b;
}

static void check_block(unsigned processor)
{
    struct block b = read_block();

    assert_ptr_equal(b.prcb, (char *)b.self + (sizeof(void *) == 8 ? 0x180 : 0x120));
    assert_int_equal(b.number, processor);
    assert_int_equal(b.legacy, processor);
    assert_ptr_equal(b.list, (void *)-1);
    assert_int_equal(*(int *)b.prcb, 0); /* it is there, and zero */
}

/* A thread of a thread of a thread: each has a block of its own, and none takes its parent's. */
static void *generation(void *argument)
{
    unsigned depth = *(unsigned *)argument + 1;
    struct block mine;
    pthread_t child;

    trap_thread(depth);
    check_block(depth);
    mine = read_block();
    if (depth < 8) {
        assert_int_equal(pthread_create(&child, NULL, generation, &depth), 0);
        pthread_join(child, NULL);
    }
    assert_ptr_equal(read_block().self, mine.self);
    check_block(depth);
    return NULL;
}

static void test_processor_block(void **state)
{
    unsigned depth = 0;
    pthread_t child;

    (void)state;
    begin();
    check_block(1);
    trap_thread(3);
    check_block(3);
    assert_int_equal(pthread_create(&child, NULL, generation, &depth), 0);
    pthread_join(child, NULL);
    check_block(3);
    nt_processor_changed(2);
    check_block(2);
}

#if defined(__x86_64__)
#define SHARED_DATA 0xFFFFF78000000000
#else
#define SHARED_DATA 0xFFDF0000
#endif

static void test_shared_data(void **state)
{
    /* InterruptTime, a KSYSTEM_TIME: LowPart, High1Time, High2Time */
    volatile uint32_t *interrupt_time = (volatile uint32_t *)(uintptr_t)(SHARED_DATA + 8);
    uint64_t before, after, got;

    (void)state;
    begin();
    assert_true(nt_shared_data_read((uintptr_t)interrupt_time, 8, &before));
    got = interrupt_time[0];
    got |= (uint64_t)interrupt_time[1] << 32;
    assert_true(nt_shared_data_read((uintptr_t)interrupt_time, 8, &after));
    assert_true(got >= before && got <= after);
    assert_int_not_equal(interrupt_time[0], 0);
}

static void test_probe(void **state)
{
    uint8_t *pages = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    uint8_t copy[64];

    (void)state;
    begin();
    mprotect(pages + 4096, 4096, PROT_NONE);
    memset(pages, 7, 4096);
    assert_int_equal(probe_copy(copy, pages, sizeof copy), sizeof copy);
    assert_int_equal(probe_copy(copy, pages + 4096 - 5, sizeof copy), 5);
    assert_int_equal(probe_copy(copy, NULL, 8), 0);
    assert_int_equal(probe_copy(pages + 4090, copy, 64), 6);
    assert_int_equal(probe_copy((void *)~(uintptr_t)0xFFF, copy, 4), 0);
    munmap(pages, 8192);
}

/* ---- Faults that end the run ---- */

static volatile uintptr_t sink;
/* Addresses that a compiler may not reason about. */
static volatile uintptr_t low = 0x18, endless = UINTPTR_MAX;

/* Runs `act` in a process of its own; its exit status, and what it said on stderr in text. */
static int run_child(void (*act)(void), char *text, size_t size)
{
    int pipe_ends[2], status;
    size_t used = 0;
    ssize_t n;
    pid_t child;

    assert_int_equal(pipe(pipe_ends), 0);
    child = fork();
    if (child == 0) {
        dup2(pipe_ends[1], STDERR_FILENO);
        begin();
        act();
        _exit(99);
    }
    close(pipe_ends[1]);
    while (used < size - 1 && (n = read(pipe_ends[0], text + used, size - 1 - used)) > 0)
        used += (size_t)n;
    text[used] = 0;
    close(pipe_ends[0]);
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

static void expect_report(void (*act)(void), const char *const *words)
{
    char text[8192];
    int status = run_child(act, text, sizeof text);

    if (status != 3)
        fail_msg("exit status %d: %s", status, text);
    for (; *words; words++)
        if (!strstr(text, *words))
            fail_msg("no \"%s\" in: %s", *words, text);
    assert_non_null(strstr(text, "registers"));
}

#define FAULT_TEST(name, act, ...)                                               \
    static void act_##name(void) act static void test_fault_##name(void **state) \
    {                                                                            \
        static const char *const words[] = {__VA_ARGS__, NULL};                  \
                                                                                 \
        (void)state;                                                             \
        expect_report(act_##name, words);                                        \
    }

FAULT_TEST(
    null_read, { sink = *(volatile uint32_t *)low; }, "rule PageFault broken",
    "read of address 0x18", "null pointer", "PASSIVE_LEVEL", "0x50")
FAULT_TEST(
    at_dispatch,
    {
        irql_set_raw(IRQL_DISPATCH);
        *(volatile uint8_t *)(uintptr_t)0x20000000 = 1;
    },
    "rule PageFaultAtDispatch broken", "write to address 0x20000000", "DISPATCH_LEVEL", "0xD1")
FAULT_TEST(
    guard_behind,
    {
        volatile uint8_t *block = phys_alloc(4096, PHYS_GUARD, NULL);

        sink = block[4096 + 4];
    },
    "rule SpecialPool broken", "4 bytes after the end")
FAULT_TEST(
    guard_before,
    {
        volatile uint8_t *block = phys_alloc(4096, PHYS_GUARD, NULL);

        block[-8] = 1;
    },
    "rule SpecialPool broken", "8 bytes before")
FAULT_TEST(
    execute, { ((void (*)(void))(uintptr_t)0x30000000)(); }, "rule PageFault broken",
    "execution of address 0x30000000", "not code")
FAULT_TEST(
    divide,
    {
        volatile int zero = 0;
        volatile int seven = 7;

        sink = (uintptr_t)(seven / zero);
    },
    "rule DivideByZero broken")
FAULT_TEST(
    invalid, { __asm__ volatile("ud2"); }, "rule InvalidInstruction broken")
FAULT_TEST(
    breakpoint, { __asm__ volatile("int3"); }, "rule Breakpoint broken")
FAULT_TEST(
    wrmsr, { __asm__ volatile("wrmsr"
                              :
                              : "a"(0), "d"(0), "c"(0)); },
    "rule PrivilegedInstruction broken", "wrmsr")
FAULT_TEST(
    fail_fast, { __asm__ volatile("int $0x29"
                                  :
                                  : "c"(2)); }, "rule PrivilegedInstruction broken",
    "int")
FAULT_TEST(
    device_memory,
    {
        volatile uint32_t *r = bus_map(&fake.bus, 0, 0, 0x100);

        sink = r[0x40];
    },
    "rule DeviceMemory broken", "outside what was mapped")
FAULT_TEST(
    device_instruction,
    {
        void *r = bus_map(&fake.bus, 0, 0, 0x100);

        __asm__ volatile("movdqu (%0), %%xmm0" : : "r"(r));
    },
    "rule DeviceMemory broken", "vector")
FAULT_TEST(
    sent, { kill(getpid(), SIGSEGV); }, "ended by signal", "sent by process")

static __attribute__((noinline)) uintptr_t recurse(uintptr_t depth)
{
    volatile uint8_t frame[4096];

    frame[depth % sizeof frame] = 1;
    if (depth == endless)
        return 0;
    return recurse(depth + 1) + frame[0];
}

/* On the alternate stack: there is no other any more. */
FAULT_TEST(
    stack_overflow, { sink = recurse(sink); }, "rule PageFault broken")

FAULT_TEST(
    shared_write, { *(volatile uint32_t *)(uintptr_t)(SHARED_DATA + 0x14) = 1; }, "broken")

#if defined(__x86_64__)
FAULT_TEST(
    not_canonical, { sink = *(volatile uintptr_t *)0x4141414141414141; }, "rule PageFault broken",
    "not canonical")
#define FAULTS64(T) T(fault_not_canonical)
#else
#define FAULTS64(T)
#endif

static int setup(void **state)
{
    char error[128];

    (void)state;
    fake_bus_open(&fake);
    return phys_open(PHYS_PAGES, 64u << 20, 1, error, sizeof error);
}

int main(void)
{
#define TEST(name) {"trap:" #name, test_##name, NULL, NULL, NULL},
    static const struct CMUnitTest tests[] = {
        CR8(TEST) TEST(in_out) TEST(port_strings) TEST(ioport_map) TEST(forbidden)
            TEST(processor_block) TEST(shared_data) TEST(probe) TEST(fault_null_read)
                TEST(fault_at_dispatch) TEST(fault_guard_behind) TEST(fault_guard_before)
                    TEST(fault_execute) TEST(fault_divide) TEST(fault_invalid)
                        TEST(fault_breakpoint) TEST(fault_wrmsr) TEST(fault_fail_fast)
                            TEST(fault_device_memory) TEST(fault_device_instruction)
                                TEST(fault_sent) TEST(fault_stack_overflow) TEST(fault_shared_write)
                                    FAULTS64(TEST)};

    return cmocka_run_group_tests(tests, setup, NULL);
}
