/* SPDX-License-Identifier: MIT */
/* Every form of load, store and read-modify-write: on a device it has to do what the processor does to
 * memory. The same instruction runs on both, with the same random registers, flags and content. */
#include <cpuid.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <cmocka.h>
#include "bus/map.h"
#include "nt/machine/mmio.h"
#include "fake_bus.h"
#include "forms.h"
#include "nt/machine/probe.h"
#include "nt/machine/random.h"

#define ROUNDS 200

struct state snippet_state;

enum { NOWHERE_BASE = -1, SI_RAM = -2 }; /* where a form has no register for the device */

#define DEFINE(name, base, di, access, undefined, text) SNIPPET(name, text);
FORMS(DEFINE)
FORMS_MOVBE(DEFINE)
#define DEFINE_REFUSED(name, text, word) SNIPPET(name, text);
REFUSED(DEFINE_REFUSED)

static const struct form {
    const char *name;
    void (*run)(void);
    int base;
    enum where di;
    const char *access;
    unsigned undefined;
} forms[] = {
#define ROW(name, base, di, access, undefined, text) {#name, name, base, di, access, undefined},
    FORMS(ROW) FORMS_MOVBE(ROW)};
#define FORM_COUNT (sizeof forms / sizeof forms[0])

static struct fake_bus fake;
static uint8_t *device; /* the BAR, trapped */
static uint8_t plain[FAKE_BAR_SIZE], other_device[FAKE_BAR_SIZE], other_plain[FAKE_BAR_SIZE];
static struct random dice;

/* ---- The handler of these tests: refusals return ---- */

static sigjmp_buf refusal;
static const char *refused_why;

static void handler(int number, siginfo_t *info, void *context)
{
    (void)number;
    if (probe_fault(context) || mmio_fault(info->si_addr, context, &refused_why))
        return;
    siglongjmp(refusal, 1);
}

static int setup(void **state)
{
    const char *seed = getenv("SEED");

    (void)state;
    random_seed(&dice, seed ? strtoull(seed, NULL, 0) : 1);
    fake_bus_open(&fake);
    device = bus_map(&fake.bus, 0, 0, FAKE_BAR_SIZE);
    return device ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    bus_unmap(device);
    return 0;
}

/* cmocka has its own handler around each test. */
static void take_signals(void)
{
    struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_NODEFER};

    sigemptyset(&action.sa_mask);
    sigaction(SIGSEGV, &action, NULL);
    refused_why = NULL;
}

/* ---- One instruction on both ---- */

static void fill_random(uint8_t *memory, size_t size)
{
    for (size_t i = 0; i < size; i++)
        memory[i] = (uint8_t)random_next(&dice);
}

/* Registers as a form wants them, with addresses in `memory` and, for RDI to RAM, in `other`. */
static struct state place(const struct form *form, struct state s, uint8_t *memory, uint8_t *other)
{
    if (form->base >= 0)
        s.reg[form->base] = (uintptr_t)memory + 0x400;
    if (form->base == SI_RAM)
        s.reg[SI] = (uintptr_t)other + 0x400;
    if (form->di == DEVICE)
        s.reg[DI] = (uintptr_t)memory + 0x800;
    if (form->di == RAM)
        s.reg[DI] = (uintptr_t)other + 0x800;
    return s;
}

static struct state run(const struct form *form, struct state s)
{
    snippet_state = s;
    form->run();
    return snippet_state;
}

static struct state random_state(const struct form *form)
{
    struct state s;

    for (int i = 0; i < GENERAL_COUNT; i++)
        s.reg[i] = (uintptr_t)random_next(&dice);
    s.reg[CX] = (uintptr_t)random_below(&dice, 12); /* a count or an index */
    s.flags = 0x202 | (random_next(&dice) & FLAGS_ARITH);
    if (form->base == SI_RAM || form->di != NOWHERE || strstr(form->name, "lods"))
        s.flags |= random_next(&dice) & FLAG_DF;
    return s;
}

static void same(const struct form *form, const char *what, uintptr_t got, uintptr_t wanted)
{
    if (got != wanted)
        fail_msg("%s: %s is 0x%llx, the processor has 0x%llx", form->name, what,
                 (unsigned long long)got, (unsigned long long)wanted);
}

