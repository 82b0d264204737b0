"""Accuracy on sets of the UEA archive by the protocol of state-space models: five random splits.

Run it with: python protocol.py FOLDER --out DIR [--sets NAME ...] [--set NAME=VALUE ...] [--seeds N]
FOLDER holds the archive's files, .ts or .arff; "" takes the sets that come with aeon.  Training and
test samples are merged, those that are there twice are dropped, 70/15/15 % are drawn with each seed,
and training stops after ten epochs without a better validation score.  It prints a line a set and
writes DIR/table.json; stopped, it goes on where it was when it is run again.
"""

import argparse
import json
from pathlib import Path

from neuro.models.phc.table import run_table
from neuro.training.uea import LONG_SETS, SEEDS


def setting(text: str) -> tuple[str, object]:
    name, _, value = text.partition("=")
    return name, json.loads(value)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--sets", nargs="+", default=list(LONG_SETS))
    parser.add_argument("--set", type=setting, action="append", default=[], dest="changes")
    parser.add_argument("--seeds", type=int, default=len(SEEDS))
    given = parser.parse_args()
    run_table(
        str(Path(__file__).parent),
        {name: {"set": name} for name in given.sets},
        given.out,
        common={"data": given.data, "protocol": "merged", "patience": 10, **dict(given.changes)},
        seeds=SEEDS[: given.seeds],
        say=lambda row: print(
            f"{row['variant']:28} {row['parameters']:>6,}  "
            f"{100 * row['mean']:6.2f} ± {100 * row['std']:.2f} %",
            flush=True,
        ),
    )


if __name__ == "__main__":
    main()
