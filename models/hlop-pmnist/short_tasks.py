"""ACC and BWT of ten short tasks, with new rows drawn anywhere and apart from frozen ones.

Run it with: python short_tasks.py mnist.npz
Tasks have 10,000 training images; scores are on 4,000 others, of the training images too.
"""

import argparse
from pathlib import Path

import torch

from neuro.training.hlop.results import scores
from neuro.training.hlop.run import ContinualRun
from neuro.training.hlop.settings import Settings
from neuro.training.hlop.stream import permuted_mnist


def main(data: Path) -> None:
    torch.set_num_threads(1)
    stream = permuted_mnist(data, tasks=10).prefix(10, 10_000, 4_000)
    for apart in (True, False):
        run = ContinualRun(stream, Settings(lateral_apart=apart))
        run.run()
        print("apart" if apart else "anywhere", scores(run.progress.matrix), flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("data", type=Path)
    main(parser.parse_args().data)
