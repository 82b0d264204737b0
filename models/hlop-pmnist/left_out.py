"""What the lateral circuits of a run leave out of what each task sends, and what the best rows would.

Run it with: python left_out.py DIR mnist.npz
DIR is what `neuro train hlop-pmnist --out DIR` left, of all ten tasks.  For each task it prints which share
of the energy of its training images, as means over time, is left in front of each layer after all
tasks.  Of the first layer, whose inputs never change, it also prints what was left when the task had
ended, and what as many of the best directions (principal components of what older rows left) would have
left.
"""

import argparse
from pathlib import Path

import torch
from torch import Tensor

from neuro.training.checkpoint import read_checkpoint
from neuro.training.hlop.run import ContinualRun
from neuro.training.hlop.settings import Settings
from neuro.training.hlop.stream import permuted_mnist
from neuro.training.loop import CHECKPOINT

COUNT, SHOWN = 6000, 500


def without(values: Tensor, rows: Tensor) -> Tensor:
    return values - values @ rows.T @ rows


def energy(values: Tensor) -> float:
    return float((values**2).sum())


def at_the_end(run: ContinualRun, images: Tensor) -> list[float]:
    run.rule.answer(run.layers, images)
    layers = run.layers.projected
    seen = [layer.rows(layer.seen.mean(0, keepdim=True)) for layer in layers]
    circuits = [layer.lateral for layer in layers]
    return [energy(c.project(x)) / energy(x) for c, x in zip(circuits, seen, strict=True)]


def in_its_time(images: Tensor, rows: Tensor, old: int, new: int) -> tuple[float, float]:
    whole, rest = energy(images), without(images, rows[:old])
    best = torch.linalg.eigvalsh((rest.T @ rest).double())[: -(new - old)].sum()
    return energy(without(images, rows[:new])) / whole, float(best) / whole


@torch.no_grad()
def main(folder: Path, data: Path) -> None:
    saved = read_checkpoint(folder / CHECKPOINT)["settings"]
    settings = Settings(**{name: value for name, value in saved.items() if name != "data"})
    stream = permuted_mnist(data, tasks=10)
    run = ContinualRun(stream, settings, folder, resume=True)
    rows, old = run.layers.projected[0].lateral.old, 0
    for task in range(stream.tasks):
        images = stream.batch(stream.numbers(task)[:COUNT])[0]
        new = old + settings.rows(task)[0]
        left, best = in_its_time(images, rows, old, new)
        shares = "  ".join(f"{100 * share:5.2f}" for share in at_the_end(run, images[:SHOWN]))
        print(
            f"task {task + 1:>2}  layers, %: {shares}  first, then: {100 * left:5.2f}, best {100 * best:5.2f}"
        )
        old = new


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("run", type=Path, metavar="DIR")
    parser.add_argument("data", type=Path)
    given = parser.parse_args()
    main(given.run, given.data)
