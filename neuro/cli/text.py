"""``neuro run --prompt``: a language model writes text."""

from __future__ import annotations

import itertools
import sys
from importlib.util import find_spec
from typing import Any

from neuro.cli.console import print_json
from neuro.errors import ParameterError, UnavailableError
from neuro.models.spec import load_model

FILES = (".txt", ".h5", ".hdf5", ".nir")


def write_text(model: str, prompt: str, changes: dict[str, Any], seed: int, *, json: bool) -> None:
    """Print the prompt and what follows, character by character; or all of it as JSON.

    Raises
    ------
    ParameterError
        If `model` is a file of a network.
    UnsupportedError
        If the model writes no text.
    UnavailableError
        If torch is not installed.
    """
    if model.endswith(FILES):
        raise ParameterError("is for models that write text.", where="--prompt")
    spec = load_model(model)
    if spec.text is not None and find_spec("torch") is None:
        raise UnavailableError(
            "torch is not installed.", where="neuro run --prompt", hint="pip install torch==2.13.0"
        )
    written = spec.writer(changes).write(prompt, seed=seed)
    if json:
        print_json({"model": spec.name, "prompt": prompt, "text": "".join(written), "seed": seed})
        return
    for part in itertools.chain([prompt], written, ["\n"]):
        sys.stdout.write(part)
        sys.stdout.flush()
