"""One neuron under every profile: the spikes that the frameworks themselves have published."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np
import pytest

import neuro
from neuro.errors import ParameterError
from neuro.formats.nir.graph import Graph
from neuro.formats.nir.primitives import PRIMITIVES
from neuro.formats.nir.profiles import PROFILES
from neuro.simulation.nir import NIRModel, from_nir
from tests.formats.nir.one_neuron import DT, EXPECTED, STEPS, graph, node, trace

PLATFORMS = {
    "exact": "exact",
    "norse": "norse",
    "snntorch": "snntorch-import",
    "nengo": "nengo",
    "spinnaker2": "spinnaker2",
    "lava_cpu_float": "lava",
    "lava_cpu_fixed": "lava",
    "spyx": "spyx",
    "rockpool": "rockpool-import",
    "sinabs": "sinabs",
}
"""Profile of each platform's trace."""

SAME_MEMBRANE = {"norse": 1e-8, "snntorch": 0, "lava_cpu_float": 1e-7, "spyx": 0, "rockpool": 1e-8,
                 "sinabs": 0}  # fmt: skip
"""Largest difference of membranes; the others count in other units, or within a step."""


def model(profile: str) -> NIRModel:
    return from_nir(graph(), profile=profile, dt=DT, time_unit="s")


@pytest.mark.parametrize("platform", PLATFORMS)
def test_each_platform_s_own_spikes_come_out(shared: Path, platform: str) -> None:
    theirs = trace(shared, platform)
    given = (theirs[:, 0] > 0).astype(float)
    made = from_nir(
        shared / "nir" / "lif_norse.nir", profile=PLATFORMS[platform], dt=DT, time_unit="s"
    )
    found = made.simulate(given[:, None], backend="reference", record=["1"])
    own = found.spikes[made.outputs["output"]].step
    assert own.tolist() == np.flatnonzero(theirs[:, 2]).tolist()
    assert tuple(own) == EXPECTED[PLATFORMS[platform]]
    if platform in SAME_MEMBRANE:
        values = found.traces[made.outputs["output"]]["v"].values[:, 0]
        np.testing.assert_allclose(values, theirs[:, 1], rtol=0, atol=SAME_MEMBRANE[platform])


@pytest.mark.parametrize("backend", ["reference", "c"])
def test_the_file_of_norse_spikes_on_every_engine(shared: Path, backend: str) -> None:
    given = trace(shared, "norse")[:, :1]
    made = from_nir(shared / "nir" / "lif_norse.nir", profile="norse", dt=DT)
    found = made.simulate(given, backend=backend)
    assert found.spikes["lif_1"].step.tolist() == [460, 510, 710, 760]
    assert found.steps == STEPS


def test_every_profile_runs_the_graph_from_code() -> None:
    pulses = np.ones((40, 1))
    for profile in PROFILES:
        assert len(model(profile).simulate(pulses, backend="reference").spikes["lif_1"]), profile


@pytest.mark.parametrize("profile", ["snntorch", "spyx", "exact"])
def test_engines_agree_on_resets_of_every_time(profile: str) -> None:
    made = model(profile)
    given = made.inputs(np.ones((40, 1)))
    assert neuro.verify(made.network, steps=40, inputs=given, backends=["reference", "c"]).identical


def test_a_neuron_integrates_and_fires_as_its_profile_says() -> None:
    """Two pulses a step apart add up to 1.96 times the gain of 0.04; three cross 0.1."""
    pulses = np.zeros((8, 1))
    pulses[[1, 2, 3]] = 1
    for profile, spikes in {"norse": [3], "spyx": [4], "lava": [4], "sinabs": [3]}.items():
        made = model(profile)
        assert made.simulate(pulses, backend="reference").spikes["lif_1"].step.tolist() == spikes, (
            profile
        )


def test_the_file_of_rockpool_gives_rockpool_s_spikes(shared: Path) -> None:
    """Its weight of 0.04 is not scaled again; nir 1.0.8 refuses this file."""
    theirs = trace(shared, "rockpool")
    made = from_nir(shared / "nir" / "lif_rockpool.nir", profile="rockpool", dt=DT)
    found = made.simulate(theirs[:, :1], backend="reference", record=["1_LIFNeuronTorch"])
    name = made.outputs["output"]
    assert found.spikes[name].step.tolist() == [450, 500, 710, 760]
    values = found.traces[name]["v"].values[:, 0]
    np.testing.assert_allclose(values, theirs[:, 1], rtol=0, atol=1e-8)


KINDS = ("LIF", "LI", "IF", "I", "CubaLIF", "CubaLI", "Threshold")


def used_by(convention: str) -> tuple[str, ...]:
    """Kinds in which a convention plays a role."""
    special = {"current": KINDS[4:6], "jump": KINDS[4:6], "reset": ("LIF", "IF", "CubaLIF"),
               "when": ("LIF", "IF", "CubaLIF")}  # fmt: skip
    return special.get(convention, ("LIF", "LI", "CubaLIF", "CubaLI"))


@pytest.mark.parametrize("kind", KINDS)
def test_every_combination_of_conventions_is_a_valid_cell(kind: str) -> None:
    """Or it is refused with the name of an argument."""
    one = {name: np.ones(1) for name, _ in PRIMITIVES[kind].parameters if name != "v_reset"}
    nodes = [node("in", "Input", shape=[1]), node("x", kind, **one | {"v_leak": np.zeros(1)})]
    small = Graph({n.name: n for n in nodes}, (("in", "x"),))
    choices = {"scheme": ("euler", "exact", "decay"), "form": ("increment", "factor"),
               "reset": ("value", "subtract", "none"), "when": ("now", "next", "late"),
               "unit_gain": (False, True), "current": ("new", "old"),
               "jump": ("scaled", "whole", "decayed"), "bare": (False, True)}  # fmt: skip
    used = [name for name in choices if kind in used_by(name)]
    choices = {name: choices[name] for name in used} | {"scheme": choices["scheme"]}
    fixed = {"scheme": "euler", "reset": "value"}
    built, refused = 0, set()
    for values in product(*choices.values()):
        try:
            made = from_nir(small, dt=1e-3, **fixed | dict(zip(choices, values, strict=True)))
        except ParameterError as error:
            refused.add(error.where)
        else:
            built += made.network.population("x").size
    assert refused <= {"from_nir, scheme", "from_nir, form"}
    assert built >= 3
