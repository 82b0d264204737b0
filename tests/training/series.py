"""Small sets in the UEA archive's format: slow and fast waves with noise."""

from __future__ import annotations

from pathlib import Path

import numpy as np


def write_set(folder: Path, name: str, train: int = 40, test: int = 20, steps: int = 30) -> None:
    rng = np.random.default_rng(0)
    for part, count in (("TRAIN", train), ("TEST", test)):
        lines = ["@problemName " + name, "@data"]
        for sample in range(count):
            speed = (0.2, 0.9)[sample % 2]
            phase = speed * np.arange(steps) + rng.uniform(0, 6)
            channels = np.stack([np.sin(phase), np.cos(phase)]) + rng.normal(0, 0.1, (2, steps))
            texts = [",".join(f"{x:.4f}" for x in row) for row in channels]
            lines.append(":".join([*texts, ("slow", "fast")[sample % 2]]))
        (folder / f"{name}_{part}.ts").write_text("\n".join(lines) + "\n")
