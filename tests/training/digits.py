"""Small data of MNIST's form: digits set in type, moved and with noise."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from neuro.models.digits import typed_digit


def write_digits(path: Path, train: int = 400, test: int = 50) -> Path:
    rng = np.random.default_rng(0)
    shapes = np.stack([typed_digit(k) for k in range(10)])
    found = {}
    for name, count in (("train", train), ("test", test)):
        labels = np.arange(count) % 10
        moved = [np.roll(shapes[k], tuple(rng.integers(-2, 3, 2)), axis=(0, 1)) for k in labels]
        noisy = np.clip(np.stack(moved) + rng.normal(0, 0.03, (count, 28, 28)), 0, 1)
        found |= {f"x_{name}": (255 * noisy).astype(np.uint8), f"y_{name}": labels}
    np.savez(path, **found)
    return path
