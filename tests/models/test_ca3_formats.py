"""The CA3 memory in the arithmetic of boards gives the spikes that were recorded on one."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import neuro
from neuro.ir.network import Network
from neuro.models.experiment import Experiment
from neuro.models.spec import load_model
from tests.models.ca3_tables import COUNTED, COUNTS, Spike

SPEC = load_model("ca3-memory")
BACKENDS = ("reference", "c")


def spikes_of(recording: neuro.Recording) -> set[Spike]:
    return {
        (int(step), name, int(index))
        for name in COUNTED
        for step, index in zip(
            recording.spikes[name].step, recording.spikes[name].index, strict=True
        )
    }


def board(shared: Path, protocol: str) -> set[Spike]:
    with (shared / "ca3_spinnaker" / f"{protocol}.csv").open() as file:
        rows = csv.DictReader(file)
        spikes = {(int(row["tick"]), row["population"], int(row["index"])) for row in rows}
    return {spike for spike in spikes if spike[1] in COUNTED}


def run(network: Network, experiment: Experiment, backend: str) -> set[Spike]:
    return spikes_of(
        neuro.simulate(network, experiment.steps, inputs=experiment.inputs, backend=backend)
    )


def in_loihi(experiment: Experiment, backend: str = "reference") -> Any:
    return neuro.to_loihi(
        experiment.network, steps=experiment.steps, inputs=experiment.inputs, backend=backend
    )


def in_spinnaker(experiment: Experiment, backend: str = "reference") -> Any:
    return neuro.to_spinnaker(
        experiment.network, steps=experiment.steps, inputs=experiment.inputs, backend=backend
    )


@pytest.mark.parametrize("protocol", ["functional", "map"])
def test_in_spinnakers_arithmetic_spikes_equal_those_recorded_on_it(
    shared: Path, protocol: str
) -> None:
    experiment = SPEC.experiment(protocol)
    made = in_spinnaker(experiment)
    assert made.report.changed == 0
    for backend in BACKENDS:
        assert run(made.network, experiment, backend) == board(shared, protocol)


def test_in_spinnakers_arithmetic_the_stress_experiment_keeps_every_spike() -> None:
    experiment = SPEC.experiment("stress")
    found = run(in_spinnaker(experiment, "c").network, experiment, "c")
    assert len(found) == sum(COUNTS["stress"])
    assert found == run(experiment.network, experiment, "c")


@pytest.mark.parametrize("protocol", ["functional", "map"])
@pytest.mark.parametrize("form", ["spinnaker", "delta"])
def test_in_loihis_format_spikes_equal_those_recorded_on_spinnaker(
    shared: Path, protocol: str, form: str
) -> None:
    experiment = SPEC.experiment(protocol, {"form": form})
    made = in_loihi(experiment)
    assert made.report.changed == 0
    for backend in BACKENDS:
        assert run(made.network, experiment, backend) == board(shared, protocol)


@pytest.mark.parametrize("form", ["spinnaker", "delta"])
def test_in_loihis_format_the_stress_experiment_keeps_every_spike(form: str) -> None:
    experiment = SPEC.experiment("stress", {"form": form})
    found = run(in_loihi(experiment, "c").network, experiment, "c")
    assert len(found) == sum(COUNTS["stress"])
    assert found == run(experiment.network, experiment, "c")


def test_in_loihis_format_weights_are_whole_and_the_bound_is_reached() -> None:
    experiment = SPEC.experiment("functional")
    made = in_loihi(experiment)
    (facts,) = (s for s in made.report.synapses if s.projection == "S1Cue_to_S1Cont")
    assert facts.silent == ()
    with neuro.Session(made.network, backend="reference") as session:
        session.run(experiment.steps, inputs=experiment.inputs)
        mantissas = session.read("S1Cue_to_S1Cont").reshape(5, 10) / 2**facts.exponent
    assert (mantissas == np.rint(mantissas)).all()
    assert mantissas.max() == facts.largest <= 255
    for cue, bits in {0: [0, 1, 8, 9], 3: [1, 3, 4, 8], 4: [1, 5, 6]}.items():
        assert (mantissas[cue, bits] >= facts.largest - 1).all()


@pytest.mark.parametrize("format", [in_loihi, in_spinnaker])
def test_the_firmware_of_a_microcontroller_computes_it_too(format: Any) -> None:
    for package in ("unicorn", "elftools"):
        pytest.importorskip(package)
    experiment = SPEC.experiment("functional")
    result = neuro.verify(
        format(experiment).network,
        steps=40,
        inputs=experiment.inputs,
        backends=["reference", "cortex-m"],
        progress=None,
    )
    assert result.identical, result.divergences
