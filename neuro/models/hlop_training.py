"""How permuted MNIST is learnt, task by task."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import neuro.training.hlop.command  # noqa: F401 - makes `neuro train` know such tasks
from neuro.errors import ParameterError
from neuro.training.hlop.stream import permuted_mnist
from neuro.training.hlop.task import ContinualTask, settings_of


def training(parameters: dict[str, Any], settings: dict[str, Any]) -> ContinualTask:
    """The task, for one method or all."""
    data = settings.pop("data")
    if not data:
        raise ParameterError(
            "no data is given.", where="data", hint="Give MNIST: --data mnist.npz (or a folder)."
        )
    del parameters
    stream = permuted_mnist(
        Path(data),
        tasks=settings.pop("tasks"),
        run=settings.pop("run"),
        samples=settings.pop("samples"),
        test_samples=settings.pop("test_samples"),
    )
    chosen = settings_of(settings.pop("method"), settings)
    return ContinualTask(
        name="hlop-pmnist",
        stream=stream,
        settings=chosen,
        facts={"tasks": stream.tasks, "samples": len(stream.train)},
    )
