"""What runs where: a table from each backend's own ``check``, one cell or synapse at a time."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from typing import Any, Literal

import neuro
from neuro.backends.contract import Backend
from neuro.backends.registry import BUILT_IN, get_backend
from neuro.errors import Finding, NeuroError, UnsupportedError
from neuro.ir.network import Network
from neuro.passes.loihi import to_loihi
from neuro.testing.conformance import INSTALLATION
from neuro.testing.library import ASTROCYTES, LIBRARY_CELLS, SYNAPSES, plastic

Answer = Literal["yes", "approximate", "no"]
KINDS = {**LIBRARY_CELLS, **ASTROCYTES}
CELLS = tuple(name for name in KINDS if name not in ("noisy", "coupled"))
SILENT = ("pynn:mock", "pynn:spinnaker")
"""Backends without a column: one runs nothing, one is `spinnaker` under another name."""
RULES = tuple(name for name in SYNAPSES if name != "calcium")
HEAD = """# What runs where

Written by `python -m neuro.testing.support` from each backend's own `check`, whether or not it is
installed here; `neuro check MODEL --target BACKEND` says the same of a whole network, with reasons.

- **yes**: exactly, as the [reference](../explanation/step.md) does it; behind a colon the form that the
  network must have, if it is not float32.
- **≈**: close, in another order or with other numbers; the rules that warn of it.
- **no**: the rules that refuse it.

Of synapses, only the rules are listed that do not also concern a static synapse between the same cells
(`IF_curr_exp`).
"""


Form = Callable[[Callable[[Any], Network]], Network]
"""Makes a network in some number format, from a function of the format."""


def _loihi(make: Callable[[Any], Network]) -> Network:
    """As ``neuro quantise --to loihi --refractory drop`` makes it."""
    return to_loihi(make(neuro.FLOAT32), steps=20, refractory="drop").network


LOIHI = "quantised to Loihi, no refractory periods"
FORMS: dict[str, Form] = {
    "": lambda make: make(neuro.FLOAT32),
    "float64": lambda make: make(neuro.FLOAT64),
    "fixed point": lambda make: make(neuro.fixed_point(11, 20)),
    LOIHI: _loihi,
}
"""What is tried, in this order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Support:
    """Whether something runs on a target.

    Attributes
    ----------
    answer
        ``"yes"``: exactly; ``"approximate"``: with other spikes, which ``check`` says beforehand.
    form
        The form that it takes, if that is not float32.
    rules
        What is approximate, or what forbids it.
    """

    answer: Answer
    form: str = ""
    rules: tuple[str, ...] = ()

    def __str__(self) -> str:
        words = [self.form, *self.rules]
        inner = ", ".join(word for word in words if word)
        return f"{self.answer} ({inner})" if inner else self.answer


@cache
def network_of_cell(name: str, format: Any) -> Network:
    """Listed spikes onto two cells of this kind."""
    make, weight = KINDS[name]
    net = neuro.NetworkBuilder(dt=1.0, name="support", seed=1, format=format)
    source = net.population(2, neuro.SpikeSourceArray([[1.0, 5.0], [2.0]]), label="source")
    cells = net.population(2, make(), label="cells")
    port = cells.cell.cell_type.ports[0].name  # type: ignore[union-attr]
    synapse = neuro.StaticSynapse(weight=weight, delay=1.0)
    net.projection(source, cells, neuro.OneToOneConnector(), synapse, receptor_type=port)
    return net.build()


@cache
def network_of_synapse(name: str, format: Any) -> Network:
    """Two cells that everything knows, connected by this kind of synapse."""
    net = neuro.NetworkBuilder(dt=1.0, name="support", seed=1, format=format)
    source = net.population(2, neuro.SpikeSourceArray([[1.0, 5.0], [2.0]]), label="source")
    cells = net.population(2, neuro.IF_curr_exp(tau_refrac=1.0), label="cells")
    synapse = plastic(name, 2.0, delay=1.0)
    handle = net.projection(source, cells, neuro.AllToAllConnector(), synapse, label="synapses")
    for factor in synapse.synapse_type.factors:
        net.inject(neuro.StepCurrentSource([0.0], [1.0]), handle, port=factor.name)
    return net.build()


