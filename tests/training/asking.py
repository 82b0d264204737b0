"""``neuro train`` as tests ask for it, and how it is killed in the middle."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from neuro.training.loop import CHECKPOINT


def asked(model: str, settings: Mapping[str, Any], data: Path, out: Path, *more: str) -> list[str]:
    """The words after ``neuro``."""
    sets = [part for name, value in settings.items() for part in ("--set", f"{name}={value}")]
    start = ["train", model, "--data", str(data), "--out", str(out), "--threads", "1"]
    return [*start, *sets, *more]


def progress_when_killed(words: list[str], out: Path) -> dict[str, Any]:
    """Start a run with a checkpoint after each batch, kill it, and say how far it was."""
    often = ("--checkpoint-seconds", "0")
    running = subprocess.Popen(
        [sys.executable, "-m", "neuro", *words, *often], stdout=subprocess.DEVNULL
    )
    while not (out / CHECKPOINT).exists():
        assert running.poll() is None
        time.sleep(0.01)
    time.sleep(0.1)
    os.kill(running.pid, signal.SIGKILL)
    running.wait()
    progress: dict[str, Any] = saved(out, "progress")
    return progress


def saved(out: Path, part: str) -> Any:
    """A part of the checkpoint of a run."""
    return torch.load(out / CHECKPOINT, weights_only=True)[part]


def assert_same_bits(one: Path, other: Path, part: str) -> None:
    """Two runs ended with the same values."""
    values = saved(other, part)
    for name, value in saved(one, part).items():
        assert torch.equal(value, values[name]), name
