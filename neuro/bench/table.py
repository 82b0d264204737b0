"""Medians and ratios of measurements, as a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import median

from neuro.bench.peers import Measurement

Results = Mapping[str, Sequence[Measurement]]
"""Measurements of one workload by simulator."""

RATE_TOLERANCE = 0.15
"""Simulators must agree in the firing rate within this share of the median."""


@dataclass(frozen=True, slots=True)
class Row:
    """Medians of one simulator on one workload.

    Attributes
    ----------
    simulator
        Its name.
    build, run, memory, own_memory, rate
        Medians; as in `Measurement`.
    run_ratio, total_ratio
        Its time to run, and to build and run, divided by neuro's (above 1: neuro is faster); None
        if neuro was not measured.
    operations_per_second
        Speed of a memory; None for other networks.
    agrees
        True if its firing rate is that of the others.
    """

    simulator: str
    build: float
    run: float
    memory: float
    own_memory: float
    rate: float
    run_ratio: float | None
    total_ratio: float | None
    operations_per_second: float | None
    agrees: bool


def rows(results: Results) -> list[Row]:
    """One row per simulator."""
    middle = {name: _medians(found) for name, found in results.items() if found}
    ours = middle.get("neuro")
    typical = median(m.rate for m in middle.values()) if middle else 0.0
    return [
        Row(
            simulator=name,
            build=m.build,
            run=m.run,
            memory=m.memory,
            own_memory=m.own_memory,
            rate=m.rate,
            run_ratio=m.run / ours.run if ours else None,
            total_ratio=(m.build + m.run) / (ours.build + ours.run) if ours else None,
            operations_per_second=m.operations / m.run if m.operations else None,
            agrees=abs(m.rate - typical) <= RATE_TOLERANCE * typical,
        )
        for name, m in middle.items()
    ]


def _medians(found: Sequence[Measurement]) -> Measurement:
    fields = ("build", "run", "rate", "memory", "own_memory")
    table = [asdict(item) for item in found]
    values = {name: median(float(line[name]) for line in table) for name in fields}
    return Measurement(version=found[0].version, operations=found[0].operations, **values)


COLUMNS = (
    "simulator",
    "build s",
    "run s",
    "memory MB",
    "rate Hz",
    "run / ours",
    "total / ours",
    "ops / s",
)


def cells(row: Row, title: str) -> tuple[str, ...]:
    """The texts of a row; `title` names the simulator."""
    speed = row.operations_per_second
    return (
        title,
        _seconds(row.build),
        _seconds(row.run),
        f"{row.memory:,.0f}",
        f"{row.rate:.2f}" + ("" if row.agrees else " differs"),
        _ratio(row.run_ratio),
        _ratio(row.total_ratio),
        "" if speed is None else f"{speed:,.0f}",
    )


def _seconds(value: float) -> str:
    return f"{value:.4f}" if value < 0.1 else f"{value:.2f}"


def _ratio(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"
