"""Run a program in unicorn, with exactly the board's flash and RAM.

Any access outside them is an error at once, which no board and no QEMU machine offers.  Peripherals
are absent; the core's own registers are plain memory.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from struct import pack
from types import ModuleType
from typing import Any

from neuro.deploy.board import Board, Region
from neuro.deploy.emulator.abi import abi_of, instructions_in
from neuro.deploy.emulator.outcome import Outcome, by_function, fault
from neuro.deploy.emulator.semihosting import Semihosting
from neuro.deploy.image import Image, check_fits
from neuro.errors import DeviceError, ParameterError, UnavailableError

CORE_REGISTERS = Region(origin=0xE000_0000, length=0x10_0000)
"""Private peripheral bus of Cortex-M."""

SECONDS = 60.0
"""Time limit of a run."""

_NOWHERE = 0xFFFF_FFFE
_BELOW = 4096  # bytes below the stack that count as its overflow
_PAINT = b"\xa5"
_RETURN = "neuro_return"


class UnicornMachine:
    """A board without peripherals that runs one program.

    Parameters
    ----------
    image
        Program, built with our start-up code for `board`.
    board
        Board whose memory there is.

    Raises
    ------
    UnavailableError
        If unicorn is not installed.
    UnsupportedError
        If unicorn does not have the board's core.
    DeviceError
        If the program does not fit the board.

    Examples
    --------
    .. code-block:: python

        machine = UnicornMachine(Image.load(path), load_board("stm32l412"))
        machine.run().code               # the whole program
        machine.start()                  # or: up to main(), ...
        machine.call("net_step", 3, 4)   # ... then any of its functions
    """

    def __init__(self, image: Image, board: Board) -> None:
        check_fits(image, board)
        self.image, self.board = image, board
        self._abi = abi_of(board.processor)
        self._constants = _constants(self._abi.arch)
        self._registers = {
            name: self._constant(self._abi.registers + name)
            for name in (
                self._abi.sp,
                self._abi.pc,
                self._abi.link,
                self._abi.result,
                *self._abi.arguments,
            )
        }
        self._problem: DeviceError | None = None
        self._host = Semihosting(self._peek, self._poke)
        self._reset("", None)

    def run(
        self,
        arguments: str = "",
        *,
        files: Path | None = None,
        limit: int | None = None,
        seconds: float = SECONDS,
        count: bool = False,
    ) -> Outcome:
        """Run the program from reset to its exit.

        Parameters
        ----------
        arguments
            Text that the program can ask for.
        files
            Folder in which it may read and write files; None for no files.
        limit
            Instructions after which it is taken to hang; None for no limit.
        seconds
            Time after which it is taken to hang.
        count
            True to count instructions by function; about five times slower.

        Returns
        -------
        Outcome
            Exit code, text and instructions.

        Raises
        ------
        DeviceError
            If the program accesses what is not there, faults, or hangs; names the place.
        """
        self._reset(arguments, files)
        try:
            with self.counting() if count else _nothing() as counted:
                self._go(self.image.entry, until=None, limit=limit or 0, seconds=seconds)
        finally:
            self._host.close()
        if self._host.code is None:
            raise fault("the program stopped without an exit code", self.image, self._pc())
        functions = {} if counted is None else dict(counted.most_common())
        total = None if counted is None else sum(functions.values())
        return Outcome(self._host.code, self._host.output, total, functions)

    def start(self, until: str = "main", *, files: Path | None = None) -> None:
        """Run the start-up code up to the function `until`, so that others can be called.

        Raises
        ------
        UnknownNameError
            If the program has no such function.
        DeviceError
            If it does not get there.
        """
        self._reset("", files)
        self._go(self.image.entry, until=self.image.symbol(until).address, limit=0, seconds=SECONDS)
        if self._pc() != self.image.symbol(until).address:
            raise fault(f"the program did not come to {until}()", self.image, self._pc())

    def call(self, symbol: str, *arguments: int, seconds: float = 0.0) -> int:
        """Call a function with integers and addresses; `start` comes first.

        Parameters
        ----------
        symbol
            Name of the function.
        arguments
            32-bit integers; negative ones are two's complement.
        seconds
            Time after which it is taken to hang; 0 for no limit, which is faster.

        Returns
        -------
        int
            What it returns, as an unsigned 32-bit integer.

        Raises
        ------
        UnknownNameError
            If the program has no such function.
        DeviceError
            If it accesses what is not there, faults, exits or hangs.
        """
        uc, registers, abi = self._uc, self._registers, self._abi
        back = self.image.symbol(_RETURN).address
        sp = self._top
        rest = arguments[len(abi.arguments) :]
        if rest:
            sp -= (4 * len(rest) + 15) & ~15
            uc.mem_write(sp, b"".join(pack("<I", value & 0xFFFF_FFFF) for value in rest))
        for name, value in zip(abi.arguments, arguments, strict=False):
            uc.reg_write(registers[name], value & 0xFFFF_FFFF)
        uc.reg_write(registers[abi.sp], sp)
        uc.reg_write(registers[abi.link], back | abi.code_bit)
        self._go(self.image.symbol(symbol).address, until=back, limit=0, seconds=seconds)
        if self._host.code is not None:
            raise DeviceError(
                f"{symbol}() ended the program with exit code {self._host.code}.",
                where=self.image.path.name,
            )
        return int(uc.reg_read(registers[abi.result]))

    def read(self, address: int, size: int) -> bytes:
        """`size` bytes of memory from `address` on.

        Raises
        ------
        ParameterError
            If they are not all memory of the board.
        """
        self._check(address, size)
        return bytes(self._uc.mem_read(address, size))

    def write(self, address: int, data: bytes) -> None:
        """Change memory from `address` on.

        Raises
        ------
        ParameterError
            If it is not all memory of the board.
        """
        self._check(address, len(data))
        self._uc.mem_write(address, data)

    def address(self, symbol: str) -> int:
        """Address of a function or variable.

        Raises
        ------
        UnknownNameError
            If the program has none of that name.
        """
        return self.image.symbol(symbol).address

    @property
    def output(self) -> str:
        """The text that the program has written since it was started."""
        return self._host.output

    def stack_used(self) -> int:
        """Most bytes of stack that were in use since the program was started."""
        bottom, top = self.address("neuro_stack_bottom"), self._top
        untouched = self.read(bottom, top - bottom)
        return len(untouched.lstrip(_PAINT))

    @contextmanager
    def counting(self) -> Iterator[Counter[str]]:
        """Count instructions by function; the counter is filled when the block ends.

        The figures are those of QEMU: every instruction of a block of code that is entered, also
        conditional ones that are skipped.
        """
        counts: defaultdict[tuple[int, int], int] = defaultdict(int)
        found: Counter[str] = Counter()

        def enter(uc: Any, address: int, size: int, _: Any) -> None:
            counts[address, size] += 1

        self._uc.ctl_flush_tb()  # what was translated before has no hook
        hook = self._uc.hook_add(self._constant("UC_HOOK_BLOCK"), enter)
        try:
            yield found
        finally:
            self._uc.hook_del(hook)
            found.update(by_function(self.image, self._executed(counts)))

    def _executed(self, counts: dict[tuple[int, int], int]) -> dict[int, int]:
        """Instructions by first address of a block, from how often blocks were entered."""
        found: Counter[int] = Counter()
        for (address, size), times in counts.items():
            code = bytes(self._uc.mem_read(address, size))
            found[address] += times * instructions_in(code, self._abi)
        return found

    def _reset(self, arguments: str, files: Path | None) -> None:
        """A new machine with the program in its flash and RAM that holds nothing useful."""
        self._host.close()
        unicorn, abi = self._constants, self._abi
        mode = sum(self._constant(name) for name in abi.mode.split())
        self._uc = uc = unicorn["Uc"](self._constant(abi.arch), mode)
        uc.ctl_set_cpu_model(self._constant(abi.models + self.board.processor.unicorn))
        for region in self.board.memory.values():
            self._map(region)
        if self.board.processor.family == "cortex-m":
            uc.mem_map(CORE_REGISTERS.origin, CORE_REGISTERS.length)
        for segment in self.image.segments:
            if segment.data:
                uc.mem_write(segment.load, segment.data)
        self._host = Semihosting(self._peek, self._poke, files=files, arguments=arguments)
        self._top = self.image.symbol("neuro_stack_top").address
        uc.reg_write(self._registers[abi.sp], self._top)
        uc.hook_add(self._constant("UC_HOOK_INTR"), self._interrupted)
        uc.hook_add(self._constant("UC_HOOK_MEM_INVALID"), self._invalid)

    def _peek(self, address: int, size: int) -> bytes:
        return bytes(self._uc.mem_read(address, size))

    def _poke(self, address: int, data: bytes) -> None:
        self._uc.mem_write(address, data)

    def _map(self, region: Region) -> None:
        letters = {"r": "UC_PROT_READ", "w": "UC_PROT_WRITE", "x": "UC_PROT_EXEC"}
        allowed = sum(self._constant(letters[letter]) for letter in region.attributes)
        page = self._uc.ctl_get_page_size()
        if region.origin % page or region.length % page:
            raise ParameterError(
                f"the region at {region.origin:#010x} is no multiple of {page} bytes.",
                where=f"board {self.board.name!r}, memory",
                hint="unicorn cannot map it; round it down, or use QEMU.",
            )
        self._uc.mem_map(region.origin, region.length, allowed)
        self._uc.mem_write(
            region.origin, (b"\xff" if "w" not in region.attributes else _PAINT) * region.length
        )

    def _go(self, start: int, *, until: int | None, limit: int, seconds: float) -> None:
        """Run from `start` on; raise what went wrong."""
        self._problem = None
        end = _NOWHERE if until is None else until
        time = int(seconds * 1e6)
        while True:
            try:
                self._uc.emu_start(start | self._abi.code_bit, end, timeout=time, count=limit)
            except self._constants["UcError"] as error:
                if self._problem is not None or not self._trapped(error):
                    raise self._problem or self._refused(error) from None
                if self._host.code is not None:
                    return
                start = self._pc()
            else:
                break
        if self._problem is not None:
            raise self._problem
        if self._host.code is None and self._pc() != end:
            spent = f"{limit} instructions" if limit else f"{seconds:g} seconds"
            what = f"the program was still running after {spent},"
            hint = "It hangs, or needs a higher limit."
            raise fault(what, self.image, self._pc(), hint=hint)

    def _trapped(self, error: Exception) -> bool:
        """Serve the semihosting call that unicorn's RISC-V takes for an invalid instruction."""
        if not self._is_invalid(error) or not self._at_call(self._pc()):
            return False
        self._serve()
        return True

    def _is_invalid(self, error: Exception) -> bool:
        return getattr(error, "errno", None) == self._constant("UC_ERR_INSN_INVALID")

    def _refused(self, error: Exception) -> DeviceError:
        """The error for what unicorn itself refused."""
        invalid = "the program stopped with an undefined instruction"
        what = invalid if self._is_invalid(error) else str(error)
        return fault(what, self.image, self._pc())

    def _at_call(self, pc: int) -> bool:
        """True if the program stopped at `pc` for semihosting."""
        expected = self._abi.semihosting
        try:
            return bytes(self._uc.mem_read(pc, len(expected))) == expected
        except self._constants["UcError"]:
            return False

    def _serve(self) -> None:
        """Do what the program asks for, and let it go on after its breakpoint."""
        abi, uc, registers = self._abi, self._uc, self._registers
        operation, argument = (uc.reg_read(registers[name]) for name in abi.arguments[:2])
        try:
            result = self._host.call(operation, argument)
        except self._constants["UcError"]:
            what = f"semihosting operation {operation:#x} was given a bad address"
            self._problem = fault(what, self.image, self._pc())
            return
        uc.reg_write(registers[abi.result], result)
        uc.reg_write(registers[abi.pc], self._pc() + len(abi.semihosting) | abi.code_bit)

    def _interrupted(self, uc: Any, number: int, _: Any) -> None:
        """Serve a semihosting call; note any other exception."""
        pc = self._pc()
        if self._at_call(pc):
            self._serve()
        else:
            what = self._abi.exceptions.get(number, f"exception {number}")
            self._problem = fault(f"the program stopped with {what}", self.image, pc)
        if self._problem is not None or self._host.code is not None:
            uc.emu_stop()

    def _invalid(self, uc: Any, access: int, address: int, size: int, _v: int, _: Any) -> bool:
        """Note an access to what is not there, or may not be accessed so."""
        kinds = (("read", "READ"), ("write", "WRITE"), ("execute", "FETCH"))
        verb = next((verb for verb, name in kinds if access in self._accesses(name)), "access")
        what = f"the program tried to {verb} {size} bytes at {address:#010x}"
        pc = self._pc()
        if verb == "execute":  # the pc says nothing then, but the link register may say who called
            pc = int(uc.reg_read(self._registers[self._abi.link])) - self._abi.code_bit
        self._problem = fault(f"{what}, {self._describe(address)},", self.image, pc)
        return False

    def _accesses(self, name: str) -> tuple[int, int]:
        return (
            self._constant(f"UC_MEM_{name}_UNMAPPED"),
            self._constant(f"UC_MEM_{name}_PROT"),
        )

    def _describe(self, address: int) -> str:
        """What `address` is on this board."""
        bottom = self.address("neuro_stack_bottom")
        if self.board.ram.origin == bottom and bottom - _BELOW <= address < bottom:
            return "just below the stack, which has overflowed"
        for name, region in self.board.memory.items():
            if region.holds(address):
                return f"in {name} ({region.attributes})"
        return f"where {self.board.name} has no memory"

    def _pc(self) -> int:
        return int(self._uc.reg_read(self._registers[self._abi.pc]))

    def _check(self, address: int, size: int) -> None:
        if not any(region.holds(address, size) for region in self.board.memory.values()):
            raise ParameterError(
                f"{size} bytes at {address:#010x} are no memory of {self.board.name}.",
                where="address",
            )

    def _constant(self, name: str) -> int:
        return int(self._constants[name])


@contextmanager
def _nothing() -> Iterator[None]:
    yield None


def _constants(arch: str) -> dict[str, Any]:
    """Names of unicorn and of its constants for `arch`."""
    try:
        import unicorn
        from unicorn import arm_const, riscv_const, unicorn_const
    except ImportError:
        raise UnavailableError(
            "emulation needs unicorn.", where="deploy", hint="pip install 'neuro-spiking[mcu]'"
        ) from None
    module: ModuleType = arm_const if arch == "UC_ARCH_ARM" else riscv_const
    return {**vars(unicorn_const), **vars(module), **vars(unicorn)}
