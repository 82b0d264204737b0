"""``neuro verify``: the same spikes everywhere, or the first that differs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated

import typer

from neuro.cli.console import NO, print_json, print_table, readable_errors
from neuro.cli.flags import backend_options
from neuro.cli.options import (
    DtOption,
    InputOption,
    JsonOption,
    Model,
    NIROptions,
    ProfileOption,
    ProtocolOption,
    ResetOption,
    SeedOption,
    SetOption,
    StepsOption,
    load_experiment,
)
from neuro.simulation.distance import SpikeDistance
from neuro.simulation.verify import verify as verify_network


@readable_errors
def verify(
    ctx: typer.Context,
    model: Model,
    on: Annotated[
        str, typer.Option("--on", help="Backends, separated by commas; the first is the yardstick.")
    ] = "reference,c",
    protocol: ProtocolOption = None,
    set_: SetOption = None,
    profile: ProfileOption = None,
    dt: DtOption = None,
    reset: ResetOption = None,
    input_: InputOption = None,
    steps: StepsOption = None,
    seed: SeedOption = None,
    json: JsonOption = False,
) -> None:
    """Run MODEL on several backends and compare every spike, state and weight after every step.

    The options of the backends are flags too, such as --board; 'neuro targets BACKEND' lists them.
    """
    experiment = load_experiment(
        model, protocol, set_, steps, NIROptions(profile, dt, reset, input_)
    )
    backends = [name.strip() for name in on.split(",") if name.strip()]
    result = verify_network(
        experiment.network,
        steps=experiment.count(steps),
        inputs=experiment.inputs,
        backends=backends,
        seed=seed,
        options={name: backend_options(ctx, name) for name in backends},
        progress=None if json else "auto",
    )
    if json:
        found = {name: None if d is None else str(d) for name, d in result.divergences.items()}
        far = {name: [asdict(d) for d in ds] for name, ds in result.distances.items()}
        tree = {"identical": result.identical, "steps": result.steps, "divergences": found}
        print_json({**tree, "distances": far})
    else:
        rows = [(backends[0], "yardstick")]
        rows += [
            (name, "identical" if d is None else str(d)) for name, d in result.divergences.items()
        ]
        title = f"{experiment.network.name}, {result.steps} steps: spikes, states and weights"
        print_table(title, ("backend", "result"), rows)
        for name, distances in result.distances.items():
            _print_distances(name, distances)
    if not result.identical:
        raise typer.Exit(NO)


def _print_distances(name: str, distances: Sequence[SpikeDistance]) -> None:
    rows = [
        (
            d.source,
            f"{d.expected:,}",
            f"{d.found:,}",
            f"{d.victor_purpura:.2f}",
            f"{d.van_rossum:.2f}",
        )
        for d in distances
    ]
    columns = ("source", "spikes", f"on {name}", "Victor-Purpura", "van Rossum")
    print_table(f"{name}: distances, mean over cells", columns, rows)


command = verify
