"""Write a network as a Brian2 script that runs without neuro."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from neuro.backends.brian2.lower import lower
from neuro.backends.brian2.program import Array, Program
from neuro.backends.brian2.script import arrays as program_arrays
from neuro.backends.brian2.script import render
from neuro.backends.rules import only_float, refuse
from neuro.deploy.project_files import write_folder
from neuro.drive import Drive, drive_of
from neuro.formats.text_printer import print_network
from neuro.ir.network import Network
from neuro.recording.collect import recorded_sources
from neuro.simulation.choose import choose_seed
from neuro.version import __version__


def export_brian2(
    network: Network,
    out: Path,
    *,
    steps: int,
    inputs: Mapping[str, Any] | None = None,
    seed: int | None = None,
    force: bool = False,
) -> list[Path]:
    """Write a Brian2 script, its arrays and a README into a folder; Brian2 is not needed for it.

    Parameters
    ----------
    network
        A verified network in float32 or float64.
    out
        Folder to write.
    steps, inputs
        What the script runs; inputs as for `neuro.simulate`.
    seed
        Seed of connections, values and noise; by default the network's, or 0.
    force
        True writes into a folder that is not empty; what is not ours there is kept.

    Returns
    -------
    list of Path
        The files.

    Raises
    ------
    UnsupportedError
        If the network is in fixed point.
    StorageError
        If the folder is not empty and `force` is False, or cannot be written.
    """
    refuse("brian2", only_float(network, "brian2"))
    chosen = choose_seed(network, seed)
    files = _files(network, steps, drive_of(network, inputs), chosen)
    facts = {
        "neuro": __version__,
        "network": network.name,
        "network_hash": network.content_hash,
        "target": "brian2",
        "seed": chosen,
        "steps": steps,
    }
    write_folder(out, files, facts, force=force)
    return [out / name for name in files]


def _files(network: Network, steps: int, drive: Drive, seed: int) -> dict[str, str | bytes]:
    """The files of an export by name."""
    program = lower(network, seed)[1]
    recorded = {name: program.spiking[name] for name in recorded_sources(network)}
    script = render(
        program,
        "script.py.j2",
        mode="script",
        steps=steps,
        milliseconds=program.dt * 1000,
        recorded=repr(recorded),
        version=__version__,
    )
    return {
        "run.py": script,
        "arrays.npz": _npz(program_arrays(program) | _driven(program, drive, steps)),
        "network.txt": print_network(network),
        "README.md": _readme(network, steps, seed),
    }


def _driven(program: Program, drive: Drive, steps: int) -> dict[str, Array]:
    """The listed spikes and signals of `steps` steps."""
    values: dict[str, Array] = {}
    for source in program.sources:
        spikes = drive.spikes[source.input]
        inside = spikes.step < steps
        values[f"{source.name}/step"] = spikes.step[inside]
        values[f"{source.name}/index"] = spikes.index[inside]
    for number, name in enumerate(program.signals):
        values[f"signal/{number}/step"] = drive.signals[name].step
        values[f"signal/{number}/value"] = drive.signals[name].value
    return values


def _npz(values: Mapping[str, Array]) -> bytes:
    file = io.BytesIO()
    arrays: dict[str, Any] = {name: np.asarray(value) for name, value in values.items()}
    np.savez_compressed(file, **arrays)
    return file.getvalue()


def _readme(network: Network, steps: int, seed: int) -> str:
    return f"""# {network.name} for Brian2

    pip install 'brian2==2.9.0' 'numpy<2.4'
    python run.py

runs {steps} steps of {network.dt * 1000:g} ms with seed {seed}, prints how often each population fired and
writes all spikes to `spikes.npz`. Neuro is not needed.

| file | holds |
|---|---|
| `run.py` | the program: groups, synapses, and the code that each runs in a step |
| `arrays.npz` | connections, weights, starting values, inputs |
| `network.txt` | the network in neuro's own text form |

Weights, delays and inputs can be changed in `arrays.npz`: `S/pre`, `S/post` and `S/w` are the synapses
of the Brian2 object `S`; `SOURCE/step` and `SOURCE/index` are listed spikes.
"""
