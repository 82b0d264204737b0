"""The C functions of an exported network: what they do, and each status that they give."""

from __future__ import annotations

import ctypes
import re
from typing import Any

import numpy as np
import pytest

from neuro.deploy.device import STATUS
from neuro.models import CA3Memory
from neuro.resources import folder
from tests.firmware.api import Api, Status, address, byref
from tests.firmware.networks import Event, everything

GIVEN, PLAYED, NOISY = 3, 4, 0
"""Numbers of sources of `everything`."""

EVENTS: list[list[Event]] = [
    [(GIVEN, k % 8) for k in range(step % 3, 8, 3)] + ([(PLAYED, 1)] if step % 7 == 2 else [])
    for step in range(30)
]
"""Spikes for 30 steps."""


@pytest.fixture(scope="module")
def network() -> Any:
    return everything()


@pytest.fixture
def api(network: Any) -> Api:
    return Api(network)


@pytest.fixture(scope="module")
def expected(network: Any) -> tuple[list[list[Event]], int]:
    """Spikes and check sum of a run that nothing interrupts."""
    api = Api(network)
    spikes = api.play(EVENTS)
    assert sum(map(len, spikes)) > 200
    return spikes, api.check


# What the header says ------------------------------------------------------------------------------


def test_statuses_are_those_of_the_header() -> None:
    text = (folder("deploy") / "runtime" / "neuro.h").read_text()
    declared = {name: int(value) for name, value in re.findall(r"NR_(\w+) = (\d+)", text)}
    assert declared == {status.name: status.value for status in Status}
    assert len(STATUS) == len(Status)


def test_the_header_names_sources_currents_and_sizes(api: Api) -> None:
    text = api.firmware.header
    found = {name: int(value) for name, value in re.findall(r"TESTED_(\w+)(?: =)? (\d+)", text)}
    sizes = {"MAX_OUT": 88, "STATE_SIZE": api.state_size, "LEARNT_SIZE": api.learnt_size}
    sources = {"noisy": 0, "cells": 1, "glia": 2, "given": 3, "played": 4}
    assert found == sources | {"step_of_cells": 1, "reward": 2} | sizes


def test_max_out_is_room_for_all_that_can_spike(api: Api) -> None:
    """40 noisy cells, 37 others and 11 inputs; the astrocyte never spikes."""
    status, spikes, count = api.step(EVENTS[0], room=40 + 37 + 11)
    assert (status, count) == (Status.OK, len(spikes))


# init, reset, steps, check -------------------------------------------------------------------------


def test_steps_counts_steps(api: Api) -> None:
    assert api.steps == 0
    api.play(EVENTS[:4])
    assert api.steps == 4


def test_the_check_sum_follows_the_state(network: Any) -> None:
    one, other = Api(network), Api(network)
    assert one.check == other.check
    before = one.check
    one.step(EVENTS[0])
    assert one.check != before
    other.step(EVENTS[0])
    assert one.check == other.check


@pytest.mark.parametrize("function", ["reset", "init"])
def test_after_a_reset_all_is_as_at_the_start(
    network: Any, expected: tuple[list[list[Event]], int], function: str
) -> None:
    api, fresh = Api(network), Api(network)
    api.play([[(GIVEN, 0)]] * 45)
    assert api.drive(api.input("step_of_cells"), 0.3) is Status.OK
    api.idle(2)
    assert api.call(function) is Status.OK
    assert (api.steps, api.save()) == (0, fresh.save())
    assert (api.play(EVENTS), api.check) == expected


def test_two_handles_are_one_network(api: Api) -> None:
    second = ctypes.c_uint32(0)
    api.step()
    assert api.function("init")(byref(second)) == Status.OK
    assert api.steps == 0


# step ----------------------------------------------------------------------------------------------


def test_the_order_of_events_does_not_matter(
    network: Any, expected: tuple[list[list[Event]], int]
) -> None:
    api = Api(network)
    backwards = [list(reversed(events)) for events in EVENTS]
    assert (api.play(backwards), api.check) == expected


def test_given_spikes_come_out_too_once_if_the_source_fires_them_itself(api: Api) -> None:
    """The source ``played`` fires cell 2 at step 0 by itself."""
    _, spikes, _ = api.step([(PLAYED, 2), (GIVEN, 5)])
    assert [event for event in spikes if event[0] >= GIVEN] == [(GIVEN, 5), (PLAYED, 2)]


def test_spikes_come_out_by_source_then_cell(expected: tuple[list[list[Event]], int]) -> None:
    assert all(found == sorted(set(found)) for found in expected[0])


def test_too_little_room_loses_spikes_but_counts_them(
    network: Any, expected: tuple[list[list[Event]], int]
) -> None:
    api, few = Api(network), 0
    for events, whole in zip(EVENTS, expected[0], strict=True):
        status, spikes, count = api.step(events, room=3)
        assert (spikes, count) == (whole[:3], len(whole))
        assert status is (Status.NO_ROOM if len(whole) > 3 else Status.OK)
        few += len(whole) > 3
    assert few > 10
    assert api.check == expected[1]


def test_nobody_needs_to_look_at_the_spikes(
    network: Any, expected: tuple[list[list[Event]], int]
) -> None:
    api = Api(network)
    for events in EVENTS:
        given = np.array(events, np.uint16).reshape(-1, 2)
        assert api.call("step", address(given), len(given), None, None) is Status.OK
    assert api.check == expected[1]


