/* SPDX-License-Identifier: MIT */
/*
 * memcpy, memmove, memset and memcmp for drivers built with GCC or clang.
 *
 * Both compilers call them by themselves, x64's ntoskrnl.exe does not export them (x86's lacks
 * memcmp), and a driver has no C library. A WDK links its own; this file is only for mingw.
 *
 * They use string instructions and general registers alone. A compiler could turn a loop
 * back into a call to the function itself, and an interrupt would have to save vector state.
 */

typedef __SIZE_TYPE__ size_t;

void *memcpy(void *destination, const void *source, size_t length);
void *memmove(void *destination, const void *source, size_t length);
void *memset(void *destination, int value, size_t length);
int memcmp(const void *first, const void *second, size_t length);

/* Words are copied first: a processor without fast string instructions moves one of them a cycle,
 * whatever its length. memmove calls this too, with a destination in front of what it overlaps. */
void *memcpy(void *destination, const void *source, size_t length)
{
    void *to = destination;
    size_t words = length / sizeof(size_t);

    length %= sizeof(size_t);
#if defined(__x86_64__)
    __asm__ volatile("rep movsq" : "+D"(to), "+S"(source), "+c"(words) : : "memory");
#else
    __asm__ volatile("rep movsl" : "+D"(to), "+S"(source), "+c"(words) : : "memory");
#endif
    __asm__ volatile("rep movsb" : "+D"(to), "+S"(source), "+c"(length) : : "memory");
    return destination;
}

void *memmove(void *destination, const void *source, size_t length)
{
    unsigned char *to = destination;
    const unsigned char *from = source;

    if ((size_t)(to - from) >= length) {
        return memcpy(destination, source, length);
    }
    /*
     * The destination overlaps the source's tail: copy from the end, and leave DF as Windows has
     * it.
     */
    to += length - 1;
    from += length - 1;
    __asm__ volatile("std\n\trep movsb\n\tcld"
                     : "+D"(to), "+S"(from), "+c"(length)
                     :
                     : "memory", "cc");
    return destination;
}

void *memset(void *destination, int value, size_t length)
{
    void *to = destination;

    __asm__ volatile("rep stosb" : "+D"(to), "+c"(length) : "a"(value) : "memory");
    return destination;
}

int memcmp(const void *first, const void *second, size_t length)
{
    const unsigned char *a = first;
    const unsigned char *b = second;
    size_t i;

    for (i = 0; i < length; i++) {
        if (a[i] != b[i]) {
            return a[i] < b[i] ? -1 : 1;
        }
    }
    return 0;
}