static void compare(const struct form *form, const struct state *got, const struct state *got_in,
                    const struct state *wanted, const struct state *wanted_in)
{
    static const char *const names[] = {"ax", "bx", "cx", "dx", "si", "di", "r8", "r12", "r13"};

    for (int i = 0; i < (sizeof(void *) == 8 ? GENERAL_COUNT : 6); i++) {
        /* Addresses differ; what was added to them must not. */
        uintptr_t moved = got_in->reg[i] - wanted_in->reg[i];

        if (moved && got->reg[i] == wanted->reg[i])
            continue; /* overwritten with something else */
        same(form, names[i], got->reg[i] - moved, wanted->reg[i]);
    }
    same(form, "flags", got->flags & (FLAGS_ARITH | FLAG_DF) & ~form->undefined,
         wanted->flags & (FLAGS_ARITH | FLAG_DF) & ~form->undefined);
    if (memcmp(fake.memory, plain, sizeof plain))
        fail_msg("%s: the device's memory differs from what the processor makes of memory",
                 form->name);
    if (memcmp(other_device, other_plain, sizeof other_plain))
        fail_msg("%s: the other operand's memory differs", form->name);
}

static void check_form(const struct form *form)
{
    for (int round = 0; round < ROUNDS; round++) {
        struct state s = random_state(form), on_plain, on_device, plain_out, device_out;

        fill_random(plain, sizeof plain);
        fill_random(other_plain, sizeof other_plain);
        memcpy(fake.memory, plain, sizeof plain);
        memcpy(other_device, other_plain, sizeof other_plain);
        on_plain = place(form, s, plain, other_plain);
        on_device = place(form, s, device, other_device);
        plain_out = run(form, on_plain);
        fake_bus_forget(&fake);
        device_out = run(form, on_device);
        compare(form, &device_out, &on_device, &plain_out, &on_plain);
        if (form->access[0] && strcmp(form->access, fake.log))
            fail_msg("%s: the bus saw \"%s\" instead of \"%s\"", form->name, fake.log,
                     form->access);
    }
}

static void check_named(const char *prefix)
{
    unsigned checked = 0;

    for (size_t i = 0; i < FORM_COUNT; i++)
        if (strncmp(forms[i].name, prefix, strlen(prefix)) == 0) {
            check_form(&forms[i]);
            checked++;
        }
    assert_int_not_equal(checked, 0);
}

