"""Run a workload on NEST and print what it took."""

from __future__ import annotations

import contextlib
import io
import time
from typing import Any

with contextlib.redirect_stdout(io.StringIO()):
    import nest
from common import result, task
from workloads import CONDUCTANCE, CURRENT, DELTA, STDP_TAU, Workload

PICO = 1000.0
"""nF, nA and uS in NEST's pF, pA and nS."""


def model(work: Workload) -> tuple[str, dict[str, float]]:
    """NEST's cell and its parameters."""
    table = {"current": CURRENT, "conductance": CONDUCTANCE, "delta": DELTA}[work.kind]
    values = {
        "C_m": table["cm"] * PICO,
        "E_L": table["v_rest"],
        "V_reset": table["v_reset"],
        "V_th": table["v_thresh"],
        "t_ref": table["tau_refrac"],
    }
    if work.kind == "delta":
        return "iaf_psc_delta", {**values, "tau_m": table["tau_m"]}
    values |= {"tau_syn_ex": table["tau_syn_E"], "tau_syn_in": table["tau_syn_I"]}
    if work.kind == "current":
        return "iaf_psc_exp", {**values, "tau_m": table["tau_m"]}
    values |= {
        "g_L": table["cm"] / table["tau_m"] * PICO,
        "E_ex": table["e_rev_E"],
        "E_in": table["e_rev_I"],
        "I_e": table["i_offset"] * PICO,
    }
    return "iaf_cond_exp", values


def connect(work: Workload, e: Any, i: Any) -> None:
    """Connect by a fixed total number, which NEST builds much faster than a probability."""
    scale = 1.0 if work.kind == "delta" else PICO
    we, wi = work.excitatory * scale, -work.inhibitory * scale
    common = {"delay": work.delay}
    for pre, weight in ((e, we), (i, wi)):
        for post in (e, i):
            count = round(len(pre) * len(post) * work.probability)
            rule = {"rule": "fixed_total_number", "N": count}
            synapse: dict[str, Any] = {
                "synapse_model": "static_synapse",
                "weight": weight,
                **common,
            }
            if work.plastic and pre is e and post is e:
                synapse = {"synapse_model": "stdp_bench", "weight": weight, **common}
            nest.Connect(pre, post, rule, synapse)


def main() -> None:
    """Build, run, print."""
    given = task()
    work = given.work
    nest.set_verbosity("M_ERROR")
    nest.ResetKernel()
    nest.set(resolution=work.dt, rng_seed=given.seed, local_num_threads=given.threads)
    start = time.perf_counter()
    name, parameters = model(work)
    low, high = (0.0, 20.0) if work.kind == "delta" else (-60.0, -50.0)
    cells = []
    for count in (work.excitatory_cells, work.cells - work.excitatory_cells):
        made = nest.Create(name, count, parameters)
        made.V_m = nest.random.uniform(low, high)
        cells.append(made)
    if work.plastic:
        scale = 1.0 if work.kind == "delta" else PICO
        nest.CopyModel(
            "stdp_synapse_hom",
            "stdp_bench",
            {
                "tau_plus": STDP_TAU,
                "lambda": 0.01,
                "alpha": 1.05,
                "mu_plus": 0.0,
                "mu_minus": 0.0,
                "Wmax": work.w_max * scale,
            },
        )
        for made in cells:
            made.tau_minus = STDP_TAU
    connect(work, *cells)
    if work.drive:
        noise = nest.Create("poisson_generator", params={"rate": work.drive})
        for made in cells:
            nest.Connect(noise, made, syn_spec={"weight": work.excitatory, "delay": work.dt})
    nest.Prepare()
    before, built = nest.local_spike_counter, time.perf_counter()
    nest.Run(work.milliseconds)
    done = time.perf_counter()
    result(
        build=built - start,
        run=done - built,
        spikes=int(nest.local_spike_counter - before),
        work=work,
        version=nest.__version__,
    )


if __name__ == "__main__":
    main()
