"""The memory as people use it: random operations, sizes, preloading, gate, and what must fail."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import pytest

import neuro
from neuro.errors import NeuroError
from neuro.ir.declare import trace
from neuro.ir.network import Network
from neuro.models import CA3Memory
from neuro.models.ca3.memory import CA3Session
from neuro.models.ca3.operations import SAFE_SPACING, random_operations, wrong_answers


def wrong(memory: CA3Memory, count: int, *, spacing: int = 14, seed: int = 0) -> list[str]:
    """Kinds of those of `count` random operations that were answered wrongly."""
    operations = random_operations(memory.cues, memory.content, count, spacing=spacing, seed=seed)
    steps = operations[-1].step + 14
    recording = neuro.simulate(memory.network, steps, inputs=memory.inputs(operations), backend="c")
    return [operation.kind for operation in wrong_answers(operations, recording)]


@pytest.mark.parametrize("size", [(5, 10), (16, 16), (64, 128)])
def test_two_hundred_random_operations_are_all_right_14_ms_apart(size: tuple[int, int]) -> None:
    memory = CA3Memory(*size)
    assert wrong(memory, 200) == []


@pytest.mark.parametrize("size", [(5, 10), (16, 16), (32, 32), (48, 48), (64, 128)])
def test_long_random_sequences_are_all_right_at_the_safe_spacing(size: tuple[int, int]) -> None:
    memory = CA3Memory(*size)
    for seed in (1, 2):
        assert wrong(memory, 1000, seed=seed, spacing=SAFE_SPACING) == []


def test_at_14_ms_leaks_add_up_over_a_long_sequence_and_some_searches_go_wrong() -> None:
    memory = CA3Memory(16, 16)
    kinds = wrong(memory, 2000)
    assert set(kinds) == {"recall_content"}
    assert len(kinds) < 100


def test_a_memory_of_256_cues_and_512_bits() -> None:
    memory = CA3Memory(256, 512)
    assert wrong(memory, 60, seed=1) == []


def test_the_closest_spacing_is_too_close_for_searching() -> None:
    memory = CA3Memory(5, 10)
    kinds = wrong(memory, 200, spacing=7)
    assert kinds.count("recall_content") > 10
    assert kinds.count("recall_cue") <= 1


def test_the_form_goes_by_the_number_of_bits() -> None:
    assert CA3Memory(3, 48).network == CA3Memory(3, 48, form="spinnaker").network
    assert CA3Memory(3, 49).network == CA3Memory(3, 49, form="delta").network


@pytest.mark.parametrize(("bits", "forgets"), [(48, True), (64, False)])
def test_the_cells_of_the_paper_forget_up_to_48_bits(bits: int, forgets: bool) -> None:
    with CA3Memory(3, bits, form="spinnaker").open() as session:
        session.learn(0, set(range(bits)))
        session.learn(0, set(range(bits - 1)))
        found = session.recall(cue=0), session.recall(content={bits - 1})
    assert (found == (set(range(bits - 1)), set())) is forgets


# What must fail, so that nobody changes the semantics unseen


def with_strict_depression(network: Network) -> Network:
    """`network` in which a post spike depresses only from the step after its arrival on."""
    rule = neuro.PairSTDP().synapse_type
    late = trace(
        "x_post : 1\n fresh : 1",
        on_spike="fresh = fresh + 1",
        each_step="x_post = decay_minus * (x_post + fresh); fresh = 0",
    )
    strict = replace(rule, name="strict", post=late)
    projections = tuple(
        replace(p, synapse=strict) if p.synapse == rule else p for p in network.projections
    )
    return replace(network, projections=projections)


def test_depression_without_the_tie_forgets_nothing() -> None:
    memory = CA3Memory(5, 10)
    memory.network = with_strict_depression(memory.network)
    assert wrong(memory, 200).count("recall_cue") > 20


@pytest.mark.parametrize("amplitude", [5.5, 6.5, 36.0])
def test_the_amplitude_must_be_that_of_the_board(amplitude: float) -> None:
    memory = CA3Memory(5, 10, amplitude=amplitude)
    assert wrong(memory, 200).count("recall_content") > 5


# Sessions


def test_a_session_learns_recalls_searches_and_forgets() -> None:
    with CA3Memory(cues=5, content=10).open() as session:
        assert session.learn(0, {0, 1, 8, 9}) == {0, 1, 8, 9}
        assert session.learn(3, {4, 8}) == {4, 8}
        assert session.recall(cue=0) == {0, 1, 8, 9}
        assert session.recall(content={8}) == {0, 3}
        assert session.learn(3, {5}) == {5}
        assert session.recall(cue=3) == {5}
        assert session.recall(content={8}) == {0}
        assert session.recall(cue=1) == set()
        assert session.recall(content={7}) == set()
    assert session.recording.steps == 9 * SAFE_SPACING


def test_a_session_can_be_slower_than_the_safe_spacing() -> None:
    with CA3Memory(3, 4).open(spacing=30, backend="reference") as session:
        session.learn(2, {0, 3})
        assert session.recall(cue=2) == {0, 3}
        assert session.session.step == 60


@pytest.mark.parametrize("backend", ["reference", "c", "numba"])
def test_memories_can_be_loaded_beforehand(backend: str) -> None:
    memory = CA3Memory(4, 6, memories={0: {1, 2}, 3: {2, 5}})
    with memory.open(backend=backend) as session:
        assert session.recall(cue=3) == {2, 5}
        assert session.recall(content={2}) == {0, 3}
        session.learn(3, {0})
        assert session.recall(content={2}) == {0}


def search_twice(session: CA3Session) -> set[int]:
    """Learn two contents, search by a bit of each again and again, and search for one of them."""
    session.learn(0, {0, 1})
    session.learn(1, {2, 3})
    for _ in range(3):
        session.recall(content={1, 2})
    return session.recall(content={1})


def test_searching_by_two_bits_mixes_memories_up_and_the_gate_prevents_it() -> None:
    with CA3Memory(5, 10).open() as plain, CA3Memory(5, 10, gate=True).open() as gated:
        assert search_twice(plain) == {0, 1}
        assert search_twice(gated) == {0}


@pytest.mark.parametrize(
    ("do", "words"),
    [
        (lambda: CA3Memory(0, 10), "CA3Memory, cues: is 0"),
        (lambda: CA3Memory(5, 10, memories={7: {1}}), "there is no cue 7. Cues are 0 to 4"),
        (lambda: CA3Memory(5, 10, memories={1: {10}}), "there is no bit 10. Bits are 0 to 9"),
        (lambda: CA3Memory(5, 10).open(spacing=5), "Learning takes 7 steps"),
        (lambda: CA3Memory(5, 10, form="reduced"), "there is no form 'reduced'"),  # type: ignore[arg-type]
        (lambda: CA3Memory(5, 10).open(backend="reference").learn(5, {1}), "there is no cue 5"),
        (lambda: CA3Memory(5, 10).open(backend="reference").learn(1, set()), "the content is empty"),
        (lambda: CA3Memory(5, 10).open(backend="reference").recall(), "either a cue or a content"),
        (lambda: CA3Memory(5, 10).open(backend="reference").recall(cue=-1), "there is no cue -1"),
    ],
)  # fmt: skip
def test_wrong_use_is_explained(do: Callable[[], object], words: str) -> None:
    with pytest.raises(NeuroError, match=re.escape(words)):
        do()
