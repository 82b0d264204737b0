"""Any bytes from outside: under sanitisers nothing is written where it should not be.

A program with the network reads commands and answers with statuses and check sums.  What it hands
to the network lies in memory of exactly the size that it says, so that a byte too many ends it.
"""

from __future__ import annotations

import struct
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from neuro.backends.c.compiler import find_compiler
from neuro.ir.network import FLOAT64, Network
from neuro.resources import folder
from tests.firmware.api import PREFIX, Api, Status, firmware_of
from tests.firmware.networks import Event, events_by_step, everything, in_fixed_point, memory_demo

SIZES = {3: 8, 4: 3}
"""Cells of the sources of `everything` that take events."""
FLAGS = (
    *("-std=c99", "-g", "-O1", "-ffp-contract=off"),
    *("-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-fno-omit-frame-pointer"),
)
MAIN = """
#include <stdio.h>
#include <stdlib.h>
#include "tested.h"

static tested_net net;

static uint32_t word(void)
{
    uint32_t value = 0;
    return fread(&value, 1, 4, stdin) == 4 ? value : 0;
}

/* Memory of exactly `size` bytes, with what comes next. */
static void *bytes(uint32_t size)
{
    void *place = malloc(size);
    if (fread(place, 1, size, stdin) != size)
        exit(2);
    return place;
}

int main(void)
{
    int command;
    if (tested_init(&net) != NR_OK)
        return 1;
    while ((command = getchar()) != EOF) {
        const uint32_t first = word(), size = word();
        uint32_t count = first;
        const int steps = command == 's' || command == 'b', saves = command == 'v' || command == 'w';
        void *in = bytes(steps ? 4 * size : saves ? 0 : size);
        void *out = malloc(steps ? 4 * (size_t)(first - (command == 'b')) : size);
        int status = 0;
        if (steps)
            status = tested_step(&net, in, size, out, &count);
        else if (command == 'l')
            status = tested_load(&net, in, size);
        else if (command == 'k')
            status = tested_load_learnt(&net, in, size);
        else if (command == 'v')
            status = tested_save(&net, out, size);
        else if (command == 'w')
            status = tested_save_learnt(&net, out, size);
        printf("%d %u %u %d\\n", status, count, tested_check(&net), (int)tested_steps(&net));
        free(in);
        free(out);
    }
    return 0;
}
"""


@dataclass(frozen=True)
class Answer:
    """What the program says after a command."""

    status: Status
    count: int
    check: int
    steps: int


Program = Callable[[Sequence[bytes]], list[Answer]]


