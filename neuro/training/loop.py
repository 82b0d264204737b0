"""The loop: epochs, checkpoints, early stopping, and a stop at the first number that is none."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from neuro.errors import TrainingError
from neuro.ir.philox import derived_seed
from neuro.simulation.interrupt import held_back
from neuro.training.checkpoint import Progress, load_checkpoint, save_checkpoint
from neuro.training.processes import Processes
from neuro.training.task import Data, Inputs, Settings, Task

CHECKPOINT = "checkpoint.pt"
EVERY = 60.0
"""Seconds between checkpoints within an epoch."""

Report = Callable[[Progress, int], None]
"""Told after each batch how far the epoch is, and of how many batches."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Trained:
    """What a run came to; the module holds the values of the best epoch.

    Attributes
    ----------
    history
        One row an epoch: loss, measure of training and of validation data, spike rates, seconds.
    best_epoch, best_score
        The best epoch, from 0, and its measure on the validation data.
    test_score
        Measure of the best epoch on the test data; None without.
    interrupted
        True if Ctrl-C ended it.
    """

    history: list[dict[str, Any]]
    best_epoch: int
    best_score: float
    test_score: float | None
    interrupted: bool


class Trainer:
    """Trains a task.

    Parameters
    ----------
    task
        What to train.
    folder
        Where checkpoints go.
    resume
        True goes on from the checkpoint in `folder`.
    together
        The processes that train it.
    report
        Told after each batch.
    on_epoch
        Told the row of each epoch.
    every
        Seconds between checkpoints within an epoch.
    """

    def __init__(
        self,
        task: Task,
        folder: Path,
        *,
        resume: bool = False,
        together: Processes = Processes(),  # noqa: B008 - immutable
        report: Report | None = None,
        on_epoch: Callable[[dict[str, Any]], None] | None = None,
        every: float = EVERY,
    ) -> None:
        self.task, self._path = task, folder / CHECKPOINT
        self._together, self._report, self._on_epoch = together, report, on_epoch
        self._optimiser, self._every = optimiser_of(task), every
        self.progress = Progress(history=[], best_score=task.measure.worst)
        self.rates: dict[str, float] = {}
        self._best: dict[str, Any] = _copied(task)
        if resume:
            self.progress, self._best = load_checkpoint(self._path, task, self._optimiser)
        self._saved = time.monotonic()
        self._began = self._saved

    def run(self) -> Trained:
        """Train to the end, or until Ctrl-C; a second run goes on from the last checkpoint.

        Raises
        ------
        TrainingError
            If the loss stops being a number.
        """
        interrupted = False
        try:
            with held_back() as let_through:
                while not self._is_over():
                    self._epoch(let_through)
        except KeyboardInterrupt:
            interrupted = True
            self._save()
        self.task.module.load_state_dict(self._best)
        test = self.task.test
        score = None if test is None or interrupted else self.score(test)
        return Trained(
            history=self.progress.history,
            best_epoch=self.progress.best_epoch,
            best_score=self.progress.best_score,
            test_score=score,
            interrupted=interrupted,
        )

    def _is_over(self) -> bool:
        done, patience = self.progress.epoch, self.task.settings.patience
        waited = done - 1 - self.progress.best_epoch
        return done >= self.task.settings.epochs or bool(patience and done and waited >= patience)

    # One epoch --------------------------------------------------------------------------------

    def _epoch(self, let_through: Callable[[], None]) -> None:
        progress, batches = self.progress, self._batches()
        while progress.batch < len(batches):
            let_through()
            self._batch(batches[progress.batch])
            progress.batch += 1
            if self._report is not None:
                self._report(progress, len(batches))
            if time.monotonic() - self._saved > self._every:
                self._save()
        self._close_epoch()

    @property
    def _device(self) -> torch.device:
        return next(self.task.module.parameters()).device

    def _batches(self) -> tuple[Tensor, ...]:
        """The samples of each batch of this epoch, of all processes together."""
        settings = self.task.settings
        generator = generator_of(settings.seed, f"order/{self.progress.epoch}")
        order = torch.randperm(len(self.task.train), generator=generator)
        return torch.split(order, settings.batch * self._together.count)

    def _batch(self, everyone: Tensor) -> None:
        task, progress = self.task, self.progress
        mine = self._together.share(everyone)
        self._set_rate()
        self._optimiser.zero_grad()
        loss, values = torch.zeros(()), torch.zeros(0)
        if len(mine):
            place = f"{progress.epoch}/{progress.batch}/{self._together.rank}"
            inputs, labels = task.train.batch(mine, generator_of(task.settings.seed, place))
            labels = labels.to(self._device)
            output = task.module(inputs)
            loss = task.loss(output, labels)
            self._require_finite(loss, inputs)
            loss.backward()  # type: ignore[no-untyped-call]
            values = task.measure.of(output, labels).detach()
        parameters = list(task.module.parameters())
        self._together.average_gradients(parameters, len(mine) / len(everyone))
        if task.settings.clip:
            torch.nn.utils.clip_grad_norm_(parameters, task.settings.clip)
        self._optimiser.step()
        task.module.clamp_()
        progress.losses += loss.item() * len(mine)
        progress.seen += len(mine)
        progress.measured += values.sum().item()
        progress.counted += values.numel()

    def _set_rate(self) -> None:
        settings, share = self.task.settings, 1.0
        if settings.schedule == "cosine":
            batches = math.ceil(len(self.task.train) / (settings.batch * self._together.count))
            done = self.progress.epoch + self.progress.batch / batches
            share = 0.5 * (1 + math.cos(math.pi * done / settings.epochs))
        for group in self._optimiser.param_groups:
            group["lr"] = settings.learning_rate * share

    def _require_finite(self, loss: Tensor, inputs: Inputs) -> None:
        if torch.isfinite(loss):
            return
        progress = self.progress
        what = self.task.module.first_bad(inputs)
        kept = f"The last good checkpoint is {self._path}. " if self._path.exists() else ""
        raise TrainingError(
            f"the loss is {loss.item()}{'; ' + what if what else ''}.",
            where=f"epoch {progress.epoch}, batch {progress.batch}",
            hint=f"{kept}Lower the learning rate, or clip the gradient.",
        )

    def _close_epoch(self) -> None:
        progress, now = self.progress, time.monotonic()
        losses, seen, measured, counted = self._together.sum(
            progress.losses, progress.seen, progress.measured, progress.counted
        )
        measure = self.task.measure
        score = self.score(self.task.validation)
        row = {
            "epoch": progress.epoch,
            "loss": losses / max(seen, 1),
            measure.name: measured / max(counted, 1),
            f"validation_{measure.name}": score,
            "rates": self.rates,
            "learning_rate": self._optimiser.param_groups[0]["lr"],
            "seconds": now - self._began,
        }
        self._began = now
        progress.history.append(row)
        if measure.is_better(score, progress.best_score):
            progress.best_score, progress.best_epoch = score, progress.epoch
            self._best = _copied(self.task)
        progress.epoch, progress.batch = progress.epoch + 1, 0
        progress.losses, progress.seen, progress.measured, progress.counted = 0.0, 0, 0.0, 0
        self._save()
        if self._on_epoch is not None:
            self._on_epoch(row)

    def _save(self) -> None:
        if self._together.is_first:
            save_checkpoint(self._path, self.task, self.progress, self._optimiser, self._best)
        self._saved = time.monotonic()

    # Scores -----------------------------------------------------------------------------------

    @torch.no_grad()
    def score(self, data: Data) -> float:
        """The mean of the measure over `data`; also sets `rates`."""
        settings, measured, counted, seen = self.task.settings, 0.0, 0, 0
        spikes: dict[str, float] = {}
        everyone = torch.split(torch.arange(len(data)), settings.batch * self._together.count)
        for number, indices in enumerate(everyone):
            mine = self._together.share(indices)
            if not len(mine):
                continue
            inputs, labels = data.batch(mine, generator_of(settings.seed, f"score/{number}"))
            output = self.task.module(inputs)
            values = self.task.measure.of(output, labels.to(self._device))
            measured, counted = measured + values.sum().item(), counted + values.numel()
            seen += len(mine)
            for name, rate in self.task.module.rates(output).items():
                spikes[name] = spikes.get(name, 0.0) + rate * len(mine)
        self.rates = {name: total / max(seen, 1) for name, total in spikes.items()}
        measured, count = self._together.sum(measured, counted)
        return measured / max(count, 1)


def optimiser_of(task: Task) -> torch.optim.Optimizer:
    """The optimiser of a task's settings."""
    settings, parameters = task.settings, list(task.module.parameters())
    rate, decay = settings.learning_rate, settings.weight_decay
    if settings.optimiser == "sgd":
        return torch.optim.SGD(parameters, lr=rate, momentum=settings.momentum, weight_decay=decay)
    kind = torch.optim.AdamW if settings.optimiser == "adamw" else torch.optim.Adam
    return kind(parameters, lr=rate, weight_decay=decay)


def generator_of(seed: int, place: str) -> torch.Generator:
    """Random numbers that depend on nothing but a seed and what they are for."""
    return torch.Generator().manual_seed(derived_seed(seed, place) >> 1)


def changed(settings: Settings, **values: Any) -> Settings:
    """`settings` with some values changed."""
    return replace(settings, **values)


def _copied(task: Task) -> dict[str, Any]:
    return {name: tensor.clone() for name, tensor in task.module.state_dict().items()}
