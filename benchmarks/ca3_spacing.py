"""Print how many answers of the CA3 memory are wrong, by size and by time between operations.

Random sequences of learning (40 %), recall by cue (30 %) and search by one bit (30 %).
"""

from __future__ import annotations

import neuro
from neuro.models import CA3Memory
from neuro.models.ca3.operations import random_operations, wrong_answers

SIZES = ((5, 10), (16, 16), (32, 32), (64, 128))
SPACINGS = (7, 10, 14, 16, 18, 20)
COUNT, SEEDS = 1000, range(5)


def share_of_wrong_answers(memory: CA3Memory, spacing: int) -> float:
    """Over all `SEEDS`."""
    wrong = 0
    for seed in SEEDS:
        operations = random_operations(
            memory.cues, memory.content, COUNT, spacing=spacing, seed=seed
        )
        steps, inputs = operations[-1].step + 14, memory.inputs(operations)
        recording = neuro.simulate(memory.network, steps, inputs=inputs)
        wrong += len(wrong_answers(operations, recording))
    return wrong / COUNT / len(SEEDS)


def main() -> None:
    """Print the table in Markdown."""
    print("| cues x bits |", " | ".join(f"{spacing} ms" for spacing in SPACINGS), "|")
    print("|---" * (len(SPACINGS) + 1) + "|")
    for cues, content in SIZES:
        memory = CA3Memory(cues, content)
        row = [f"{share_of_wrong_answers(memory, spacing):.2%}" for spacing in SPACINGS]
        print(f"| {cues} x {content} |", " | ".join(row), "|", flush=True)


if __name__ == "__main__":
    main()
