"""Show a run that only mapped a network: where it lies, and that nothing ran."""

from __future__ import annotations

import json as json_module
from dataclasses import asdict
from pathlib import Path

from neuro.cli.console import out, print_json, print_table
from neuro.files import write_text
from neuro.formats.network_file import save_network
from neuro.models.experiment import Experiment
from neuro.recording.plot_style import save_figure
from neuro.recording.provenance import Provenance

COLUMNS = ("population", "cells", "cores", "chips", "bytes of SDRAM", "first key")


def show_mapping(
    experiment: Experiment, provenance: Provenance, folder: Path, *, json: bool
) -> None:
    """Print where a network lies, and write table, picture and network to `folder`."""
    written = [save_network(experiment.network, folder / "network.txt")]
    mapping = provenance.engine.get("mapping")
    if mapping is not None:
        written += _write(mapping, folder)
    if json:
        facts = asdict(provenance) | {"engine": {**provenance.engine}}
        facts["engine"].pop("mapping", None)
        found = None if mapping is None else json_module.loads(mapping)
        print_json({"provenance": facts, "mapping": found, "files": [str(p) for p in written]})
        return
    if mapping is not None:
        _print(mapping)
    out.print(
        f"[bold]{provenance.backend} mapped the network; nothing ran, so there are no spikes.[/]"
    )
    for path in written:
        out.print(f"wrote {path}")


def _write(mapping: str, folder: Path) -> list[Path]:
    import matplotlib as mpl

    from neuro.deploy.spinnaker.picture import mapping_picture
    from neuro.deploy.spinnaker.report import MappingReport

    mpl.use("Agg")
    tree = json_module.loads(mapping)
    text = write_text(folder / "mapping.json", json_module.dumps(tree, indent=2) + "\n")
    picture = save_figure(mapping_picture(MappingReport.from_dict(tree)), folder / "mapping.png")
    return [text, picture]


def _print(mapping: str) -> None:
    from neuro.deploy.spinnaker.report import MappingReport

    report = MappingReport.from_dict(json_module.loads(mapping))
    title = f"On {report.board}, by sPyNNaker {report.versions.get('sPyNNaker', '')}"
    print_table(title, COLUMNS, report.rows())
    out.print(
        f"{len(report.placed)} cores on {report.chips_used} of {len(report.chips)} chips, "
        f"{report.sdram:,} bytes of SDRAM, {report.entries} routing entries."
    )
