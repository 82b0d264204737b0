/* Cells that leak, fire and subtract, for many steps: a stretch of cells stays in registers.
 *
 * `stride` is the distance of two steps of the input: 0 if it is the same in all of them. */
#define STRETCH 32

void subtracting(long steps, long n, long stride, const float *input, float keep, float take,
                 float bound, float threshold, float height, float *out)
{
    for (long j = 0; j < n; j += STRETCH) {
        const long count = n - j < STRETCH ? n - j : STRETCH;
        float v[STRETCH] = {0}, given[STRETCH] = {0}, sent[STRETCH];
        for (long t = 0; t < steps; t++) {
            const float *in = input + t * stride + j;
            if (count == STRETCH)
                for (int q = 0; q < STRETCH; q++) given[q] = in[q];
            else
                for (long q = 0; q < count; q++) given[q] = in[q];
            for (int q = 0; q < STRETCH; q++) {
                const float kept = keep * v[q], taken = take * given[q];
                const float reached = kept + taken;
                const int fires = reached >= bound;
                v[q] = reached - (fires ? threshold : 0.0f);
                sent[q] = fires ? height : 0.0f;
            }
            float *to = out + t * n + j;
            if (count == STRETCH)
                for (int q = 0; q < STRETCH; q++) to[q] = sent[q];
            else
                for (long q = 0; q < count; q++) to[q] = sent[q];
        }
    }
}
