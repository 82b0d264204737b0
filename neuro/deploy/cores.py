"""Processor cores: how code is compiled for each, and what emulates it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Family = Literal["cortex-m", "riscv", "aarch64", "native"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Core:
    """A processor core.

    Attributes
    ----------
    name
        What board files call it.
    family
        Which start-up code and which compilers belong to it.
    fpu
        True if float32 arithmetic is done in hardware.
    double
        True if float64 arithmetic is.
    gcc, zig
        Flags that make GCC, and clang inside zig, generate code for it.
    unicorn
        Name of the CPU model in unicorn; "" if it has none.
    """

    name: str
    family: Family
    fpu: bool
    double: bool = False
    gcc: tuple[str, ...] = ()
    zig: tuple[str, ...] = ()
    unicorn: str = ""

    @property
    def bare(self) -> bool:
        """True if programs run without an operating system, hence with our start-up code."""
        return self.family in {"cortex-m", "riscv"}


def _cortex_m(
    name: str, zig: str, unicorn: str, *, gcc: str = "", fpu: str = "", double: bool = False
) -> Core:
    """A Cortex-M; `fpu` is what GCC calls its floating-point unit."""
    abi = "eabihf" if fpu else "eabi"
    floats = ("-mfloat-abi=hard", f"-mfpu={fpu}") if fpu else ("-mfloat-abi=soft",)
    return Core(
        name=name,
        family="cortex-m",
        fpu=bool(fpu),
        double=double,
        gcc=(f"-mcpu={gcc or name}", "-mthumb", *floats),
        zig=("-target", f"thumb-freestanding-{abi}", f"-mcpu={zig}"),
        unicorn=unicorn,
    )


# The vector unit of the M55 flushes subnormal floats to zero, which no other core does, so that
# only its integer half is used.
_CORES = (
    _cortex_m("cortex-m0", "cortex_m0", "CORTEX_M0"),
    _cortex_m("cortex-m0plus", "cortex_m0plus", "CORTEX_M0"),
    _cortex_m("cortex-m3", "cortex_m3", "CORTEX_M3"),
    _cortex_m("cortex-m4f", "cortex_m4+vfp4d16sp", "CORTEX_M4", gcc="cortex-m4", fpu="fpv4-sp-d16"),
    _cortex_m("cortex-m7", "cortex_m7+fp_armv8d16sp", "CORTEX_M7", fpu="fpv5-sp-d16"),
    _cortex_m("cortex-m33", "cortex_m33+fp_armv8d16sp", "CORTEX_M33", fpu="fpv5-sp-d16"),
    _cortex_m(
        "cortex-m55",
        "cortex_m55-mve_fp+fp_armv8d16",
        "",
        gcc="cortex-m55+nomve.fp",
        fpu="auto",
        double=True,
    ),
    Core(
        name="rv32imafc",
        family="riscv",
        fpu=True,
        gcc=("-march=rv32imafc", "-mabi=ilp32f", "-mcmodel=medany"),
        zig=(
            "-target",
            "riscv32-freestanding-none",
            "-mcpu=generic_rv32+m+a+f+c+zicsr",
            "-mabi=ilp32f",
            "-mcmodel=medany",
        ),
        unicorn="SIFIVE_U34",
    ),
    Core(
        name="aarch64",
        family="aarch64",
        fpu=True,
        double=True,
        gcc=("-static",),
        zig=("-target", "aarch64-linux-musl", "-static"),
    ),
    Core(name="native", family="native", fpu=True, double=True),
)

CORES = {core.name: core for core in _CORES}
"""Every core, by name."""
