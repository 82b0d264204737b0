"""What a firmware costs on a board: flash, RAM and stack of its program, instructions of its steps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from itertools import islice
from typing import Any

from neuro.backends.firmware.generate import Firmware
from neuro.deploy.board import Board
from neuro.deploy.demo import Demo
from neuro.deploy.emulated_device import EmulatedDevice
from neuro.deploy.image import Image
from neuro.errors import NeuroError

MEASURED = 200
"""Most steps of which instructions are counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Bytes of one part of a program."""

    name: str
    flash: int = 0
    ram: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """Costs of a program on a board.

    Attributes
    ----------
    board, compiler
        What it was built for, and by what.
    flash, ram, flash_size, ram_size
        Bytes that it takes, and that there are.
    stack, stack_used
        Bytes of stack that are set aside (part of `ram`), and most that were in use in the
        emulator; None if it was not run.
    parts
        Flash and RAM by part of the network and of the program.
    steps, instructions, most_instructions
        Steps that were emulated, mean and greatest number of instructions of a step; None if it
        was not run.
    functions
        Mean instructions of a step by function, most first.
    milliseconds, microjoules
        Estimates for the mean step: one instruction per clock cycle, and the given power.  Real
        cycles depend on flash wait states and pipeline, which no emulator models.
    clock, power
        Hz, and watts or None.
    note
        Why something was not measured.
    """

    board: str
    compiler: str
    flash: int
    ram: int
    flash_size: int
    ram_size: int
    stack: int
    stack_used: int | None = None
    parts: tuple[Part, ...] = ()
    steps: int = 0
    instructions: float | None = None
    most_instructions: int | None = None
    functions: Mapping[str, float] = field(default_factory=dict)
    clock: float | None = None
    power: float | None = None
    note: str = ""

    @property
    def milliseconds(self) -> float | None:
        """Estimated time of a step."""
        if self.instructions is None or self.clock is None:
            return None
        return self.instructions / self.clock * 1e3

    @property
    def microjoules(self) -> float | None:
        """Estimated energy of a step."""
        if self.milliseconds is None or self.power is None:
            return None
        return self.milliseconds * self.power * 1e3

    def as_dict(self) -> dict[str, Any]:
        """Everything, for JSON."""
        estimates = {"milliseconds": self.milliseconds, "microjoules": self.microjoules}
        return {**asdict(self), **estimates}


def measure(
    firmware: Firmware,
    board: Board,
    demo: Demo,
    *,
    toolchain: str = "auto",
    optimise: str = "-O2",
    power: float | None = None,
) -> Costs:
    """Build `firmware` for `board`, and emulate the first steps of `demo`.

    Parameters
    ----------
    firmware, board, demo
        What, where, and with which input.
    toolchain, optimise
        As for `EmulatedDevice`.
    power
        Watts of the running chip, from its data sheet; None leaves out the energy.

    Raises
    ------
    CompilerError, DeviceError, UnavailableError
        As for `EmulatedDevice`.
    """
    device = EmulatedDevice(firmware, board, toolchain=toolchain, optimise=optimise)
    image = device.image
    bottom, top = (image.symbol(f"neuro_stack_{end}").address for end in ("bottom", "top"))
    known = Costs(
        board=board.name,
        compiler=device.describe()["compiler"],
        flash=image.flash,
        ram=image.ram,
        flash_size=board.flash.length,
        ram_size=board.ram.length,
        stack=top - bottom,
        parts=parts_of(firmware, image, top - bottom),
        clock=board.clock,
        power=power,
    )
    return _with_instructions(known, device, demo)


def _with_instructions(known: Costs, device: EmulatedDevice, demo: Demo) -> Costs:
    totals: list[int] = []
    functions: Counter[str] = Counter()
    note = ""
    try:
        for events, changes in islice(demo.by_step(), MEASURED):
            for change in changes:
                device.drive(change.input, change.row)
            with device.machine.counting() as counted:
                device.step(events)
            totals.append(sum(counted.values()))
            functions.update(counted)
    except NeuroError as error:
        note = str(error)
    done = len(totals)
    values = asdict(known) | {
        "parts": known.parts,
        "stack_used": device.machine.stack_used(),
        "steps": done,
        "instructions": sum(totals) / done if done else None,
        "most_instructions": max(totals, default=None),
        "functions": {name: count / done for name, count in functions.most_common()},
        "note": note,
    }
    return Costs(**values)


def parts_of(firmware: Firmware, image: Image, stack: int) -> tuple[Part, ...]:
    """Flash and RAM of each population and projection, then of the rest of the program."""
    flash: Counter[str] = Counter()
    ram: Counter[str] = Counter()
    for constant in firmware.static.memory.constants:
        flash[constant.owner or "shared constants"] += constant.nbytes
    for variable in firmware.static.memory.variables:
        ram[variable.owner or "shared sums"] += variable.nbytes
    code = sum(s.size for s in image.symbols.values() if s.function)
    tables = sum(
        s.size for n, s in image.symbols.items() if n.startswith("nr_t") and not s.function
    )
    flash["tables"], flash["code"] = tables, code
    ram["stack"] = stack
    flash["other"] = max(0, image.flash - sum(flash.values()))
    ram["other"] = max(0, image.ram - sum(ram.values()))
    names = dict.fromkeys([*ram, *flash])
    last = ("shared constants", "shared sums", "tables", "code", "stack", "other")
    ordered = [name for name in names if name not in last] + [n for n in last if n in names]
    found = (Part(name=name, flash=flash[name], ram=ram[name]) for name in ordered)
    return tuple(part for part in found if part.flash or part.ram)
