/* SPDX-License-Identifier: MIT */
/* What net_open refuses, and that it says what would have been right; and net_help. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include "net/net.h"

static struct net_ports ports;

/* The line must have each of the parts. */
static void refused(const char *spec, const char *const *parts)
{
    char error[256] = "";
    struct net *net = net_open(spec, &ports, error, sizeof error);

    if (net) {
        net->ops->close(net);
        fail_msg("%s was not refused", spec);
    }
    assert_null(strchr(error, '\n'));
    for (; *parts; parts++) {
        if (!strstr(error, *parts))
            fail_msg("%s: expected \"%s\" in \"%s\"", spec, *parts, error);
    }
}

#define REFUSED(spec, ...) refused(spec, (const char *const[]){__VA_ARGS__, NULL})

static void accepted(const char *spec)
{
    char error[256] = "";
    struct net *net = net_open(spec, &ports, error, sizeof error);

    if (!net)
        fail_msg("%s: %s", spec, error);
    net->ops->close(net);
}

static void test_unknown_end(void **state)
{
    (void)state;
    REFUSED("ge", "no network end \"ge\"", "tap, gen, echo, ping, none");
    REFUSED("gens:count=1", "no network end \"gens\"");
    REFUSED("", "no network end \"\"");
    REFUSED(":", "no network end \"\"");
    REFUSED("none:x", "none: this end takes no arguments", "\"x\"");
}

static void test_unknown_option(void **state)
{
    (void)state;
    REFUSED("gen:frobnicate=1", "gen: there is no option \"frobnicate\"",
            "count, size, dir, tag, kinds, rate, seed, batch, window, stall, burst, hold");
    REFUSED("echo:dir=tx", "echo: there is no option \"dir\"", "count, size, tag, rate");
    REFUSED("gen:count=1,", "no option \"\"");
    REFUSED("gen:,count=1", "no option \"\"");
    REFUSED("gen:=1", "no option \"\"");
    REFUSED("gen:counter=1", "no option \"counter\"");
    REFUSED("gen:coun=1", "no option \"coun\"");
}

static void test_bad_values(void **state)
{
    (void)state;
    REFUSED("gen:count", "option \"count\" has no value");
    REFUSED("gen:count=", "count=: expected a number from 0 up");
    REFUSED("gen:count=-1", "count=-1: expected a number");
    REFUSED("gen:count=+1", "count=+1: expected");
    REFUSED("gen:count= 1", "count= 1: expected");
    REFUSED("gen:count=12x", "count=12x: expected");
    REFUSED("gen:count=99999999999999999999", "expected a number");
    REFUSED("gen:count=0000000000000000000000000000000000000000000000000001", "expected a number");
    REFUSED("gen:batch=0", "batch=0: expected a number from 1 to 256, or two as MIN-MAX");
    REFUSED("gen:batch=257", "batch=257: expected a number from 1 to 256, or");
    REFUSED("gen:window=65537", "from 1 to 65536");
    REFUSED("gen:dir=sideways", "dir=sideways: expected tx or rx or both");
    REFUSED("gen:dir=t", "dir=t: expected");
    REFUSED("gen:dir=", "dir=: expected");
    REFUSED("gen:count=1,count=2", "option \"count\" is given twice");
}

static void test_bad_sizes(void **state)
{
    (void)state;
    REFUSED("gen:size=13", "size=13: expected a number from 14 to 9230, two as MIN-MAX, or sweep");
    REFUSED("gen:size=9231", "size=9231: expected");
    REFUSED("gen:size=100-60", "size=100-60: expected");
    REFUSED("gen:size=60-", "size=60-: expected");
    REFUSED("gen:size=-60", "size=-60: expected");
    REFUSED("gen:size=60-70-80", "size=60-70-80: expected");
    REFUSED("gen:size=60-9231", "size=60-9231: expected");
    REFUSED("echo:size=a-b", "size=a-b: expected");
}

static void test_bad_tags(void **state)
{
    static const char *const tags[] = {"",    "4096",  "5:8",      "5:",   ":3",   "5:3:1", "-1",
                                       "any", "none1", "randomly", "5,:3", "5 :3", "0x"};
    char spec[64];

    (void)state;
    for (size_t i = 0; i < sizeof tags / sizeof tags[0]; i++) {
        snprintf(spec, sizeof spec, "gen:tag=%s", tags[i]);
        REFUSED(spec, i == 10 ? "no option" : "expected none, random, or a VLAN of at most 4095");
    }
}

