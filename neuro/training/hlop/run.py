"""The loop over tasks: learn, replay, consolidate, evaluate; it stops and goes on anywhere."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from neuro.errors import TrainingError
from neuro.simulation.interrupt import held_back
from neuro.training.hlop.checkpoint import load_checkpoint, save_checkpoint
from neuro.training.hlop.ewc import STRENGTHS, Springs, importance_of
from neuro.training.hlop.network import SpikingLayers, perceptron
from neuro.training.hlop.scores import average_accuracy
from neuro.training.hlop.settings import Settings
from neuro.training.hlop.stream import Stream
from neuro.training.loop import CHECKPOINT, EVERY, generator_of

SCORED = 250
"""Images of a batch when answers are scored."""
CHECKED = 25
"""Batches between looks at whether weights are finite."""
PREFIX = (6, 5_000, 2_000)
"""Tasks, training samples and held-out samples on which a strength is chosen.

Tasks are many rather than long: with three tasks of 10,000 samples hardly anything is forgotten, and the
weakest springs always win.
"""


@dataclass(slots=True, kw_only=True)
class Progress:
    """Where a run is.

    Attributes
    ----------
    task, epoch, batch
        The next batch to be done; epochs of replay follow those of learning.
    opened
        The last task whose rows were added.
    loss, right, seen
        Sums over this epoch so far.
    seconds
        Time that it took so far.
    matrix
        Accuracies after each task.
    history
        What the log has, a row each.
    strength
        Of EWC's springs.
    tried
        Accuracies on the prefix by strength.
    """

    task: int = 0
    epoch: int = 0
    batch: int = 0
    opened: int = -1
    loss: float = 0.0
    right: int = 0
    seen: int = 0
    seconds: float = 0.0
    matrix: list[list[float]] = field(default_factory=list)
    history: list[dict[str, Any]] = field(default_factory=list)
    strength: float = 0.0
    tried: dict[str, float] = field(default_factory=dict)


Report = Callable[[Progress, int, int], None]
"""Told after each batch where the run is, how many batches are done, and how many there are."""


class ContinualRun:
    """One method on one stream of tasks.

    Parameters
    ----------
    stream
        The tasks.
    settings
        How.
    folder
        Where checkpoints go; None for none.
    device
        Where to compute.
    resume
        True goes on from the checkpoint.
    report
        Told after each batch.
    on_row
        Told each row of the log.
    every
        Seconds between checkpoints within an epoch.

    Attributes
    ----------
    layers
        The network.
    progress
        Where it is.
    """

    def __init__(
        self,
        stream: Stream,
        settings: Settings,
        folder: Path | None = None,
        *,
        device: torch.device | str = "cpu",
        resume: bool = False,
        report: Report | None = None,
        on_row: Callable[[dict[str, Any]], None] | None = None,
        every: float = EVERY,
    ) -> None:
        self.stream, self.settings, self.device = stream, settings, torch.device(device)
        self.rule = settings.chosen_rule()
        self.layers = untrained(stream, settings).to(self.device)
        self.progress = Progress(strength=settings.ewc_strength)
        self.springs = Springs(settings.ewc_strength)
        self._path = None if folder is None else folder / CHECKPOINT
        self._report, self._on_row, self._every = report, on_row, every
        self._orders: dict[tuple[int, int], tuple[Tensor, ...]] = {}
        self._data = "" if folder is None else stream.fingerprint()
        if resume and self._path is not None:
            state = load_checkpoint(self._path, self._data, settings, self.layers, self.springs)
            self.progress = Progress(**state)
            self.springs.strength = self.progress.strength
        self._optimiser = self._new_optimiser()
        self._saved = self._began = time.monotonic()

    @property
    def tasks(self) -> int:
        """Tasks in turn; all at once are one."""
        return 1 if self.settings.method == "joint" else self.stream.tasks

    @property
    def is_done(self) -> bool:
        """True when nothing is left to learn."""
        return self.progress.task >= self.tasks

    def run(self) -> bool:
        """Go on to the end; False if Ctrl-C came first.

        Raises
        ------
        TrainingError
            If the loss stops being a number.
        """
        try:
            with held_back() as let_through:
                self._choose_strength(let_through)
                while not self.is_done:
                    self._task(let_through)
        except KeyboardInterrupt:
            self.save()
            return False
        return True

    # A task -----------------------------------------------------------------------------------

    def _task(self, let_through: Callable[[], None]) -> None:
        progress = self.progress
        if progress.opened < progress.task:
            self._open_task()
        while progress.epoch < self._epochs(progress.task):
            self._epoch(let_through)
        self._close_task(let_through)

    def _open_task(self) -> None:
        task, seed = self.progress.task, self.settings.seed
        counts = self.settings.rows(task)
        generators = [generator_of(seed, f"rows/{task}/{k}") for k in range(len(counts))]
        self.layers.add_rows(counts, generators)
        self._optimiser = self._new_optimiser()
        self.progress.opened = task

    def _new_optimiser(self) -> torch.optim.SGD:
        """After the first task, only weights are trained."""
        parameters = list(self.layers.parameters())
        for parameter in parameters:
            parameter.requires_grad_(self.progress.task == 0 or parameter.ndim > 1)
        chosen = [p for p in parameters if p.requires_grad]
        return torch.optim.SGD(chosen, lr=self.settings.learning_rate)

    def _epochs(self, task: int) -> int:
        return self.settings.epochs + (self.settings.replay_epochs if self._replays(task) else 0)

    def _replays(self, task: int) -> bool:
        return bool(self.settings.replay) and task > 0

    def _is_replay(self) -> bool:
        return self.progress.epoch >= self.settings.epochs

    def _close_task(self, let_through: Callable[[], None]) -> None:
        progress = self.progress
        known = self.stream.tasks if self.settings.method == "joint" else progress.task + 1
        row = []
        for task in range(known):
            let_through()  # an evaluation that is stopped is done again: nothing has changed
            row.append(self.score(task))
        if self.settings.method == "ewc" and progress.task < self.tasks - 1:
            self._consolidate()
        self.layers.merge()
        progress.matrix.append(row)
        self._count_time()
        facts = {
            "rows": [x.lateral.rows for x in self.layers.projected],
            "seconds": progress.seconds,
        }
        self._log({"kind": "task", "task": progress.task, "accuracies": row, **facts})
        progress.task, progress.epoch, progress.batch = progress.task + 1, 0, 0
        self.save()

    # An epoch ---------------------------------------------------------------------------------

    def _epoch(self, let_through: Callable[[], None]) -> None:
        progress = self.progress
        batches = self._batches(progress.task, progress.epoch)
        replay = self._is_replay()
        self.layers.project(on=not replay)
        self.layers.let_learn(on=not replay)
        for group in self._optimiser.param_groups:
            group["lr"] = self.settings.replay_rate if replay else self.settings.learning_rate
        while progress.batch < len(batches):
            let_through()
            self._batch(batches[progress.batch])
            progress.batch += 1
            self._tell(len(batches))
            if progress.batch % CHECKED == 0:
                self._require_finite()
            if time.monotonic() - self._saved > self._every:
                self.save()
        self._close_epoch(replay)

    def _batch(self, numbers: Tensor) -> None:
        images, labels = self.stream.batch(numbers)
        images, labels = images.to(self.device), labels.to(self.device)
        learnt = self.rule.learn(self.layers, images, labels, self._update)
        if not math.isfinite(learnt.loss):
            self._refuse(f"the loss is {learnt.loss}", first_bad(self.layers))
        self.progress.loss += learnt.loss * len(numbers)
        self.progress.right += int((learnt.logits.argmax(1) == labels).sum())
        self.progress.seen += len(numbers)

    def _update(self) -> None:
        self._optimiser.step()
        self._optimiser.zero_grad()
        if self.springs.stiffness:
            self.springs.relax(self.layers, self._optimiser.param_groups[0]["lr"])

    def _close_epoch(self, replay: bool) -> None:
        progress = self.progress
        self._count_time()
        row = {
            "kind": "replay" if replay else "epoch",
            "task": progress.task,
            "epoch": progress.epoch,
            "loss": progress.loss / max(progress.seen, 1),
            "accuracy": progress.right / max(progress.seen, 1),
            "seconds": progress.seconds,
        }
        self._log(row)
        progress.epoch, progress.batch = progress.epoch + 1, 0
        progress.loss, progress.right, progress.seen = 0.0, 0, 0

    def _batches(self, task: int, epoch: int) -> tuple[Tensor, ...]:
        if (task, epoch) not in self._orders:
            generator = generator_of(self.settings.seed, f"order/{task}/{epoch}")
            numbers = self._numbers(task, epoch)
            order = numbers[torch.randperm(len(numbers), generator=generator)]
            self._orders = {(task, epoch): torch.split(order, self.settings.batch)}
        return self._orders[task, epoch]

    def _numbers(self, task: int, epoch: int) -> Tensor:
        """The samples of an epoch."""
        if epoch >= self.settings.epochs:
            return torch.cat([self._kept(old) for old in range(task + 1)])
        if self.settings.method == "joint":
            return torch.arange(self.stream.tasks * len(self.stream.train))
        return self.stream.numbers(task)

    def _kept(self, task: int) -> Tensor:
        """The samples of a task that are kept for replay: some of each class, drawn."""
        generator = generator_of(self.settings.seed, f"replay/{task}")
        labels = self.stream.train.labels
        order = torch.randperm(len(labels), generator=generator)
        own = [
            order[labels[order] == k][: self.settings.replay] for k in range(self.stream.classes)
        ]
        return torch.cat(own) + task * len(labels)

    # Scores, springs ----------------------------------------------------------------------------

    @torch.no_grad()
    def score(self, task: int) -> float:
        """Share of the test images of a task that are answered rightly."""
        right, numbers = 0, self.stream.numbers(task, "test")
        for part in torch.split(numbers, SCORED):
            images, labels = self.stream.batch(part, "test")
            answer = self.rule.answer(self.layers, images.to(self.device)).argmax(1).cpu()
            right += int((answer == labels).sum())
        return right / max(len(numbers), 1)

    def _consolidate(self) -> None:
        task, seed = self.progress.task, self.settings.seed
        generator = generator_of(seed, f"importance/{task}")
        numbers = self.stream.numbers(task)
        chosen = numbers[torch.randperm(len(numbers), generator=generator)]
        count = min(self.settings.ewc_samples, len(numbers))

        def image(k: int) -> Tensor:
            return self.stream.batch(chosen[k : k + 1])[0].to(self.device)

        importance = importance_of(self.layers, self.rule, image, count, generator)
        self.springs.hold(self.layers, importance)

    def _choose_strength(self, let_through: Callable[[], None]) -> None:
        """Take the strength that does best on a held-out part of the first tasks."""
        if self.settings.method != "ewc" or self.progress.strength:
            return
        stream = self.stream.prefix(*_prefix(self.stream))
        found: dict[float, float] = {}
        for strength in STRENGTHS:
            let_through()
            found[strength] = _tried(stream, self.settings, strength, self.device)
        self.progress.strength = max(found, key=lambda strength: found[strength])
        self.progress.tried = {f"{strength:g}": score for strength, score in found.items()}
        self.springs.strength = self.progress.strength
        self._log(
            {"kind": "strength", "chosen": self.progress.strength, "tried": self.progress.tried}
        )

    # Files ------------------------------------------------------------------------------------

    def save(self) -> None:
        """Write a checkpoint.

        Raises
        ------
        TrainingError
            If there are values that are not finite; the checkpoint before is still there.
        """
        self._require_finite()
        self._count_time()
        if self._path is not None:
            save_checkpoint(
                self._path, self._data, self.settings, self.layers, self.springs, self.progress
            )
        self._saved = time.monotonic()

    def _count_time(self) -> None:
        now = time.monotonic()
        self.progress.seconds += now - self._began
        self._began = now

    def _log(self, row: dict[str, Any]) -> None:
        row = {"method": self.settings.method, **row}
        self.progress.history.append(row)
        if self._on_row is not None:
            self._on_row(row)

    def _tell(self, batches: int) -> None:
        if self._report is None:
            return
        epochs = [self._epochs(task) for task in range(self.tasks)]
        done = sum(epochs[: self.progress.task]) + self.progress.epoch
        self._report(self.progress, done * batches + self.progress.batch, sum(epochs) * batches)

    def _require_finite(self) -> None:
        """Cells with a potential that is no number are silent, and the loss does not show it."""
        bad = bad_weights(self.layers)
        if bad:
            self._refuse("values are not finite any more", bad)

    def _refuse(self, what: str, why: str) -> None:
        progress = self.progress
        kept = self._path is not None and self._path.exists()
        safe = f"The last good checkpoint is {self._path}. " if kept else ""
        raise TrainingError(
            f"{what}; {why}.",
            where=f"task {progress.task}, epoch {progress.epoch}, batch {progress.batch}",
            hint=f"{safe}Lower the learning rate, or the lateral rates.",
        )


def untrained(stream: Stream, settings: Settings) -> SpikingLayers:
    """The network before the first task."""
    rule = settings.chosen_rule()
    return perceptron(
        (stream.pixels, *settings.hidden, stream.classes),
        rule.neuron,
        feedback=settings.feedback,
        rates=settings.lateral_rates,
        generator=generator_of(settings.seed, "weights"),
        momentum=settings.lateral_momentum,
        iterations=settings.lateral_iterations,
        limit=settings.lateral_limit,
        spikes=settings.lateral_spikes(),
        apart=settings.lateral_apart,
    )


def first_bad(layers: SpikingLayers) -> str:
    """The first layer and step with a value that is not finite, in words."""
    for place, layer in enumerate(layers.projected):
        bad = ~torch.isfinite(layer.seen.flatten(1)).all(1)
        if bad.any():
            step = int(bad.nonzero()[0])
            return f"layer {place} got values that are not finite, first in step {step}"
    return bad_weights(layers) or "what the last layer puts out is not finite"


def bad_weights(layers: SpikingLayers) -> str:
    """The first layer whose weights, or lateral weights, are not finite, in words; "" for none."""
    for place, layer in enumerate(layers.projected):
        for name, value in (("weights", layer.weight), ("lateral weights", layer.lateral.new)):
            if not math.isfinite(value.detach().sum().item()):
                return f"the {name} of layer {place} are not finite"
    return ""


def _prefix(stream: Stream) -> tuple[int, int, int]:
    """At most a fifth of the samples are held out."""
    tasks, samples, held_out = PREFIX
    return tasks, samples, min(held_out, len(stream.train) // 5)


def _tried(stream: Stream, settings: Settings, strength: float, device: torch.device) -> float:
    """Mean accuracy on a short stream with springs of some strength."""
    run = ContinualRun(stream, replace(settings, ewc_strength=strength), device=device)
    run.run()
    return average_accuracy(run.progress.matrix)
