"""The paper's experiments, spike for spike, against our own tables and the board's recordings."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

import neuro
from neuro.models import CA3Memory
from neuro.models.ca3.operations import parse_operations
from neuro.models.spec import load_model
from neuro.recording.data import Recording
from tests.conftest import needs_brian2
from tests.models.ca3_tables import (
    COUNTED,
    COUNTS,
    INPUT_SPIKES,
    STEPS,
    Spike,
    predicted,
    stress_operations,
)

BACKENDS = (
    "reference",
    "c",
    "numba",
    pytest.param("brian2", marks=needs_brian2),
)
SPEC = load_model("ca3-memory")


def run(protocol: str, backend: str, **changes: object) -> Recording:
    experiment = SPEC.experiment(protocol, changes)
    return neuro.simulate(
        experiment.network, experiment.steps, inputs=experiment.inputs, backend=backend
    )


def spikes_of(recording: Recording) -> set[Spike]:
    return {
        (int(step), name, int(index))
        for name in COUNTED
        for step, index in zip(
            recording.spikes[name].step, recording.spikes[name].index, strict=True
        )
    }


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("protocol", COUNTS)
def test_every_spike_is_foreseen_by_the_timetable(protocol: str, backend: str) -> None:
    recording = run(protocol, backend)
    operations = parse_operations(SPEC.protocols[protocol].settings["operations"], where=protocol)
    assert recording.steps == STEPS[protocol]
    assert spikes_of(recording) == predicted(operations)
    assert tuple(len(recording.spikes[name]) for name in COUNTED) == COUNTS[protocol]
    assert (
        sum(len(recording.spikes[name]) for name in ("InCue", "InCont")) == INPUT_SPIKES[protocol]
    )
    assert SPEC.experiment(protocol).report(recording).passed


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("protocol", ["functional", "map"])
def test_spikes_equal_those_recorded_on_spinnaker(
    shared: Path, protocol: str, backend: str
) -> None:
    with (shared / "ca3_spinnaker" / f"{protocol}.csv").open() as file:
        rows = [
            (int(row["tick"]), row["population"], int(row["index"])) for row in csv.DictReader(file)
        ]
    board = {spike for spike in rows if spike[1] in COUNTED}
    assert len(board) == sum(COUNTS[protocol])
    assert spikes_of(run(protocol, backend)) == board


def test_the_reduced_form_gives_the_same_spikes() -> None:
    for protocol in COUNTS:
        assert spikes_of(run(protocol, "reference", form="delta")) == spikes_of(
            run(protocol, "reference")
        )


def test_the_stress_protocol_is_the_rule_of_the_paper() -> None:
    rows = SPEC.protocols["stress"].settings["operations"]
    assert list(parse_operations(rows, where="stress")) == stress_operations()


def test_weights_after_the_functional_experiment() -> None:
    experiment = SPEC.experiment("functional")
    with neuro.Session(experiment.network, backend="reference") as session:
        session.run(experiment.steps, inputs=experiment.inputs)
        forward = 1e9 * session.read("S1Cue_to_S1Cont").reshape(5, 10)
        back = 1e9 * session.read("S2Cont_to_S2Cue").reshape(10, 5)
    expected = np.zeros((5, 10))
    for cue, bits in {0: [0, 1, 8, 9], 3: [1, 3, 4, 8], 4: [1, 5, 6]}.items():
        expected[cue, bits] = 6.0
    expected[4, 4] = 0.68
    np.testing.assert_allclose(forward[expected > 0], expected[expected > 0], atol=0.005)
    assert forward[expected == 0].max() <= 0.325
    kept = {
        (0, 0): 6.0, (0, 3): 3.32, (1, 0): 4.05, (1, 3): 6.0, (1, 4): 5.99, (3, 3): 6.0, (4, 0): 2.89,
        (4, 3): 6.0, (5, 3): 3.29, (5, 4): 4.67, (6, 3): 2.97, (6, 4): 6.0, (8, 0): 5.37, (8, 3): 6.0,
        (9, 0): 6.0,
    }  # fmt: skip
    for place, weight in kept.items():
        assert back[place] == pytest.approx(weight, abs=0.006), place


def test_a_finer_step_breaks_the_design() -> None:
    coarse, fine = SPEC.experiment("stress"), CA3Memory(5, 10, dt=0.1)
    inputs = {name: (10 * step, index) for name, (step, index) in coarse.inputs.items()}
    recording = neuro.simulate(fine.network, 8510, inputs=inputs, backend="c")
    spikes = {(step // 10, name, index) for step, name, index in spikes_of(recording)}
    assert len(spikes ^ spikes_of(run("stress", "c"))) > 500


def test_operations_that_a_short_run_did_not_reach_are_not_counted() -> None:
    experiment = SPEC.experiment("functional")
    recording = neuro.simulate(experiment.network, 36, inputs=experiment.inputs)
    report = experiment.report(recording)
    assert (len(report.rows), report.passed) == (3, True)
    assert "6 more had no time to answer in this run." in report.notes
    nothing = neuro.simulate(experiment.network, 5, inputs=experiment.inputs)
    assert experiment.report(nothing).passed is None
