/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Output through a serial line.  A board defines neuro_uart_putc, which sends one byte; without
 * it, nothing is sent.  There are no files and no arguments, and the end is to wait for reset.
 */
#include "neuro_io.h"

void neuro_uart_putc(char byte);

__attribute__((weak)) void neuro_uart_putc(char byte)
{
    (void)byte;
}

void neuro_puts(const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '\n') {
            neuro_uart_putc('\r');
        }
        neuro_uart_putc(*text);
    }
}

void neuro_exit(int code)
{
    neuro_puts("exit ");
    neuro_put_int(code);
    neuro_puts("\n");
    for (;;) {
        __asm volatile("wfi");
    }
}

int32_t neuro_arguments(char *buffer, uint32_t size)
{
    (void)buffer;
    (void)size;
    return -1;
}

int32_t neuro_open(const char *path, int mode)
{
    (void)path;
    (void)mode;
    return -1;
}

int32_t neuro_read(int32_t file, void *buffer, uint32_t size)
{
    (void)file;
    (void)buffer;
    (void)size;
    return -1;
}

int32_t neuro_write(int32_t file, const void *buffer, uint32_t size)
{
    (void)file;
    (void)buffer;
    (void)size;
    return -1;
}

int32_t neuro_close(int32_t file)
{
    (void)file;
    return -1;
}
