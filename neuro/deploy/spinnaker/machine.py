"""SpiNNaker machines: their board files, and what they hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from neuro.errors import ParameterError

ROUTER_ENTRIES = 1023
"""Entries of a router's table that are free for networks."""

CHIP_SDRAM = 123_469_792
"""Bytes of a chip's SDRAM that are free for networks and monitors."""

MONITOR_SDRAM = 488_476
"""Bytes that sPyNNaker's monitor takes on every chip."""

GATHERER_SDRAM = 477_250
"""Bytes that the core takes which gathers what a board sends back."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Chips and cores of one board.

    Attributes
    ----------
    chips, cores
        How many; each chip gives one core to the operating system and one to sPyNNaker's monitor.
    width, height
        Size of the rectangle that the chips lie in.
    single
        True if boards of this kind cannot be joined.
    """

    chips: int
    cores: int
    width: int
    height: int
    single: bool = False

    @property
    def free_cores(self) -> int:
        """Cores that populations can use."""
        return self.cores - 2 * self.chips - 1


VERSIONS: dict[int, Layout] = {
    3: Layout(chips=4, cores=72, width=2, height=2, single=True),
    5: Layout(chips=48, cores=856, width=8, height=8),
}
"""Boards by sPyNNaker's ``version``."""


class SpinnakerBoard(BaseModel):
    """The content of a SpiNNaker board file.

    Attributes
    ----------
    name, summary
        Name of the board, which is that of its file, and one line about it.
    target
        ``"spinnaker"``.
    version
        3: the board with 4 chips; 5: the one with 48.
    boards
        How many boards the machine has.
    machine_name
        Host name or address of a machine; "" for none.
    spalloc_server, spalloc_user
        Host of a server that lends boards, and who asks; "" for none.
    time_scale_factor
        How many times slower than real time it runs; a step takes ``dt`` times this, at least 1 ms.
    neurons_per_core
        Most cells of a core, by PyNN's cell; sPyNNaker's own limit is 256.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    summary: str
    target: Literal["spinnaker"]
    version: Literal[3, 5]
    boards: int = Field(default=1, ge=1, le=1200)
    machine_name: str = ""
    spalloc_server: str = ""
    spalloc_user: str = ""
    time_scale_factor: int = Field(default=1, ge=1, le=100_000)
    neurons_per_core: dict[str, int] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _is_possible(self) -> SpinnakerBoard:
        if self.layout.single and self.boards > 1:
            raise ValueError(f"boards: boards of version {self.version} cannot be joined")
        if self.machine_name and self.spalloc_server:
            raise ValueError("machine_name and spalloc_server exclude each other")
        for cell, most in self.neurons_per_core.items():
            if not 1 <= most <= 256:
                raise ValueError(f"neurons_per_core.{cell}: is {most}, use 1 to 256")
        return self

    @property
    def layout(self) -> Layout:
        """Chips and cores of one of its boards."""
        return VERSIONS[self.version]

    @property
    def chips(self) -> int:
        """Chips of all boards."""
        return self.boards * self.layout.chips

    @property
    def free_cores(self) -> int:
        """Cores that populations can use, of all boards."""
        return self.boards * self.layout.free_cores

    @property
    def is_real(self) -> bool:
        """True if there is a machine to talk to."""
        return bool(self.machine_name or self.spalloc_server)

    def most_neurons(self, cell: str) -> int:
        """Most cells of a core."""
        return self.neurons_per_core.get(cell, 256)

    def config(self, *, virtual: bool) -> str:
        """The text of ``spynnaker.cfg``; a virtual one maps only, and writes all reports."""
        lines = ["[Machine]", f"version = {self.version}"]
        if self.time_scale_factor > 1:
            lines.append(f"time_scale_factor = {self.time_scale_factor}")
        lines += self._where(virtual=virtual)
        if virtual:
            lines += ["", "[Mode]", "mode = Debug", "", "[Reports]", "write_network_graph = False"]
        return "\n".join(lines) + "\n"

    def _where(self, *, virtual: bool) -> list[str]:
        if virtual:
            return ["virtual_board = True"]
        if self.machine_name:
            return [f"machine_name = {self.machine_name}"]
        if self.spalloc_server:
            return [
                f"spalloc_server = {self.spalloc_server}",
                f"spalloc_user = {self.spalloc_user or 'neuro'}",
            ]
        raise ParameterError(
            "names no machine.",
            where=f"board {self.name!r}",
            hint="Set machine_name or spalloc_server in its file.",
        )
