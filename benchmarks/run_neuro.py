"""Run a workload on one of our engines and print what it took."""

from __future__ import annotations

import time

from common import peak_megabytes, result, task
from workloads import CONDUCTANCE, CURRENT, DELTA, STDP_TAU, Workload

import neuro


def cell(work: Workload) -> neuro.Cell:
    """The workload's cell."""
    if work.kind == "current":
        return neuro.IF_curr_exp(**CURRENT)
    if work.kind == "conductance":
        return neuro.IF_cond_exp(scheme="euler", **CONDUCTANCE)
    return neuro.IF_curr_delta(**DELTA)


def synapse(work: Workload, weight: float, *, plastic: bool) -> neuro.Synapse:
    """A static synapse, or additive pair STDP."""
    if not plastic:
        return neuro.StaticSynapse(weight=weight, delay=work.delay)
    amplitude = 0.01 * work.w_max
    return neuro.PairSTDP(
        weight=weight,
        delay=work.delay,
        tau_plus=STDP_TAU,
        tau_minus=STDP_TAU,
        A_plus=amplitude,
        A_minus=1.05 * amplitude,
        w_max=work.w_max,
    )


def network(work: Workload, seed: int) -> neuro.Network:
    """The workload as a network."""
    net = neuro.NetworkBuilder(dt=work.dt, name=work.name, seed=seed)
    low, high = (0, 20) if work.kind == "delta" else (-60, -50)
    start = {"v": neuro.Uniform(low, high)}
    e = net.population(work.excitatory_cells, cell(work), label="E", initial_values=start)
    i = net.population(work.cells - e.size, cell(work), label="I", initial_values=start)
    connector = neuro.FixedProbabilityConnector(work.probability)
    for pre, weight, port in (
        (e, work.excitatory, "excitatory"),
        (i, work.inhibitory, "inhibitory"),
    ):
        for post in (e, i):
            plastic = work.plastic and pre is post is e
            kind = synapse(work, weight, plastic=plastic)
            net.projection(pre, post, connector, kind, receptor_type=port)
    for population in (e, i):
        if work.drive:
            net.poisson_input(population, rate=work.drive, weight=work.excitatory)
        population.record("spikes")
    return net.build()


def main() -> None:
    """Build, run, print."""
    given = task()
    baseline = peak_megabytes()
    start = time.perf_counter()
    options = {"threads": given.threads} if given.backend == "c" else {}
    built_network = network(given.work, given.seed)
    with neuro.Session(built_network, backend=given.backend, options=options) as session:
        built = time.perf_counter()
        recording = session.run(given.work.steps)
        done = time.perf_counter()
    result(
        build=built - start,
        run=done - built,
        spikes=sum(len(data) for data in recording.spikes.values()),
        work=given.work,
        baseline=baseline,
        version=neuro.__version__,
    )


if __name__ == "__main__":
    main()
