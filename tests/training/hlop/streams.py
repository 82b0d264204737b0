"""Small tasks without files: noisy patterns whose pixels have another order in each task."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from neuro.training import datasets
from neuro.training.hlop.settings import Settings
from neuro.training.hlop.stream import Samples, Stream

PIXELS, CLASSES = 36, 10
SMALL: dict[str, Any] = {
    "hidden": (32, 32),
    "first_rows": (9, 12, 12),
    "later_rows": (7,),
    "batch": 20,
    "learning_rate": 0.2,
    "lateral_rates": (0.02, 0.02, 0.02),
}


def small_stream(tasks: int = 3, samples: int = 1000, test: int = 200, seed: int = 0) -> Stream:
    rng = np.random.default_rng(seed)
    patterns = rng.uniform(0, 1, (CLASSES, PIXELS)) < 0.3

    def drawn(count: int) -> Samples:
        labels = np.arange(count) % CLASSES
        noise = rng.normal(0, 0.25, (count, PIXELS))
        values = np.clip(0.6 * patterns[labels] + noise, 0, 1)
        return Samples(
            values=torch.from_numpy((255 * values).astype(np.uint8)),
            labels=torch.from_numpy(labels),
        )

    orders = np.stack([datasets.permutation(PIXELS, task) for task in range(tasks)])
    return Stream(
        train=drawn(samples),
        test=drawn(test),
        orders=torch.from_numpy(orders),
        classes=CLASSES,
        mean=0.25,
        spread=0.35,
    )


def small(**changes: Any) -> Settings:
    return Settings(**{**SMALL, **changes})
