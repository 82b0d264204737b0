"""Compare the spikes of training with those of the deployed network on engine c, bit by bit.

Run it with: python same_spikes.py mnist.npz RUN [--count N] [--set NAME=VALUE ...], where RUN is the
folder of a run of neuro train, with the settings of that run.  It prints how many test sequences, spike bits and differing bits there were, and the
accuracy on these sequences.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import torch

import neuro
from neuro.models.phc.module import INPUT
from neuro.models.phcssm import LEAD
from neuro.models.spec import load_model


def setting(text: str) -> tuple[str, object]:
    name, _, value = text.partition("=")
    return name, json.loads(value)


def trained(run: Path, changes: dict[str, object]):
    """The task, its module holding the best values of a run."""
    task = load_model(str(Path(__file__).parent)).task(changes)
    kept = torch.load(run / "checkpoint.pt", weights_only=True)
    task.module.load_state_dict(kept["best"])
    return task


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data")
    parser.add_argument("run", type=Path)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--set", type=setting, action="append", default=[], dest="changes")
    given = parser.parse_args()
    task = trained(given.run, {"data": given.data, **dict(given.changes)})
    module, different, right = task.module, 0, 0
    steps = module.steps + LEAD
    with neuro.Session(module.to_network(), backend="c") as session:
        start = session.snapshot()
        for first in range(0, given.count, 100):
            index = torch.arange(first, min(first + 100, given.count))
            inputs, labels = task.test.batch(index, torch.Generator())
            with torch.no_grad():
                spikes = module(inputs).spikes["Region1"].numpy()
            for place, label in enumerate(labels.tolist()):
                signal = inputs[INPUT][:, place].double().numpy()
                session.restore(start)
                shown = {INPUT: np.pad(signal, ((0, LEAD + 1), (0, 0)))}
                recording = session.run(steps + 1, inputs=shown, progress=None)
                found = np.zeros((steps + 1, spikes.shape[2]))
                own = recording.spikes["Region1"]
                found[own.step, own.index] = 1
                different += int((found[:steps] != spikes[:, place]).sum())
                total = recording.trace_data("Readout", "total").values[-1]
                right += int(total.argmax() == label)
    bits = given.count * steps * spikes.shape[2]
    print(
        json.dumps(
            {
                "sequences": given.count,
                "bits": bits,
                "different": different,
                "accuracy": right / given.count,
            }
        )
    )


if __name__ == "__main__":
    main()
