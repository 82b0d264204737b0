"""The language model with astrocytes: one token at a time, trained, written, and as a network."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

import neuro
from neuro.cli.app import app
from neuro.errors import FileFormatError, ParameterError, UnsupportedError
from neuro.models.astro_lm import AstroLM, BlockState, FastWeights, Shape
from neuro.models.astro_lm_run import TextWriter, load_lm, save_lm
from neuro.models.astro_lm_training import CharacterLSTM, task_of, training
from neuro.models.spec import load_model
from neuro.training.command import train_task
from neuro.training.text import Vocabulary

LETTERS = "abcdefgh "
SMALL = {"width": 16, "cells": 24, "astrocytes": 3, "heads": 2, "blocks": 2}


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """Such small products are slower on many threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def small(seed: int = 0, **change: int) -> AstroLM:
    model = AstroLM(Shape(vocabulary=len(LETTERS), **SMALL | change), Vocabulary(LETTERS), seed)
    with torch.no_grad():  # currents that make cells spike
        for block in model.blocks:
            block.project.weight.mul_(4.0)
            block.rise.weight.mul_(4.0)
    return model


def text(tokens: int, batch: int = 2) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    return {"text": torch.randint(len(LETTERS), (tokens, batch, 1), generator=generator)}


def sizes(state: tuple[BlockState, ...]) -> list[int]:
    found = []
    for block in state:
        found += [block.weights.numel(), block.calcium.numel()]
        for own in (block.encoder, block.unit):
            parts = (own.cells, own.refractory, own.history, own.rings, own.graded)
            found += [value.numel() for part in parts for value in part.values()]
    return found


@pytest.mark.parametrize("astrocytes", [0, 3])
@torch.no_grad()
def test_token_by_token_gives_the_logits_of_the_whole_text_in_constant_memory(
    astrocytes: int,
) -> None:
    model, given = small(astrocytes=astrocytes), text(24)
    whole = model(given)
    assert all(0.02 < rate < 0.9 for rate in model.rates(whole).values())
    state, logits, held = None, [], []
    for token in given["text"]:
        made = model({"text": token[None]}, state)
        state = made.state
        logits.append(made.logits)
        held.append(sizes(state))
    torch.testing.assert_close(torch.cat(logits), whole.logits, rtol=1e-4, atol=1e-5)
    assert all(now == held[0] for now in held)
    halves = model({"text": given["text"][10:]}, model({"text": given["text"][:10]}).state)
    torch.testing.assert_close(halves.logits, whole.logits[10:], rtol=1e-4, atol=1e-5)


@torch.no_grad()
def test_fast_weights_are_their_equations() -> None:
    memory = FastWeights(2, normalised=True)
    q, k, v = (torch.rand(1, 2, 12, 4).round() for _ in range(3))
    read, last, calcium = memory(q, k, v, torch.zeros(1, 2, 4, 4), torch.zeros(1, 2, 4))
    for head, decay in enumerate(memory.decay):
        m, p = torch.zeros(4, 4), torch.zeros(4)
        for t in range(12):
            key, value, query = k[0, head, t], v[0, head, t], q[0, head, t]
            m, p = decay * m + torch.outer(key, value), decay * p + key
            expected = m.T @ query / (p @ query + 1.0)
            torch.testing.assert_close(read[0, head, t], expected, rtol=1e-5, atol=1e-6)
        torch.testing.assert_close(last[0, head], m)
        torch.testing.assert_close(calcium[0, head], p)


def test_what_comes_later_changes_nothing_before() -> None:
    model, given = small(), text(40)
    other = {"text": given["text"].clone()}
    other["text"][25:] = (other["text"][25:] + 1) % len(LETTERS)
    with torch.no_grad():
        first, second = model(given).logits, model(other).logits
    assert torch.equal(first[:25], second[:25])
    assert not torch.equal(first[25:], second[25:])


def test_gradients_reach_every_trained_value() -> None:
    model = small()
    model(text(40)).logits.square().sum().backward()
    silent = [n for n, p in model.named_parameters() if p.grad is None or not p.grad.abs().sum()]
    assert not silent


# Training and weights ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("text") / "corpus.txt"
    path.write_text("abc def gh " * 200, encoding="utf-8")
    return path


def settings(**change: Any) -> dict[str, Any]:
    given = {
        **SMALL,
        "blocks": 1,
        "kind": "astro",
        "context": 20,
        "epochs": 3,
        "batch": 8,
        "seed": 0,
    }
    return {**given, "learning_rate": 0.02, "clip": 1.0, **change}


