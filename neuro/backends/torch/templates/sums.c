/* Sums of events in the order that the network's meaning fixes: by presynaptic cell, then synapse.
 *
 * A row is one step of one sample.  Rows of `s` hold what each presynaptic cell sends, mostly zeros,
 * which are skipped.  `w` is a matrix (n_pre, n_post), or a list in compressed sparse rows. */
#include <stdint.h>

#define SUMS(T, TAG)                                                                               \
    static inline void add_row_##TAG(long n, T s, const T *restrict w, T *restrict sum) {          \
        for (long j = 0; j < n; j++) sum[j] += s * w[j];                                           \
    }                                                                                              \
                                                                                                   \
    /* sums[r] += s[r] w */                                                                        \
    void dense_forward_##TAG(long rows, long n_pre, long n_post, const T *s, const T *w,           \
                             T *sums) {                                                            \
        for (long r = 0; r < rows; r++)                                                            \
            for (long i = 0; i < n_pre; i++)                                                       \
                if (s[r * n_pre + i] != 0)                                                         \
                    add_row_##TAG(n_post, s[r * n_pre + i], w + i * n_post, sums + r * n_post);    \
    }                                                                                              \
                                                                                                   \
    /* dw += s' g */                                                                               \
    void dense_backward_##TAG(long rows, long n_pre, long n_post, const T *s, const T *g,          \
                              T *dw) {                                                             \
        for (long r = 0; r < rows; r++)                                                            \
            for (long i = 0; i < n_pre; i++)                                                       \
                if (s[r * n_pre + i] != 0)                                                         \
                    add_row_##TAG(n_post, s[r * n_pre + i], g + r * n_post, dw + i * n_post);      \
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
