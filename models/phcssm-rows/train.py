"""Train the classifier of this model: surrogate gradients through the sequential form, in PyTorch.

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
from torch.nn.functional import cross_entropy, softplus

SIDE, CLASSES = 28, 10
SIZES = (24, 16, 16)
"""Cells of each region; the first hears the input, the last is read out."""
STEPS = SIDE + 6
"""A row a step, and six more, since each stage hears the one before a step later."""
FLOOR, EPS = -0.5, 1e-8


class Spike(torch.autograd.Function):
    """A step with the slope of a fast sigmoid."""

    @staticmethod
    def forward(ctx, v: Tensor) -> Tensor:
        ctx.save_for_backward(v)
        return (v > 0).to(v.dtype)

    @staticmethod
    def backward(ctx, grad: Tensor) -> Tensor:
        (v,) = ctx.saved_tensors
        return grad / (1 + 5 * v.abs()) ** 2


def excitatory(size: int) -> int:
    """How many cells of a region excite; they come first."""
    return round(0.8 * size)


def topology() -> tuple[Tensor, Tensor]:
    """Which cell may reach which, shape (pre, post), and the sign of each cell."""
    count = sum(SIZES)
    mask, sign = torch.zeros(count, count), torch.ones(count)
    starts = np.cumsum([0, *SIZES])
    for region, size in enumerate(SIZES):
        own = slice(starts[region], starts[region + 1])
        mask[own, own] = 1
        excite = slice(starts[region], starts[region] + excitatory(size))
        sign[excite.stop : own.stop] = -1
        for other in (region - 1, region + 1):
            if 0 <= other < len(SIZES):
                mask[excite, starts[other] : starts[other + 1]] = 1
    return mask.fill_diagonal_(0), sign


class Classifier(nn.Module):
    """The sequential PHC network: rectified input, three regions, a linear readout of v."""

    def __init__(self) -> None:
        super().__init__()
        count = sum(SIZES)
        mask, sign = topology()
        self.register_buffer("mask", mask)
        self.register_buffer("sign", sign)
        self.w_in = nn.Parameter(torch.randn(SIDE, SIZES[0]) * 0.3)
        self.b_in = nn.Parameter(torch.zeros(SIZES[0]))
        self.magnitude = nn.Parameter(torch.rand(count, count) * 0.3)
        self.leak = nn.Parameter(torch.full((count,), 1.5))
        self.fade = nn.Parameter(torch.full((count,), 1.0))
        self.jump = nn.Parameter(torch.full((count,), 0.5))
        self.threshold = nn.Parameter(torch.full((count,), 0.5))
        self.w_out = nn.Parameter(torch.randn(SIZES[-1], CLASSES) * 0.2)
        self.b_out = nn.Parameter(torch.zeros(CLASSES))

    def trained(self) -> dict[str, Tensor]:
        """What the network is made of."""
        return {
            "w_in": self.w_in,
            "b_in": self.b_in,
            "recurrent": self.magnitude.relu() * self.mask * self.sign[:, None],
            "a_exc": torch.sigmoid(self.leak),
            "a_inh": torch.sigmoid(self.fade),
            "r": softplus(self.jump),
            "v_thresh": softplus(self.threshold),
            "w_out": self.w_out,
            "b_out": self.b_out,
        }

    def forward(self, images: Tensor) -> Tensor:
        """Sums of the readout, shape (n, 10), of images (n, 28, 28)."""
        p = self.trained()
        first, last = SIZES[0], SIZES[-1]
        n, count = len(images), sum(SIZES)
        rectified = torch.zeros(STEPS + 2, n, first) + p["b_in"].abs()
        rectified[1 : SIDE + 1] = (images.transpose(0, 1) @ p["w_in"] + p["b_in"]).abs()
        integral, fading = torch.zeros(n, count), torch.zeros(n, count)
        spikes, v = torch.zeros(n, count), torch.zeros(n, count)
        heard = torch.zeros(n, last)
        for step in range(STEPS):
            heard = heard + v[:, -last:]
            drive = rectified[step - 1] if step > 0 else torch.zeros(n, first)
            drive = torch.cat([drive, torch.zeros(n, count - first)], 1)
            integral = p["a_exc"] * integral + drive + spikes @ p["recurrent"]
            bounded = integral.clamp(min=FLOOR)
            would = Spike.apply(bounded - p["v_thresh"])
            fading = p["a_inh"] * fading + p["r"] * would + EPS
            v = bounded - fading
            spikes = Spike.apply(v - p["v_thresh"])
        return (heard / STEPS) @ p["w_out"] + p["b_out"]

    def count(self) -> int:
        """Parameters that are trained."""
        kept = int(self.mask.sum()) - self.magnitude.numel()
        return sum(p.numel() for p in self.parameters()) + kept


def load(path: Path, split: str) -> tuple[Tensor, Tensor]:
    """Images (n, 28, 28) from 0 to 1, and labels."""
    with np.load(path) as file:
        images = torch.tensor(file[f"x_{split}"], dtype=torch.float32) / 255
        return images, torch.tensor(file[f"y_{split}"], dtype=torch.int64)


@torch.no_grad()
def accuracy(model: Classifier, images: Tensor, labels: Tensor) -> float:
    """Share of right classes."""
    found = torch.cat([model(part).argmax(1) for part in images.split(1000)])
    return float((found == labels).float().mean())


def train_epoch(model, optimiser, schedule, images: Tensor, labels: Tensor, batch: int) -> float:
    """One pass through the images in random order; the mean loss."""
    total = 0.0
    for part in torch.randperm(len(images)).split(batch):
        loss = cross_entropy(model(images[part]), labels[part])
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        total += float(loss.detach()) * len(part)
    return total / len(images)


def save(model: Classifier, out: Path) -> None:
    """Write the weights as float32, beside and then renamed."""
    arrays = {name: value.detach().numpy() for name, value in model.trained().items()}
    beside = out.with_name("weights.part.npz")
    np.savez_compressed(beside, sizes=np.array(SIZES), **arrays)
    beside.replace(out)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--rate", type=float, default=8e-3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path(__file__).with_name("weights.npz"))
    given = parser.parse_args()
    torch.manual_seed(given.seed)
    torch.set_num_threads(1)  # the products are too small to share
    images, labels = load(given.data, "train")
    fitted, held = slice(0, 55_000), slice(55_000, None)
    model = Classifier()
    optimiser = torch.optim.Adam(model.parameters(), lr=given.rate)
    batches = -(-55_000 // given.batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, given.rate, epochs=given.epochs, steps_per_epoch=batches
    )
    print(json.dumps({"parameters": model.count()}))
    for epoch in range(given.epochs):
        start = time.perf_counter()
        loss = train_epoch(model, optimiser, schedule, images[fitted], labels[fitted], given.batch)
        line = {
            "epoch": epoch,
            "loss": round(loss, 4),
            "validation": round(accuracy(model, images[held], labels[held]), 4),
            "seconds": round(time.perf_counter() - start, 1),
        }
        print(json.dumps(line), flush=True)
        save(model, given.out)
    print(json.dumps({"test": round(accuracy(model, *load(given.data, "test")), 4)}))


if __name__ == "__main__":
    main()
