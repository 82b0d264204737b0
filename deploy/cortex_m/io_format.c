/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers as text, without printf. */
#include "neuro_io.h"

void neuro_put_hex(uint32_t value)
{
    char text[9];
    for (int i = 0; i < 8; i++) {
        text[i] = "0123456789abcdef"[(value >> (28 - 4 * i)) & 15u];
    }
    text[8] = '\0';
    neuro_puts(text);
}

void neuro_put_int(int32_t value)
{
    static const uint32_t powers[10] = {1000000000u, 100000000u, 10000000u, 1000000u, 100000u,
                                        10000u,      1000u,      100u,      10u,      1u};
    uint32_t left = value < 0 ? 0u - (uint32_t)value : (uint32_t)value;
    char text[12];
    int n = 0;
    if (value < 0) {
        text[n++] = '-';
    }
    /* Subtraction, since some cores have no division. */
    for (int i = 0, begun = 0; i < 10; i++) {
        char digit = '0';
        while (left >= powers[i]) {
            left -= powers[i];
            digit++;
        }
        begun |= digit != '0' || i == 9;
        if (begun) {
            text[n++] = digit;
        }
    }
    text[n] = '\0';
    neuro_puts(text);
}