static void test_bad_kinds(void **state)
{
    (void)state;
    REFUSED("gen:kinds=", "expected some of directed, multicast, broadcast, other, joined by +");
    REFUSED("gen:kinds=unicast", "kinds=unicast: expected some of");
    REFUSED("gen:kinds=directed+", "expected some of");
    REFUSED("gen:kinds=+directed", "expected some of");
    REFUSED("gen:ip=2", "ip=2: expected 0 or 1 or 6 or both");
    REFUSED("gen:size=sweeping", "size=sweeping: expected");
}

static void test_good_ones(void **state)
{
    (void)state;
    accepted("gen");
    accepted("gen:");
    accepted("gen:count=0");
    accepted("gen:count=18446744073709551615,size=14-1514,dir=both,rate=0,seed=0xFFFFFFFFFFFFFFFF,"
             "batch=256,window=65536,stall=3600");
    accepted("gen:size=60-60,dir=rx");
    accepted("gen:size=sweep,batch=1-256,hold=1");
    accepted("gen:kinds=other");
    accepted("gen:ip=0");
    REFUSED("gen:large=41,ip=1", "large=41: expected a number from 0 to 40");
    REFUSED("gen:large=8", "large=8 needs ip=1, ip=6 or ip=both");
    accepted("gen:large=8,ip=both");
    accepted("gen:ip=6");
    accepted("gen:ip=both");
    accepted("gen:ip=1,size=14-1514,tag=random");
    accepted("echo:calls=1,size=sweep");
    accepted("gen:kinds=directed+multicast+broadcast+other");
    accepted("gen:tag=none");
    accepted("gen:tag=random,size=14");
    accepted("gen:tag=0");
    accepted("gen:tag=4095:7");
    accepted("echo:tag=0x10:0");
    accepted("echo");
    accepted("echo:count=1,size=14,seed=7,window=1,rate=5,stall=1");
    accepted("echo:window=65536");
    accepted("none");
}

static void test_bad_tap_names(void **state)
{
    (void)state;
    REFUSED("tap", "tap: \"\" is not an interface name", "tap:NAME");
    REFUSED("tap:", "tap: \"\" is not an interface name");
    REFUSED("tap:sixteen-letters-", "is not an interface name");
    REFUSED("tap:a/b", "\"a/b\" is not an interface name");
    REFUSED("tap:a b", "is not an interface name");
    REFUSED("tap:tap%d", "is not an interface name");
    REFUSED("tap:\"", "is not an interface name");
    REFUSED("tap:..", "is not an interface name");
}

/* Anything at all comes to a clean refusal or an end: no crash, an error text, a terminated one. */
static void test_random_arguments(void **state)
{
    static const char letters[] = "gen:echo,=countsize-0123456789dirtxrxbothx\x80 ";
    const char *given = getenv("SEED");
    unsigned seed = given ? (unsigned)strtoul(given, NULL, 0) : 1;

    (void)state;
    print_message("seed %u\n", seed);
    srand(seed);
    for (unsigned i = 0; i < 20000; i++) {
        char spec[48] = "gen:", error[64] = "";
        size_t length = 4 + (size_t)rand() % (sizeof spec - 5);
        struct net *net;

        for (size_t j = 4; j < length; j++)
            spec[j] = letters[(size_t)rand() % (sizeof letters - 1)];
        net = net_open(spec, &ports, error, sizeof error);
        if (net)
            net->ops->close(net);
        else
            assert_true(*error && strlen(error) < sizeof error);
    }
}

static void test_help(void **state)
{
    static const char *const words[] = {"tap:NAME",
                                        "gen[",
                                        "echo[",
                                        "none",
                                        "count=N",
                                        "size=S, MIN-MAX",
                                        "kinds=directed+multicast+broadcast+other",
                                        "dir=tx|rx|both",
                                        "tag=none|VID[:PRIORITY]|random",
                                        "rate=N",
                                        "seed=N",
                                        "batch=N",
                                        "window=N",
                                        "stall=S"};
    char text[8192] = "";
    FILE *out = fmemopen(text, sizeof text, "w");

    (void)state;
    net_help(out);
    fclose(out);
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (!strstr(text, words[i]))
            fail_msg("no \"%s\" in the help", words[i]);
    }
    for (const char *line = text, *end; (end = strchr(line, '\n')); line = end + 1)
        assert_true(end - line <= 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unknown_end),      cmocka_unit_test(test_unknown_option),
        cmocka_unit_test(test_bad_values),       cmocka_unit_test(test_bad_sizes),
        cmocka_unit_test(test_bad_tags),         cmocka_unit_test(test_bad_kinds),
        cmocka_unit_test(test_good_ones),        cmocka_unit_test(test_bad_tap_names),
        cmocka_unit_test(test_random_arguments), cmocka_unit_test(test_help),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
