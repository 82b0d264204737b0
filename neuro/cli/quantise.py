"""``neuro quantise``: a network in fixed point, and what that changes."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from neuro.cli.console import out, print_json, print_table, readable_errors
from neuro.cli.options import (
    BackendOption,
    JsonOption,
    Model,
    ProtocolOption,
    SeedOption,
    SetOption,
    StepsOption,
    load_experiment,
)
from neuro.formats.network_file import save_network
from neuro.passes.quantise import QuantiseReport
from neuro.passes.quantise import quantise as quantise_network


@readable_errors
def quantise(
    model: Model,
    out_: Annotated[
        Path | None, typer.Option("--out", "-o", help="Where the network goes (.txt or .h5).")
    ] = None,
    weight_bits: Annotated[int, typer.Option(help="Bits of a weight: 8 or 16.")] = 16,
    headroom_bits: Annotated[
        int, typer.Option(help="Free bits above the largest magnitude seen.")
    ] = 1,
    protocol: ProtocolOption = None,
    set_: SetOption = None,
    steps: StepsOption = None,
    backend: BackendOption = "auto",
    seed: SeedOption = None,
    json: JsonOption = False,
) -> None:
    """Turn MODEL into fixed point: run it, choose an exponent for every variable, compare spikes."""
    experiment = load_experiment(model, protocol, set_, steps)
    found = quantise_network(
        experiment.network,
        steps=steps if steps is not None else experiment.steps,
        inputs=experiment.inputs,
        weight_bits=weight_bits,
        headroom_bits=headroom_bits,
        seed=seed,
        backend=backend,
    )
    written = None if out_ is None else save_network(found.network, out_)
    if json:
        file = None if written is None else str(written)
        totals = {"clipped": found.report.clipped, "changed": found.report.changed}
        print_json({**asdict(found.report), **totals, "out": file})
        return
    _print(found.network.name, found.report)
    if written is not None:
        out.print(f"Wrote {written}.")


def _print(name: str, report: QuantiseReport) -> None:
    rows = [
        (s.target, s.variable, str(s.exponent), f"{s.peak:.4g}", f"{s.limit:.4g}", f"{s.clipped:,}")
        for s in report.scales
    ]
    columns = ("of", "variable", "exponent", "largest", "limit", "clipped")
    print_table(f"{name}, weights of {report.weight_bits} bits, SI units", columns, rows)
    spikes = [(s.source, f"{s.before:,}", f"{s.after:,}", f"{s.changed:,}") for s in report.spikes]
    print_table(
        f"Spikes in {report.steps:,} steps", ("source", "before", "after", "changed"), spikes
    )
    out.print(f"{report.changed:,} spikes changed, {report.clipped:,} values reached their limit.")


command = quantise
