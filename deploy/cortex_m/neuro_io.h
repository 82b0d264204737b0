/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a program says to the outside: text, an exit code, and files.
 *
 * io_semihosting.c  an emulator or a debugger listens (tests, measurements)
 * io_uart.c         a serial line; there are no files
 * io_host.c         a computer, through stdio
 */
#ifndef NEURO_IO_H
#define NEURO_IO_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    NEURO_READ = 0, /* an existing file */
    NEURO_WRITE = 1 /* a new file; what was there is lost */
};

/* Write text; lines end with \n. */
void neuro_puts(const char *text);

/* Write a number in decimal, or as 8 hexadecimal digits. */
void neuro_put_int(int32_t value);
void neuro_put_hex(uint32_t value);

/* End the program; 0 is success. */
void neuro_exit(int code) __attribute__((noreturn));

/* The text that the program was started with, cut to size - 1 bytes; its length, or -1. */
int32_t neuro_arguments(char *buffer, uint32_t size);

/* A handle >= 0, or -1 if there is no such file. */
int32_t neuro_open(const char *path, int mode);

/* Bytes read, which are fewer than size at the end of the file only; -1 on failure. */
int32_t neuro_read(int32_t file, void *buffer, uint32_t size);

/* Bytes written; -1 on failure. */
int32_t neuro_write(int32_t file, const void *buffer, uint32_t size);

/* 0, or -1 on failure. */
int32_t neuro_close(int32_t file);

#ifdef __cplusplus
}
#endif

#endif
