/* SPDX-License-Identifier: MIT */
#include "memory.h"
#include "nt/machine/phys.h"

int memory_setup(void **state)
{
    char error[128];

    (void)state;
    return phys_open(PHYS_PAGES, 5ull << 30, 1, error, sizeof error);
}
