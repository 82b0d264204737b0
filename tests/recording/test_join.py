"""Recordings of one session can be joined."""

from __future__ import annotations

from dataclasses import replace

import pytest

import neuro
from neuro.errors import ParameterError
from neuro.recording.join import join
from tests.recording.samples import assert_same, sample
from tests.simulation.runs import plastic_network


def test_pieces_of_a_session_join_to_the_whole() -> None:
    network = plastic_network()
    with neuro.Session(network, backend="c") as session:
        pieces = [session.run(count) for count in (100, 0, 7, 93)]
    assert_same(join(pieces), neuro.simulate(network, 200, backend="c"))


def test_one_recording_stays_what_it_is() -> None:
    assert_same(join([sample()]), sample())


def test_a_gap_is_refused() -> None:
    with pytest.raises(ParameterError, match="one ends at step 50, the next starts at step 60"):
        join([sample(0), sample(60)])


def test_nothing_cannot_be_joined() -> None:
    with pytest.raises(ParameterError, match="there are no recordings"):
        join([])


def test_recordings_of_different_networks_are_refused() -> None:
    other = replace(sample(50), provenance=replace(sample().provenance, network_hash="xyz"))
    with pytest.raises(ParameterError, match="of different networks"):
        join([sample(0), other])
