/* SPDX-License-Identifier: Apache-2.0
 *
 * The integer operations of neuro's fixed point.  Each multiplies the exact result by 2^-s, rounds
 * it to the nearest integer, halves away from zero, and saturates it to 32 bits.  No result depends
 * on the machine: intermediate results fit into 64 bits, and negative numbers are never shifted left.
 * Shifts right of negative numbers must be arithmetic, as with every compiler for these targets.
 */
#ifndef NEURO_FIXED_H
#define NEURO_FIXED_H

#include <stdbool.h>
#include <stdint.h>
#if defined(__ARM_FEATURE_DSP)
#include <arm_acle.h>
#endif

#include "neuro_memory.h"

typedef int32_t real;
typedef int32_t nr_int;

static inline int32_t nr_saturate(int64_t x)
{
    return (int32_t)(x > INT32_MAX ? INT32_MAX : x < INT32_MIN ? INT32_MIN : x);
}

/* x * 2^-s for -31 <= s <= 62 and |x| <= 2^62 */
static inline int32_t nr_shifted(int64_t x, int32_t s)
{
    if (s <= 0)
        return nr_saturate((int64_t)nr_saturate(x) * ((int64_t)1 << -s));
    if (s > 32)
        return nr_saturate((x + ((int64_t)1 << (s - 1)) - (x < 0)) >> s);
    /* The half, less 1 if x is negative, fits into 32 bits, which saves instructions there. */
    const uint32_t half = ((uint32_t)1 << (s - 1)) + (uint32_t)(x >> 63);
    return nr_saturate((x + (int64_t)half) >> s);
}

/* Saturated sums, in the form that suits the processor; all forms give the same. */
#if defined(__ARM_FEATURE_DSP) && !defined(NR_NARROW_SUMS)
static inline int32_t nr_add_sat(int32_t a, int32_t b) { return __qadd(a, b); }
static inline int32_t nr_sub_sat(int32_t a, int32_t b) { return __qsub(a, b); }
#elif UINTPTR_MAX > 0xFFFFFFFFu && !defined(NR_NARROW_SUMS)
static inline int32_t nr_add_sat(int32_t a, int32_t b) { return nr_saturate((int64_t)a + b); }
static inline int32_t nr_sub_sat(int32_t a, int32_t b) { return nr_saturate((int64_t)a - b); }
#else
static inline int32_t nr_add_sat(int32_t a, int32_t b)
{
    /* Of the wrong sign if out of range. */
    const int32_t sum = (int32_t)((uint32_t)a + (uint32_t)b);
    return ((a ^ sum) & (b ^ sum)) < 0 ? (a < 0 ? INT32_MIN : INT32_MAX) : sum;
}
static inline int32_t nr_sub_sat(int32_t a, int32_t b)
{
    const int32_t difference = (int32_t)((uint32_t)a - (uint32_t)b);
    return ((a ^ b) & (a ^ difference)) < 0 ? (a < 0 ? INT32_MIN : INT32_MAX) : difference;
}
#endif
static inline int32_t nr_neg_sat(int32_t a) { return nr_saturate(-(int64_t)a); }
static inline int32_t nr_abs_sat(int32_t a) { return a < 0 ? nr_neg_sat(a) : a; }
/* Left shifts are undone to see whether they lost anything.  Right shifts by two or more stay in 32 bits: a half is added to what is left of all but one place.
 * The saturated sum takes 1 off negative numbers, so that their halves go away from zero too. */
static inline int32_t nr_shift(int32_t a, int32_t s)
{
    if (s == 1 || s > 31)
        return nr_shifted(a, s);
    if (s > 1)
        return ((nr_add_sat(a, a >> 31) >> (s - 1)) + 1) >> 1;
    const int32_t moved = (int32_t)((uint32_t)a << -s);
    return moved >> -s == a ? moved : (a < 0 ? INT32_MIN : INT32_MAX);
}
static inline int32_t nr_mul_shift(int32_t a, int32_t b, int32_t s)
{
    return nr_shifted((int64_t)a * b, s);
}

/* a / b * 2^-s for -31 <= s <= 31; a division by zero saturates, 0 / 0 is 0 */
static inline int32_t nr_div_shift(int32_t a, int32_t b, int32_t s)
{
    const uint64_t size = (uint64_t)(b < 0 ? -(int64_t)b : b) << (s > 0 ? s : 0);
    const uint64_t of = (uint64_t)(a < 0 ? -(int64_t)a : a) << (s < 0 ? -s : 0);
    if (!of)
        return 0;
    const int64_t quotient = size ? (int64_t)((of + size / 2) / size) : INT64_MAX;
    return nr_saturate((a < 0) != (b < 0) ? -quotient : quotient);
}

/* The whole number not above a * 2^-s, 0 <= s <= 31 */
static inline int32_t nr_floor_shift(int32_t a, int32_t s) { return a >> s; }

/* The whole number not above a * b * 2^-s, 0 <= s <= 63 */
static inline int32_t nr_mul_floor(int32_t a, int32_t b, int32_t s)
{
    return nr_saturate(((int64_t)a * b) >> s);
}

/* a, saturated to 8 or 16 bits */
static inline int32_t nr_clip_bits(int32_t a, int32_t bits)
{
    const int32_t high = (int32_t)(((uint32_t)1 << (bits - 1)) - 1);
    return a > high ? high : a < -high - 1 ? -high - 1 : a;
}

/* a * 2^s in 64 bits, to be compared */
static inline int64_t nr_wide(int32_t a, int32_t s) { return (int64_t)a * ((int64_t)1 << s); }

static inline int32_t nr_min(int32_t a, int32_t b) { return a < b ? a : b; }
static inline int32_t nr_max(int32_t a, int32_t b) { return a > b ? a : b; }
static inline int32_t nr_clip(int32_t x, int32_t low, int32_t high)
{
    return nr_min(nr_max(x, low), high);
}
static inline int32_t nr_sign(int32_t x) { return (x > 0) - (x < 0); }

/* A random word as a number in [0, 1) with 31 places. */
static inline int32_t nr_uniform(uint32_t word) { return (int32_t)(word >> 1); }

/* What arrives: sums, products, and the time, which is counted in steps. */
static inline int32_t nr_plus(int32_t sum, int32_t value) { return nr_add_sat(sum, value); }
static inline int32_t nr_times(int32_t a, int32_t b, int32_t s)
{
    return s > 62 ? 0 : nr_mul_shift(a, b, s < -31 ? -31 : s);
}

#endif
