/* SPDX-License-Identifier: MIT */
/* The loader on drivers made by mingw-w64: what it maps runs, what it refuses it says. */
#include <libgen.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <ntddk.h>
#include "driver/probe.h"
#include "loader/exports.h"
#include "loader/loader.h"
#include "loader/stub.h"
#include "loader/windows7.h"
#include "loader/pe.h"
#include "nt/machine/irql.h"
#include "nt/api/log.h"
#include "nt/machine/trap.h"
#include "support.h"

#if defined(_X86_)
#define OWN_ARCH   "x86"
#define OTHER_ARCH "x64"
#define OTHER_HOST "this is an x64 driver: use ndishost"
#else
#define OWN_ARCH   "x64"
#define OTHER_ARCH "x86"
#define OTHER_HOST "this is an x86 driver: use ndishost32"
#endif

static char own[512], other[512], changed[512]; /* paths */
static char error[2048];

/* ---- Files with changes in them ---- */

static uint8_t *file;
static size_t file_size;
static struct pe pe;

static void file_read(const char *path)
{
    FILE *f = fopen(path, "rb");

    assert_non_null(f);
    free(file);
    file = malloc(1 << 20);
    file_size = fread(file, 1, 1 << 20, f);
    fclose(f);
    assert_true(pe_parse(&pe, file, file_size, error, sizeof error));
}

static void file_write(bool fix_checksum)
{
    FILE *f = fopen(changed, "wb");

    if (fix_checksum) {
        uint32_t sum = pe_checksum(&pe);

        memcpy(file + pe.checksum_offset, &sum, 4);
    }
    assert_non_null(f);
    assert_int_equal(fwrite(file, 1, file_size, f), file_size);
    fclose(f);
}

/* The optional header begins 64 bytes before its checksum. */
static uint8_t *optional_header(void)
{
    return file + pe.checksum_offset - 64;
}

static uint8_t *section_header(const char *name)
{
    uint16_t optional_size;
    uint8_t *header;

    memcpy(&optional_size, optional_header() - 4, 2);
    header = optional_header() + optional_size;
    for (unsigned i = 0; i < pe.sections; i++, header += 40)
        if (!strncmp((char *)header, name, 8))
            return header;
    fail_msg("no section %s", name);
    return NULL;
}

static void put32(uint8_t *p, uint32_t value)
{
    memcpy(p, &value, 4);
}

/* Where the bytes of an RVA lie in the file. */
static uint8_t *at_rva(uint32_t rva)
{
    const struct pe_section *s = pe_section_at(&pe, rva);

    assert_non_null(s);
    return file + s->raw_offset + (rva - s->rva);
}

static uint32_t rva_of(const char *name)
{
    struct pe_symbols symbols = {0};
    uint32_t rva = 0;

    pe_symbols_read(&pe, &symbols);
    for (size_t i = 0; i < symbols.count; i++)
        if (!strcmp(symbols.names + symbols.symbol[i].name, name))
            rva = symbols.symbol[i].rva;
    pe_symbols_free(&symbols);
    assert_int_not_equal(rva, 0);
    return rva;
}

/* ---- Running the probe ---- */

static struct image *load(const char *path)
{
    struct image *image = image_load(path, error, sizeof error);

    if (!image)
        fail_msg("%s", error);
    return image;
}

static NTSTATUS call(struct image *image, struct probe *probe)
{
    PDRIVER_INITIALIZE entry = (PDRIVER_INITIALIZE)(uintptr_t)image_entry(image);
    DRIVER_OBJECT object;

    memset(&object, 0, sizeof object);
    return entry(&object, (PUNICODE_STRING)(void *)probe);
}

static void test_driver_runs(void **state)
{
    struct probe probe = {.command = PROBE_CHECK, .result = 99};
    struct image *image = load(own);
    const char *text;

    (void)state;
    trap_install(); /* cmocka has its own handlers of faults in each test */
    nt_debug_output = true;
    capture_start();
    assert_int_equal(call(image, &probe), STATUS_SUCCESS);
    text = capture_end();
    nt_debug_output = false;
    assert_int_equal(probe.result, 0);
    assert_contains(text, "probe: text -5 abc wide 1099511627776 ");
    assert_string_equal(image_name(image), "probe.sys");
    assert_true(image_size(image) >= 8 * 4096);
    image_unload(image);
    assert_int_equal(track_count(NULL), 0);
    assert_nothing_broken();
}

