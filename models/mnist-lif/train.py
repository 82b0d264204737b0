"""Train the classifier of this model: surrogate gradients in plain PyTorch, then 8-bit weights.

Run it with: python train.py mnist.npz [--epochs N] [--seed S]
It needs torch and takes minutes on two CPU cores.  It writes weights.npz beside itself and prints one
JSON line an epoch; the accuracies in the model card come from a run of it.
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

LEVELS = 8
"""A pixel spikes in the first steps, the brighter the more; at most in so many."""
STEPS = LEVELS + 2
"""Two more, since each layer hears the one before a step later."""
HIDDEN, CLASSES = 96, 10
TAU = 10.0
"""Membrane time constant in steps."""
BITS = 8


class Spike(torch.autograd.Function):
    """A step with the slope of a fast sigmoid."""

    @staticmethod
    def forward(ctx, v: Tensor) -> Tensor:
        ctx.save_for_backward(v)
        return (v >= 0).to(v.dtype)

    @staticmethod
    def backward(ctx, grad: Tensor) -> Tensor:
        (v,) = ctx.saved_tensors
        return grad / (1 + 10 * v.abs()) ** 2


def quantised(weight: Tensor, exponent: int) -> Tensor:
    """Weights on the grid of `BITS` bits; gradients pass straight through."""
    scale, top = 2.0**exponent, 2 ** (BITS - 1) - 1
    on_grid = (weight * scale).round().clamp(-top, top) / scale
    return weight + (on_grid - weight).detach()


def exponent_of(weight: Tensor) -> int:
    """The largest power of two by which all weights still fit."""
    top = 2 ** (BITS - 1) - 1
    return int(np.floor(np.log2(top / float(weight.detach().abs().max()))))


class Classifier(nn.Module):
    """784 - 96 - 10 leaky cells that are reset by subtraction, as `neuro.LIF` computes them."""

    def __init__(self) -> None:
        super().__init__()
        self.hidden = nn.Parameter(torch.randn(784, HIDDEN) * 0.05)
        self.out = nn.Parameter(torch.randn(HIDDEN, CLASSES) * 0.2)
        self.exponents: tuple[int, int] | None = None

    def weights(self) -> tuple[Tensor, Tensor]:
        if self.exponents is None:
            return self.hidden, self.out
        a, b = self.exponents
        return quantised(self.hidden, a), quantised(self.out, b)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Spikes of the output cells, and their mean membrane potential; both (n, 10)."""
        beta = float(np.exp(-1 / TAU))
        hidden, out = self.weights()
        current = encode(images) @ hidden  # (LEVELS, n, HIDDEN)
        silent = torch.zeros_like(current[0])
        v, u = silent, torch.zeros(len(images), CLASSES)
        spikes, count, potential = silent, torch.zeros_like(u), torch.zeros_like(u)
        for step in range(STEPS):
            u = beta * u + spikes @ out
            v = beta * v + (current[step - 1] if 0 < step <= LEVELS else silent)
            spikes, fired = Spike.apply(v - 1), Spike.apply(u - 1)
            v, u = v - spikes.detach(), u - fired.detach()
            count, potential = count + fired, potential + u
        return count, potential / STEPS


def encode(images: Tensor) -> Tensor:
    """Spikes (LEVELS, n, 784) of images in 0 to 1: pixel p spikes in step t if p > (t + 0.5) / LEVELS."""
    levels = (torch.arange(LEVELS) + 0.5) / LEVELS
    return (images[None] > levels[:, None, None]).to(images.dtype)


def accuracy(model: Classifier, images: Tensor, labels: Tensor) -> float:
    """Percent of images whose class spikes most; the lower number wins a tie."""
    right = 0
    with torch.no_grad():
        for part in torch.split(torch.arange(len(images)), 2000):
            count, _ = model(images[part])
            right += int((count.numpy().argmax(1) == labels[part].numpy()).sum())
    return 100 * right / len(images)


def epoch(
    model: Classifier, optimiser, images: Tensor, labels: Tensor, shifts: np.random.Generator
) -> float:
    """Train once on all images, each moved by up to a pixel; the mean loss."""
    order, total = torch.randperm(len(images)), 0.0
    for part in torch.split(order, 128):
        dy, dx = shifts.integers(-1, 2, 2)
        moved = torch.roll(images[part].view(-1, 28, 28), (int(dy), int(dx)), (1, 2)).reshape(
            -1, 784
        )
        count, potential = model(moved)
        loss = nn.functional.cross_entropy(count + potential, labels[part])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        total += float(loss.detach()) * len(part)
    return total / len(images)


def train(
    model: Classifier, data: dict[str, Tensor], epochs: int, rate: float, seed: int, stage: str
) -> None:
    optimiser = torch.optim.Adam(model.parameters(), lr=rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, epochs)
    shifts = np.random.default_rng(seed)
    for number in range(epochs):
        start = time.time()
        loss = epoch(model, optimiser, data["x_train"], data["y_train"], shifts)
        schedule.step()
        found = accuracy(model, data["x_test"], data["y_test"])
        line = {"stage": stage, "epoch": number + 1, "loss": round(loss, 4), "accuracy": found}
        print(json.dumps(line | {"seconds": round(time.time() - start, 1)}), flush=True)


def load(path: Path) -> dict[str, Tensor]:
    with np.load(path) as file:
        images = {
            k: torch.tensor(file[k].reshape(-1, 784) / 255.0, dtype=torch.float32)
            for k in ("x_train", "x_test")
        }
        labels = {k: torch.tensor(file[k].astype(np.int64)) for k in ("y_train", "y_test")}
    return images | labels


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    torch.manual_seed(given.seed)
    data, model = load(given.data), Classifier()
    train(model, data, given.epochs, 2e-3, given.seed, "float")
    float_accuracy = accuracy(model, data["x_test"], data["y_test"])
    floats = [weight.detach().numpy().copy() for weight in (model.hidden, model.out)]
    model.exponents = (exponent_of(model.hidden), exponent_of(model.out))
    train(model, data, max(1, given.epochs // 4), 2e-4, given.seed, "8 bit")
    whole = [
        (weight.detach() * 2.0**e).round().numpy().astype(np.int8)
        for weight, e in zip(model.weights(), model.exponents, strict=True)
    ]
    final = accuracy(model, data["x_test"], data["y_test"])
    np.savez_compressed(
        Path(__file__).with_name("weights.npz"),
        hidden=whole[0],
        out=whole[1],
        exponents=np.array(model.exponents),
        float_hidden=floats[0].astype(np.float16),
        float_out=floats[1].astype(np.float16),
    )
    print(json.dumps({"float": float_accuracy, "8 bit": final, "exponents": model.exponents}))


if __name__ == "__main__":
    main()