def test_training_brings_the_bits_down_and_its_weights_write_the_text(
    corpus: Path, tmp_path: Path
) -> None:
    task = training({"data": str(corpus)}, settings(epochs=5))
    summary = train_task(task, tmp_path / "run", threads=1)
    assert summary["test_bits_per_character"] < 0.8  # any character alike: 3.2
    assert len(summary_of(tmp_path / "run")) == 5
    for weights in (tmp_path / "run" / "checkpoint.pt", saved(task.module, tmp_path)):
        writer = TextWriter(model=load_lm(str(weights)), length=20, temperature=0.0)
        assert "".join(writer.write("abc def gh abc", seed=0)) == " def gh abc def gh a"


def summary_of(folder: Path) -> list[float]:
    lines = (folder / "log.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line)["validation_bits_per_character"] for line in lines]


def saved(model: Any, folder: Path) -> Path:
    save_lm(folder / "weights.npz", model)
    return folder / "weights.npz"


def test_an_lstm_has_at_least_as_many_values(corpus: Path) -> None:
    given = {"data": str(corpus)}
    count = [
        sum(value.numel() for value in task_of(given, settings(kind=kind)).module.parameters())
        for kind in ("astro", "lstm")
    ]
    assert count[0] <= count[1] < 1.1 * count[0]
    assert isinstance(task_of(given, settings(kind="lstm")).module, CharacterLSTM)
    with pytest.raises(UnsupportedError, match="an LSTM gives no network"):
        training(given, settings(kind="lstm"))


def test_mistakes_are_named(corpus: Path, tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="no text is given"):
        training({"data": ""}, settings())
    with pytest.raises(ParameterError, match="there is no kind 'rnn'"):
        training({"data": str(corpus)}, settings(kind="rnn"))
    with pytest.raises(ParameterError, match="a window needs"):
        training({"data": str(corpus)}, settings(context=80))
    with pytest.raises(ParameterError, match="Give a multiple of 3 heads"):
        training({"data": str(corpus)}, settings(heads=3))
    with pytest.raises(FileFormatError, match="holds no weights of astro-lm"):
        load_lm(str(corpus))


# Writing ----------------------------------------------------------------------------------------


def test_the_same_seed_writes_the_same_text_and_it_never_ends_by_itself() -> None:
    writer = TextWriter(model=small(), length=10_000, temperature=1.0)
    first, second, third = (
        "".join(islice(writer.write("abc", seed=seed), 12)) for seed in (0, 0, 1)
    )
    assert first == second != third
    with pytest.raises(ParameterError, match="prompt: is empty"):
        writer.write("", seed=0)
    with pytest.raises(ParameterError, match="temperature: is -1"):
        TextWriter(model=small(), length=5, temperature=-1.0)


def neuro_run(*arguments: str) -> Any:
    return CliRunner().invoke(app, ["run", *arguments])


def test_neuro_run_writes_text_with_the_weights_that_ship() -> None:
    made = neuro_run("astro-lm", "--prompt", "ROMEO:", "--set", "length=30", "--json")
    assert made.exit_code == 0, made.output
    written = json.loads(made.stdout)
    assert len(written["text"]) == 30
    plain = neuro_run("astro-lm", "--prompt", "ROMEO:", "--set", "length=30")
    assert plain.stdout == f"ROMEO:{written['text']}\n"


def test_neuro_run_refuses_prompts_where_nothing_writes() -> None:
    for model, code, message in (
        ("mnist-lif", 1, "model 'mnist-lif' writes no text"),
        ("network.txt", 2, "--prompt: is for models that write text"),
    ):
        made = neuro_run(model, "--prompt", "a")
        assert made.exit_code == code
        assert message in " ".join(made.output.split())
    made = neuro_run("astro-lm", "--prompt", "€")
    assert made.exit_code == 2
    assert "is not in the vocabulary" in " ".join(made.output.split())


# As a network -----------------------------------------------------------------------------------


@pytest.mark.parametrize("backend", ["reference", "c", "torch"])
def test_the_trained_unit_spikes_as_a_network_as_in_the_model(backend: str) -> None:
    experiment = load_model("astro-lm").experiment()
    run = neuro.simulate(
        experiment.network, experiment.steps, inputs=experiment.inputs, backend=backend
    )
    report = experiment.report(run)
    assert report.passed
    assert int(report.rows[0][2]) > 100
    wrong = {**experiment.inputs, "Drive": np.zeros_like(experiment.inputs["Drive"])}
    other = neuro.simulate(experiment.network, experiment.steps, inputs=wrong, backend=backend)
    assert not experiment.report(other).passed
