"""Accuracy on sequential MNIST with and without each prior, and of a larger network.

Run it with: python ablation.py mnist.npz --out DIR [--set NAME=VALUE ...] [--seeds N]
It needs torch and a C compiler.  Stopped, it goes on where it was when it is run again.  It prints a
line a variant and writes DIR/table.json.
"""

import argparse
import json
from pathlib import Path

from neuro.models.phc.table import run_table

VARIANTS = {
    "as it is": {},
    "no adaptation at all": {"reset": False, "adaptive": False},
    "no adaptive threshold": {"adaptive": False},
    "no delays beyond one step": {"delays": [1]},
    "without Dale's law": {"dale": False},
    "with short-term plasticity": {"stp": [0.5, 20, 0]},
    "with rewarded STDP": {"stdp": "reward"},
    "120 cells": {"sizes": [120]},
}


def setting(text: str) -> tuple[str, object]:
    name, _, value = text.partition("=")
    return name, json.loads(value)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--set", type=setting, action="append", default=[], dest="changes")
    parser.add_argument("--seeds", type=int, default=1)
    given = parser.parse_args()
    run_table(
        str(Path(__file__).parent),
        VARIANTS,
        given.out,
        common={"data": str(given.data), **dict(given.changes)},
        seeds=range(given.seeds),
        say=lambda row: print(
            f"{row['variant']:28} {row['parameters']:>6,}  "
            f"{100 * row['mean']:6.2f} ± {100 * row['std']:.2f} %",
            flush=True,
        ),
    )


if __name__ == "__main__":
    main()
