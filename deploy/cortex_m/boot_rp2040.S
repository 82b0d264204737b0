/* SPDX-License-Identifier: Apache-2.0 */
/*
 * First 256 bytes of an RP2040's flash.  The boot ROM copies them to RAM, checks the sum in the
 * last word, and jumps to the first.  They let the serial interface read flash as memory with the
 * command that every chip knows (03h), and start the program that follows.
 * Facts: RP2040 datasheet, sections 2.8.1 and 4.10.
 */
        .syntax unified
        .cpu    cortex-m0plus
        .thumb
        .section .boot, "ax", %progbits
        .global neuro_boot

        .equ    CTRLR0, 0x00
        .equ    CTRLR1, 0x04
        .equ    SSIENR, 0x08
        .equ    BAUDR, 0x14

        .balign 4
        .thumb_func
neuro_boot:
        ldr     r0, interface
        movs    r1, #0
        str     r1, [r0, #SSIENR]       /* off, so that it can be set */
        movs    r1, #4
        str     r1, [r0, #BAUDR]        /* a quarter of the system clock */
        ldr     r1, frames
        str     r1, [r0, #CTRLR0]
        movs    r1, #0
        str     r1, [r0, #CTRLR1]       /* one frame a read */
        ldr     r1, control
        ldr     r2, command
        str     r2, [r1]
        movs    r1, #1
        str     r1, [r0, #SSIENR]
        ldr     r0, program
        ldr     r1, vector_table
        str     r0, [r1]
        ldr     r1, [r0]
        ldr     r2, [r0, #4]
        mov     sp, r1
        bx      r2

        .balign 4
interface:      .word 0x18000000        /* SSI */
control:        .word 0x180000F4        /* its SPI_CTRLR0 */
frames:         .word (31 << 16) | (3 << 8)     /* 32 bits; send command and address, then read */
command:        .word (0x03 << 24) | (2 << 8) | (6 << 2)  /* read; 8 bits of it, 24 of address */
vector_table:   .word 0xE000ED08        /* VTOR */
program:        .word 0x10000100

        .org    252
        .word   0xB9E5BFC2              /* CRC-32/MPEG-2 of what is above */
