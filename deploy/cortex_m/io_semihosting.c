/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Input and output through semihosting: the program stops at a breakpoint, and the emulator or
 * debugger does what register 0 asks for.  Facts: Arm, "Semihosting for AArch32 and AArch64", and
 * "RISC-V Semihosting".
 */
#include "neuro_io.h"

#define SYS_OPEN 0x01u
#define SYS_CLOSE 0x02u
#define SYS_WRITE0 0x04u
#define SYS_WRITE 0x05u
#define SYS_READ 0x06u
#define SYS_GET_CMDLINE 0x15u
#define SYS_EXIT 0x18u
#define SYS_EXIT_EXTENDED 0x20u
#define APPLICATION_EXIT 0x20026u
#define RUN_TIME_ERROR 0x20023u

static uint32_t word(const void *pointer)
{
    return (uint32_t)(uintptr_t)pointer;
}

#if defined(__riscv)
/* The three instructions must be 32 bits each and lie in one page. */
static uint32_t call(uint32_t operation, uint32_t argument)
{
    register uint32_t a0 __asm("a0") = operation;
    register uint32_t a1 __asm("a1") = argument;
    __asm volatile(".option push\n"
                   ".option norvc\n"
                   ".balign 16\n"
                   "slli x0, x0, 0x1f\n"
                   "ebreak\n"
                   "srai x0, x0, 7\n"
                   ".option pop\n"
                   : "+r"(a0)
                   : "r"(a1)
                   : "memory");
    return a0;
}
#else
static uint32_t call(uint32_t operation, uint32_t argument)
{
    register uint32_t r0 __asm("r0") = operation;
    register uint32_t r1 __asm("r1") = argument;
    __asm volatile("bkpt 0xAB" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
}
#endif

static uint32_t length(const char *text)
{
    uint32_t n = 0;
    while (text[n] != '\0') {
        n++;
    }
    return n;
}

void neuro_puts(const char *text)
{
    (void)call(SYS_WRITE0, word(text));
}

void neuro_exit(int code)
{
    uint32_t block[2] = {APPLICATION_EXIT, (uint32_t)code};
    (void)call(SYS_EXIT_EXTENDED, word(block));
    /* Only debuggers that do not know SYS_EXIT_EXTENDED come here. */
    for (;;) {
        (void)call(SYS_EXIT, code == 0 ? APPLICATION_EXIT : RUN_TIME_ERROR);
    }
}

int32_t neuro_arguments(char *buffer, uint32_t size)
{
    uint32_t block[2] = {word(buffer), size};
    if (call(SYS_GET_CMDLINE, word(block)) != 0u) {
        return -1;
    }
    return (int32_t)block[1];
}

int32_t neuro_open(const char *path, int mode)
{
    /* fopen's "rb" and "wb" */
    uint32_t block[3] = {word(path), mode == NEURO_WRITE ? 5u : 1u, length(path)};
    return (int32_t)call(SYS_OPEN, word(block));
}

int32_t neuro_read(int32_t file, void *buffer, uint32_t size)
{
    uint32_t block[3] = {(uint32_t)file, word(buffer), size};
    uint32_t left = call(SYS_READ, word(block));
    return left <= size ? (int32_t)(size - left) : -1;
}

int32_t neuro_write(int32_t file, const void *buffer, uint32_t size)
{
    uint32_t block[3] = {(uint32_t)file, word(buffer), size};
    return call(SYS_WRITE, word(block)) == 0u ? (int32_t)size : -1;
}

int32_t neuro_close(int32_t file)
{
    uint32_t block[1] = {(uint32_t)file};
    return (int32_t)call(SYS_CLOSE, word(block));
}
