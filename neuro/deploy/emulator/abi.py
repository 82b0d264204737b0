"""How programs of each family of cores call functions, stop, and encode instructions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from neuro.deploy.cores import Core, Family
from neuro.errors import UnsupportedError


@dataclass(frozen=True, slots=True, kw_only=True)
class Abi:
    """The calling convention and the traps of a family of cores.

    Attributes
    ----------
    arch, mode, models
        Names of unicorn's constants: architecture, mode, prefix of its CPU models.
    registers
        Prefix of unicorn's register constants.
    sp, pc, link, result, arguments
        Names of registers; further arguments go onto the stack.
    code_bit
        What is added to an address of code in a register.
    semihosting
        Bytes at the program counter of a semihosting call, and how many to skip.
    exceptions
        What the emulator's exception numbers mean.
    lengths
        Bytes of the instruction that begins with a halfword.
    """

    arch: str
    mode: str
    models: str
    registers: str
    sp: str
    pc: str
    link: str
    result: str
    arguments: tuple[str, ...]
    code_bit: int
    semihosting: bytes
    exceptions: dict[int, str]
    length: Callable[[int], int]


def _thumb_length(halfword: int) -> int:
    return 4 if halfword >> 11 in {0b11101, 0b11110, 0b11111} else 2


def _riscv_length(halfword: int) -> int:
    return 4 if halfword & 3 == 3 else 2


_ARM = Abi(
    arch="UC_ARCH_ARM",
    mode="UC_MODE_THUMB UC_MODE_MCLASS",
    models="UC_CPU_ARM_",
    registers="UC_ARM_REG_",
    sp="SP",
    pc="PC",
    link="LR",
    result="R0",
    arguments=("R0", "R1", "R2", "R3"),
    code_bit=1,
    semihosting=b"\xab\xbe",  # bkpt 0xAB
    exceptions={
        1: "an undefined instruction",
        2: "a supervisor call",
        3: "a jump to what is no code",
        4: "a forbidden access",
        7: "a breakpoint",
        17: "an instruction of a coprocessor or FPU that is off",
        18: "a jump to an even address",
        19: "a stack overflow",
    },
    length=_thumb_length,
)
_RISCV = Abi(
    arch="UC_ARCH_RISCV",
    mode="UC_MODE_RISCV32",
    models="UC_CPU_RISCV32_",
    registers="UC_RISCV_REG_",
    sp="SP",
    pc="PC",
    link="RA",
    result="A0",
    arguments=tuple(f"A{i}" for i in range(8)),
    code_bit=0,
    semihosting=b"\x73\x00\x10\x00",  # ebreak
    exceptions={
        0: "a jump to an odd address",
        1: "a jump to what is no code",
        2: "an undefined instruction",
        3: "a breakpoint",
        4: "a misaligned load",
        5: "a forbidden load",
        6: "a misaligned store",
        7: "a forbidden store",
    },
    length=_riscv_length,
)

_ABIS: dict[Family, Abi] = {"cortex-m": _ARM, "riscv": _RISCV}


def abi_of(core: Core) -> Abi:
    """The conventions of `core`.

    Raises
    ------
    UnsupportedError
        If unicorn does not have it.
    """
    if not core.unicorn:
        raise UnsupportedError(
            f"unicorn does not emulate {core.name}.", hint="Run the program in QEMU instead."
        )
    return _ABIS[core.family]


def instructions_in(code: bytes, abi: Abi) -> int:
    """Instructions in a block of code."""
    count = at = 0
    while at < len(code):
        at += abi.length(int.from_bytes(code[at : at + 2], "little"))
        count += 1
    return count