BAD: dict[str, tuple[list[Event], Status]] = {
    "a population": ([(NOISY, 0)], Status.BAD_SOURCE),
    "no source": ([(5, 0)], Status.BAD_SOURCE),
    "far beyond": ([(65535, 65535)], Status.BAD_SOURCE),
    "no cell": ([(GIVEN, 8)], Status.BAD_CELL),
    "no cell, far": ([(PLAYED, 65535)], Status.BAD_CELL),
    "the same twice": ([(GIVEN, 1), (PLAYED, 1), (GIVEN, 1)], Status.BAD_CELL),
    "the last is bad": ([(GIVEN, 7), (PLAYED, 0), (GIVEN, 0), (NOISY, 1)], Status.BAD_SOURCE),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_event_is_refused_and_changes_nothing(
    network: Any, expected: tuple[list[list[Event]], int], name: str
) -> None:
    api = Api(network)
    events, wanted = BAD[name]
    spikes = api.play(EVENTS[:11])
    before = api.save()
    assert api.step(events) == (wanted, [], 0)
    assert api.save() == before
    assert (spikes + api.play(EVENTS[11:]), api.check) == expected


# drive ---------------------------------------------------------------------------------------------


def test_a_driven_current_replaces_the_schedule_until_reset(network: Any) -> None:
    driven, own = Api(network), Api(network)
    place = driven.input("step_of_cells")
    for step in range(40):  # the schedule by hand
        if step in (0, 5, 25):
            value = {0: 0.0, 5: 0.2, 25: 0.05}[step]
            assert driven.drive(place, value) is Status.OK
        assert driven.step() == own.step()
    assert driven.check == own.check
    driven.drive(place, 3.0)
    assert driven.idle(3) != own.idle(3)


def test_a_current_per_cell_equals_one_for_all(network: Any) -> None:
    one, each = Api(network), Api(network)
    place = one.input("step_of_cells")
    assert one.drive(place, 0.25) is Status.OK
    assert each.drive(place, np.full(37, 0.25)) is Status.OK
    assert one.idle(5) == each.idle(5)
    assert one.check == each.check
    assert each.drive(place, np.linspace(0, 1, 37)) is Status.OK
    assert one.idle(5) != each.idle(5)


@pytest.mark.parametrize(
    ("place", "count"),
    [(0, 1), (3, 1), (2**32 - 1, 1), (1, 0), (1, 2), (1, 36), (1, 38)],
    ids=["a Poisson input", "none", "far", "no value", "two values", "one too few", "one too many"],
)
def test_what_is_no_current_or_does_not_fit_it_is_refused(api: Api, place: int, count: int) -> None:
    before = api.save()
    values = np.full(64, 9.0, np.float32)
    assert api.call("drive", place, address(values), count) is Status.BAD_INPUT
    assert (api.save(), api.play(EVENTS[:9])) == (before, Api(everything()).play(EVENTS[:9]))


def test_a_network_without_currents_has_no_drive() -> None:
    assert "drive" not in Api(CA3Memory(cues=2, content=3).network).firmware.header


# Pointers and handles ------------------------------------------------------------------------------

VALUE = np.ones(64, np.float32)
IMAGE = ctypes.create_string_buffer(1 << 16)
CALLS: dict[str, tuple[Any, ...]] = {
    "init": (),
    "reset": (),
    "step": (None, 0, None, None),
    "drive": (1, address(VALUE), 1),
    "save": (IMAGE, 1 << 16),
    "load": (IMAGE, 1 << 16),
    "save_learnt": (IMAGE, 1 << 16),
    "load_learnt": (IMAGE, 1 << 16),
}


@pytest.mark.parametrize("function", CALLS)
def test_without_a_handle_nothing_is_done(api: Api, function: str) -> None:
    assert api.function(function)(None, *CALLS[function]) == Status.NULL


@pytest.mark.parametrize("function", [name for name in CALLS if name != "init"])
def test_a_handle_must_be_initialised(network: Any, function: str) -> None:
    api = Api(network, ready=False)
    assert api.call(function, *CALLS[function]) is Status.NOT_READY


def test_steps_and_check_of_no_network_are_0(api: Api, network: Any) -> None:
    assert [api.function(name)(None) for name in ("steps", "check")] == [0, 0]
    assert (Api(network, ready=False).steps, Api(network, ready=False).check) == (0, 0)


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        ("step", (None, 1, None, None)),
        ("step", (None, 0, None, byref(ctypes.c_uint32(1)))),
        ("drive", (1, None, 1)),
        ("save", (None, 1 << 16)),
        ("load", (None, 1 << 16)),
        ("save_learnt", (None, 1 << 16)),
        ("load_learnt", (None, 1 << 16)),
    ],
)
def test_a_pointer_that_is_needed(api: Api, function: str, arguments: tuple[Any, ...]) -> None:
    before = api.save()
    assert api.call(function, *arguments) is Status.NULL
    assert api.save() == before


def test_no_spikes_are_reported_when_no_step_was_done(network: Any) -> None:
    assert Api(network, ready=False).step() == (Status.NOT_READY, [], 0)
