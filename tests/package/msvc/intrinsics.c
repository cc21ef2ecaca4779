/* SPDX-License-Identifier: MIT */
/* What MSVC compiles in place for x64, and clang 14 calls. */

unsigned __int64 __readcr8(void);
void __writecr8(unsigned __int64 value);

unsigned __int64 __readcr8(void)
{
    unsigned __int64 value;

    __asm__ volatile("mov %%cr8, %0" : "=r"(value));
    return value;
}

void __writecr8(unsigned __int64 value)
{
    __asm__ volatile("mov %0, %%cr8" : : "r"(value));
}
