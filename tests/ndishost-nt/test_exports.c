/* SPDX-License-Identifier: MIT */
/* Windows 7 exports every function of the host that a driver can import, for this architecture and from
 * that DLL. The host has each once. Run from the project's root. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <Zydis/Zydis.h>
#include "loader/exports.h"
#include "support.h"

#if defined(__x86_64__)
#define ARCH_COLUMN 2
#else
#define ARCH_COLUMN 1
#endif

/* Does DLL.exports have the name for this architecture? Then what it says of x86, too. */
static bool exported(const char *dll, const char *name, char x86[128])
{
    const char *file = !strcmp(dll, "NDIS.SYS")  ? "ndis"
                       : !strcmp(dll, "HAL.dll") ? "hal"
                                                 : "ntoskrnl";
    char path[128], line[256];
    bool found = false;
    FILE *f;

    snprintf(path, sizeof path, "include/ndis-mingw/exports/%s.exports", file);
    f = fopen(path, "r");
    if (!f)
        fail_msg("%s: cannot be read (run from the project's root)", path);
    while (!found && fgets(line, sizeof line, f)) {
        char words[3][128] = {"", "", ""};

        if (sscanf(line, "%127s %127s %127s", words[0], words[1], words[2]) == 3)
            found = !strcmp(words[0], name) && strcmp(words[ARCH_COLUMN], "no");
        if (found)
            strcpy(x86, words[1]);
    }
    fclose(f);
    return found;
}

static void test_windows_7_has_them(void **state)
{
    const struct host_export *e;
    size_t count = host_exports(&e);
    unsigned wrong = 0;
    char x86[128];

    (void)state;
    assert_true(count > 200);
    for (size_t i = 0; i < count; i++)
        if (!exported(e[i].dll, e[i].name, x86)) {
            print_error("%s!%s is not exported by Windows 7\n", e[i].dll, e[i].name);
            wrong++;
        }
    assert_int_equal(wrong, 0);
}

static void test_no_name_twice(void **state)
{
    const struct host_export *e;
    size_t count = host_exports(&e);

    (void)state;
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < i; j++)
            if (!strcmp(e[i].name, e[j].name) && !strcmp(e[i].dll, e[j].dll))
                fail_msg("%s!%s is there twice", e[i].dll, e[i].name);
}

static void test_found_without_regard_to_case(void **state)
{
    const void *address = host_export_find("ntoskrnl.exe", "KeSetEvent");

    (void)state;
    assert_non_null(address);
    assert_ptr_equal(host_export_find("NTOSKRNL.EXE", "KeSetEvent"), address);
    assert_null(host_export_find("ntoskrnl.exe", "kesetevent"));
    assert_null(host_export_find("NDIS.SYS", "KeSetEvent"));
}

#if defined(__i386__)
/* How many bytes of arguments the function at `code` pops: what its ret says. -1: no ret was found, as
 * in a function that never returns. */
static int bytes_popped(const uint8_t *code)
{
    const uint8_t *p = code, *furthest = code;
    ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
    ZydisDecodedInstruction insn;
    ZydisDecoder decoder;

    ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LEGACY_32, ZYDIS_STACK_WIDTH_32);
    for (int i = 0; i < 3000; i++) {
        ZyanU64 target = 0;

        if (!ZYAN_SUCCESS(
                ZydisDecoderDecodeFull(&decoder, p, ZYDIS_MAX_INSTRUCTION_LENGTH, &insn, operands)))
            return -1;
        if (insn.mnemonic == ZYDIS_MNEMONIC_RET)
            return insn.operand_count_visible ? (int)operands[0].imm.value.u : 0;
        if (insn.operand_count_visible && operands[0].type == ZYDIS_OPERAND_TYPE_IMMEDIATE &&
            operands[0].imm.is_relative)
            ZydisCalcAbsoluteAddress(&insn, &operands[0], (uintptr_t)p, &target);
        if (insn.meta.category == ZYDIS_CATEGORY_COND_BR && target > (uintptr_t)furthest)
            furthest = (const uint8_t *)(uintptr_t)target;
        p += insn.length;
        /* A jump that nothing leads past is a call in a tail's place: what it jumps to returns. */
        if (insn.mnemonic == ZYDIS_MNEMONIC_JMP && p > furthest) {
            if (!target)
                return -1;
            p = furthest = (const uint8_t *)(uintptr_t)target;
        }
    }
    return -1;
}

/* Of a table's entry: 12, f8 (two of them in registers), or - for cdecl. */
static int bytes_expected(const char *x86)
{
    int bytes = atoi(x86 + (*x86 == 'f'));

    if (*x86 == '-')
        return 0;
    return *x86 == 'f' ? bytes > 8 ? bytes - 8 : 0 : bytes;
}

/* Data, functions that do not return, and those whose arguments the table does not tell. */
static bool cannot_be_checked(const char *name)
{
    static const char *const names[] = {
        "KeNumberProcessors",
        "KeTickCount",
        "_purecall",
        "KdDebuggerEnabled",
        "KdDebuggerNotPresent",
        "KeBugCheck",
        "KeBugCheckEx",
        "ExRaiseStatus",
        "DbgBreakPoint",
        "DbgBreakPointWithStatus",
        "_alldiv",
        "_allrem",
        "_allmul",
        "_aulldiv",
        "_aullrem",
        "_alldvrm",
        "_aulldvrm",
        "_chkstk",
        "_alloca_probe",
        "RtlUlonglongByteSwap" /* eight bytes do not go into registers */,
        "_except_handler3",
    };

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (!strcmp(names[i], name))
            return true;
    return false;
}

static void test_pops_its_arguments(void **state)
{
    const struct host_export *e;
    size_t count = host_exports(&e);
    unsigned checked = 0, wrong = 0;

    (void)state;
    for (size_t i = 0; i < count; i++) {
        char x86[128];
        int popped;

        if (cannot_be_checked(e[i].name) || !exported(e[i].dll, e[i].name, x86))
            continue;
        popped = bytes_popped(e[i].address);
        checked++;
        if (popped != bytes_expected(x86)) {
            print_error("%s!%s pops %d bytes, not %d (%s)\n", e[i].dll, e[i].name, popped,
                        bytes_expected(x86), x86);
            wrong++;
        }
    }
    assert_int_equal(wrong, 0);
    assert_true(checked > 250);
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_windows_7_has_them),
        cmocka_unit_test(test_no_name_twice),
        cmocka_unit_test(test_found_without_regard_to_case),
#if defined(__i386__)
        cmocka_unit_test(test_pops_its_arguments),
#endif
    };

    return cmocka_run_group_tests_name("exports", tests, NULL, NULL);
}
