"""Map a plan onto a virtual board, in a process of its own: ``python mapping_script.py FOLDER SCRIPTS``.

Writes ``weights.npz`` (weights as the board would hold them) and ``machine.json`` beside sPyNNaker's
own reports.  Nothing else of neuro is imported.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np


def main(folder: Path, scripts: Path) -> None:
    """Build, map, and write what only the running sPyNNaker knows."""
    sys.path.insert(0, str(scripts))
    from pynn_network import Network  # type: ignore[import-not-found]

    network = Network(folder, "pyNN.spiNNaker")
    network.build()
    network.sim.run(network.plan["steps"] * network.dt)
    weights = {name: np.abs(network.weights(name)) for name in network.projections}
    np.savez(folder / "weights.npz", **weights)
    (folder / "machine.json").write_text(json.dumps(_machine()), encoding="utf-8")
    network.sim.end()


def _machine() -> dict[str, Any]:
    from spinn_front_end_common.data import FecDataView

    machine = FecDataView.get_machine()
    chips = [
        {"x": int(c.x), "y": int(c.y), "cores": int(c.n_processors), "sdram": int(c.sdram)}
        for c in machine.chips
    ]
    return {"chips": chips}


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
