"""A framework's own spikes against ours, step for step; and what a difference must come from.

Sums over synapses may be rounded in another order.  A spike that differs is accepted only if

- nothing that the neuron has heard until then differs,
- its own threshold, moved by a few units in the last place, gives the framework's spike in that step, and
- in double precision the framework and we agree in every spike.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, TypeAlias

import numpy as np
import pytest
from numpy.typing import NDArray

import neuro
from neuro.errors import UnsupportedError

Spikes: TypeAlias = Mapping[str, NDArray[Any]]
ULPS = (1, 2, 4, 8, 16, 32, 64)
"""How far a threshold is moved: a sum of several terms, and what decays of it, is off by as much."""

BACKENDS = ("reference", "c")
NOT_IN_NIR = ("snntorch_Alpha", "spyx_ALIF")


def compare(
    model: neuro.NIRModel,
    values: NDArray[Any],
    theirs: Spikes,
    in_double: Callable[[], tuple[neuro.NIRModel, Spikes]],
    backends: tuple[str, ...] = BACKENDS,
) -> int:
    """Compare all layers on all backends; returns how many spikes there were.

    `in_double` gives the model and the framework's spikes in double precision.
    """
    found = [ours_of(model, values, theirs, backend) for backend in backends]
    for ours in found[1:]:
        for name in theirs:
            np.testing.assert_array_equal(ours[name], found[0][name], err_msg=name)
    if not equal(found[0], theirs):
        explain(model, values, theirs, found[0])
        double, expected = in_double()
        assert double.network.format == neuro.FLOAT64
        assert equal(ours_of(double, values, expected, "reference"), expected), "differs in double"
    return int(sum(spikes.sum() for spikes in theirs.values()))


def ours_of(
    model: neuro.NIRModel, values: NDArray[Any], like: Spikes, backend: str, **options: Any
) -> dict[str, NDArray[Any]]:
    """Our spikes of the layers in `like`: shape (steps, cells)."""
    recording = model.simulate(values, backend=backend, options=options)
    found = {}
    for name, spikes in like.items():
        data = recording.spikes[model.names[name]]
        found[name] = np.zeros(spikes.shape, bool)
        found[name][data.step, data.index] = True
    return found


def same_membranes(
    model: neuro.NIRModel, values: NDArray[Any], theirs: Mapping[str, NDArray[Any]]
) -> None:
    """Membranes agree in every bit; for networks whose sums are exact in any order."""
    for backend in BACKENDS:
        traces = model.simulate(values, backend=backend, record=theirs).traces
        for name, expected in theirs.items():
            found = traces[model.names[name]]["v"].values
            assert found.dtype == expected.dtype
            np.testing.assert_array_equal(found, expected, err_msg=f"{name} on {backend}")


def round_trip(model: neuro.NIRModel) -> None:
    """Network to NIR and back is the identity, weights bit for bit; or NIR has no such cell."""
    names = {population.cell.name for population in model.network.populations}
    lacking = [name for name in names if name.startswith(NOT_IN_NIR)]
    if lacking:
        with pytest.raises(UnsupportedError, match=lacking[0]):
            neuro.to_nir(model)
        return
    again = neuro.from_nir(neuro.to_nir(model).graph)
    assert again.network == model.network
    assert (again.latency, again.outputs) == (model.latency, model.outputs)
    for before, after in zip(model.network.projections, again.network.projections, strict=True):
        assert np.asarray(before.weight).tobytes() == np.asarray(after.weight).tobytes()


def equal(a: Spikes, b: Spikes) -> bool:
    return all(np.array_equal(a[name], b[name]) for name in b)


def explain(model: neuro.NIRModel, values: NDArray[Any], theirs: Spikes, ours: Spikes) -> None:
    """Fail unless the first spike that differs hangs on the last bits of one sum."""
    step, name, cell = first_difference(ours, theirs)
    for ulps in ULPS:
        for direction in (-1, 1):
            moved = with_threshold_moved(model, name, cell, direction * ulps)
            if agrees_until(ours_of(moved, values, theirs, "reference"), theirs, name, cell, step):
                return
    msg = f"{name!r}: cell {cell} differs in step {step}, by more than rounding"
    raise AssertionError(msg)


def first_difference(ours: Spikes, theirs: Spikes) -> tuple[int, str, int]:
    """The earliest step, then the first layer, then the first cell."""
    places = [
        (int(step), order, int(cell), name)
        for order, name in enumerate(theirs)
        for step, cell in np.argwhere(ours[name] != theirs[name])[:1]
    ]
    step, _, cell, name = min(places)
    return step, name, cell


def with_threshold_moved(model: neuro.NIRModel, name: str, cell: int, ulps: int) -> neuro.NIRModel:
    """`model` with the threshold of one cell moved by some units in the last place."""
    network = model.network
    (place,) = (i for i, p in enumerate(network.populations) if p.name == model.names[name])
    population = network.populations[place]
    given = np.asarray(population.parameters["threshold"], np.float32)
    threshold = np.array(np.broadcast_to(given, population.size))
    for _ in range(abs(ulps)):
        threshold[cell] = np.nextafter(threshold[cell], np.float32(np.inf * np.sign(ulps)))
    changed = replace(population, parameters={**population.parameters, "threshold": threshold})
    populations = (*network.populations[:place], changed, *network.populations[place + 1 :])
    return neuro.NIRModel(replace(model.built, network=replace(network, populations=populations)))


def agrees_until(ours: Spikes, theirs: Spikes, name: str, cell: int, step: int) -> bool:
    """Equal in all steps before, and in this step up to this layer's cell."""
    if any(not np.array_equal(ours[k][:step], theirs[k][:step]) for k in theirs):
        return False
    for layer in theirs:
        last = cell + 1 if layer == name else None
        if not np.array_equal(ours[layer][step][:last], theirs[layer][step][:last]):
            return False
        if layer == name:
            return True
    return False
