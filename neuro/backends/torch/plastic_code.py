"""Programs of synapses as torch code, for all synapses of a projection at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from torch import Tensor

from neuro.backends.torch.load import load_function
from neuro.backends.torch.printer import TorchPrinter
from neuro.ir.expressions.evaluate import Float
from neuro.ir.expressions.nodes import Assign, Expression, Program, names, program_writes
from neuro.lowering.symbols import safe_names

SENT = "sent$"
"""The name under which an action leaves what is sent."""
_FORBIDDEN = ("torch", "action")


@dataclass(frozen=True, slots=True, eq=False)
class Action:
    """A program, compiled.

    Attributes
    ----------
    reads, writes
        Names that it may read and that it assigns.
    function
        From values of `reads` to values of `writes`.
    """

    reads: tuple[str, ...]
    writes: tuple[str, ...]
    function: Callable[..., tuple[Tensor, ...]]

    def run(self, scope: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """`scope` with what the program assigns."""
        if not self.writes:
            return dict(scope)
        found = self.function(*(scope.get(name) for name in self.reads))
        return {**scope, **dict(zip(self.writes, found, strict=True))}


def action_of(program: Program, dtype: Float, send: Expression | None = None) -> Action:
    """Compile a program, and what is sent after it.

    Parameters
    ----------
    program
        Canonical.
    dtype
        Number format.
    send
        Evaluated after the program, as `SENT`.
    """
    whole = (*program, Assign(SENT, send)) if send is not None else tuple(program)
    writes = tuple(sorted(program_writes(whole)))
    reads = tuple(sorted({name for statement in whole for name in names(statement.value)}))
    known = safe_names([*reads, *(name for name in writes if name not in reads)], _FORBIDDEN)
    printer = TorchPrinter(known, dtype)
    lines = printer.program(whole)
    source = "\n    ".join(
        [
            f"def action({', '.join(known[name] for name in reads)}):",
            *lines,
            f"return ({''.join(f'{known[name]}, ' for name in writes)})",
        ]
    )
    return Action(reads, writes, load_function("action", source + "\n", printer.constants, dtype))
