"""Saved states: a network goes on bit for bit, keeps what it learnt, and refuses what is damaged."""

from __future__ import annotations

import ctypes
import struct
from typing import Any

import pytest

import neuro
from neuro.backends.firmware.memory import LAST_STEP
from neuro.deploy.host_device import state_check
from neuro.models import CA3Memory
from tests.firmware.api import Api, Status
from tests.firmware.networks import Event, events_by_step, everything, memory_demo

GIVEN = 3
EVENTS: list[list[Event]] = [
    [(GIVEN, (3 * step + k) % 8) for k in range(step % 3)] for step in range(50)
]


@pytest.fixture(scope="module")
def network() -> Any:
    return everything()


# The complete state --------------------------------------------------------------------------------


@pytest.mark.parametrize("stop", [0, 1, 5, 9, 26, 40])
def test_a_loaded_state_goes_on_as_if_never_interrupted(network: Any, stop: int) -> None:
    """Trains of spikes and changes of currents, which lie at steps 0 to 40, go on too."""
    whole, first, second = Api(network), Api(network), Api(network)
    expected = whole.play(EVENTS)
    before = first.play(EVENTS[:stop])
    second.play(EVENTS[:7])  # something else, which is forgotten
    assert second.load(first.save()) is Status.OK
    assert second.steps == stop
    assert before + second.play(EVENTS[stop:]) == expected
    assert second.save() == whole.save()


def test_loading_goes_back_in_time(network: Any) -> None:
    api = Api(network)
    api.play(EVENTS[:10])
    image = api.save()
    expected = api.play(EVENTS[10:])
    assert api.load(image) is Status.OK
    assert api.play(EVENTS[10:]) == expected


def test_driven_currents_are_not_part_of_a_state(network: Any) -> None:
    one, other = Api(network), Api(network)
    for api in (one, other):
        api.drive(api.input("step_of_cells"), 0.4)
    one.idle(6)
    assert other.load(one.save()) is Status.OK
    assert other.idle(6) == one.idle(6)


def test_the_last_step_is_the_last(network: Any) -> None:
    api = Api(network)
    assert api.load(image_at(api, LAST_STEP - 1)) is Status.OK
    assert api.step()[0] is Status.OK
    before = api.save()
    assert api.step([(GIVEN, 1)]) == (Status.STEP_LIMIT, [], 0)
    assert (api.steps, api.save()) == (LAST_STEP, before)
    assert api.call("reset") is Status.OK
    assert api.step()[0] is Status.OK


def test_spikes_after_the_last_step_do_not_come_early() -> None:
    """Steps are 32 bits wide there, in which 2**32 + 1 would be 1."""
    net = neuro.NetworkBuilder(dt=1.0, name="late")
    net.population(1, neuro.SpikeSourceArray([3.0, 2.0**32 + 1, 2.0**32 + 5]), label="late")
    cells = net.population(1, neuro.LIF(), label="cells")
    net.inject(neuro.StepCurrentSource([2.0, 2.0**32 + 4], [0.5, 9.0]), cells, port="input")
    api = Api(net.build())
    assert [step for step, spikes in enumerate(api.idle(8)) if (1, 0) in spikes] == [3]
    assert ", 1u}" in api.firmware.source
    assert ".changes = 1u" in api.firmware.source


def image_at(api: Api, step: int) -> bytes:
    """The state of `api`, as if it had done so many steps."""
    image = api.save()
    magic, identity, size, *_ = struct.unpack_from("<IIIIi", image)
    state = image[20:]
    return struct.pack("<IIIIi", magic, identity, size, state_check(state, step), step) + state


# What was learnt -----------------------------------------------------------------------------------


def recall(api: Api, cue: int = 0) -> set[int]:
    """Content that a memory at rest gives for a cue."""
    names = api.sources
    api.idle(15)
    found = api.play([[(names.index("InCue"), cue)], *[()] * 14])
    return {cell for spikes in found for source, cell in spikes if names[source] == "OutCont"}


@pytest.fixture(scope="module")
def taught() -> tuple[Api, bytes]:
    """A memory that has learnt cue 0, and what it learnt."""
    experiment = memory_demo()
    api = Api(experiment.network)
    events = events_by_step(experiment.network, dict(experiment.inputs))
    api.play(events.get(step, []) for step in range(20))
    return api, api.save("save_learnt")


def test_memories_survive_a_reset(taught: tuple[Api, bytes]) -> None:
    api, learnt = taught
    assert recall(api) == {0, 1, 8, 9}
    assert api.call("reset") is Status.OK
    assert recall(api) == set()
    assert api.call("reset") is Status.OK
    assert api.load(learnt, "load_learnt") is Status.OK
    assert api.steps == 0
    assert recall(api) == {0, 1, 8, 9}


