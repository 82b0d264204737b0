/* SPDX-License-Identifier: Apache-2.0
 *
 * Philox4x32-10 (Salmon et al., SC 2011): a random word per cell, draw, step and stream, without
 * state.  Four neighbouring cells share one evaluation.
 */
#ifndef NEURO_PHILOX_H
#define NEURO_PHILOX_H

#include <stdint.h>

#define NR_LANES 4u

typedef struct {
    uint32_t key[2];
    uint32_t step_low;
    uint32_t step_high_and_draw;
    uint32_t stream;
} nr_random;

static inline nr_random nr_random_at(uint64_t seed, uint32_t stream, uint32_t draw, uint64_t step)
{
    const nr_random at = {
        {(uint32_t)seed, (uint32_t)(seed >> 32)},
        (uint32_t)step,
        (uint32_t)(step >> 32) | (draw << 16),
        stream,
    };
    return at;
}

/* Words of the cells 4 * block to 4 * block + 3. */
static inline void nr_philox(nr_random at, uint32_t block, uint32_t out[NR_LANES])
{
    uint32_t c0 = block, c1 = at.step_low, c2 = at.step_high_and_draw, c3 = at.stream;
    uint32_t k0 = at.key[0], k1 = at.key[1];
    for (int round = 0; round < 10; ++round) {
        const uint64_t p0 = (uint64_t)c0 * 0xD2511F53u;
        const uint64_t p1 = (uint64_t)c2 * 0xCD9E8D57u;
        c0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
        c1 = (uint32_t)p1;
        c2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
        c3 = (uint32_t)p0;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    out[0] = c0;
    out[1] = c1;
    out[2] = c2;
    out[3] = c3;
}

/* Words of the cells first to first + count - 1; first is a multiple of NR_LANES and out has room
 * for count rounded up to a multiple of NR_LANES. */
static inline void nr_words(nr_random at, uint32_t first, uint32_t count, uint32_t *restrict out)
{
    const uint32_t blocks = (count + NR_LANES - 1) / NR_LANES;
    for (uint32_t k = 0; k < blocks; ++k)
        nr_philox(at, first / NR_LANES + k, out + NR_LANES * k);
}

#endif
