"""The conformance suite: networks, and whether a backend does with them what the reference does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import neuro
from neuro.backends.contract import Backend, Snapshot
from neuro.backends.registry import get_backend
from neuro.drive import drive_of
from neuro.errors import (
    CompilerError,
    Finding,
    ParameterError,
    UnavailableError,
    UnsupportedError,
)
from neuro.models.spec import load_model
from neuro.recording.collect import MemorySink, recorded_sources, sample_plans
from neuro.recording.data import SpikeData, TraceData
from neuro.simulation.verify import first_difference
from neuro.testing.library import LIBRARY_CELLS, SYNAPSES, Case, cell_case, synapse_case
from neuro.testing.random_networks import SMALL, FixedChoices, random_case

Verdict = Literal["equal", "near", "refused", "unavailable", "different"]
NETWORKS = 100
"""Random networks of the suite."""
FORMATS = {"float32": neuro.FLOAT32, "float64": neuro.FLOAT64}
REFERENCE = "reference"
INSTALLATION = ("unavailable", "no-compiler")
"""Rules about this machine, not about a network."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a backend made of a network.

    Attributes
    ----------
    verdict
        ``"equal"``: every spike, sample and, where the backend shows it, all state; ``"near"``: its
        ``check`` had said that and why spikes would differ; ``"refused"`` by ``check``;
        ``"unavailable"``: the backend cannot be used here; ``"different"``: it should not be.
    detail
        Rules that refused or warned, the distance, or what differs first.
    """

    verdict: Verdict
    detail: str = ""

    @property
    def conforms(self) -> bool:
        """False if the backend silently does something else."""
        return self.verdict != "different"


@dataclass(frozen=True, slots=True)
class Result:
    """All that a run gave; `snapshot` is None where a backend does not show its state."""

    spikes: Mapping[str, SpikeData]
    traces: Mapping[str, TraceData]
    snapshot: Snapshot | None


def suite(networks: int = NETWORKS) -> dict[str, Callable[[], Case]]:
    """The cases by name, each made when it is called.

    Names are ``cell/NAME/FORMAT``, ``synapse/NAME/FORMAT``, ``network/NUMBER`` and
    ``memory/PROTOCOL``.
    """
    cases: dict[str, Callable[[], Case]] = {}
    for format_name, format in FORMATS.items():
        for name in LIBRARY_CELLS:
            cases[f"cell/{name}/{format_name}"] = partial(cell_case, name, format)
        for name in SYNAPSES:
            cases[f"synapse/{name}/{format_name}"] = partial(synapse_case, name, format)
    for number in range(networks):
        cases[f"network/{number}"] = partial(fixed_case, number)
    for protocol in ("functional", "map"):
        cases[f"memory/{protocol}"] = partial(memory_case, protocol)
    return cases


def fixed_case(number: int) -> Case:
    """The random network with this number: small, and the same everywhere."""
    return random_case(FixedChoices(number), sizes=SMALL)


def memory_case(protocol: str) -> Case:
    """The CA3 memory in one of its experiments."""
    experiment = load_model("ca3-memory").experiment(protocol)
    return Case(experiment.network, dict(experiment.inputs), experiment.steps)


def run_case(case: Case, backend: Backend, options: Any) -> Result:
    """Run `case` on `backend`.

    Raises
    ------
    UnsupportedError, UnavailableError, CompilerError
        If it cannot run there.
    """
    network = case.network
    engine = backend.compile(network, options, case.seed)
    sink, drive = MemorySink(), drive_of(network, case.inputs)
    try:
        engine.prepare(case.steps, drive)
        while engine.step < case.steps:
            engine.advance(case.steps - engine.step, drive, sink)
        sees_state = backend.comparison == "state"
        return Result(
            spikes={
                name: sink.spike_data(name, network.sources[name].size)
                for name in recorded_sources(network)
            },
            traces={
                f"{plan.target}/{plan.variable}": sink.trace_data(plan)
                for plan in sample_plans(network, case.seed)
            },
            snapshot=engine.snapshot() if sees_state else None,
        )
    finally:
        engine.close()


def reference(case: Case) -> Result:
    """What the specification says."""
    backend = get_backend(REFERENCE)
    return run_case(case, backend, backend.Options())


def judge(
    case: Case,
    backend: str,
    *,
    options: Mapping[str, Any] | None = None,
    expected: Result | None = None,
) -> Outcome:
    """Run `case` on a backend and compare it with the reference.

    Parameters
    ----------
    case
        Network and inputs.
    backend
        Name of the backend.
    options
        Its options by name.  A backend with an option ``approximate`` gets it.
    expected
        What `reference` gave, if that is known.
    """
    try:
        chosen = get_backend(backend)
        given = _options(chosen, options or {})
        findings = [f for f in chosen.check(case.network, given) if f.rule not in INSTALLATION]
        if errors := [f for f in findings if f.severity == "error"]:
            return Outcome(verdict="refused", detail=_rules(errors))
        if reason := chosen.unavailable():
            return Outcome(verdict="unavailable", detail=reason)
        if chosen.runs_on(given) == "mapping only":
            return Outcome(verdict="unavailable", detail="maps only, nothing runs")
        found = run_case(case, chosen, given)
    except UnsupportedError as error:
        return Outcome(verdict="refused", detail=_rules(error.findings) or str(error))
    except (UnavailableError, CompilerError) as error:
        return Outcome(verdict="unavailable", detail=str(error))
    return compare(expected or reference(case), found, case.steps, findings)


def _options(backend: Backend, given: Mapping[str, Any]) -> Any:
    known = getattr(backend.Options, "__dataclass_fields__", {})
    unknown = sorted(set(given) - set(known))
    if unknown:
        raise ParameterError(f"has no option {unknown[0]!r}.", where=f"backend {backend.name!r}")
    return backend.Options(**{**({"approximate": True} if "approximate" in known else {}), **given})


def _rules(findings: Any) -> str:
    return ", ".join(sorted({finding.rule for finding in findings}))


def compare(
    expected: Result, found: Result, steps: int, findings: list[Finding] | None = None
) -> Outcome:
    """Compare two results; `findings` are what ``check`` had said about the second."""
    apart = _spikes_apart(expected, found)
    if apart:
        warned = [f for f in findings or [] if f.severity == "warning"]
        if warned:
            return Outcome(verdict="near", detail=f"{apart} ({_rules(warned)})")
        return Outcome(verdict="different", detail=apart)
    if found.snapshot is None or expected.snapshot is None:
        return Outcome(verdict="equal", detail="spikes")
    for name, trace in expected.traces.items():
        if trace.values.tobytes() != found.traces[name].values.tobytes():
            return Outcome(verdict="different", detail=f"samples of {name}")
    divergence = first_difference(expected.snapshot, found.snapshot, steps)
    if divergence is not None:
        return Outcome(verdict="different", detail=str(divergence))
    return Outcome(verdict="equal")


def _spikes_apart(expected: Result, found: Result) -> str:
    """How many spikes are in one of the results only, and the first of them; "" if none."""
    theirs, mine = _spike_set(expected), _spike_set(found)
    apart = theirs ^ mine
    if not apart:
        return ""
    step, source, cell = min(apart)
    side = "missing" if (step, source, cell) in theirs else "too many"
    return (
        f"{len(apart)} of {len(theirs | mine)} spikes differ, first {source}[{cell}] in step {step}, "
        f"{side}"
    )


def _spike_set(result: Result) -> set[tuple[int, str, int]]:
    return {
        (int(step), name, int(index))
        for name, data in result.spikes.items()
        for step, index in zip(data.step, data.index, strict=True)
    }
