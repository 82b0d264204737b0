/* SPDX-License-Identifier: Apache-2.0
 *
 * Copying and clearing memory, with or without an operating system.
 */
#ifndef NEURO_MEMORY_H
#define NEURO_MEMORY_H

#include <stddef.h>
#if __STDC_HOSTED__
#include <string.h>
#else /* compilers need these four, but not the header, without an operating system */
void *memcpy(void *restrict to, const void *restrict from, size_t size);
void *memmove(void *to, const void *from, size_t size);
void *memset(void *to, int value, size_t size);
#define memcpy __builtin_memcpy
#define memmove __builtin_memmove
#define memset __builtin_memset
#endif

#endif
