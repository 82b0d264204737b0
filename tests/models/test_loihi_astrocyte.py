"""Loihi's astrocyte against a loop over its integers, and what its knobs do."""

from __future__ import annotations

import numpy as np
import pytest

import neuro
from neuro.errors import ParameterError
from neuro.ir.loihi import WHOLE
from neuro.models.loihi_astrocyte import LoihiAstrocyte, settings_of
from neuro.simulation.verify import first_difference

INPUTS, STEPS, BURST = 16, 900, 200
BEFORE, FEW = 150, 45
"""Steps on `c` alone, and then beside the reference, which is slow: the release and first firing."""


def spikes(chance: float = 0.6, burst: int = BURST) -> np.ndarray:
    """A burst of spikes, and then silence."""
    found = np.random.default_rng(4).random((STEPS, INPUTS)) < chance
    found[burst:] = False
    return found


def run(chance: float = 0.6, backend: str = "c", **knobs: float) -> neuro.Recording:
    given: dict[str, object] = {"ip3_sensitivity": 100, **knobs}
    network = LoihiAstrocyte(INPUTS, **given).network  # type: ignore[arg-type]
    events = np.nonzero(spikes(chance))
    return neuro.simulate(network, STEPS, inputs={"Pre": events}, backend=backend)


def by_hand(sensitivity: int, weight: int, decay: int) -> dict[str, list[int]]:
    """Steps of the spikes of the three compartments that spike, in Python's integers."""
    found: dict[str, list[int]] = {"Receiver": [], "IP3": [], "Generator": []}
    u1 = v1 = u2 = v2 = u3 = v3 = v4 = passed = received = released = 0
    given = spikes()
    for t in range(STEPS):
        arrived = 10 * int(given[t - 1].sum()) if t else 0
        u1 = u1 * (4095 - 409) // 4096 + 64 * arrived
        v1 = v1 * (4096 - 1024) // 4096 + u1
        u2 = 64 * sensitivity * received
        v2 = v2 * (4096 - 1) // 4096 + u2
        v4 = v4 * (4096 - 40) // 4096 + passed
        u3 = u3 * (4095 - decay) // 4096 + 64 * weight * released
        v3 = v3 * (4096 - 40) // 4096 + u3
        passed = v3 if v3 > 6400 else 0
        received, released = int(v1 > 6400), int(v2 > 960000)
        v1, v2 = v1 * (1 - received), v2 * (1 - released)
        for name, fired in (("Receiver", received), ("IP3", released), ("Generator", v4 > 320000)):
            found[name] += [t] * int(fired)
        v4 = 0 if v4 > 320000 else v4
    return found


@pytest.mark.parametrize("format", [neuro.FLOAT64, WHOLE], ids=["float64", "whole"])
def test_the_engines_compute_its_integers(format: neuro.ir.network.NumberFormat) -> None:
    network = LoihiAstrocyte(INPUTS, ip3_sensitivity=100, format=format).network
    inputs = {"Pre": np.nonzero(spikes())}
    with (
        neuro.Session(network, backend="c") as found,
        neuro.Session(network, backend="reference") as expected,
    ):
        found.run(BEFORE, inputs=inputs)
        expected.restore(found.snapshot())
        later = {"Pre": np.nonzero(spikes()[BEFORE:])}
        for session in (found, expected):
            assert len(session.run(FEW, inputs=later).spikes["Generator"]) > 0
        difference = first_difference(expected.snapshot(), found.snapshot(), BEFORE + FEW)
        assert difference is None, str(difference)
    recording = neuro.simulate(network, STEPS, inputs=inputs, backend="c")
    for name, steps in by_hand(100, 20, 40).items():
        assert recording.spikes[name].step.tolist() == steps, name


def test_a_burst_is_followed_by_long_firing_and_a_trickle_by_none() -> None:
    recording = run()
    (release,) = recording.spikes["IP3"].step
    generated = recording.spikes["Generator"].step
    assert release > 0.5 * BURST  # the burst has to add up first
    assert generated[0] > release + 2
    assert generated[-1] > BURST + 300
    few = run(chance=0.05)
    assert len(few.spikes["Receiver"]) > 0
    assert len(few.spikes["IP3"]) == len(few.spikes["Generator"]) == 0


def test_window_and_rate_follow_the_knobs() -> None:
    for window, firing in ((300, 100), (500, 100), (300, 300)):
        chosen = settings_of(window, firing)
        assert abs(chosen.window - window) < 15
        assert abs(chosen.rate - firing) < 0.15 * firing
        steps = run(window=window, firing=firing).spikes["Generator"].step
        assert steps[-1] - steps[0] == chosen.window
        assert 1000 / np.diff(steps).min() == chosen.rate


def test_ip3_is_released_sooner_with_more_sensitivity() -> None:
    first = [run(ip3_sensitivity=knob).spikes["IP3"].step[:1].tolist() for knob in (20, 80, 100)]
    assert first[0] == []
    assert first[1] > first[2]


def test_lava_refuses_it_by_rules() -> None:
    findings = neuro.check(LoihiAstrocyte(2).network, "lava")
    assert {finding.rule for finding in findings} >= {"lava-cell", "lava-graded"}


def test_mistakes_are_named() -> None:
    with pytest.raises(ParameterError, match="ip3_sensitivity: is 0"):
        LoihiAstrocyte(2, ip3_sensitivity=0)
    with pytest.raises(ParameterError, match="firing: is missing"):
        LoihiAstrocyte(2, window=300)
    with pytest.raises(ParameterError, match="window: is 609"):
        LoihiAstrocyte(2, window=609, firing=100)
    with pytest.raises(ParameterError, match="firing: is 357"):
        LoihiAstrocyte(2, window=300, firing=357)
