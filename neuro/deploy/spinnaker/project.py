"""Write the folder that runs a network on SpiNNaker without neuro."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from neuro.backends.pynn.translate import Plan
from neuro.deploy.spinnaker.machine import SpinnakerBoard
from neuro.errors import Finding
from neuro.resources import folder as resource

SCRIPTS = ("pynn/pynn_network.py", "spinnaker/run.py")
NO_MACHINE = "# Name your machine: machine_name or spalloc_server and spalloc_user.\n"


def write_project(plan: Plan, board: SpinnakerBoard, folder: Path) -> None:
    """Write scripts, network, configuration and README into `folder`.

    Parameters
    ----------
    plan
        A network translated for SpiNNaker, with its drive.
    board
        Which machine; one that names none gets a configuration to complete.
    """
    plan.write(folder)
    (folder / "virtual").mkdir(exist_ok=True)
    for name, text in project_texts(plan, board).items():
        (folder / name).write_text(text, encoding="utf-8")


def project_texts(
    plan: Plan, board: SpinnakerBoard, findings: Sequence[Finding] = ()
) -> dict[str, str]:
    """Texts of all files of a project but ``network.npz``, by path."""
    scripts = {Path(name).name: _text(resource("deploy") / name) for name in SCRIPTS}
    return {
        **scripts,
        "network.json": plan.text(),
        "spynnaker.cfg": _config(board),
        "virtual/spynnaker.cfg": board.config(virtual=True),
        "README.md": _readme(plan, board, findings),
    }


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _config(board: SpinnakerBoard) -> str:
    if board.is_real:
        return board.config(virtual=False)
    lines = board.config(virtual=True).splitlines()
    kept = [line for line in lines[: lines.index("")] if not line.startswith("virtual_board")]
    return NO_MACHINE + "\n".join(kept) + "\n"


def _readme(plan: Plan, board: SpinnakerBoard, findings: Sequence[Finding]) -> str:
    environment = Environment(
        loader=FileSystemLoader(resource("deploy") / "spinnaker"),
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701 - Markdown, not HTML
        keep_trailing_newline=True,
        trim_blocks=True,
    )
    return environment.get_template("README.md.j2").render(
        name=plan.tree["name"],
        board=board,
        steps=plan.tree["steps"],
        dt=plan.tree["dt"],
        findings=findings,
        populations=plan.tree["populations"],
        plastic=any(p["stdp"] is not None for p in plan.tree["projections"]),
    )