def build(place: Path, network: Network) -> Program:
    """The program with `network`, or a skip where there are no sanitisers."""
    compiler = find_compiler()
    if compiler is None:
        pytest.skip("there is no C compiler")
    firmware = firmware_of(network)
    for name, text in (("h", firmware.header), ("c", firmware.source)):
        (place / f"{PREFIX}.{name}").write_text(text)
    (place / "main.c").write_text(MAIN)
    include = ("-I", place, "-I", folder("deploy") / "runtime")
    files = (place / f"{PREFIX}.c", place / "main.c")
    command: list[Any] = [compiler, *FLAGS, *include, *files, "-o", place / "program"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if "asan" in done.stderr or "ubsan" in done.stderr:
        pytest.skip(f"{compiler.name} comes without sanitisers")
    assert done.returncode == 0, done.stderr
    return lambda commands: ask(place / "program", commands)


def ask(program: Path, commands: Sequence[bytes]) -> list[Answer]:
    done = subprocess.run([program], input=b"".join(commands), capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()[:2000]
    rows = [[int(word) for word in line.split()] for line in done.stdout.splitlines()]
    assert len(rows) == len(commands)
    return [Answer(Status(status), *rest) for status, *rest in rows]


def step(events: Sequence[Event], room: int = 100) -> bytes:
    pairs = b"".join(struct.pack("<HH", *event) for event in events)
    return b"s" + struct.pack("<II", room, len(events)) + pairs


def load(image: bytes, command: bytes = b"l") -> bytes:
    return command + struct.pack("<II", 0, len(image)) + image


def save(room: int, command: bytes = b"v") -> bytes:
    return command + struct.pack("<II", 0, room)


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Program:
    return build(tmp_path_factory.mktemp("fuzz"), everything())


fuzz = settings(
    max_examples=60, deadline=None, database=None, derandomize=True,
    suppress_health_check=list(HealthCheck),
)  # fmt: skip
words = st.integers(0, 65535)
near = st.tuples(st.sampled_from([3, 3, 3, 4, 0, 5]), st.integers(0, 9))
lists = st.lists(near, max_size=12, unique=True) | st.lists(
    near | st.tuples(words, words), max_size=400
)


def wanted(events: Sequence[Event]) -> Status:
    """The status that the first bad event gives."""
    for place, (source, cell) in enumerate(events):
        if source not in SIZES:
            return Status.BAD_SOURCE
        if cell >= SIZES[source] or (source, cell) in events[:place]:
            return Status.BAD_CELL
    return Status.OK


@fuzz
@given(steps=st.lists(lists, min_size=1, max_size=12))
@example(steps=[[(3, 0)] * 100_000])
@example(steps=[[(3, cell) for cell in range(8)]] * 12)
@example(steps=[[(65535, 65535)], [(0, 0)], [(3, 65535)]])
def test_any_list_of_events(program: Program, steps: list[list[Event]]) -> None:
    """A good one gives the bits of a build without sanitisers, a bad one changes nothing."""
    plain = Api(everything())
    for events, answer in zip(steps, program([step(e) for e in steps]), strict=True):
        assert answer.status is wanted(events)
        if answer.status is Status.OK:
            assert plain.step(events)[::2] == (Status.OK, answer.count)
        assert (answer.check, answer.steps) == (plain.check, plain.steps)


@fuzz
@given(rooms=st.lists(st.integers(0, 40), min_size=1, max_size=30))
def test_any_room(program: Program, rooms: list[int]) -> None:
    events = [(3, cell) for cell in range(8)]
    for room, answer in zip(rooms, program([step(events, room) for room in rooms]), strict=True):
        assert answer.status is (Status.NO_ROOM if answer.count > room else Status.OK)


@fuzz
@given(data=st.data(), kind=st.sampled_from([(b"l", "save"), (b"k", "save_learnt")]))
def test_any_saved_state(program: Program, data: st.DataObject, kind: tuple[bytes, str]) -> None:
    """Any bytes, and a good state with some bytes changed, cut or added."""
    api = Api(everything())
    api.idle(3)
    image = api.save(kind[1])
    changes = data.draw(st.dictionaries(st.integers(0, len(image) - 1), st.integers(1, 255)))
    length = data.draw(st.sampled_from([len(image), len(image), len(image) - 1, 20, 19, 0]))
    changed = bytes(byte ^ changes.get(k, 0) for k, byte in enumerate(image))[:length]
    given = data.draw(st.sampled_from([changed, changed, data.draw(st.binary(max_size=64))]))
    start, after = program([step([]), load(given, kind[0])])
    if given == image:
        assert after.status is Status.OK
    else:
        assert (after.status, after.check, after.steps) == (Status.BAD_IMAGE, start.check, 1)


@fuzz
@given(room=st.integers(0, 20_000), command=st.sampled_from([b"v", b"w"]))
def test_any_buffer_for_a_saved_state(program: Program, room: int, command: bytes) -> None:
    api = Api(everything())
    needed = api.state_size if command == b"v" else api.learnt_size
    (answer,) = program([save(room, command)])
    assert answer.status is (Status.OK if room >= needed else Status.NO_ROOM)


def test_a_write_outside_would_be_seen(program: Program) -> None:
    """The negative control: a step that is told of one place more than there is."""
    with pytest.raises(AssertionError, match="heap-buffer-overflow"):
        program([b"b" + step([(3, cell) for cell in range(8)], room=8)[1:]])


@pytest.mark.parametrize("name", ["memory", "everything in float64", "fixed point"])
def test_networks_run_without_undefined_behaviour(tmp_path: Path, name: str) -> None:
    """Every step gives the bits of a build without sanitisers."""
    network: Any
    if name == "memory":
        demo = memory_demo()
        network, events = demo.network, events_by_step(demo.network, dict(demo.inputs))
    else:
        source, network = (
            (2, in_fixed_point()) if name == "fixed point" else (3, everything(FLOAT64))
        )
        events = {k: [(source, k % 8)] for k in range(120)}
    program, plain = build(tmp_path, network), Api(network)
    steps = [events.get(k, []) for k in range(max(events) + 10)]
    for answer, taken in zip(program([step(e) for e in steps]), steps, strict=True):
        plain.step(taken)
        assert (answer.status, answer.check) == (Status.OK, plain.check)