#define GROUP(name)                       \
    static void test_##name(void **state) \
    {                                     \
        (void)state;                      \
        take_signals();                   \
        check_named(#name);               \
    }
/* clang-format off */
#define GROUPS(G)                                                                              \
    G(mov_) G(movz) G(movsx) G(movnti) G(xchg) G(add) G(adc) G(sub) G(sbb) G(and) G(or) G(xor) \
    G(cmp_) G(test) G(inc) G(dec) G(neg) G(not) G(lock) G(set) G(cmov) G(lods) G(stos)         \
    G(movsb) G(movsw) G(movsl) G(rep_lods) G(rep_stos) G(rep_movs)
/* clang-format on */
GROUPS(GROUP)

static bool has_movbe(void)
{
    unsigned a, b, c, d;

    return __get_cpuid(1, &a, &b, &c, &d) && (c & bit_MOVBE);
}

static void test_movbe(void **state)
{
    (void)state;
    if (!has_movbe())
        skip();
    take_signals();
    check_named("movbe");
}

/* No form may be outside the groups above. */
static void test_every_form(void **state)
{
    (void)state;
    take_signals();
    for (size_t i = 0; i < FORM_COUNT; i++)
        if (strncmp(forms[i].name, "movbe", 5))
            check_form(&forms[i]);
}

/* ---- What compilers make of volatile accesses ---- */

struct registers {
    volatile uint8_t byte, flag;
    volatile uint16_t half;
    volatile uint32_t word, mask;
    volatile uint64_t both;
    volatile int32_t number;
    volatile uint8_t bytes[8];
};

static __attribute__((noinline)) uint64_t use_registers(struct registers *r, uint32_t n)
{
    uint64_t sum = r->byte + r->half;

    r->byte = (uint8_t)n;
    r->half++;
    r->word |= 0x100;
    r->mask &= ~n;
    r->flag = n > 1000;
    sum += r->word ^ r->mask;
    r->number -= (int32_t)n;
    if (r->number < 0)
        r->byte ^= 0x55;
    for (int i = 0; i < 8; i++)
        sum = sum * 31 + r->bytes[i];
    r->both += sum;
    return sum + r->both;
}

static void test_compiled(void **state)
{
    (void)state;
    take_signals();
    for (int round = 0; round < ROUNDS; round++) {
        uint32_t n = (uint32_t)random_next(&dice);
        uint64_t wanted;

        fill_random(plain, sizeof plain);
        memcpy(fake.memory, plain, sizeof plain);
        wanted = use_registers((struct registers *)plain, n);
        assert_true(use_registers((struct registers *)device, n) == wanted);
        assert_memory_equal(plain, fake.memory, sizeof plain);
    }
}

/* ---- Forms whose address is in the code ---- */

static void test_absolute(void **state)
{
    uintptr_t address = (uintptr_t)(device + 0x10);
    uint8_t *code =
        mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    uint8_t *p = code;

    (void)state;
    take_signals();
    assert_ptr_not_equal(code, MAP_FAILED);
    *p++ = 0xA1; /* mov moffs32, %eax */
    memcpy(p, &address, sizeof address);
    p += sizeof address;
    *p++ = 0xC3;
    memcpy(fake.memory + 0x10, "\x11\x22\x33\x44", 4);
    assert_int_equal(((uint32_t(*)(void))(uintptr_t)code)(), 0x44332211);
    munmap(code, 4096);
}

#if defined(__x86_64__) /* there is no such form on x86 */
/* A page of code within 2 GiB of the device. */
static uint8_t *code_near_device(void)
{
    for (uintptr_t distance = 64u << 20; distance < 0x70000000u; distance += 64u << 20) {
        void *at = mmap((void *)(((uintptr_t)device + distance) & ~(uintptr_t)4095), 4096,
                        PROT_READ | PROT_WRITE | PROT_EXEC,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

        if (at != MAP_FAILED)
            return at;
    }
    return NULL;
}

static void test_rip_relative(void **state)
{
    uint8_t *code = code_near_device();
    int32_t distance;

    (void)state;
    take_signals();
    assert_non_null(code);
    distance = (int32_t)(device + 0x20 - (code + 10));
    memcpy(code, "\xC7\x05", 2); /* movl $0x12345678, disp32(%rip) */
    memcpy(code + 2, &distance, 4);
    memcpy(code + 6, "\x78\x56\x34\x12\xC3", 5);
    ((void (*)(void))(uintptr_t)code)();
    assert_memory_equal(fake.memory + 0x20, "\x78\x56\x34\x12", 4);
    munmap(code, 4096);
}
#define RIP_RELATIVE(T) T(rip_relative)
#else
#define RIP_RELATIVE(T)
#endif

/* An instruction that ends with the page, the next one unmapped: decoding must not run over. */
static void test_code_at_page_end(void **state)
{
    uint8_t *code =
        mmap(NULL, 8192, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    uint8_t *at = code + 4096 - 3;
    uint32_t result;

    (void)state;
    take_signals();
    assert_ptr_not_equal(code, MAP_FAILED);
    munmap(code + 4096, 4096);
    memcpy(at, "\x8B\x06\xC3", 3); /* mov (%rsi), %eax; ret */
    memcpy(fake.memory, "\x01\x02\x03\x04", 4);
    __asm__ volatile("call *%1" : "=a"(result) : "r"(at), "S"(device) : "memory");
    assert_int_equal(result, 0x04030201);
    munmap(code, 4096);
}

/* ---- Refusals ---- */

/* Runs it and returns why it was refused; NULL if it was not. */
static const char *why_refused(void (*run_it)(void), struct state s)
{
    if (sigsetjmp(refusal, 1) == 0) {
        snippet_state = s;
        run_it();
        return NULL;
    }
    __asm__ volatile("cld"); /* as the snippet would have left it */
    return refused_why ? refused_why : "(no mapping)";
}

static void expect_refusal(const char *name, void (*run_it)(void), uint8_t *address,
                           const char *word)
{
    struct state s = {.flags = 0x202};
    const char *why;

    s.reg[SI] = s.reg[DI] = (uintptr_t)address;
    s.reg[CX] = 1;
    fake_bus_forget(&fake);
    why = why_refused(run_it, s);
    if (!why || !strstr(why, word))
        fail_msg("%s: \"%s\", which does not speak of \"%s\"", name, why ? why : "not refused",
                 word);
    assert_string_equal(fake.log, "");
}

static void test_refused_instructions(void **state)
{
    (void)state;
    take_signals();
#define EXPECT(name, text, word) expect_refusal(#name, name, device + 0x40, word);
    REFUSED(EXPECT)
}

static void test_refused_addresses(void **state)
{
    uint8_t *second = bus_map(&fake.bus, 0, 0x1004, 0x20);

    (void)state;
    take_signals();
    assert_non_null(second);
    assert_int_equal((uintptr_t)second % 4096,
                     4); /* as MmMapIoSpace keeps the offset in the page */
    expect_refusal("before", mov_eax_m32, second - 4, "outside");
    expect_refusal("after", mov_eax_m32, second + 0x20, "outside");
    expect_refusal("far after", mov_eax_m32, second + 0x400, "outside");
    expect_refusal("across the end", mov_m32_eax, second + 0x1E, "outside");
    expect_refusal("across the begin", mov_m32_eax, second - 2, "outside");
    expect_refusal("guard page", mov_eax_m32, device + FAKE_BAR_SIZE, "not mapped");
    bus_unmap(second);
    expect_refusal("unmapped", mov_eax_m32, second, "not mapped");
}

/* The good part of a rep movs is done, the registers stand at the bad element. */
static void test_refused_midway(void **state)
{
    struct state s = {.flags = 0x202};

    (void)state;
    take_signals();
    s.reg[SI] = (uintptr_t)device + FAKE_BAR_SIZE - 8;
    s.reg[DI] = (uintptr_t)other_plain;
    s.reg[CX] = 5;
    memcpy(fake.memory + FAKE_BAR_SIZE - 8, "ABCDEFGH", 8);
    fake_bus_forget(&fake);
    assert_non_null(why_refused(rep_movsl_from_device, s));
    assert_string_equal(fake.log, "r4r4");
    assert_memory_equal(other_plain, "ABCDEFGH", 8);
}

static void test_other_operand_missing(void **state)
{
    struct state s = {.flags = 0x202};
    uint8_t *hole = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    const char *why;

    (void)state;
    take_signals();
    s.reg[SI] = (uintptr_t)device;
    s.reg[DI] = (uintptr_t)hole;
    s.reg[CX] = 2;
    why = why_refused(rep_movsl_from_device, s);
    assert_non_null(why);
    assert_non_null(strstr(why, "other operand"));
    munmap(hole, 4096);
}

/* ---- Mapping ---- */

static void test_map_bounds(void **state)
{
    (void)state;
    assert_null(bus_map(&fake.bus, 0, FAKE_BAR_SIZE, 1));
    assert_null(bus_map(&fake.bus, 0, 0, FAKE_BAR_SIZE + 1));
    assert_null(bus_map(&fake.bus, 0, FAKE_BAR_SIZE - 1, 2));
    assert_null(bus_map(&fake.bus, 0, UINT64_MAX, 2));
    assert_null(bus_map(&fake.bus, 0, 0, 0));
    assert_null(bus_map(&fake.bus, 1, 0, 1));        /* not implemented */
    assert_null(bus_map(&fake.bus, 2, 0, 1));        /* I/O */
    assert_null(bus_map(&fake.bus, BUS_BARS, 0, 1)); /* no such */
}

static void test_map_direct(void **state)
{
    uint64_t value;

    (void)state;
    fake.bus.bar[0].direct = fake.memory;
    assert_ptr_equal(bus_map(&fake.bus, 0, 0x123, 4), fake.memory + 0x123);
    assert_false(mmio_read(fake.memory + 0x123, 4, &value));
    bus_unmap(fake.memory + 0x123); /* nothing of ours: nothing happens */
    fake.bus.bar[0].direct = NULL;
}

static void test_map_many(void **state)
{
    void *va[200];

    (void)state;
    for (int round = 0; round < 20; round++) {
        for (int i = 0; i < 200; i++) {
            va[i] = bus_map(&fake.bus, 0, (uint64_t)(i % 2) * 4096, 64);
            assert_non_null(va[i]);
            assert_true(mmio_write(va[i], 1, (uint64_t)i));
            assert_int_equal(fake.memory[i % 2 * 4096], i);
        }
        for (int i = 0; i < 200; i++)
            bus_unmap(va[i]);
    }
}

static void test_direct_access(void **state)
{
    uint64_t value;
    uint32_t ordinary = 0;

    (void)state;
    fake_bus_forget(&fake);
    assert_true(mmio_write(device + 8, 8, 0x1122334455667788));
    assert_true(mmio_read(device + 8, 4, &value));
    assert_true(value == 0x55667788);
    assert_true(mmio_read(device + 12, 2, &value));
    assert_true(value == 0x3344);
    assert_string_equal(fake.log, "w8r4r2");
    assert_false(mmio_read(&ordinary, 4, &value));
    assert_false(mmio_write(&ordinary, 4, 1));
    assert_false(mmio_read(device + FAKE_BAR_SIZE - 2, 4, &value));
}

int main(void)
{
#define TEST(name) {"mmio:" #name, test_##name, NULL, NULL, NULL},
    static const struct CMUnitTest tests[] = {
        GROUPS(TEST) TEST(movbe) TEST(every_form) TEST(compiled) TEST(absolute) RIP_RELATIVE(TEST)
            TEST(code_at_page_end) TEST(refused_instructions) TEST(refused_addresses)
                TEST(refused_midway) TEST(other_operand_missing) TEST(map_bounds) TEST(map_direct)
                    TEST(map_many) TEST(direct_access)};

    return cmocka_run_group_tests(tests, setup, teardown);
}
