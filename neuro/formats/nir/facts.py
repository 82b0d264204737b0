"""What a model knows beside its network, as plain data for the sidecar."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

from neuro.formats.nir.build import Built
from neuro.formats.nir.profiles import Conventions
from neuro.formats.nir.sidecar import Restored
from neuro.formats.nir.write import Written
from neuro.ir.network import Network


def facts_of(built: Built) -> dict[str, Any]:
    """The facts of a model that was imported."""
    return {
        "latency": dict(built.latency),
        "shapes": {name: list(shape) for name, shape in built.shapes.items()},
        "names": dict(built.names),
        "inputs": list(built.inputs),
        "outputs": dict(built.outputs),
        "coding": built.coding,
        "conventions": asdict(built.conventions),
    }


def facts_from(network: Network, written: Written) -> dict[str, Any]:
    """The facts of a network that comes from elsewhere, as its graph has them."""
    relays = [p.name for p in network.populations if p.cell.name == "nir_input"]
    return {
        "latency": dict(written.latency),
        "shapes": {name: list(shape) for name, shape in written.shapes.items()},
        "names": {name: name for name in network.sources},
        "inputs": list(written.inputs),
        "outputs": dict(written.outputs),
        "coding": "values" if relays else "spikes",
        "conventions": asdict(Conventions(dt=network.dt)),
    }


def built_from(restored: Restored, name: str | None = None) -> Built:
    """A model from what a sidecar holds."""
    facts: Mapping[str, Any] = restored.facts
    network = restored.network if name is None else replace(restored.network, name=name)
    return Built(
        network=network,
        latency=facts["latency"],
        shapes={key: tuple(shape) for key, shape in facts["shapes"].items()},
        names=facts["names"],
        inputs=tuple(facts["inputs"]),
        outputs=facts["outputs"],
        coding=facts["coding"],
        findings=(),
        conventions=Conventions(**facts["conventions"]),
    )
