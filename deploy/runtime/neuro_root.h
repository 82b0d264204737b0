/* SPDX-License-Identifier: Apache-2.0
 *
 * Square root and floor without libm, rounded as IEEE 754 says: by the processor's instruction, else
 * bit by bit.  Included by neuro_math.h.
 */
#ifndef NEURO_ROOT_H
#define NEURO_ROOT_H

static inline real nr_floor(real x)
{
    if (!(nr_abs(x) < (real)((nr_int)1 << NR_MANTISSA)))
        return x; /* whole, or not a number */
    const real whole = (real)(nr_int)x;
    if (whole == x)
        return x;
    return whole > x ? whole - 1 : whole;
}

/* Of a positive number, with the exponent made even: one bit of the root after the other. */
static inline real nr_root_by_bits(nr_int bits)
{
    nr_int exponent = bits >> NR_MANTISSA;
    nr_int rest = bits & (((nr_int)1 << NR_MANTISSA) - 1);
    if (exponent)
        rest |= (nr_int)1 << NR_MANTISSA;
    else
        for (exponent = 1; !(rest >> NR_MANTISSA); rest <<= 1)
            --exponent;
    exponent -= NR_BIAS;
    rest <<= exponent & 1 ? 2 : 1;
    nr_int root = 0, twice = 0;
    for (nr_int bit = (nr_int)1 << (NR_MANTISSA + 1); bit; bit >>= 1) {
        if (twice + bit <= rest) {
            rest -= twice + bit;
            twice += 2 * bit;
            root += bit;
        }
        rest <<= 1;
    }
    root += rest ? root & 1 : 0; /* to the nearest; a root never lies half way */
    const nr_int half = (exponent - (exponent & 1)) / 2;
    return nr_from_bits((root >> 1) + (NR_BIAS - 1 + half) * ((nr_int)1 << NR_MANTISSA));
}

static inline real nr_sqrt(real x)
{
    real root;
#if defined(__aarch64__) && NR_FLOAT64
    __asm("fsqrt %d0, %d1" : "=w"(root) : "w"(x));
#elif defined(__aarch64__)
    __asm("fsqrt %s0, %s1" : "=w"(root) : "w"(x));
#elif defined(__ARM_FP) && NR_FLOAT64 && (__ARM_FP & 8)
    __asm("vsqrt.f64 %P0, %P1" : "=w"(root) : "w"(x));
#elif defined(__ARM_FP) && !NR_FLOAT64 && (__ARM_FP & 4)
    __asm("vsqrt.f32 %0, %1" : "=t"(root) : "t"(x));
#elif defined(__riscv_flen) && NR_FLOAT64 && __riscv_flen >= 64
    __asm("fsqrt.d %0, %1" : "=f"(root) : "f"(x));
#elif defined(__riscv_flen) && !NR_FLOAT64
    __asm("fsqrt.s %0, %1" : "=f"(root) : "f"(x));
#else
    if (x > 0 && x - x == 0)
        root = nr_root_by_bits(nr_to_bits(x));
    else
        root = x < 0 ? (x - x) / (x - x) : x; /* none, or x itself: zero, infinite, not a number */
#endif
    return root;
}

#endif