def support(backend: Backend, make: Callable[[Any], Network]) -> Support:
    """Whether a network runs on `backend` in any form; `make` makes it in a number format."""
    first: Support | None = None
    for form, change in FORMS.items():
        if form == LOIHI and backend.name != "lava":
            continue
        try:
            answer = _ask(backend, change(make), form)
        except UnsupportedError:
            continue
        if answer.answer != "no":
            return answer
        first = first or answer
    return first or Support(answer="no")


def _ask(backend: Backend, network: Network, form: str) -> Support:
    """What `check` says; where it refuses, also with what it calls approximate."""
    exact = _findings(backend, network, {})
    errors = [finding for finding in exact if finding.severity == "error"]
    if not errors:
        warned = _rules(f for f in exact if f.severity == "warning")
        return Support(answer="approximate" if warned else "yes", form=form, rules=warned)
    if "approximate" in getattr(backend.Options, "__dataclass_fields__", {}):
        loose = _findings(backend, network, {"approximate": True})
        if not any(finding.severity == "error" for finding in loose):
            return Support(answer="approximate", form=form, rules=_rules(errors))
    return Support(answer="no", rules=_rules(errors))


def _findings(backend: Backend, network: Network, options: Mapping[str, Any]) -> list[Finding]:
    found = backend.check(network, backend.Options(**options))
    return [finding for finding in found if finding.rule not in INSTALLATION]


def _rules(findings: Any) -> tuple[str, ...]:
    return tuple(sorted({finding.rule for finding in findings}))


def support_tables() -> dict[str, dict[str, dict[str, Support]]]:
    """The tables of cells and of synapses: by title, by name, by backend."""
    backends = _backends()
    cells = {
        name: {b: support(found, partial(network_of_cell, name)) for b, found in backends.items()}
        for name in CELLS
    }
    synapses = {
        name: {b: synapse_support(found, name) for b, found in backends.items()} for name in RULES
    }
    return {"Cells": cells, "Synapses": synapses}


def synapse_support(backend: Backend, name: str) -> Support:
    """Whether a synapse runs on `backend`, apart from what a static one would be told too."""
    own = support(backend, partial(network_of_synapse, name))
    static = _static(backend)
    rules = tuple(rule for rule in own.rules if rule not in static.rules)
    answer = "yes" if own.answer == "approximate" and not rules else own.answer
    return Support(answer=answer, form=own.form, rules=rules)


@cache
def _static(backend: Backend) -> Support:
    return support(backend, partial(network_of_synapse, "static"))


def _backends() -> dict[str, Backend]:
    """All backends of ours that can be asked."""
    found = {}
    for name in BUILT_IN:
        if name in SILENT:
            continue
        try:
            found[name] = get_backend(name)
        except NeuroError:
            continue
    return found


def page() -> str:
    """The page of the documentation."""
    tables, lines = support_tables(), [HEAD]
    for title, table in tables.items():
        columns = list(next(iter(table.values())))
        lines += [f"\n## {title}\n", _row(["", *(f"`{name}`" for name in columns)])]
        lines.append(_row(["---"] * (len(columns) + 1)))
        for name, row in table.items():
            lines.append(_row([name, *(_cell(answer) for answer in row.values())]))
    return "\n".join(lines) + "\n"


def _row(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _cell(answer: Support) -> str:
    sign = {"yes": "yes", "approximate": "≈", "no": "no"}[answer.answer]
    words = [answer.form, *answer.rules] if answer.answer != "yes" else [answer.form]
    inner = ", ".join(word for word in words if word)
    return f"{sign}: {inner}" if inner else sign


if __name__ == "__main__":
    sys.stdout.write(page())
