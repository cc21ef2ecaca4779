/* SPDX-License-Identifier: MIT */
/* memory.h: the physical memory that the model's tests work in, above and below 4 GiB. */
#ifndef TEST_MEMORY_H
#define TEST_MEMORY_H

/* A group's set-up function for cmocka. */
int memory_setup(void **state);

#endif