def test_only_what_was_learnt_is_loaded(network: Any) -> None:
    """Cells, delays, traces and the step stay as they are."""
    one, other = Api(network), Api(network)
    one.play(EVENTS[:30])
    other.play(EVENTS[:12])
    before = variables(other)
    assert other.load(one.save("save_learnt"), "load_learnt") is Status.OK
    assert other.steps == 12
    after, source = variables(other), variables(one)
    changed = {name for name in after if after[name] != before[name]}
    learnt = {v.name for v in one.firmware.static.memory.variables if v.part == "weights"}
    assert {"w_stdp", "w_calcium", "ca_calcium"} <= changed <= learnt
    assert all(after[name] == source[name] for name in changed)


def variables(api: Api) -> dict[str, bytes]:
    """Bytes of each variable."""
    found, place, state = {}, 20, api.save()
    for v in api.firmware.static.memory.variables:
        found[v.name] = state[place : place + v.nbytes]
        place += v.nbytes
    return found


def test_without_plasticity_nothing_is_learnt() -> None:
    net = neuro.NetworkBuilder(dt=1.0, name="plain")
    net.population(2, neuro.LIF(), label="cells")
    api = Api(net.build())
    assert api.learnt_size == 20
    assert api.load(api.save("save_learnt"), "load_learnt") is Status.OK


# Too small, foreign, damaged -----------------------------------------------------------------------

KINDS = [("save", "load"), ("save_learnt", "load_learnt")]


@pytest.mark.parametrize(("save", "_load"), KINDS)
def test_a_buffer_that_is_too_small_is_not_written(network: Any, save: str, _load: str) -> None:
    api = Api(network)
    size = len(api.save(save))
    for room in (0, 19, 20, size - 1):
        buffer = ctypes.create_string_buffer(b"\xaa" * (size + 1), size + 1)
        assert api.call(save, buffer, room) is Status.NO_ROOM
        assert buffer.raw == b"\xaa" * (size + 1)
    assert api.call(save, buffer, size) is Status.OK
    assert buffer.raw[size:] == b"\xaa"


def damaged(image: bytes) -> dict[str, bytes]:
    """Images that are not quite `image`."""
    found = {f"byte {k}": flipped(image, k) for k in (*range(20), 20, len(image) // 2, -1)}
    found["cut"] = image[:-1]
    found["cut in the header"] = image[:19]
    found["nothing"] = b""
    return found


def flipped(image: bytes, place: int) -> bytes:
    changed = bytearray(image)
    changed[place] ^= 0x10
    return bytes(changed)


@pytest.mark.parametrize(("save", "load"), KINDS)
def test_a_damaged_state_is_refused_and_changes_nothing(network: Any, save: str, load: str) -> None:
    source, api = Api(network), Api(network)
    source.play(EVENTS[:20])
    api.play(EVENTS[:5])
    before = api.save()
    for what, image in damaged(source.save(save)).items():
        assert api.load(image, load) is Status.BAD_IMAGE, what
        assert (api.steps, api.save()) == (5, before), what


def test_a_negative_step_is_refused(network: Any) -> None:
    api = Api(network)
    assert api.load(image_at(api, -1)) is Status.BAD_IMAGE


@pytest.mark.parametrize(("save", "load"), KINDS)
@pytest.mark.parametrize("other", ["kind", "network", "seed"])
def test_a_state_of_something_else_is_refused(save: str, load: str, other: str) -> None:
    """Networks of one shape whose weights differ, and one network from another seed."""
    api, foreign = Api(small(0.5)), Api(small(0.6))
    image = {
        "kind": lambda: api.save(KINDS[save == "save"][0]),
        "network": lambda: foreign.save(save),
        "seed": lambda: Api(small(0.5), seed=1).save(save),
    }[other]()
    before = api.save()
    assert api.load(image, load) is Status.BAD_IMAGE
    assert api.save() == before


def small(weight: float) -> Any:
    net = neuro.NetworkBuilder(dt=1.0, name="small")
    cells = net.population(3, neuro.LIF(), label="cells")
    synapse = neuro.PairSTDP(weight=weight, w_min=0.0, w_max=1.0, A_plus=0.1, A_minus=0.1)
    net.projection(cells, cells, neuro.AllToAllConnector(), synapse)
    return net.build()


def test_a_larger_buffer_may_hold_a_state(network: Any) -> None:
    api = Api(network)
    assert api.load(api.save() + b"more") is Status.OK


def test_a_memory_of_the_paper_fits_a_small_page_of_flash() -> None:
    api = Api(CA3Memory(cues=5, content=10).network)
    assert api.learnt_size == 20 + 4 * 2 * 5 * 10
