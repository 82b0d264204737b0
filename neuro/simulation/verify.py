"""Run a network on several backends and compare everything they do, step by step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuro.backends.contract import Snapshot
from neuro.backends.registry import get_backend
from neuro.drive import drive_of
from neuro.errors import ParameterError
from neuro.ir.network import Network
from neuro.recording.collect import MemorySink
from neuro.recording.data import Recording, SpikeData
from neuro.simulation.distance import SpikeDistance, spike_distance
from neuro.simulation.progress import ProgressOption, Quiet, TerminalBar, progress_of
from neuro.simulation.session import Session

_ORDER = ("state", "spikes", "refractory", "synapse", "trace", "ring", "graded", "history")
"""Parts of a snapshot, in the order in which a difference is looked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Divergence:
    """The first thing in which a backend differs from the first one.

    Attributes
    ----------
    step
        The step after which it differs.
    variable
        ``"spikes/E"``, or a name in a snapshot, such as ``"state/E/v"``.
    index
        The cell or synapse that differs; for what has several rows, row and cell.
    expected, found
        The number on the first backend and on the other; for spikes 1 or 0.
    """

    step: int
    variable: str
    index: tuple[int, ...]
    expected: float
    found: float

    def __str__(self) -> str:
        kind, _, name = self.variable.partition("/")
        place = ", ".join(map(str, self.index))
        if kind == "spikes":
            verb = "should spike" if self.expected else "should not spike"
            return f"step {self.step}: {name}[{place}] {verb}"
        return (
            f"step {self.step}: {kind} {name}[{place}] is {self.found!r}, "
            f"should be {self.expected!r}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What `verify` found.

    Attributes
    ----------
    backends
        Backends compared; the first is the yardstick.
    steps
        Steps that were run.
    divergences
        First difference of each other backend, or None where all is identical.
    distances
        Of backends that give out spikes only and differ: how far each source's spikes are off.
    """

    backends: tuple[str, ...]
    steps: int
    divergences: Mapping[str, Divergence | None]
    distances: Mapping[str, tuple[SpikeDistance, ...]] = field(default_factory=dict)

    @property
    def identical(self) -> bool:
        """True if no backend differs in any bit."""
        return all(divergence is None for divergence in self.divergences.values())


def verify(
    network: Network,
    *,
    steps: int,
    inputs: Mapping[str, Any] | None = None,
    backends: Sequence[str] = ("reference", "c"),
    seed: int | None = None,
    options: Mapping[str, dict[str, Any]] | None = None,
    progress: ProgressOption = "auto",
) -> Comparison:
    """Run `network` on all `backends` in lockstep and compare spikes, states and weights.

    Of backends that give out nothing but spikes (PyNN's simulators), spikes are compared; where
    they differ, their distance is measured.  These run also what they do in another order
    (``approximate``).

    Parameters
    ----------
    network
        What to run.
    steps
        How many steps.
    inputs, seed
        As for `neuro.simulate`.
    backends
        At least two; the first is the yardstick.
    options
        Options of backends, by their names.
    progress
        ``"auto"`` shows a bar on a terminal; or a callable with (done, total).

    Returns
    -------
    Comparison
        Identical, or the first step, variable and cell that differ, with both values.
    """
    _require_yardstick(backends)
    run = _Runs(network, steps, inputs, seed, options or {})
    coarse = [b for b in backends[1:] if get_backend(b).comparison == "spikes"]
    fine = [b for b in backends if b not in coarse]
    found: dict[str, Divergence | None] = dict.fromkeys(backends[1:])
    if len(fine) > 1:
        found |= _in_lockstep(run, fine, progress)
    distances = {}
    if coarse:
        expected = run.record(backends[0])
        for name in coarse:
            found[name], distances[name] = compare_spikes(expected, run.record(name))
    return Comparison(
        backends=tuple(backends),
        steps=steps,
        divergences=found,
        distances={name: far for name, far in distances.items() if far},
    )


def _require_yardstick(backends: Sequence[str]) -> None:
    """Two backends or more, of which the first gives out states."""
    if len(set(backends)) < 2:
        raise ParameterError("two different backends are needed.", where="verify, backends")
    if get_backend(backends[0]).comparison == "spikes":
        raise ParameterError(
            f"{backends[0]!r} gives out spikes only, so it is no yardstick.",
            where="verify, backends",
            hint="Name 'reference' or 'c' first.",
        )


@dataclass(frozen=True, slots=True)
class _Runs:
    """What all backends are given."""

    network: Network
    steps: int
    inputs: Mapping[str, Any] | None
    seed: int | None
    options: Mapping[str, dict[str, Any]]

    def session(self, name: str) -> Session:
        """A session of one backend; an approximate one where the backend has such an option."""
        given = self.options.get(name)
        backend = get_backend(name)
        if "approximate" in getattr(backend.Options, "__dataclass_fields__", {}):
            given = {"approximate": True, **(given or {})}
        return Session(self.network, backend=name, seed=self.seed, options=given)

    def record(self, name: str) -> Recording:
        """The recording of a run of all steps.

        Raises
        ------
        ParameterError
            If the backend maps only.
        """
        with self.session(name) as session:
            if session.provenance.device == "mapping only":
                raise ParameterError(
                    f"{name!r} maps networks and runs nothing, so there is nothing to compare.",
                    where="verify, backends",
                )
            return session.run(self.steps, inputs=self.inputs)


def _in_lockstep(
    run: _Runs, backends: Sequence[str], progress: ProgressOption
) -> dict[str, Divergence | None]:
    """First differences of `backends` from the first of them, found step by step."""
    drive = drive_of(run.network, run.inputs)
    found: dict[str, Divergence | None] = dict.fromkeys(backends[1:])
    with ExitStack() as stack:
        sessions = {name: stack.enter_context(run.session(name)) for name in backends}
        report: TerminalBar | Quiet = progress_of(progress, f"verify {run.network.name}")
        stack.enter_context(report)
        for step in range(run.steps):
            active = [backends[0], *(name for name in backends[1:] if found[name] is None)]
            if len(active) == 1:
                break
            for name in active:
                sessions[name].engine.advance(1, drive, MemorySink())
            expected = sessions[backends[0]].snapshot()
            for name in active[1:]:
                found[name] = first_difference(expected, sessions[name].snapshot(), step)
            report(step + 1, run.steps)
    return found


def compare_spikes(
    expected: Recording, found: Recording
) -> tuple[Divergence | None, tuple[SpikeDistance, ...]]:
    """The first spike that differs between two recordings, and how far sources are apart."""
    apart = {
        name: data
        for name, data in expected.spikes.items()
        if not (
            np.array_equal(data.step, found.spikes[name].step)
            and np.array_equal(data.index, found.spikes[name].index)
        )
    }
    if not apart:
        return None, ()
    first = min(
        (_first_spike(name, data, found.spikes[name]) for name, data in apart.items()),
        key=lambda divergence: divergence.step,
    )
    distances = (spike_distance(n, d, found.spikes[n], expected.dt) for n, d in apart.items())
    return first, tuple(distances)


def _first_spike(name: str, expected: SpikeData, found: SpikeData) -> Divergence:
    theirs = set(zip(expected.step.tolist(), expected.index.tolist(), strict=True))
    mine = set(zip(found.step.tolist(), found.index.tolist(), strict=True))
    step, index = min(theirs ^ mine)
    there = (step, index) in theirs
    return Divergence(
        step=step,
        variable=f"spikes/{name}",
        index=(index,),
        expected=float(there),
        found=float(not there),
    )


def first_difference(expected: Snapshot, found: Snapshot, step: int) -> Divergence | None:
    """The first number in which two snapshots differ; None if they are the same."""
    expected, found = _with_spikes(expected, found), _with_spikes(found, expected)
    for name in sorted(expected, key=_rank):
        theirs, mine = expected[name], found[name]
        place = _first_unequal(theirs, mine)
        if place is not None:
            return Divergence(
                step=step,
                variable=name,
                index=place,
                expected=_number(theirs, place),
                found=_number(mine, place),
            )
    return None


def _with_spikes(snapshot: Snapshot, other: Snapshot) -> Snapshot:
    """`snapshot`, and for each source whether each cell spiked in the last step."""
    result = dict(snapshot)
    for name, rows in snapshot.items():
        if name.startswith("history/"):
            cells = max((1 + int(r[:, 1].max(initial=-1)) for r in (rows, other[name])), default=0)
            spiked = np.zeros(cells, np.int8)
            spiked[rows[rows[:, 0] == 0, 1]] = 1
            result[f"spikes/{name.partition('/')[2]}"] = spiked
    return result


def _rank(name: str) -> tuple[int, str]:
    kind = name.partition("/")[0]
    return (_ORDER.index(kind) if kind in _ORDER else len(_ORDER), name)


def _first_unequal(a: NDArray[Any], b: NDArray[Any]) -> tuple[int, ...] | None:
    """Position of the first difference; numbers that are not numbers are equal to each other."""
    if a.shape != b.shape:
        shorter = min(len(a), len(b)) if a.ndim and b.ndim else 0
        inner = _first_unequal(a[:shorter], b[:shorter]) if shorter else None
        return inner or (shorter,)
    same = a == b
    if a.dtype.kind == "f":
        same = same & (np.signbit(a) == np.signbit(b)) | np.isnan(a) & np.isnan(b)
    if np.all(same):
        return None
    return tuple(int(k) for k in np.argwhere(~np.atleast_1d(same))[0])


def _number(array: NDArray[Any], place: tuple[int, ...]) -> float:
    try:
        return float(np.atleast_1d(array)[place])
    except (IndexError, TypeError):
        return float("nan")
