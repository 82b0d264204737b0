"""The provenance says what ran, and survives a file."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime

import numpy as np

import neuro
from neuro.recording.provenance import Provenance, machine, versions
from tests.simulation.runs import plastic_network


def test_it_survives_json() -> None:
    given = Provenance(network="n", seed=2**64 - 1, engine={"threads": "2"}, wall={"run": 0.25})
    assert Provenance.from_json(given.to_json()) == given


def test_fields_of_later_versions_are_left_out() -> None:
    text = json.dumps({**asdict(Provenance(seed=7)), "planet": "earth"})
    assert Provenance.from_json(text) == Provenance(seed=7)


def test_a_run_says_what_it_was() -> None:
    network = plastic_network(traces=False)
    provenance = neuro.simulate(network, 5, backend="c", options={"threads": 1}).provenance
    assert provenance.network == "plastic"
    assert provenance.network_hash == network.content_hash
    assert (provenance.backend, provenance.device, provenance.reason) == ("c", "host", "")
    assert (provenance.dt, provenance.seed, provenance.number_format) == (1e-3, 3, "float32")
    assert provenance.engine["threads"] == "1"
    assert provenance.engine["compiler"]
    assert provenance.completed
    assert datetime.fromisoformat(provenance.started).tzinfo is not None
    assert provenance.wall["build"] > 0
    assert provenance.wall["run"] > 0


def test_versions_are_those_that_run() -> None:
    assert versions()["numpy"] == np.__version__
    assert set(machine()) == {"architecture", "system"}
