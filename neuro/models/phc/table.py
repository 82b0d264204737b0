"""Runs of several variants of a recipe, one after the other, that can be stopped and gone on with."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from neuro.errors import TrainingError
from neuro.files import write_text
from neuro.models.spec import load_model
from neuro.training.command import train_task
from neuro.training.files import SUMMARY
from neuro.training.loop import CHECKPOINT

Changes = Mapping[str, Any]
TABLE = "table.json"


def run_table(
    model: str,
    variants: Mapping[str, Changes],
    folder: Path,
    *,
    common: Changes | None = None,
    seeds: Sequence[int] = (0,),
    threads: int = 1,
    say: Callable[[dict[str, Any]], None] | None = None,
) -> list[dict[str, Any]]:
    """Train every variant with every seed; what is done already is not done again.

    Parameters
    ----------
    model
        Name or path of a model with a recipe.
    variants
        By name: settings that differ from the recipe's.
    folder
        Gets a folder a run, and ``table.json``.
    common
        Settings of all variants.
    seeds
        Of each variant.
    threads
        Of torch.
    say
        Told each row once it is complete.

    Returns
    -------
    list
        A row a variant: ``variant``, ``parameters``, test ``accuracy`` by seed, its ``mean`` and
        population ``std``, ``epochs``, and the settings that were changed.

    Raises
    ------
    TrainingError
        If a run was interrupted; the next call goes on with it.
    """
    rows = []
    for name, changes in variants.items():
        given = {**(common or {}), **changes}
        runs = [
            _run(model, {**given, "seed": seed}, folder / f"{_slug(name)}-{seed}", threads)
            for seed in seeds
        ]
        row = _row(name, runs, given)
        rows.append(row)
        write_text(folder / TABLE, json.dumps(rows, indent=2) + "\n")
        if say is not None:
            say(row)
    return rows


def _row(name: str, runs: Sequence[Mapping[str, Any]], changed: Changes) -> dict[str, Any]:
    scores = [run["test_accuracy"] for run in runs]
    return {
        "variant": name,
        "parameters": runs[0]["parameters"],
        "accuracy": scores,
        "mean": float(np.mean(scores)),
        "std": float(np.std(scores)),
        "epochs": [run["epochs"] for run in runs],
        "changed": dict(changed),
    }


def _run(model: str, changes: Changes, folder: Path, threads: int) -> dict[str, Any]:
    """The summary of a run, which is done if it is not there."""
    done = folder / SUMMARY
    if done.exists():
        found: dict[str, Any] = json.loads(done.read_text(encoding="utf-8"))
        if not found["interrupted"]:
            return found
    task = load_model(model).task(dict(changes))
    resume = (folder / CHECKPOINT).exists()
    summary = train_task(task, folder, resume=resume, threads=threads)
    if summary["interrupted"]:
        raise TrainingError("was interrupted.", where=str(folder), hint="Run the command again.")
    return summary


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
