"""Library functions such as ``exp`` as torch code: the exact programs that define them."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
from torch import Tensor

from neuro.backends.torch.load import load_function
from neuro.backends.torch.printer import TorchPrinter
from neuro.ir.expressions.evaluate import Float
from neuro.ir.expressions.library import Precision, definition
from neuro.ir.expressions.nodes import program_writes
from neuro.lowering.symbols import safe_names


@cache
def program_of(name: str, precision: Precision) -> Callable[[Tensor], Tensor]:
    """The library function `name` without a gradient.

    Parameters
    ----------
    name
        Such as ``"exp"``.
    precision
        Type of its argument.
    """
    dtype: Float = np.float64 if precision == "float64" else np.float32
    meaning = definition(name, precision)
    known = safe_names([meaning.argument, *sorted(program_writes(meaning.body))], ("torch",))
    printer = TorchPrinter(known, dtype)
    lines = printer.program(meaning.body)
    source = "\n    ".join([f"def {name}({known[meaning.argument]}):", *lines])
    source += f"\n    return {known['result']}\n"
    return load_function(name, source, printer.constants, dtype)
