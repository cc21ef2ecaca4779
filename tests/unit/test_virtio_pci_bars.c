/* SPDX-License-Identifier: MIT */
/*
 * test_virtio_pci_bars.c: which BAR an assigned range belongs to (virtio_pci_match_bar), against
 * BAR registers as the PCI Local Bus Specification 3.0, 6.2.5.1, lays them out.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "pci_fixture.h"
#include "ring.h"

#define PREFETCHABLE 8u
#define WIDE         4u
#define BELOW_1M     2u /* of PCI 2.1 */
#define PORTS        1u

#define MEMORY       VIRTIO_PCI_MEMORY
#define IO           VIRTIO_PCI_IO

/* QEMU's transitional device: ports in BAR0, MSI-X in BAR1, 64 bits in BAR4 and BAR5. */
static void qemu_transitional(void **state)
{
    static const virtio_u32 bars[6] = {
        0xC000 | PORTS, 0xFEBD1000, 0, 0, 0xFE000000 | WIDE | PREFETCHABLE, 0};

    (void)state;
    assert_int_equal(virtio_pci_match_bar(bars, IO, 0xC000), 0);
    assert_int_equal(virtio_pci_match_bar(bars, MEMORY, 0xFEBD1000), 1);
    assert_int_equal(virtio_pci_match_bar(bars, MEMORY, 0xFE000000), 4);
    assert_int_equal(virtio_pci_match_bar(bars, MEMORY, 0xC000), -1);
    assert_int_equal(virtio_pci_match_bar(bars, IO, 0xFEBD1000), -1);
    assert_int_equal(virtio_pci_match_bar(bars, MEMORY, 0xFEBD1004), -1);
    assert_int_equal(virtio_pci_match_bar(bars, IO, 0xC001), -1);
}

/* The upper half of a 64-bit BAR is not a BAR, whatever it looks like. */
static void upper_halves(void **state)
{
    static const virtio_u32 bars[6] = {0xE0000000 | WIDE, 0xFEB00000, 0xD0000000 | WIDE, 0xC001,
                                       0xF0000000,        0};

    (void)state;
    assert_int_equal(virtio_pci_match_bar(bars, MEMORY, 0xFEB00000E0000000), 0);
    assert_int_equal(virtio_pci_match_bar(bars, MEMORY, 0xE0000000), -1);
    assert_int_equal(virtio_pci_match_bar(bars, MEMORY, 0xFEB00000), -1);
    assert_int_equal(virtio_pci_match_bar(bars, MEMORY, 0x0000C001D0000000), 2);
    assert_int_equal(virtio_pci_match_bar(bars, IO, 0xC000), -1);
    assert_int_equal(virtio_pci_match_bar(bars, MEMORY, 0xF0000000), 4);
}

/* The last register has no upper half: its 64-bit mark is ignored. */
static void wide_in_the_last_register(void **state)
{
    virtio_u32 bars[8] = {0, 0, 0, 0, 0, 0xE0000000 | WIDE, 1, 1};

    (void)state;
    assert_int_equal(virtio_pci_match_bar(bars, MEMORY, 0xE0000000), 5);
    assert_int_equal(virtio_pci_match_bar(bars, MEMORY, 0x1E0000000), -1);
}

static void unassigned_and_gone(void **state)
{
    static const virtio_u32 none[6] = {0, PORTS, WIDE, 0, PREFETCHABLE, BELOW_1M};
    static const virtio_u32 gone[6] = {~0u, ~0u, ~0u, ~0u, ~0u, ~0u};

    (void)state;
    assert_int_equal(virtio_pci_match_bar(none, MEMORY, 0), -1);
    assert_int_equal(virtio_pci_match_bar(none, IO, 0), -1);
    assert_int_equal(virtio_pci_match_bar(gone, MEMORY, 0xFFFFFFF0), -1);
    assert_int_equal(virtio_pci_match_bar(gone, MEMORY, 0xFFFFFFFFFFFFFFF0), -1);
}

/* A function with BARs by chance: each of its ranges leads to its BAR, and no other address does. */
static void layouts_by_chance(void **state)
{
    uint64_t seed = test_seed();
    unsigned round;

    (void)state;
    for (round = 0; round < 20000; round++) {
        virtio_u32 bars[6] = {0};
        uint64_t start[6] = {0};
        enum virtio_pci_space space[6] = {MEMORY, MEMORY, MEMORY, MEMORY, MEMORY, MEMORY};
        int bar, other;

        for (bar = 0; bar < 6; bar++) {
            /* distinct addresses: the BAR's number is a part of each */
            uint32_t low = (random_below(&seed, 0x10000) << 12 | (uint32_t)(bar + 1) << 8);
            uint32_t flags = random_below(&seed, 2) * PREFETCHABLE;

            switch (random_below(&seed, 4)) {
            case 0:
                break;
            case 1:
                space[bar] = IO;
                start[bar] = low;
                bars[bar] = low | PORTS;
                break;
            case 2:
                start[bar] = low;
                bars[bar] = low | flags;
                break;
            default:
                if (bar == 5) {
                    break;
                }
                bars[bar] = low | WIDE | flags;
                bars[bar + 1] = (uint32_t)random_next(&seed);
                start[bar] = (uint64_t)bars[bar + 1] << 32 | low;
                bar++;
                break;
            }
        }
        for (bar = 0; bar < 6; bar++) {
            if (start[bar] == 0) {
                continue;
            }
            assert_int_equal(virtio_pci_match_bar(bars, space[bar], start[bar]), bar);
            assert_int_equal(virtio_pci_match_bar(bars, space[bar], start[bar] ^ 1u << 31), -1);
            assert_int_equal(virtio_pci_match_bar(bars, space[bar], start[bar] + 16), -1);
            for (other = 0;
                 other < 6 && !(space[other] != space[bar] && start[other] == start[bar]);
                 other++) {
            }
            if (other == 6) {
                assert_int_equal(
                    virtio_pci_match_bar(bars, space[bar] == IO ? MEMORY : IO, start[bar]), -1);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(qemu_transitional),         cmocka_unit_test(upper_halves),
        cmocka_unit_test(wide_in_the_last_register), cmocka_unit_test(unassigned_and_gone),
        cmocka_unit_test(layouts_by_chance),
    };

    return cmocka_run_group_tests_name("virtio_pci_bars", tests, NULL, NULL);
}
