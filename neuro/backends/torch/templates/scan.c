/* Affine recurrences x[t] = a[t] x[t-1] + b[t] over the first axis, n of them side by side.
 *
 * `stride` is n where a differs from step to step, and 0 where it does not. */
#include <stddef.h>

#if defined(__GNUC__)
#define APART __attribute__((noinline))
#else
#define APART
#endif

#define SCAN(T, TAG)                                                                               \
    static APART void step_##TAG(size_t n, const T *restrict a, const T *restrict b,               \
                                 const T *restrict before, T *restrict x) {                        \
        for (size_t i = 0; i < n; i++) x[i] = a[i] * before[i] + b[i];                             \
    }                                                                                              \
                                                                                                   \
    void forward_##TAG(size_t steps, size_t n, size_t stride, const T *a, const T *b, const T *x0, \
                       T *x) {                                                                     \
        for (size_t t = 0; t < steps; t++)                                                         \
            step_##TAG(n, a + t * stride, b + t * n, t ? x + (t - 1) * n : x0, x + t * n);         \
    }                                                                                              \
                                                                                                   \
    static APART void back_##TAG(size_t n, const T *restrict a, const T *restrict g,               \
                                 T *restrict carry, T *restrict db) {                              \
        for (size_t i = 0; i < n; i++) {                                                           \
            const T total = carry[i] + g[i];                                                       \
            db[i] = total;                                                                         \
            carry[i] = total * a[i];                                                               \
        }                                                                                          \
    }                                                                                              \
                                                                                                   \
    static APART void slope_##TAG(size_t n, int add, const T *restrict db,                         \
                                  const T *restrict before, T *restrict da) {                      \
        for (size_t i = 0; i < n; i++) da[i] = (add ? da[i] : 0) + db[i] * before[i];              \
    }                                                                                              \
                                                                                                   \
    /* `carry` holds what comes from behind the last step, and then what goes before the first.    \
       `da` has `stride` numbers a step, or n that are added to; it may be missing. */             \
    void backward_##TAG(size_t steps, size_t n, size_t stride, const T *a, const T *x,             \
                        const T *x0, const T *g, T *carry, T *db, T *da) {                         \
        for (size_t t = steps; t-- > 0;) {                                                         \
            const T *before = t ? x + (t - 1) * n : x0;                                            \
            back_##TAG(n, a + t * stride, g + t * n, carry, db + t * n);                           \
            if (da) slope_##TAG(n, !stride, db + t * n, before, da + t * stride);                  \
        }                                                                                          \
    }

SCAN(float, float32)
SCAN(double, float64)
