/* SPDX-License-Identifier: MIT */
/* Every function of the host that a driver can import is one that Windows 7 exports for this
 * architecture, from that DLL, and there is one of each. Run from the project's root. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "loader/exports.h"
#include "support.h"

#if defined(__x86_64__)
#define ARCH_COLUMN 2
#else
#define ARCH_COLUMN 1
#endif

/* Does DLL.exports have the name for this architecture? */
static bool exported(const char *dll, const char *name)
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
    }
    fclose(f);
    return found;
}

static void test_windows_7_has_them(void **state)
{
    const struct host_export *e;
    size_t count = host_exports(&e);
    unsigned wrong = 0;

    (void)state;
    assert_true(count > 200);
    for (size_t i = 0; i < count; i++)
        if (!exported(e[i].dll, e[i].name)) {
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_windows_7_has_them),
        cmocka_unit_test(test_no_name_twice),
        cmocka_unit_test(test_found_without_regard_to_case),
    };

    return cmocka_run_group_tests_name("exports", tests, NULL, NULL);
}
