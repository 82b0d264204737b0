"""Checkpoints of continual runs: network, lateral circuits, springs, and where the run is."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from neuro.errors import FileFormatError, ParameterError
from neuro.files import replacing
from neuro.training.checkpoint import read_checkpoint
from neuro.training.hlop.ewc import Springs
from neuro.training.hlop.network import SpikingLayers
from neuro.training.hlop.settings import Settings
from neuro.version import __version__

if TYPE_CHECKING:
    from neuro.training.hlop.run import Progress

FORMAT = "hlop 1"


def save_checkpoint(
    path: Path,
    data: str,
    settings: Settings,
    layers: SpikingLayers,
    springs: Springs,
    progress: Progress,
) -> None:
    """Write a checkpoint, whole or not at all.

    Parameters
    ----------
    path
        Where.
    data
        Fingerprint of the stream.
    settings, layers, springs, progress
        What it keeps.

    Raises
    ------
    StorageError
        If it cannot be written; the one before is still there.
    """
    content = {
        "format": FORMAT,
        "neuro": __version__,
        "settings": {**_plain(settings), "data": data},
        "rows": [(len(x.lateral.old), len(x.lateral.new)) for x in layers.projected],
        "layers": layers.state_dict(),
        "springs": springs.state(),
        "progress": asdict(progress),
    }
    with replacing(path) as beside:
        torch.save(content, beside)


def load_checkpoint(
    path: Path, data: str, settings: Settings, layers: SpikingLayers, springs: Springs
) -> dict[str, Any]:
    """Go back to a checkpoint; returns where the run was.

    Parameters
    ----------
    path, data, settings
        As for `save_checkpoint`.
    layers, springs
        Get the values.

    Raises
    ------
    FileFormatError
        If there is none, or it is damaged or of another version.
    ParameterError
        If it is of other settings or data.
    """
    content = read_checkpoint(path)
    if content.get("format") != FORMAT:
        raise FileFormatError(
            f"has format {content.get('format')}; this is neuro {__version__}, which reads {FORMAT!r}.",
            where=str(path),
            hint="Start anew without --resume.",
        )
    _compare(content["settings"], {**_plain(settings), "data": data}, path)
    for layer, (old, new) in zip(layers.projected, content["rows"], strict=True):
        layer.lateral.prepare_(old, new)
    layers.load_state_dict(content["layers"])
    springs.load(content["springs"])
    progress: dict[str, Any] = content["progress"]
    return progress


def _plain(settings: Settings) -> dict[str, Any]:
    values = asdict(settings)
    return {k: list(v) if isinstance(v, tuple | list) else v for k, v in values.items()}


def _compare(saved: dict[str, Any], given: dict[str, Any], path: Path) -> None:
    for name in sorted(saved):
        if saved[name] != given.get(name):
            raise ParameterError(
                f"was made with {name} = {saved[name]!r}, not {given.get(name)!r}.",
                where=str(path),
                hint="Give the settings and data that it was made with, or another folder.",
            )
