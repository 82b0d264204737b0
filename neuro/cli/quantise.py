"""``neuro quantise``: a network in fixed point, and what that changes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

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
from neuro.errors import ParameterError, unknown_name
from neuro.formats.network_file import save_network
from neuro.ir.network import Network
from neuro.passes.declare_inputs import declare_inputs
from neuro.passes.freeze import freeze
from neuro.passes.loihi import LoihiReport, to_loihi
from neuro.passes.quantise import QuantiseReport
from neuro.passes.quantise import quantise as quantise_network
from neuro.passes.spike_change import SpikeChange
from neuro.passes.spinnaker import SpiNNakerReport, to_spinnaker

Options = Mapping[str, Any]
Made = tuple[Network, dict[str, Any], Callable[[], None]]
"""A network, the facts about it, and what prints them."""


@readable_errors
def quantise(
    model: Model,
    out_: Annotated[
        Path | None, typer.Option("--out", "-o", help="Where the network goes (.txt or .h5).")
    ] = None,
    to: Annotated[
        str, typer.Option("--to", help="Which format: fixed, loihi or spinnaker.")
    ] = "fixed",
    weight_bits: Annotated[
        int | None, typer.Option(help="Of 'fixed': bits of a weight, 8 or 16 (16).")
    ] = None,
    headroom_bits: Annotated[
        int | None,
        typer.Option(help="Of 'fixed', 'loihi': free bits above the largest magnitude seen (1)."),
    ] = None,
    refractory: Annotated[
        str | None,
        typer.Option(
            help="Of 'loihi': keep or drop refractory periods, which Lava has not (keep)."
        ),
    ] = None,
    freeze_: Annotated[
        bool | None, typer.Option("--freeze", help="Of 'loihi': static synapses for plastic ones.")
    ] = None,
    protocol: ProtocolOption = None,
    set_: SetOption = None,
    steps: StepsOption = None,
    backend: BackendOption = "auto",
    seed: SeedOption = None,
    json: JsonOption = False,
) -> None:
    """Turn MODEL into integers: run it, choose how to express every variable, compare spikes.

    The network that is written has the input of MODEL's protocol.
    """
    if to not in _FORMATS:
        raise unknown_name(to, _FORMATS, kind="format", where="--to")
    own = {
        "weight_bits": weight_bits,
        "headroom_bits": headroom_bits,
        "refractory": refractory,
        "freeze": freeze_,
    }
    given = {name: value for name, value in own.items() if value is not None}
    make, known = _FORMATS[to]
    _refuse_others(to, given, known)
    experiment = load_experiment(model, protocol, set_, steps)
    count = steps if steps is not None else experiment.steps
    common = {"steps": count, "inputs": None, "seed": seed, "backend": backend}
    network, facts, show = make(
        declare_inputs(experiment.network, experiment.inputs), {**common, **given}
    )
    written = None if out_ is None else save_network(network, out_)
    if json:
        print_json({**facts, "out": None if written is None else str(written)})
    else:
        show()
        _say_written(written)


def _say_written(path: Path | None) -> None:
    if path is not None:
        out.print(f"Wrote {path}.")


def _refuse_others(to: str, given: Options, known: frozenset[str]) -> None:
    for name in given.keys() - known:
        option = f"--{name.replace('_', '-')}"
        raise ParameterError(f"is no option of {to!r}.", where=option, hint="Leave it out.")


def _fixed(network: Network, options: Options) -> Made:
    found = quantise_network(network, **options)
    totals = {"clipped": found.report.clipped, "changed": found.report.changed}
    facts = {**asdict(found.report), **totals}
    return found.network, facts, lambda: _print(network.name, found.report)


def _loihi(network: Network, options: Options) -> Made:
    kept = {name: value for name, value in options.items() if name != "freeze"}
    found = to_loihi(freeze(network) if options.get("freeze") else network, **kept)
    facts = {**asdict(found.report), "changed": found.report.changed}
    return found.network, facts, lambda: _print_loihi(network.name, found.report)


def _spinnaker(network: Network, options: Options) -> Made:
    found = to_spinnaker(network, **options)
    facts = {**asdict(found.report), "changed": found.report.changed}
    return found.network, facts, lambda: _print_spinnaker(network.name, found.report)


_FORMATS: dict[str, tuple[Callable[[Network, Options], Made], frozenset[str]]] = {
    "fixed": (_fixed, frozenset({"weight_bits", "headroom_bits"})),
    "loihi": (_loihi, frozenset({"refractory", "headroom_bits", "freeze"})),
    "spinnaker": (_spinnaker, frozenset()),
}
"""What makes each format, and the options that it has of its own."""


def _print(name: str, report: QuantiseReport) -> None:
    rows = [
        (s.target, s.variable, str(s.exponent), f"{s.peak:.4g}", f"{s.limit:.4g}", f"{s.clipped:,}")
        for s in report.scales
    ]
    columns = ("of", "variable", "exponent", "largest", "limit", "clipped")
    print_table(f"{name}, weights of {report.weight_bits} bits, SI units", columns, rows)
    _print_spikes(report.steps, report.spikes)
    out.print(f"{report.changed:,} spikes changed, {report.clipped:,} values reached their limit.")


def _print_loihi(name: str, report: LoihiReport) -> None:
    columns = ("population", "du", "dv", "vth", "bias", "refractory", "steps a unit")
    cells = [
        (
            *(c.population, str(c.du), str(c.dv), str(c.vth)),
            *(f"{c.bias_mant} << {c.bias_exp}", str(c.refractory), f"{c.gain:.4g}"),
        )
        for c in report.cells
    ]
    print_table(f"{name} in Loihi's format", columns, cells)
    columns = ("projection", "exponent", "largest", "error", "lost", "clipped", "too small")
    weights = [
        (
            *(s.projection, str(s.exponent), str(s.largest), f"{s.error:.2%}"),
            *(f"{s.lost:,}", f"{s.clipped:,}", ", ".join(s.silent)),
        )
        for s in report.synapses
    ]
    print_table("Weights: 8-bit mantissas", columns, weights)
    _print_changes(report)


def _print_spinnaker(name: str, report: SpiNNakerReport) -> None:
    columns = ("projection", "shift", "step (nA)", "largest", "error", "lost", "clipped")
    weights = [
        (
            *(w.projection, str(w.shift), f"{w.step:.4g}", f"{w.largest:,}"),
            *(f"{w.error:.2%}", f"{w.lost:,}", f"{w.clipped:,}"),
        )
        for w in report.weights
    ]
    print_table(f"{name} in SpiNNaker's arithmetic: 16-bit weights", columns, weights)
    _print_changes(report)


def _print_changes(report: LoihiReport | SpiNNakerReport) -> None:
    _print_spikes(report.steps, report.spikes)
    out.print(f"{report.changed:,} spikes changed.")
    if report.dropped:
        out.print(f"Probes of what the new cells do not have: {', '.join(report.dropped)}.")


def _print_spikes(steps: int, changes: tuple[SpikeChange, ...]) -> None:
    rows = [(s.source, f"{s.before:,}", f"{s.after:,}", f"{s.changed:,}") for s in changes]
    print_table(f"Spikes in {steps:,} steps", ("source", "before", "after", "changed"), rows)


command = quantise
