/* SPDX-License-Identifier: Apache-2.0
 *
 * Rows of 8-bit weights onto sums, eight columns at a time with the SIMD instructions of Cortex-M4 and
 * up.  NR_NO_SIMD leaves that out; the sums are the same bits either way.
 */
#ifndef NEURO_PACKED_H
#define NEURO_PACKED_H

#include "neuro_net.h"

#if defined(__ARM_FEATURE_SIMD32) && !defined(__ARM_BIG_ENDIAN) && !defined(NR_NO_SIMD)
#define NR_SIMD 1
#else
#define NR_SIMD 0
#endif

#if NR_SIMD
#include <arm_acle.h>

/* So many weights of 8 bits add up in 16 bits. */
#define NR_EXACT_ROWS 255u
/* A sum as far from zero might saturate on the way, where the order of rows matters. */
#define NR_FAR (INT32_MAX - (int32_t)NR_EXACT_ROWS * 128)

static inline uint32_t nr_four_weights(const int8_t *at)
{
    uint32_t word;
    memcpy(&word, at, sizeof word);
    return word;
}

static inline int32_t nr_low_half(uint32_t pair) { return (int16_t)(uint16_t)pair; }
static inline int32_t nr_high_half(uint32_t pair) { return (int32_t)pair >> 16; }
static inline uint32_t nr_turned(uint32_t word) { return word >> 8 | word << 24; }

/* The sums of eight columns of up to NR_EXACT_ROWS rows; nothing is lost. */
static inline void nr_sum_eight(
    const int8_t *weight, uint32_t width, const nr_index *cell, uint32_t count, int32_t *sum)
{
    uint32_t sum_02 = 0, sum_13 = 0, sum_46 = 0, sum_57 = 0;
    for (uint32_t q = 0; q < count; ++q) {
        const int8_t *row = weight + cell[q] * width;
        const uint32_t first = nr_four_weights(row), second = nr_four_weights(row + 4);
        sum_02 = (uint32_t)__sxtab16((int16x2_t)sum_02, (int8x4_t)first);
        sum_13 = (uint32_t)__sxtab16((int16x2_t)sum_13, (int8x4_t)nr_turned(first));
        sum_46 = (uint32_t)__sxtab16((int16x2_t)sum_46, (int8x4_t)second);
        sum_57 = (uint32_t)__sxtab16((int16x2_t)sum_57, (int8x4_t)nr_turned(second));
    }
    sum[0] = nr_low_half(sum_02);
    sum[1] = nr_low_half(sum_13);
    sum[2] = nr_high_half(sum_02);
    sum[3] = nr_high_half(sum_13);
    sum[4] = nr_low_half(sum_46);
    sum[5] = nr_low_half(sum_57);
    sum[6] = nr_high_half(sum_46);
    sum[7] = nr_high_half(sum_57);
}

/* Eight columns of up to NR_EXACT_ROWS rows, added one row after the other. */
static inline void nr_add_eight_by_rows(
    const int8_t *weight, uint32_t width, const nr_index *cell, uint32_t count, int32_t *target)
{
    for (uint32_t q = 0; q < count; ++q)
        for (uint32_t k = 0; k < 8; ++k)
            target[k] = nr_plus(target[k], weight[cell[q] * width + k]);
}

/* The same, from sums of the rows. */
static inline void nr_add_eight(
    const int8_t *weight, uint32_t width, const nr_index *cell, uint32_t count, int32_t *target)
{
    for (uint32_t k = 0; k < 8; ++k)
        if (target[k] > NR_FAR || target[k] < -NR_FAR) {
            nr_add_eight_by_rows(weight, width, cell, count, target);
            return;
        }
    int32_t sum[8];
    nr_sum_eight(weight, width, cell, count, sum);
    for (uint32_t k = 0; k < 8; ++k)
        target[k] += sum[k];
}

/* Onto sums that are known to fit 16 bits. */
static inline void nr_add_eight_16(
    const int8_t *weight, uint32_t width, const nr_index *cell, uint32_t count, int16_t *target)
{
    int32_t sum[8];
    nr_sum_eight(weight, width, cell, count, sum);
    for (uint32_t k = 0; k < 8; ++k)
        target[k] = (int16_t)(target[k] + sum[k]);
}
#endif

/* Add the rows of `count` cells to the first columns, and say how many these are. */
static inline uint32_t nr_add_rows(
    const int8_t *weight, uint32_t width, const nr_index *cell, uint32_t count, int32_t *target)
{
#if NR_SIMD
    for (uint32_t first = 0; first < count; first += NR_EXACT_ROWS) {
        const uint32_t some = count - first < NR_EXACT_ROWS ? count - first : NR_EXACT_ROWS;
        for (uint32_t c = 0; c + 8 <= width; c += 8)
            nr_add_eight(weight + c, width, cell + first, some, target + c);
    }
    return width & ~7u;
#else
    (void)weight, (void)width, (void)cell, (void)count, (void)target;
    return 0;
#endif
}

static inline uint32_t nr_add_rows_16(
    const int8_t *weight, uint32_t width, const nr_index *cell, uint32_t count, int16_t *target)
{
#if NR_SIMD
    for (uint32_t first = 0; first < count; first += NR_EXACT_ROWS) {
        const uint32_t some = count - first < NR_EXACT_ROWS ? count - first : NR_EXACT_ROWS;
        for (uint32_t c = 0; c + 8 <= width; c += 8)
            nr_add_eight_16(weight + c, width, cell + first, some, target + c);
    }
    return width & ~7u;
#else
    (void)weight, (void)width, (void)cell, (void)count, (void)target;
    return 0;
#endif
}

#endif
