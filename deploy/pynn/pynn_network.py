"""Build and run a network with PyNN from the two files that neuro writes.

``network.json`` names the populations, projections and the simulator's settings; ``network.npz``
holds the arrays.  Units are PyNN's: ms, mV, nA, nF, uS.  A text such as ``"@E/v"`` in the first
file is the name of an array in the second.  This file needs PyNN and numpy, not neuro.
"""

import importlib
import json
from pathlib import Path

import numpy as np
from pyNN.parameters import Sequence


class Network:
    """The network in `folder`, and the simulator `module` (such as ``pyNN.nest``)."""

    def __init__(self, folder, module=None):
        folder = Path(folder)
        self.plan = json.loads((folder / "network.json").read_text(encoding="utf-8"))
        self.arrays = dict(np.load(folder / "network.npz"))
        self.module = module or self.plan["simulator"]["module"]
        self.sim = importlib.import_module(self.module)
        self.dt = self.plan["dt"]
        self.lead = self.plan["simulator"]["lead"]
        self.populations, self.projections = {}, {}

    def build(self):
        """Make the populations and projections."""
        self.sim.setup(**self.plan["simulator"]["setup"])
        self._settle_quirks()
        for cell, most in self.plan.get("neurons_per_core", {}).items():
            self.sim.set_number_of_neurons_per_core(getattr(self.sim, cell), most)
        for plan in self.plan["populations"]:
            self.populations[plan["name"]] = self._population(plan)
        for plan in self.plan["projections"]:
            self.projections[plan["name"]] = self._projection(plan)

    def _settle_quirks(self):
        if self.module == "pyNN.nest":  # PyNN 0.13 does not know that NEST's cell has a membrane
            self.sim.IF_curr_delta.variable_map = {"v": "V_m"}
            self.sim.IF_curr_delta.scale_factors = {"v": 1}

    def _population(self, plan):
        size = plan["size"]
        if plan["cell"] == "SpikeSourceArray":
            if self.module == "pyNN.brian2":
                size = max(2, size)  # PyNN 0.13 fails on a single source there
            parameters = {"spike_times": self._spike_times(plan["name"], size)}
        else:
            parameters = self.values(plan["parameters"])
        cell = getattr(self.sim, plan["cell"])(**parameters)
        population = self.sim.Population(size, cell, label=plan["name"])
        if plan["initial"]:
            population.initialize(**self.values(plan["initial"]))
        if plan["record"]:
            population.record(plan["record"])
        return population

    def _spike_times(self, name, size):
        step, index = self.arrays[f"{name}/step"], self.arrays[f"{name}/index"]
        if self.module == "pyNN.spiNNaker" and not len(step):
            return []  # sPyNNaker fails on lists that are all empty
        times = [((step[index == k] + self.lead) * self.dt).tolist() for k in range(size)]
        return times if self.module == "pyNN.spiNNaker" else list(map(Sequence, times))

    def values(self, plan):
        return {name: self.value(value) for name, value in plan.items()}

    def value(self, value):
        return self.arrays[value[1:]] if isinstance(value, str) else value

    def _projection(self, plan):
        name = plan["name"]
        columns = [self.arrays[f"{name}/{key}"] for key in ("pre", "post", "weight", "delay")]
        rows = [(int(i), int(j), float(w), float(d)) for i, j, w, d in zip(*columns)]
        return self.sim.Projection(
            self.populations[plan["pre"]],
            self.populations[plan["post"]],
            self.sim.FromListConnector(rows),
            synapse_type=self._synapse(plan["stdp"]),
            receptor_type=plan["receptor"],
            label=name,
        )

    def _synapse(self, stdp):
        if stdp is None:
            return self.sim.StaticSynapse()
        timing = self.sim.SpikePairRule(**stdp["timing"])
        dependence = getattr(self.sim, stdp["dependence"])(**stdp["bounds"])
        return self.sim.STDPMechanism(
            timing_dependence=timing, weight_dependence=dependence, **stdp["more"]
        )

    def spikes(self, name):
        """Steps and cells of the spikes of a population, sorted."""
        trains = self.populations[name].get_data("spikes").segments[0].spiketrains
        steps = [np.rint(np.asarray(t, float) / self.dt).astype(int) - self.lead for t in trains]
        index = np.repeat(np.arange(len(steps)), [len(s) for s in steps])
        step = np.concatenate([np.empty(0, int), *steps])
        order = np.lexsort((index, step))
        return step[order], index[order]

    def trace(self, name, variable):
        """Values of a state variable after each step; shape (steps, cells)."""
        signals = self.populations[name].get_data(variable).segments[0].analogsignals
        values = np.asarray(next(signal for signal in signals if signal.name == variable))
        first = self.lead + (self.module == "pyNN.brian2")  # which records before it updates
        return values[first : first + self.plan["steps"]]

    def recorded(self):
        """All that was recorded: ``spikes/NAME/step`` and ``/index``, ``trace/NAME/VARIABLE``."""
        found = {}
        for plan in self.plan["populations"]:
            name = plan["name"]
            for variable in plan["record"]:
                if variable == "spikes":
                    found[f"spikes/{name}/step"], found[f"spikes/{name}/index"] = self.spikes(name)
                else:
                    found[f"trace/{name}/{variable}"] = self.trace(name, variable)
        return found

    def weights(self, name):
        """Weights of a projection in the order of its list."""
        found = self.projections[name].get("weight", format="list")
        pairs = list(zip(self.arrays[f"{name}/pre"], self.arrays[f"{name}/post"]))
        return self._in_order(pairs, found)

    @staticmethod
    def _in_order(pairs, found):
        """`found` rows (pre, post, weight) in the order of `pairs`, also where a pair repeats."""
        waiting = {}
        for pre, post, weight in found:
            waiting.setdefault((int(pre), int(post)), []).append(float(weight))
        return np.array([waiting[int(i), int(j)].pop(0) for i, j in pairs], float)