static void test_never_at_its_preferred_base(void **state)
{
    struct image *images[3];

    (void)state;
    file_read(own);
    for (int i = 0; i < 3; i++) {
        images[i] = load(own);
        assert_true((uintptr_t)image_entry(images[i]) - pe.entry != pe.image_base);
    }
    assert_ptr_not_equal(image_entry(images[0]), image_entry(images[1]));
    for (int i = 0; i < 3; i++)
        image_unload(images[i]);
}

/* Linked to where the kernel would put it next, it still comes to stand elsewhere. */
static void test_not_even_by_chance(void **state)
{
    struct image *image;
    void *next;

    (void)state;
    file_read(own);
    next = mmap(NULL, pe.image_size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    munmap(next, pe.image_size);
    if (pe.plus)
        memcpy(optional_header() + 24, &(uint64_t){(uintptr_t)next}, 8);
    else
        put32(optional_header() + 28, (uint32_t)(uintptr_t)next);
    file_write(true);
    image = load(changed);
    assert_ptr_not_equal((uint8_t *)image_entry(image) - pe.entry, next);
    image_unload(image);
}

static struct image *child_image;

static void call_in_child(void *probe)
{
    close(STDERR_FILENO);
    call(child_image, probe);
}

static void faults(unsigned command)
{
    struct probe probe = {.command = command};

    if (run_in_child(call_in_child, &probe) != SIGSEGV)
        fail_msg("command %u did not fault", command);
}

static void test_protection(void **state)
{
    struct probe probe = {.command = PROBE_CALL_INIT};

    (void)state;
    child_image = load(own);
    faults(PROBE_WRITE_CODE);
    faults(PROBE_WRITE_CONST);
    faults(PROBE_CALL_DATA);
    faults(PROBE_OVERRUN);
    assert_int_equal(call(child_image, &probe), STATUS_SUCCESS);
    image_unload(child_image);
    faults(PROBE_CALL_INIT);
}

/* No page of the process that belongs to the image is writable and executable at once. */
static void test_never_writable_and_executable(void **state)
{
    struct image *image;
    FILE *maps;
    char line[512];
    unsigned seen = 0;

    (void)state;
    file_read(own);
    put32(section_header("INIT") + 36, 0xE2000020); /* as older linkers have it: all three */
    file_write(true);
    image = load(changed);
    maps = fopen("/proc/self/maps", "r");
    assert_non_null(maps);
    while (fgets(line, sizeof line, maps)) {
        unsigned long long start, end;
        char protection[8];

        assert_int_equal(sscanf(line, "%llx-%llx %7s", &start, &end, protection), 3);
        if (start > (uintptr_t)image_entry(image) + image_size(image) ||
            end < (uintptr_t)image_entry(image) - pe.entry)
            continue;
        seen++;
        assert_false(protection[1] == 'w' && protection[2] == 'x');
    }
    fclose(maps);
    assert_true(seen >= 3);
    image_unload(image);
}

static void test_init_is_discarded(void **state)
{
    struct probe probe = {.command = PROBE_CALL_INIT};

    (void)state;
    file_read(own);
    put32(section_header("INIT") + 36, 0x62000020); /* code, discardable, execute, read */
    file_write(true);
    child_image = load(changed);
    assert_int_equal(call(child_image, &probe), STATUS_SUCCESS);
    image_discard_init(child_image);
    faults(PROBE_CALL_INIT);
    probe.command = PROBE_CHECK + 100; /* the rest still runs */
    assert_int_equal(call(child_image, &probe), STATUS_INVALID_PARAMETER);
    image_unload(child_image);
}

static void test_cookie_is_seeded(void **state)
{
    struct probe probe = {.command = PROBE_READ_COOKIE};
    unsigned long long cookies[2];
    uint8_t *directory;

    (void)state;
    file_read(own);
    directory = optional_header() + (pe.plus ? 112 : 96) + 8 * PE_DIRECTORY_LOAD_CONFIG;
    put32(directory, rva_of("TheLoadConfig"));
    put32(directory + 4, 64);
    file_write(true);
    for (int i = 0; i < 2; i++) {
        struct image *image = load(changed);

        call(image, &probe);
        cookies[i] = probe.wide;
        assert_true(cookies[i] != 0xBB40E64E && (uint32_t)cookies[i] != 0);
        assert_int_equal(cookies[i] >> 48, 0);
        image_unload(image);
    }
    assert_true(cookies[0] != cookies[1]);
    /* Without a load configuration it stays what the linker left. */
    child_image = load(own);
    call(child_image, &probe);
    assert_true(probe.wide == 0xBB40E64E);
    image_unload(child_image);
}

/* ---- Symbols and messages ---- */

static void test_symbols(void **state)
{
    struct image *image = load(own);
    uint8_t *entry = image_entry(image);
    char text[128], small[12];

    (void)state;
    assert_string_equal(image_symbol(entry, text, sizeof text), "probe.sys!DriverEntry+0x0");
    assert_string_equal(image_symbol(entry + 5, text, sizeof text), "probe.sys!DriverEntry+0x5");
    assert_true(image_contains(entry));
    assert_false(image_contains(text));
    assert_string_equal(image_symbol(text, text, sizeof text), "?");
    assert_string_equal(image_symbol(entry, small, sizeof small), "probe.sys!D");
    image_unload(image);
    assert_string_equal(image_symbol(entry, text, sizeof text),
                        "probe.sys (unloaded)!DriverEntry+0x0");
}

static void test_report_names_the_driver(void **state)
{
    struct probe probe = {.command = PROBE_BREAK_LOCK};
    unsigned before = rules_count("SpinLock");
    struct image *image = load(own);
    const char *text;

    (void)state;
    capture_start();
    call(image, &probe);
    text = capture_end();
    assert_contains(text, "rule SpinLock broken");
    assert_contains(text, "by      probe.sys!BreakTheRule+0x");
    assert_broken("SpinLock", before, 1);
    image_unload(image);
}

/* The symbol table cut off, a map beside it. */
static void test_symbols_from_a_map(void **state)
{
    static const char *const formats[] = {
        /* GNU ld */
        "Memory Configuration\n .text 0x%08llx 0x10 x.o\n                0x%016llx                "
        "%sDriverEntry%s\n",
        /* Microsoft */
        " Timestamp is 0\n\n  Address         Publics by Value              Rva+Base       "
        "Lib:Object\n 0001:%08llx       first   00000000 f x.obj\n 0001:00000000       "
        "%3$sDriverEntry%4$s              %2$016llx f   probe.obj\n"};
    char map[512], text[128];

    (void)state;
    snprintf(map, sizeof map, "%.*s.map", (int)(strlen(changed) - 4), changed);
    file_read(own);
    put32(optional_header() - 12, 0); /* PointerToSymbolTable, NumberOfSymbols */
    put32(optional_header() - 8, 0);
    file_write(true);
    for (int i = 0; i < 2; i++) {
        FILE *f = fopen(map, "w");
        struct image *image;

        fprintf(f, formats[i], 0ull, (unsigned long long)pe.image_base + pe.entry,
                pe.plus ? "" : "_", pe.plus ? "" : "@8");
        fclose(f);
        image = load(changed);
        image_symbol((uint8_t *)image_entry(image) + 3, text, sizeof text);
        assert_string_equal(text, "changed.sys!DriverEntry+0x3");
        image_unload(image);
    }
    unlink(map);
    child_image = load(changed);
    image_symbol((uint8_t *)image_entry(child_image) + 3, text, sizeof text);
    snprintf(map, sizeof map, "changed.sys+0x%x", pe.entry + 3);
    assert_string_equal(text, map);
    image_unload(child_image);
}

static void test_messages(void **state)
{
    struct probe probe = {.command = PROBE_LOG};
    struct image *image = load(own);
    size_t mark = nt_log_mark();
    char text[512];

    (void)state;
    assert_true(image_message("probe.sys", 0xC0000007, "The adapter", text, sizeof text));
    assert_string_equal(text, "The adapter: The probe is broken, and this is its second line.");
    assert_true(image_message("probe.sys", 0x80000008, "", text, sizeof text));
    assert_string_equal(text, "The probe is warm.");
    assert_false(image_message("probe.sys", 0xC0000009, "", text, sizeof text));
    assert_false(image_message("other.sys", 0xC0000007, "", text, sizeof text));
    nt_log_quiet = true;
    call(image, &probe);
    nt_log_quiet = false;
    assert_int_equal(nt_log_text(mark, text, sizeof text), 1);
    assert_contains(text, "error 0xC0000007");
    assert_contains(text, "(0x11, 0x22)");
    image_unload(image);
    assert_int_equal(track_count(NULL), 0);
    assert_nothing_broken();
}

/* ---- What is refused ---- */

static void refused(const char *path, const char *part)
{
    struct image *image = image_load(path, error, sizeof error);

    if (image) {
        image_unload(image);
        fail_msg("%s was loaded; expected \"%s\"", path, part);
    }
    assert_null(strchr(error, '\n'));
    assert_contains(error, part);
}

static void test_refuses_the_other_machine(void **state)
{
    (void)state;
    refused(other, OTHER_HOST);
}

static void test_refuses_what_is_no_driver(void **state)
{
    char path[512];
    FILE *f;

    (void)state;
    refused("/nonexistent/x.sys", "No such file");
    refused("/", "not a file");
    refused("/proc/self/exe", "does not begin with \"MZ\"");
    snprintf(path, sizeof path, "%.*s.empty", (int)(strlen(changed) - 4), changed);
    f = fopen(path, "w");
    fclose(f);
    refused(path, "not a PE file");
    unlink(path);
}

static void test_refuses_a_program(void **state)
{
    (void)state;
    file_read(own);
    optional_header()[68] = 3; /* console */
    file_write(true);
    refused(changed, "its subsystem is 3; expected 1 (native)");
}

static void test_refuses_without_relocations(void **state)
{
    uint8_t *directory;

    (void)state;
    file_read(own);
    directory = optional_header() + (pe.plus ? 112 : 96) + 8 * PE_DIRECTORY_RELOCATION;
    put32(directory + 4, 0);
    file_write(true);
    if (!pe.plus) /* x64 may need none; tests/examples has such a driver */
        refused(changed, "has no relocations");
    file_read(own);
    optional_header()[-2] |= 1; /* IMAGE_FILE_RELOCS_STRIPPED */
    file_write(true);
    refused(changed, "has no relocations");
}

static void test_refuses_a_wrong_checksum(void **state)
{
    (void)state;
    file_read(own);
    put32(file + pe.checksum_offset, 0x1234);
    file_write(false);
    refused(changed, "its header says 0x1234");
    put32(file + pe.checksum_offset, 0); /* none: nothing to compare */
    file_write(false);
    image_unload(load(changed));
}

static void test_refuses_an_unknown_machine(void **state)
{
    (void)state;
    file_read(own);
    memcpy(optional_header() - 20, "\x64\xAA", 2); /* ARM64 */
    file_write(true);
    refused(changed, "machine 0xaa64; expected x64 (0x8664) or x86");
}

static void test_refuses_small_alignment(void **state)
{
    (void)state;
    file_read(own);
    put32(optional_header() + 32, 0x200);
    file_write(true);
    refused(changed, "aligned to 0x200 bytes; expected 0x1000");
}

/* The first thunk of an import of some DLL, in the file. */
static uint8_t *import_name(const char *name)
{
    uint8_t *end = file + file_size - strlen(name);

    for (uint8_t *p = file; p < end; p++)
        if (!memcmp(p, name, strlen(name) + 1))
            return p;
    fail_msg("%s is not imported", name);
    return NULL;
}

static void test_names_all_missing_imports(void **state)
{
    (void)state;
    file_read(own);
    import_name("KeInitializeEvent")[2] = 'X';
    import_name("RtlCompareMemory")[3] = 'X';
    import_name("KeQueryPerformanceCounter")[0] = 'X';
    file_write(true);
    refused(changed, "ntoskrnl.exe!KeXnitializeEvent");
    assert_contains(error, "ntoskrnl.exe!RtlXompareMemory");
    assert_contains(error, "HAL.dll!XeQueryPerformanceCounter");
    assert_contains(error, "Windows 7 does not export");
    /* A buffer that holds only one says how many more there are. */
    {
        char small[160];
        struct image *image = image_load(changed, small, sizeof small);

        assert_null(image);
        assert_true(strlen(small) < sizeof small);
    }
    file_read(own);
    memcpy(import_name("HAL.dll"), "HOL.dll", 7);
    file_write(true);
    refused(changed, "HOL.dll!KeQueryPerformanceCounter");
}

/* Windows 7 has the module, and this host has nothing of it: the driver loads, and the import faults when used. */
static void test_stubs_what_windows_has(void **state)
{
    const struct stub *first;
    struct stub stub;
    const uint8_t *address;
    size_t before = stubs(&first);

    (void)state;
    file_read(own);
    memcpy(import_name("HAL.dll"), "tdi.sys", 7);
    file_write(true);
    image_unload(load(changed));
    assert_true(stubs(&first) > before);
    assert_string_equal(first[before].dll, "tdi.sys");
    address = stub_add("TDI.SYS", first[before].name);
    assert_non_null(address);
    assert_true(stub_at(address, &stub) && stub_at(address + 255, &stub));
    assert_string_equal(stub.name, first[before].name);
    assert_ptr_not_equal(address, stub_add("ntoskrnl.exe", first[before].name));
    assert_false(stub_at(address - 4096, &stub));
    assert_false(stub_at(NULL, &stub));
}

static void test_tables_of_windows_7(void **state)
{
    struct windows7_export export;

    (void)state;
    assert_int_equal(windows7_export("ndis.sys", "NdisMSleep", &export), WINDOWS7_EXPORTED);
    assert_string_equal(
        export.page,
        "https://learn.microsoft.com/windows-hardware/drivers/ddi/ndis/nf-ndis-ndismsleep");
    assert_string_equal(export.irql, "< DISPATCH_LEVEL");
    assert_int_equal(windows7_export("NDIS.SYS", "NdisMSlee", NULL), WINDOWS7_NOT_EXPORTED);
    assert_int_equal(windows7_export("NDIS.SYS", "#", NULL), WINDOWS7_NOT_EXPORTED);
    assert_int_equal(windows7_export("NDIS.SYS", "dll", NULL), WINDOWS7_NOT_EXPORTED);
    assert_int_equal(windows7_export("ntoskrnl.exe", "memcpy", NULL),
                     sizeof(void *) == 8 ? WINDOWS7_NOT_EXPORTED : WINDOWS7_EXPORTED);
    assert_int_equal(windows7_export("NETIO.SYS", "x", NULL), WINDOWS7_NO_TABLE);
    assert_int_equal(windows7_export("user32.dll", "x", NULL), WINDOWS7_NO_SUCH_MODULE);
}

static void test_dll_names_are_caseless(void **state)
{
    (void)state;
    file_read(own);
    memcpy(import_name("HAL.dll"), "hal.DLL", 7);
    memcpy(import_name("ntoskrnl.exe"), "NTOSKRNL.EXE", 12);
    file_write(true);
    image_unload(load(changed));
}

static void test_refuses_ordinals(void **state)
{
    uint32_t import = 0, lookup;

    (void)state;
    file_read(own);
    import = pe.directory[PE_DIRECTORY_IMPORT].rva;
    memcpy(&lookup, at_rva(import), 4);
    at_rva(lookup)[pe.plus ? 7 : 3] = 0x80;
    put32(at_rva(lookup), pe.plus ? 42 : 0x80000000u | 42);
    file_write(true);
    refused(changed, "imports ordinal 42 of ");
}

static void test_many_images(void **state)
{
    struct image *images[17];

    (void)state;
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 16; i++)
            images[i] = load(own);
        refused(own, "16 drivers are loaded already");
        for (int i = 0; i < 16; i++)
            image_unload(images[i]);
    }
}

