/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Start-up code of every Cortex-M: vectors, .data and .bss, FPU, and what happens on a fault.
 * The linker script places the symbols; the stack lies at the bottom of RAM.
 */
#include <stdint.h>

#include "neuro_io.h"

extern uint32_t neuro_stack_bottom[], neuro_stack_top[];
extern uint32_t neuro_data_source[], neuro_data_start[], neuro_data_end[];
extern uint32_t neuro_bss_start[], neuro_bss_end[];

int main(void);
void neuro_board_init(void);
void neuro_reset(void) __attribute__((noreturn));
void neuro_return(void) __attribute__((noreturn));
void neuro_fault(uint32_t exception, uint32_t address) __attribute__((noreturn));
void neuro_fault_entry(uint32_t exception, const uint32_t *stack) __attribute__((noreturn));
void neuro_default_handler(void);

/* Bits of the Coprocessor Access Control Register that let the FPU (or vector unit) be used. */
#define CPACR (*(volatile uint32_t *)0xE000ED88u)
#define CPACR_CP10_CP11 (0xFu << 20)

void neuro_reset(void)
{
#if defined(__ARM_ARCH_8M_MAIN__) || defined(__ARM_ARCH_8_1M_MAIN__)
    __asm volatile("msr msplim, %0" ::"r"(neuro_stack_bottom)); /* the core checks the stack */
#endif
#if defined(__ARM_FP)
    CPACR |= CPACR_CP10_CP11;
    __asm volatile("dsb\n isb" ::: "memory");
#endif
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

/*
 * `stack` holds r0-r3, r12, lr, pc, xPSR, unless it has overflowed: then it lies below the bottom,
 * or at the bottom where the core checks it, and the pc is not known.
 */
__attribute__((used)) void neuro_fault_entry(uint32_t exception, const uint32_t *stack)
{
    const int held = stack > neuro_stack_bottom && stack + 8 <= neuro_stack_top;
    neuro_fault(exception, held ? stack[6] : 0u);
}

/* Starts on a fresh stack, since the old one may be what is broken. */
__attribute__((naked, used)) void neuro_default_handler(void)
{
    __asm volatile("mrs r0, ipsr\n"
                   "mrs r1, msp\n"
                   "ldr r2, 1f\n"
                   "mov sp, r2\n"
                   "ldr r2, 2f\n"
                   "bx r2\n"
                   ".balign 4\n"
                   "1: .word neuro_stack_top\n"
                   "2: .word neuro_fault_entry\n");
}

typedef union {
    uint32_t *stack;
    void (*handler)(void);
} vector;

#define HANDLER {.handler = neuro_default_handler}

__attribute__((section(".vectors"), used)) const vector neuro_vectors[] = {
    {.stack = neuro_stack_top},
    {.handler = neuro_reset},
    HANDLER, /*  2 NMI */
    HANDLER, /*  3 HardFault */
    HANDLER, /*  4 MemManage */
    HANDLER, /*  5 BusFault */
    HANDLER, /*  6 UsageFault */
    HANDLER, /*  7 SecureFault */
    HANDLER, HANDLER, HANDLER,
    HANDLER, /* 11 SVCall */
    HANDLER, /* 12 DebugMonitor */
    HANDLER,
    HANDLER, /* 14 PendSV */
    HANDLER, /* 15 SysTick */
};
