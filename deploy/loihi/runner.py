# SPDX-License-Identifier: Apache-2.0
"""Run a network on Lava for another process; everything but the commands goes through files.

    python runner.py FOLDER

FOLDER holds ``plan.json`` and ``network.npz`` (what to build) and the files that processes of the
network play and record.  Commands come as lines: ``run N`` does N steps and leaves currents and
membranes in ``state.npz``; ``stop`` ends.  Each is answered by a line that starts with ``neuro``.
Where commands end without it, who gave them is gone, and FOLDER is removed.
"""

import json
import shutil
import sys
import warnings
from pathlib import Path

warnings.filterwarnings("ignore")
HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from lava_compat import import_lava  # noqa: E402

import_lava()

import numpy as np  # noqa: E402
from lava.magma.core.run_conditions import RunSteps  # noqa: E402
from lava.magma.core.run_configs import Loihi2SimCfg  # noqa: E402
from lava.proc.dense.process import DelayDense, Dense  # noqa: E402
from lava.proc.lif.process import LIF  # noqa: E402
from lava.proc.sparse.process import DelaySparse, Sparse  # noqa: E402
from lava.utils.weightutils import SignMode  # noqa: E402
from neuro_lava.processes import Player, Recorder  # noqa: E402
from scipy.sparse import csr_matrix  # noqa: E402


class Built:
    """The processes of a network."""

    def __init__(self, folder):
        self.folder = folder
        self.plan = json.loads((folder / "plan.json").read_text(encoding="utf-8"))
        with np.load(folder / "network.npz") as arrays:
            self.arrays = dict(arrays)
        self.cells, self.spikes = {}, {}
        for node in self.plan["populations"]:
            self.add_cells(node)
        for node in self.plan["sources"]:
            self.spikes[node["name"]] = self.player(node).s_out
        for number, node in enumerate(self.plan["connections"]):
            self.connect(number, node)

    def player(self, node):
        plan = self.plan["input"]
        return Player(
            path=str(self.folder / "input.bin"),
            rows=plan["rows"],
            width=plan["width"],
            first=node["first"],
            size=node["size"],
        )

    def add_cells(self, node):
        name, size = node["name"], node["size"]
        arrays = {key: self.arrays[f"{key}/{name}"] for key in ("u", "v", "bias_mant", "bias_exp")}
        cells = LIF(shape=(size,), du=node["du"], dv=node["dv"], vth=node["vth"], **arrays)
        self.cells[name], self.spikes[name] = cells, cells.s_out
        plan = self.plan["output"]
        recorder = Recorder(
            path=str(self.folder / "output.bin"),
            rows=plan["rows"],
            width=plan["width"],
            first=node["first"],
            size=size,
        )
        cells.s_out.connect(recorder.s_in)
        if node["external"] is not None:
            self.player(node["external"]).s_out.connect(cells.a_in)

    def connect(self, number, node):
        synapses = self.synapses(number, node)
        self.spikes[node["pre"]].connect(synapses.s_in)
        synapses.a_out.connect(self.cells[node["post"]].a_in)

    def synapses(self, number, node):
        part = {key: self.arrays[f"{key}/{number}"] for key in ("pre", "post", "weight", "delay")}
        places, shape = (part["post"], part["pre"]), tuple(node["shape"])
        weights = csr_matrix((part["weight"], places), shape, dtype=np.int32)
        delays = csr_matrix((part["delay"], places), shape, dtype=int)
        longest = int(part["delay"].max(initial=0))
        sparse = node["kind"] == "sparse"
        kwargs = {
            "weights": weights if sparse else weights.toarray(),
            "weight_exp": node["exponent"],
            "num_weight_bits": 8,
            "sign_mode": SignMode[node["sign_mode"].upper()],
        }
        if longest:
            kwargs |= {"delays": delays if sparse else delays.toarray(), "max_delay": longest}
        table = {False: (Dense, DelayDense), True: (Sparse, DelaySparse)}
        return table[sparse][bool(longest)](**kwargs)

    def save_state(self):
        state = {}
        for name, cells in self.cells.items():
            state[f"u/{name}"], state[f"v/{name}"] = cells.u.get(), cells.v.get()
        beside = self.folder / "state.part"
        with beside.open("wb") as file:
            np.savez(file, **state)
        beside.replace(self.folder / "state.npz")


def main(folder):
    built = Built(folder)
    first = [built.cells[name] for name in built.plan["first"]]
    config = Loihi2SimCfg(select_tag="fixed_pt")
    print("neuro ready", flush=True)
    command = "lost"
    for line in sys.stdin:
        command, *numbers = line.split()
        if command != "run":
            break
        for cells in first:
            cells.run(condition=RunSteps(num_steps=int(numbers[0])), run_cfg=config)
        built.save_state()
        print("neuro done", flush=True)
    for cells in first:
        cells.stop()
    if command != "stop":  # nobody is left who would remove them
        shutil.rmtree(folder, ignore_errors=True)
        return
    print("neuro stopped", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
