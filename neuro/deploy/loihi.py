"""Write a network in Loihi's format as a Lava script that runs without neuro."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from numpy.typing import NDArray

from neuro.backends.lava.engine import Shadow, external_inputs
from neuro.backends.lava.plan import Plan, external, make_plan
from neuro.backends.lava.rules import is_loihi_cell, lava_findings
from neuro.backends.rules import refuse
from neuro.deploy.project_files import write_folder
from neuro.drive import drive_of
from neuro.errors import ParameterError
from neuro.formats.text_printer import print_network
from neuro.ir.network import Network
from neuro.ir.resolve import synapses
from neuro.ir.verify import verified
from neuro.recording.collect import MemorySink
from neuro.resources import folder
from neuro.simulation.choose import choose_seed
from neuro.version import __version__

COPIED = ("requirements.txt", "lava.txt", "lava_compat.py")


def export_lava(
    network: Network,
    out: Path,
    *,
    steps: int,
    inputs: Mapping[str, Any] | None = None,
    seed: int | None = None,
    force: bool = False,
) -> list[Path]:
    """Write a folder with a Lava script, its arrays, and how to run it.

    Noise and currents are played from the arrays, so the script runs as many steps as are written.

    Parameters
    ----------
    network
        A network in Loihi's format, as `neuro.to_loihi` makes it.
    out
        Folder to write.
    steps, inputs, seed
        The run to write; as for `neuro.simulate`.
    force
        True writes into a folder that is not empty; see `write_folder`.

    Returns
    -------
    list of Path
        The files.

    Raises
    ------
    UnsupportedError
        If Lava cannot run the network.
    ParameterError
        If `steps` is not positive.
    StorageError
        If the folder is not empty and `force` is False, or cannot be written.
    """
    if steps < 1:
        raise ParameterError(f"is {steps}.", where="steps", hint="Give 1 or more.")
    chosen = choose_seed(verified(network), seed)
    refuse("lava", lava_findings(network, chosen))
    plan, arrays = _run(network, chosen, steps, inputs)
    place = folder("deploy") / "loihi"
    files: dict[str, str | bytes] = {
        name: (place / name).read_text(encoding="utf-8") for name in COPIED
    }
    files |= _scripts(network, plan, steps)
    files |= {"network.npz": _packed(arrays), "network.txt": print_network(network)}
    facts = {
        "neuro": __version__,
        "network": network.name,
        "network_hash": network.content_hash,
        "target": "loihi",
        "seed": chosen,
        "steps": steps,
    }
    write_folder(out, files, facts, force=force)
    return [out / name for name in files]


def _packed(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)  # type: ignore[arg-type]
    return file.getvalue()


def _run(
    network: Network, seed: int, steps: int, inputs: Mapping[str, Any] | None
) -> tuple[Plan, dict[str, NDArray[Any]]]:
    """The plan, and its arrays with what is played and what must come out; (cells, steps) each."""
    shadow, drive = Shadow(replace(network, probes=()), seed), drive_of(network, inputs)
    machine = shadow.machine
    state = {
        f"{variable}/{name}": machine.cells[name].state[variable].astype(np.int64)
        for name in (p.name for p in network.populations if is_loihi_cell(p))
        for variable in "uv"
    }
    expanded = {p.name: synapses(network, p, seed) for p in network.projections}
    plan = make_plan(network, expanded, state, seed, rows=steps)
    played = np.zeros((steps, plan.played.width), np.int32)
    spikes = np.zeros((steps, plan.cells.width), bool)
    driven = [name for name in plan.cells.first if external(name) in plan.played.first]
    sources = [source["name"] for source in plan.description["sources"]]
    for step in range(steps):
        for name, values in external_inputs(machine, driven, step, drive).items():
            played[step, plan.played.of(external(name))] = values
        shadow.advance(1, drive, MemorySink())
        for name in sources:
            played[step, plan.played.of(name)][machine.spikes[name][0]] = 1
        for name in plan.cells.first:
            spikes[step, plan.cells.of(name)][machine.spikes[name][0]] = True
    arrays = dict(plan.arrays)
    arrays |= {f"played/{n}": played[:, plan.played.of(n)].T for n in plan.played.first}
    arrays |= {f"expected/{n}": spikes[:, plan.cells.of(n)] for n in plan.cells.first}
    return plan, arrays


def _scripts(network: Network, plan: Plan, steps: int) -> dict[str, str | bytes]:
    place = folder("deploy") / "loihi" / "project"
    environment = Environment(  # noqa: S701 - no HTML
        loader=FileSystemLoader(place),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    content = {
        "title": network.name,
        "version": __version__,
        "hash": network.content_hash[:12],
        "steps": steps,
        "dt": f"{network.dt * 1e3:g}",
        "cells": sum(population["size"] for population in plan.description["populations"]),
        "synapses": sum(len(plan.arrays[f"pre/{k}"]) for k in range(len(plan.connections))),
        "sources": [source["name"] for source in plan.description["sources"]],
        "populations": plan.description["populations"],
        "connections": [_connection(plan, k) for k in range(len(plan.connections))],
        "first": plan.description["first"],
    }
    return {
        name: environment.get_template(f"{name}.j2").render(content)
        for name in ("run.py", "README.md")
    }


def _connection(plan: Plan, number: int) -> dict[str, Any]:
    """One connection as the script writes it."""
    node = plan.connections[number]
    longest = int(plan.arrays[f"delay/{number}"].max(initial=0))
    sparse = node["kind"] == "sparse"
    process = ("Delay" if longest else "") + ("Sparse" if sparse else "Dense")
    return {
        **node,
        "shape": tuple(node["shape"]),
        "longest": longest,
        "process": process,
        "form": "" if sparse else ".toarray()",
    }
