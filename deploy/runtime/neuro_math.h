/* SPDX-License-Identifier: Apache-2.0
 *
 * The exact operations of neuro's expression language.  Each is rounded in one way defined by
 * IEEE 754, so results are the same bits on every machine.  Compile with -ffp-contract=off and
 * without -ffast-math.  NR_FLOAT64 chooses the number format.
 */
#ifndef NEURO_MATH_H
#define NEURO_MATH_H

#include <stdbool.h>
#include <stdint.h>
#include "neuro_memory.h"

/* Nonzero where there is no libm, or it is not wanted. */
#ifndef NR_OWN_MATH
#define NR_OWN_MATH 0
#endif

#if NR_FLOAT64
typedef double real;
typedef int64_t nr_int; /* as wide as real: keeps vector lanes of one size */
#define NR_MANTISSA 52
#define NR_BIAS 1023
#define NR_FIELD 0x7FF
#define nr_builtin(name) __builtin_##name
#else
typedef float real;
typedef int32_t nr_int;
#define NR_MANTISSA 23
#define NR_BIAS 127
#define NR_FIELD 0xFF
#define nr_builtin(name) __builtin_##name##f
#endif

static inline real nr_min(real a, real b) { return a < b ? a : b; }
static inline real nr_max(real a, real b) { return a > b ? a : b; }
static inline real nr_clip(real x, real low, real high) { return nr_min(nr_max(x, low), high); }
static inline real nr_abs(real x) { return nr_builtin(fabs)(x); }
static inline real nr_sign(real x)
{
    return (x > 0 ? (real)1 : (real)0) - (x < 0 ? (real)1 : (real)0);
}

static inline real nr_from_bits(nr_int bits)
{
    real x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static inline nr_int nr_to_bits(real x)
{
    nr_int bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

#if NR_OWN_MATH
#include "neuro_root.h"
#else
static inline real nr_sqrt(real x) { return nr_builtin(sqrt)(x); }
static inline real nr_floor(real x) { return nr_builtin(floor)(x); }
#endif

/* 2 to the power of a whole number, first clipped to the exponents of normal numbers. */
static inline real nr_pow2(real k)
{
    const nr_int whole = (nr_int)nr_clip(k, 1 - NR_BIAS, NR_BIAS);
    return nr_from_bits((whole + NR_BIAS) * ((nr_int)1 << NR_MANTISSA));
}

/* The exponent field: floor(log2(|x|)) for normal numbers. */
static inline real nr_exponent(real x)
{
    return (real)(((nr_to_bits(x) >> NR_MANTISSA) & NR_FIELD) - NR_BIAS);
}

/* A random word as a number in [0, 1), and as one in (0, 1). */
#if NR_FLOAT64
static inline real nr_uniform(uint32_t word) { return (real)word * 0x1p-32; }
static inline real nr_open(uint32_t word) { return ((real)word + 0.5) * 0x1p-32; }
#else
static inline real nr_uniform(uint32_t word) { return (real)(int32_t)(word >> 8) * 0x1p-24f; }
static inline real nr_open(uint32_t word) { return ((real)(int32_t)(word >> 9) + 0.5f) * 0x1p-23f; }
#endif

/* What arrives: sums, and products (which are shifted in fixed point only). */
static inline real nr_plus(real sum, real value) { return sum + value; }
static inline real nr_times(real a, real b, int32_t s)
{
    (void)s;
    return a * b;
}

#endif
