/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The four functions that compilers call even from freestanding code.  The empty assembler
 * statements keep them from turning these loops into calls of the very function.
 */
#include <stddef.h>
#include <stdint.h>

#define KEEP_LOOP() __asm volatile("" ::: "memory")

void *memcpy(void *to, const void *from, size_t size);
void *memmove(void *to, const void *from, size_t size);
void *memset(void *to, int value, size_t size);
int memcmp(const void *one, const void *other, size_t size);

void *memcpy(void *to, const void *from, size_t size)
{
    unsigned char *d = to;
    const unsigned char *s = from;
    if ((((uintptr_t)d | (uintptr_t)s) & 3u) == 0u) {
        for (; size >= 4u; size -= 4u, d += 4, s += 4) {
            *(uint32_t *)(void *)d = *(const uint32_t *)(const void *)s;
            KEEP_LOOP();
        }
    }
    for (; size > 0u; size--) {
        *d++ = *s++;
        KEEP_LOOP();
    }
    return to;
}

void *memmove(void *to, const void *from, size_t size)
{
    unsigned char *d = to;
    const unsigned char *s = from;
    if ((uintptr_t)d - (uintptr_t)s >= size) {
        return memcpy(to, from, size);
    }
    while (size > 0u) {
        size--;
        d[size] = s[size];
        KEEP_LOOP();
    }
    return to;
}

void *memset(void *to, int value, size_t size)
{
    unsigned char *d = to;
    const uint32_t byte = (uint32_t)value & 0xFFu;
    for (; size > 0u && ((uintptr_t)d & 3u) != 0u; size--) {
        *d++ = (unsigned char)byte;
        KEEP_LOOP();
    }
    for (; size >= 4u; size -= 4u, d += 4) {
        *(uint32_t *)(void *)d = byte * 0x01010101u;
        KEEP_LOOP();
    }
    for (; size > 0u; size--) {
        *d++ = (unsigned char)byte;
        KEEP_LOOP();
    }
    return to;
}

int memcmp(const void *one, const void *other, size_t size)
{
    const unsigned char *a = one;
    const unsigned char *b = other;
    for (size_t i = 0; i < size; i++) {
        if (a[i] != b[i]) {
            return a[i] < b[i] ? -1 : 1;
        }
        KEEP_LOOP();
    }
    return 0;
}