static void paths(const char *argv0)
{
    char *copy = strdup(argv0), *directory = dirname(copy);

    snprintf(own, sizeof own, "%s/" OWN_ARCH "/probe.sys", directory);
    snprintf(other, sizeof other, "%s/" OTHER_ARCH "/probe.sys", directory);
    snprintf(changed, sizeof changed, "%s/" OWN_ARCH "/changed.sys", directory);
    free(copy);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_driver_runs),
        cmocka_unit_test(test_never_at_its_preferred_base),
        cmocka_unit_test(test_not_even_by_chance),
        cmocka_unit_test(test_protection),
        cmocka_unit_test(test_never_writable_and_executable),
        cmocka_unit_test(test_init_is_discarded),
        cmocka_unit_test(test_cookie_is_seeded),
        cmocka_unit_test(test_symbols),
        cmocka_unit_test(test_report_names_the_driver),
        cmocka_unit_test(test_symbols_from_a_map),
        cmocka_unit_test(test_messages),
        cmocka_unit_test(test_refuses_the_other_machine),
        cmocka_unit_test(test_refuses_what_is_no_driver),
        cmocka_unit_test(test_refuses_a_program),
        cmocka_unit_test(test_refuses_without_relocations),
        cmocka_unit_test(test_refuses_a_wrong_checksum),
        cmocka_unit_test(test_refuses_an_unknown_machine),
        cmocka_unit_test(test_refuses_small_alignment),
        cmocka_unit_test(test_names_all_missing_imports),
        cmocka_unit_test(test_stubs_what_windows_has),
        cmocka_unit_test(test_tables_of_windows_7),
        cmocka_unit_test(test_dll_names_are_caseless),
        cmocka_unit_test(test_refuses_ordinals),
        cmocka_unit_test(test_many_images),
    };
    int failed;

    (void)argc;
    paths(argv[0]);
    nt_thread_enter("tester");
    failed = cmocka_run_group_tests_name("loader", tests, setup_nt, teardown_nt);
    free(file);
    return failed;
}
