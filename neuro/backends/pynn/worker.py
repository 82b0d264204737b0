"""Run a plan with PyNN in a process of its own: ``python worker.py FOLDER SCRIPTS``.

The folder holds the plan; ``result.npz`` and ``result.json`` are written there.  Nothing else of
neuro is imported, so the simulator has the process to itself.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np


def main(folder: Path, scripts: Path) -> None:
    """Build, run, and write what came out."""
    sys.path.insert(0, str(scripts))
    from pynn_network import Network  # type: ignore[import-not-found]

    network = Network(folder)
    network.build()
    _run(network)
    arrays, facts = _collect(network)
    if network.sim.rank() == 0:  # under MPI all collect, and the first has everything
        np.savez(folder / "result.npz", **arrays)
        (folder / "result.json").write_text(json.dumps(facts), encoding="utf-8")
    network.sim.end()


def _run(network: Any) -> None:
    """Run all steps, stopping where a current changes or weights are read."""
    plan, dt = network.plan, network.dt
    cells = [p for p in plan["populations"] if p["cell"] != "SpikeSourceArray"]
    _rest(network, cells)
    network.sampled = {name: [] for name in plan["sample_weights"]}
    stops = {plan["steps"]} | {change["step"] for change in plan["changes"]}
    for steps in plan["sample_weights"].values():
        stops |= {step + 1 for step in steps}
    now = 0
    for stop in sorted({0} | stops):
        if stop > now:
            network.sim.run((stop - now) * dt)
            now = stop
        for name, steps in plan["sample_weights"].items():
            if stop - 1 in steps:
                network.sampled[name].append(network.weights(name))
        for change in plan["changes"]:
            if change["step"] == stop < plan["steps"]:
                population = network.populations[change["population"]]
                population.set(i_offset=network.value(change["i_offset"]))
    if plan["simulator"]["rest"] or network.module == "pyNN.brian2":
        network.sim.run(2 * dt)  # PyNN gives out what lies a step before the kernel's time


def _rest(network: Any, cells: list[dict[str, Any]]) -> None:
    """Let the steps before our step 0 pass with all cells at rest, then set what step 0 begins with."""
    if not network.plan["simulator"]["rest"]:
        return
    for plan in cells:
        values = network.values(plan["parameters"])
        calm = {"i_offset": 0.0} if "i_offset" in values else {}
        if "v_thresh" in values and plan["cell"].startswith("IF_"):
            calm["v_thresh"] = values["v_thresh"] + 1000.0
        network.populations[plan["name"]].set(**calm)
        network.populations[plan["name"]].initialize(v=values.get("v_rest", -70.0))
    state = network.sim.simulator.state
    state.run(0.0)  # connects sources and recorders
    network.sim.nest.Simulate(network.dt)
    state.running = True  # else PyNN's first run goes a step further than asked
    for plan in cells:
        values = network.values(plan["parameters"])
        back = {k: values[k] for k in ("i_offset", "v_thresh") if k in values}
        network.populations[plan["name"]].set(**back)
        network.populations[plan["name"]].initialize(**network.values(plan["initial"]))


def _collect(network: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    arrays: dict[str, Any] = network.recorded()
    for plan in network.plan["projections"]:
        if plan["stdp"] is not None:
            arrays[f"weights/{plan['name']}"] = network.weights(plan["name"])
    for name, samples in network.sampled.items():
        arrays[f"samples/{name}"] = np.array(samples)
    facts = {"module": network.module, "processes": int(network.sim.num_processes())}
    return arrays, facts


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
