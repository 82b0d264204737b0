"""Turn printed Python into functions, with the text where tracebacks and debuggers find it."""

from __future__ import annotations

import hashlib
import linecache
from collections.abc import Callable, Mapping
from types import CodeType
from typing import Any

import numpy as np
import torch

from neuro.backends.torch import runtime
from neuro.ir.expressions.evaluate import Float

DTYPES: dict[Float, torch.dtype] = {np.float32: torch.float32, np.float64: torch.float64}


def load_function(
    name: str, source: str, constants: Mapping[str, float], dtype: Float, **known: Any
) -> Callable[..., Any]:
    """The function `name` of `source`.

    Parameters
    ----------
    name
        The function.
    source
        Python that calls only what `runtime` and `known` define.
    constants
        Numbers that it reads as tensors.
    dtype
        Their type.
    known
        What it may read besides.
    """
    scope: dict[str, Any] = {"torch": torch}
    scope |= {key: getattr(runtime, key) for key in dir(runtime) if key.startswith("nr_")}
    scope |= {key: torch.tensor(value, dtype=DTYPES[dtype]) for key, value in constants.items()}
    scope |= known
    exec(_compiled(name, source), scope)  # noqa: S102 - the text is printed from checked trees
    made: Callable[..., Any] = scope[name]
    return made


def _compiled(name: str, source: str) -> CodeType:
    digest = hashlib.sha256(source.encode()).hexdigest()[:12]
    place = f"<neuro torch {name} {digest}>"
    linecache.cache[place] = (len(source), None, source.splitlines(keepends=True), place)
    return compile(source, place, "exec")
