"""Run a workload on Brian2 (C++ standalone) and print what it took."""

from __future__ import annotations

import shutil
import tempfile
import time
from typing import Any

import brian2 as b
from common import peak_megabytes_of_children, result, task
from workloads import CONDUCTANCE, CURRENT, DELTA, STDP_TAU, Workload

CURRENT_EQUATIONS = """
dv/dt = (ge + gi - (v - v_rest)) / tau_m : volt (unless refractory)
dge/dt = -ge / tau_syn_E : volt
dgi/dt = -gi / tau_syn_I : volt
"""
CONDUCTANCE_EQUATIONS = """
dv/dt = (g_leak * (v_rest - v) + ge * (e_rev_E - v) + gi * (e_rev_I - v) + i_offset) / c_m : volt (unless refractory)
dge/dt = -ge / tau_syn_E : siemens
dgi/dt = -gi / tau_syn_I : siemens
"""
DELTA_EQUATIONS = "dv/dt = (v_rest - v) / tau_m : volt (unless refractory)"

STDP = """
w : volt
dapre/dt = -apre / tau_stdp : volt (event-driven)
dapost/dt = -apost / tau_stdp : volt (event-driven)
"""


def namespace(work: Workload) -> dict[str, Any]:
    """Constants in Brian2's units."""
    table = {"current": CURRENT, "conductance": CONDUCTANCE, "delta": DELTA}[work.kind]
    units = {"v_": b.mV, "e_": b.mV, "ta": b.ms, "cm": b.nF, "i_": b.nA}
    found = {name: value * units[name[:2]] for name, value in table.items()}
    found["c_m"] = found.pop("cm")  # for Brian2, cm is a unit
    if work.kind == "conductance":
        found["g_leak"] = found["c_m"] / found["tau_m"]
    return found


def group(work: Workload) -> b.NeuronGroup:
    """All cells; the first four fifths excite."""
    model, method = {
        "current": (CURRENT_EQUATIONS, "exact"),
        "conductance": (CONDUCTANCE_EQUATIONS, "euler"),
        "delta": (DELTA_EQUATIONS, "exact"),
    }[work.kind]
    constants = namespace(work)
    cells = b.NeuronGroup(
        work.cells,
        model,
        method=method,
        threshold="v > v_thresh" if work.kind != "delta" else "v >= v_thresh",
        reset="v = v_reset",
        refractory=constants.pop("tau_refrac"),
        namespace=constants,
    )
    low, high = (0, 20) if work.kind == "delta" else (-60, -50)
    cells.v = f"({low} + {high - low} * rand()) * mV"
    return cells


def synapses(work: Workload, cells: b.NeuronGroup) -> list[b.Synapses]:
    """Projections from both kinds of cells; E to E may be plastic."""
    ne = work.excitatory_cells
    unit = b.uS if work.kind == "conductance" else b.mV
    excite = "v_post" if work.kind == "delta" else "ge_post"
    inhibit = "v_post" if work.kind == "delta" else "gi_post"
    # Brian2 delivers in the step of the spike; one step less gives the same latency as here.
    delay = (work.delay - work.dt) * b.ms
    we, wi = work.excitatory * unit, work.inhibitory * unit
    if work.kind != "conductance":
        wi = -wi
    made = []
    inhibitory = b.Synapses(cells[ne:], cells, on_pre=f"{inhibit} += wi", namespace={"wi": wi})
    if not work.plastic:
        excitatory = b.Synapses(cells[:ne], cells, on_pre=f"{excite} += we", namespace={"we": we})
        made += [excitatory, inhibitory]
    else:
        amplitude = 0.01 * work.w_max * b.mV
        constants = {
            "tau_stdp": STDP_TAU * b.ms,
            "aplus": amplitude,
            "aminus": 1.05 * amplitude,
            "wmax": work.w_max * b.mV,
            "we": we,
        }
        plastic = b.Synapses(
            cells[:ne],
            cells[:ne],
            STDP,
            on_pre=f"{excite} += w; apre += aplus; w = clip(w - apost, 0*volt, wmax)",
            on_post="apost += aminus; w = clip(w + apre, 0*volt, wmax)",
            namespace=constants,
        )
        static = b.Synapses(cells[:ne], cells[ne:], on_pre=f"{excite} += we", namespace={"we": we})
        made += [plastic, static, inhibitory]
    for item in made:
        item.connect(p=work.probability)
        item.delay = delay
    if work.plastic:
        made[0].w = we
    return made


def main() -> None:
    """Build, run, print."""
    given = task()
    work, folder = given.work, tempfile.mkdtemp(prefix="bench-brian2-")
    b.prefs.devices.cpp_standalone.openmp_threads = given.threads if given.threads > 1 else 0
    b.set_device("cpp_standalone", directory=folder, build_on_run=False)
    b.seed(given.seed)
    b.defaultclock.dt = work.dt * b.ms
    start = time.perf_counter()
    cells = group(work)
    parts: list[Any] = [cells, *synapses(work, cells)]
    if work.drive:
        # PoissonInput draws a binomial count per cell and step.
        parts.append(
            b.PoissonInput(cells, "v", 1000, work.drive / 1000 * b.Hz, work.excitatory * b.mV)
        )
    monitor = b.SpikeMonitor(cells)
    network = b.Network(*parts, monitor)
    network.run(work.milliseconds * b.ms)
    b.device.build(directory=folder, compile=True, run=True, debug=False)
    total = time.perf_counter() - start
    # The time of the simulation loop alone, as the program measures it.
    run = b.device._last_run_time  # noqa: SLF001
    result(
        build=total - run,
        run=run,
        spikes=int(monitor.num_spikes),
        work=work,
        version=b.__version__,
        # The program that simulates is a child; so is the compiler, if that takes more.
        memory=peak_megabytes_of_children(),
    )
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
