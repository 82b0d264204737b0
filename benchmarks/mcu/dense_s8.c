/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The classifier 784-96-10 without spikes, as 8-bit inference libraries compute it: two dense layers
 * of int8 weights, sums in 32 bits, ReLU and rescaling between them.  With the DSP instructions of
 * Cortex-M4 and up, two rows at a time and four products a turn; with DENSE_PLAIN, or without these
 * instructions, as plain C.
 */
#include <stdint.h>

#if defined(__ARM_FEATURE_DSP) && !defined(DENSE_PLAIN)
#include <arm_acle.h>
#define DENSE_SIMD 1
#else
#define DENSE_SIMD 0
#endif

enum { INPUTS = 784, HIDDEN = 96, CLASSES = 10, SHIFT = 7 };

/* Filled from outside; what they hold does not change how many instructions run. */
extern int8_t dense_input[INPUTS];
int8_t dense_input[INPUTS] __attribute__((aligned(4)));
static const int8_t weights_hidden[HIDDEN][INPUTS] __attribute__((aligned(4))) = {{1}};
static const int8_t weights_out[CLASSES][HIDDEN] __attribute__((aligned(4))) = {{1}};
static const int32_t bias_hidden[HIDDEN] = {1};
static const int32_t bias_out[CLASSES] = {1};
static int8_t hidden[HIDDEN] __attribute__((aligned(4)));

int main(void);
int dense_predict(void);

#if DENSE_SIMD
static inline uint32_t word(const int8_t *from)
{
    uint32_t value;
    __builtin_memcpy(&value, from, sizeof value);
    return value;
}

/* The odd bytes where the even ones were; compilers fold it into SXTB16. */
static inline uint32_t turned(uint32_t value)
{
    return (value >> 8) | (value << 24);
}

/* Sums of two rows of `count` weights, a multiple of four. */
static inline void two_rows(const int8_t *in, const int8_t *a, const int8_t *b, int count,
                            int32_t sums[2])
{
    int32_t first = sums[0];
    int32_t second = sums[1];
    for (int i = 0; i < count; i += 4) {
        const uint32_t x = word(in + i);
        const int16x2_t x_even = __sxtb16((int8x4_t)x);
        const int16x2_t x_odd = __sxtb16((int8x4_t)turned(x));
        const uint32_t wa = word(a + i);
        first = __smlad(__sxtb16((int8x4_t)wa), x_even, first);
        first = __smlad(__sxtb16((int8x4_t)turned(wa)), x_odd, first);
        const uint32_t wb = word(b + i);
        second = __smlad(__sxtb16((int8x4_t)wb), x_even, second);
        second = __smlad(__sxtb16((int8x4_t)turned(wb)), x_odd, second);
    }
    sums[0] = first;
    sums[1] = second;
}
#else
static inline void two_rows(const int8_t *in, const int8_t *a, const int8_t *b, int count,
                            int32_t sums[2])
{
    int32_t first = sums[0];
    int32_t second = sums[1];
    for (int i = 0; i < count; i++) {
        first += in[i] * a[i];
        second += in[i] * b[i];
    }
    sums[0] = first;
    sums[1] = second;
}
#endif

static inline int8_t relu(int32_t sum)
{
    const int32_t scaled = sum >> SHIFT;
    return (int8_t)(scaled < 0 ? 0 : scaled > 127 ? 127 : scaled);
}

/* The class with the largest sum. */
int dense_predict(void)
{
    for (int row = 0; row < HIDDEN; row += 2) {
        int32_t sums[2] = {bias_hidden[row], bias_hidden[row + 1]};
        two_rows(dense_input, weights_hidden[row], weights_hidden[row + 1], INPUTS, sums);
        hidden[row] = relu(sums[0]);
        hidden[row + 1] = relu(sums[1]);
    }
    int best = 0;
    int32_t most = INT32_MIN;
    for (int row = 0; row < CLASSES; row += 2) {
        int32_t sums[2] = {bias_out[row], bias_out[row + 1]};
        two_rows(hidden, weights_out[row], weights_out[row + 1], HIDDEN, sums);
        for (int k = 0; k < 2; k++) {
            if (sums[k] > most) {
                most = sums[k];
                best = row + k;
            }
        }
    }
    return best;
}

int main(void)
{
    return 0;
}
