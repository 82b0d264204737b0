/* Sums of events in the order that the network's meaning fixes: by presynaptic cell, then synapse.
 *
 * A row is one step of one sample.  Rows of `s` hold what each presynaptic cell sends, mostly zeros,
 * which are skipped.  `w` is a matrix (n_pre, n_post), or a list in compressed sparse rows.
 * A stretch of sums stays in registers while the events of a row are added to it one by one. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#if defined(__AVX512F__)
#define BYTES 64 /* of a vector */
#elif defined(__AVX__)
#define BYTES 32
#else
#define BYTES 16
#endif
#define ROWS 256  /* whose gradients are added to the weights at a time, so that they stay in cache */

#define SUMS(T, TAG)                                                                               \
    typedef T vector_##TAG __attribute__((vector_size(BYTES), aligned(sizeof(T)), may_alias));     \
    enum { LANES_##TAG = BYTES / sizeof(T) };                                                      \
                                                                                                   \
    /* Places of what is not zero, without branches. */                                            \
    static inline long places_##TAG(long n, const T *s, int32_t *place) {                          \
        long count = 0;                                                                            \
        for (long i = 0; i < n; i++) {                                                             \
            place[count] = (int32_t)i;                                                             \
            count += s[i] != 0;                                                                    \
        }                                                                                          \
        return count;                                                                              \
    }                                                                                              \
                                                                                                   \
    /* sum[j] += value[0] x[0][j] + value[1] x[1][j] + ..., each added by itself; x[k] begins at   \
       x + place[k] * n. */                                                                        \
    static void add_rows_##TAG(long n, long count, const int32_t *place, const T *value,           \
                               const T *x, T *sum) {                                               \
        long j = 0;                                                                                \
        for (; j + 4 * LANES_##TAG <= n; j += 4 * LANES_##TAG) {                                   \
            vector_##TAG *out = (vector_##TAG *)(sum + j);                                         \
            vector_##TAG a = out[0], b = out[1], c = out[2], d = out[3];                           \
            for (long k = 0; k < count; k++) {                                                     \
                const vector_##TAG *in = (const vector_##TAG *)(x + place[k] * n + j);             \
                const T v = value[k];                                                              \
                a += v * in[0], b += v * in[1], c += v * in[2], d += v * in[3];                    \
            }                                                                                      \
            out[0] = a, out[1] = b, out[2] = c, out[3] = d;                                        \
        }                                                                                          \
        for (long k = 0; j < n && k < count; k++)                                                  \
            for (long i = j; i < n; i++) sum[i] += value[k] * x[place[k] * n + i];                 \
    }                                                                                              \
                                                                                                   \
    /* sums[r] += s[r] w */                                                                        \
    void dense_forward_##TAG(long rows, long n_pre, long n_post, const T *s, const T *w,           \
                             T *sums) {                                                            \
        int32_t *place = malloc((n_pre + 1) * sizeof *place);                                      \
        T *value = malloc((n_pre + 1) * sizeof *value);                                            \
        for (long r = 0; r < rows; r++, s += n_pre) {                                              \
            const long count = places_##TAG(n_pre, s, place);                                      \
            for (long k = 0; k < count; k++) value[k] = s[place[k]];                               \
            add_rows_##TAG(n_post, count, place, value, w, sums + r * n_post);                     \
        }                                                                                          \
        free(place);                                                                               \
        free(value);                                                                               \
    }                                                                                              \
                                                                                                   \
    /* dw += s' g, for some rows at a time: first who sent in which of them. */                    \
    void dense_backward_##TAG(long rows, long n_pre, long n_post, const T *s, const T *g,          \
                              T *dw) {                                                             \
        int32_t *count = malloc(n_pre * sizeof *count + 1);                                        \
        int32_t *who = malloc((n_pre + 1) * sizeof *who);                                          \
        int32_t *place = malloc(n_pre * ROWS * sizeof *place + 1);                                 \
        T *value = malloc(n_pre * ROWS * sizeof *value + 1);                                       \
        for (long first = 0; first < rows; first += ROWS) {                                        \
            const long last = first + ROWS < rows ? first + ROWS : rows;                           \
            memset(count, 0, n_pre * sizeof *count);                                               \
            for (long r = first; r < last; r++) {                                                  \
                const long sent = places_##TAG(n_pre, s + r * n_pre, who);                         \
                for (long k = 0; k < sent; k++) {                                                  \
                    const long at = who[k] * (long)ROWS + count[who[k]]++;                         \
                    place[at] = (int32_t)(r - first);                                              \
                    value[at] = s[r * n_pre + who[k]];                                             \
                }                                                                                  \
            }                                                                                      \
            for (long i = 0; i < n_pre; i++)                                                       \
                add_rows_##TAG(n_post, count[i], place + i * ROWS, value + i * ROWS,               \
                               g + first * n_post, dw + i * n_post);                               \
        }                                                                                          \
        free(count);                                                                               \
        free(who);                                                                                 \
        free(place);                                                                               \
        free(value);                                                                               \
    }                                                                                              \
                                                                                                   \
    void list_forward_##TAG(long rows, long n_pre, long n_post, const T *s, const T *w,            \
                            const int64_t *start, const int32_t *target, T *sums) {                \
        for (long r = 0; r < rows; r++)                                                            \
            for (long i = 0; i < n_pre; i++)                                                       \
                if (s[r * n_pre + i] != 0)                                                         \
                    for (int64_t k = start[i]; k < start[i + 1]; k++)                              \
                        sums[r * n_post + target[k]] += s[r * n_pre + i] * w[k];                   \
    }                                                                                              \
                                                                                                   \
    void list_backward_##TAG(long rows, long n_pre, long n_post, const T *s, const T *g,           \
                             const int64_t *start, const int32_t *target, T *dw) {                 \
        for (long r = 0; r < rows; r++)                                                            \
            for (long i = 0; i < n_pre; i++)                                                       \
                if (s[r * n_pre + i] != 0)                                                         \
                    for (int64_t k = start[i]; k < start[i + 1]; k++)                              \
                        dw[k] += s[r * n_pre + i] * g[r * n_post + target[k]];                     \
    }                                                                                              \
                                                                                                   \
    /* ds = g w' */                                                                                \
    void list_source_##TAG(long rows, long n_pre, long n_post, const T *w, const T *g,             \
                           const int64_t *start, const int32_t *target, T *ds) {                   \
        for (long r = 0; r < rows; r++)                                                            \
            for (long i = 0; i < n_pre; i++) {                                                     \
                T sum = 0;                                                                         \
                for (int64_t k = start[i]; k < start[i + 1]; k++)                                  \
                    sum += w[k] * g[r * n_post + target[k]];                                       \
                ds[r * n_pre + i] = sum;                                                           \
            }                                                                                      \
    }

SUMS(float, float32)
SUMS(double, float64)
