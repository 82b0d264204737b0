/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Start-up code of a 32-bit RISC-V in machine mode: stack, .data and .bss, FPU, a locked rule that
 * nothing writes to where the code is, and what happens on a trap.  The linker script places the
 * symbols; the stack lies at the bottom of RAM, right after the code, so that overflow traps.
 */
#include <stdint.h>

#include "neuro_io.h"

extern uint32_t neuro_stack_bottom[], neuro_stack_top[];
extern uint32_t neuro_flash_start[], neuro_flash_end[];
extern uint32_t neuro_data_source[], neuro_data_start[], neuro_data_end[];
extern uint32_t neuro_bss_start[], neuro_bss_end[];

int main(void);
void neuro_board_init(void);
void neuro_reset(void);
void neuro_start(void) __attribute__((noreturn));
void neuro_return(void) __attribute__((noreturn));
void neuro_trap(void);
void neuro_fault(uint32_t exception, uint32_t address) __attribute__((noreturn));

/* The reset vector is the first byte of the program, hence the section. */
__attribute__((naked, section(".vectors"), used)) void neuro_reset(void)
{
    __asm volatile("la sp, neuro_stack_top\n"
                   "la t0, neuro_trap\n"
                   "csrw mtvec, t0\n"
                   "tail neuro_start\n");
}

#define MSTATUS_FS 0x6000u
/* Addresses up to pmpaddr1, from pmpaddr0 on: read and execute, for machine mode too. */
#define PMP_CODE ((0x80u | 0x08u | 0x04u | 0x01u) << 8)

static void protect_code(void)
{
    const uint32_t start = (uint32_t)(uintptr_t)neuro_flash_start >> 2;
    const uint32_t end = (uint32_t)(uintptr_t)neuro_flash_end >> 2;
    __asm volatile("csrw pmpaddr0, %0\n"
                   "csrw pmpaddr1, %1\n"
                   "csrw pmpcfg0, %2\n" ::"r"(start),
                   "r"(end), "r"(PMP_CODE)
                   : "memory");
}

__attribute__((used)) void neuro_start(void)
{
#if defined(__riscv_flen)
    __asm volatile("csrs mstatus, %0\n"
                   "csrw fcsr, zero\n" ::"r"(MSTATUS_FS));
#endif
    protect_code();
    const uint32_t *from = neuro_data_source;
    for (uint32_t *to = neuro_data_start; to < neuro_data_end; to++) {
        *to = *from++;
    }
    for (volatile uint32_t *to = neuro_bss_start; to < neuro_bss_end; to++) {
        *to = 0u;
    }
    neuro_board_init();
    neuro_exit(main());
}

/* A board's own source file can set clocks and pins here. */
__attribute__((weak)) void neuro_board_init(void)
{
}

/* Emulators that call single functions of an image let them return to here. */
__attribute__((used)) void neuro_return(void)
{
    for (;;) {
    }
}

/* Replace it to do something else; the exit code of a fault is 99. */
__attribute__((weak)) void neuro_fault(uint32_t exception, uint32_t address)
{
    neuro_puts("neuro: fault ");
    neuro_put_hex(exception);
    neuro_puts(" at ");
    neuro_put_hex(address);
    neuro_puts("\n");
    neuro_exit(99);
}

/* Starts on a fresh stack, since the old one may be what is broken. */
__attribute__((naked, used, aligned(4))) void neuro_trap(void)
{
    __asm volatile("la sp, neuro_stack_top\n"
                   "csrr a0, mcause\n"
                   "csrr a1, mepc\n"
                   "tail neuro_fault\n");
}
