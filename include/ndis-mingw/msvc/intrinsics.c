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

unsigned char __inbyte(unsigned short port);
unsigned short __inword(unsigned short port);
unsigned long __indword(unsigned short port);
void __outbyte(unsigned short port, unsigned char value);
void __outword(unsigned short port, unsigned short value);
void __outdword(unsigned short port, unsigned long value);

unsigned char __inbyte(unsigned short port)
{
    unsigned char value;

    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

unsigned short __inword(unsigned short port)
{
    unsigned short value;

    __asm__ volatile("inw %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

unsigned long __indword(unsigned short port)
{
    unsigned long value;

    __asm__ volatile("inl %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

void __outbyte(unsigned short port, unsigned char value)
{
    __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

void __outword(unsigned short port, unsigned short value)
{
    __asm__ volatile("outw %0, %1" : : "a"(value), "Nd"(port));
}

void __outdword(unsigned short port, unsigned long value)
{
    __asm__ volatile("outl %0, %1" : : "a"(value), "Nd"(port));
}
