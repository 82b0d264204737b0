"""A memory of hippocampal CA3 learns, recalls, searches and forgets.

Run it with: python ca3_memory.py [FOLDER]
"""

import sys
from pathlib import Path

from neuro.models import CA3Memory


def main(folder: Path) -> None:
    """Talk to the memory, then draw what its cells did."""
    memory = CA3Memory(cues=5, content=10)

    # State lives between calls: what is learnt in one is there in the next.
    with memory.open() as session:
        session.learn(0, {0, 1, 8, 9})
        session.learn(3, {4, 5, 6})
        print("content of cue 0:", session.recall(cue=0))
        print("cues with bit 8:", session.recall(content={8}))

        session.learn(3, {1, 3, 8})
        print("content of cue 3, learnt anew:", session.recall(cue=3))
        print("cues with bit 8:", session.recall(content={8}))
        print("cues with bit 6, forgotten:", session.recall(content={6}))

    axes = session.recording.plot.raster(["InCue", "InCont", "MCue", "MCont", "OutCue", "OutCont"])
    axes.figure.savefig(folder / "ca3_memory.png")


if __name__ == "__main__":
    out = Path(sys.argv[1] if len(sys.argv) > 1 else "out")
    out.mkdir(parents=True, exist_ok=True)
    main(out)
