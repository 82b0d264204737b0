"""The numbers of a network as tensors: those that are trained, and those that are not."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from neuro.backends.torch.load import DTYPES, load_function
from neuro.backends.torch.printer import TorchPrinter
from neuro.errors import ParameterError, suggestion
from neuro.ir.cell import CellType
from neuro.ir.expressions.canonical import Canonicaliser
from neuro.ir.expressions.evaluate import Float
from neuro.ir.network import CurrentInput, Network, Population
from neuro.ir.resolve import constants, parameters
from neuro.lowering.symbols import safe_names
from neuro.units import parse_unit

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Stored:
    """A value that may be trained.

    Attributes
    ----------
    name
        ``NODE.FIELD``, such as ``hidden.weight``.
    value
        In SI.
    exponent
        A trained value is stored in units of ``2**exponent``, the power of two nearest to the
        surface unit, so that it is of the order of one and no bit changes on the way.
    dtype
        Type in which it is stored.
    """

    name: str
    value: Array
    exponent: int
    dtype: torch.dtype


def stored_of(name: str, value: Any, unit: str, dtype: torch.dtype) -> Stored:
    """A value in SI whose surface unit is `unit`."""
    known = parse_unit(unit)
    exponent = round(math.log2(known.numerator / known.denominator))
    return Stored(name, np.asarray(value, np.float64), exponent, dtype)


def chosen_names(wanted: bool | Iterable[str], known: Mapping[str, Stored]) -> set[str]:
    """The names that patterns such as ``"*.weight"`` stand for.

    Raises
    ------
    ParameterError
        If one stands for none.
    """
    if isinstance(wanted, bool):
        return {name for name in known if name.endswith(".weight")} if wanted else set()
    found: set[str] = set()
    for pattern in wanted:
        fitting = {name for name in known if fnmatchcase(name, pattern)}
        if not fitting:
            raise ParameterError(
                f"there is nothing called {pattern!r}.",
                where="train",
                hint=suggestion(pattern, known) or f"There are {', '.join(sorted(known))}.",
            )
        found |= fitting
    return found


class Values(nn.Module):
    """Tensors by name; those that are trained are parameters of the module.

    Parameters
    ----------
    stored
        All values.
    train
        Names of those that are trained.
    """

    def __init__(self, stored: Mapping[str, Stored], train: set[str]) -> None:
        super().__init__()
        self._stored = dict(stored)
        for name, item in stored.items():
            scaled = np.ldexp(item.value, -item.exponent) if name in train else item.value
            tensor = torch.from_numpy(np.array(scaled)).to(item.dtype)
            if name in train:
                self.register_parameter(_key(name), nn.Parameter(tensor))
            else:
                self.register_buffer(_key(name), tensor, persistent=False)
        self.trained = frozenset(train)

    def __getitem__(self, name: str) -> Tensor:
        """The value in SI; carries gradients if it is trained."""
        tensor: Tensor = getattr(self, _key(name))
        if name not in self.trained:
            return tensor
        exponent = self._stored[name].exponent
        return tensor if exponent == 0 else tensor * 2.0**exponent

    def number(self, name: str) -> Array:
        """The value in SI as an array; exact."""
        return np.asarray(self[name].detach().cpu().numpy(), np.float64)

    def unit(self, name: str) -> float:
        """What 1 of a trained value is in SI."""
        return 2.0 ** self._stored[name].exponent

    def raw(self, name: str) -> nn.Parameter:
        """The parameter as an optimiser sees it, in units of `unit`."""
        made: nn.Parameter = getattr(self, _key(name))
        return made


def _key(name: str) -> str:
    """Names of tensors must not hold dots."""
    return name.replace(".", "/")


# Cells -----------------------------------------------------------------------------------------


class CellConstants:
    """Parameters and derived constants of one population, as its programs read them.

    Parameters
    ----------
    network, node
        The population.
    seed
        Seed of parameters that are drawn.
    dtype
        Number format.
    """

    def __init__(self, network: Network, node: Population, seed: int, dtype: Float) -> None:
        self.node, self._dtype, self._dt = node, dtype, network.dt
        place = f"{node.name}/parameter"
        self.numbers = parameters(node.cell.parameters, node.parameters, node.size, seed, place)
        self.known = {
            **self.numbers,
            **constants(node.cell.derived, self.numbers, network.dt),
            "dt": network.dt,
        }

    def stored(self) -> dict[str, Stored]:
        """The parameters that may be trained, by name; kept in double precision."""
        units = {p.name: p.unit for p in self.node.cell.parameters}
        return {
            f"{self.node.name}.{name}": stored_of(
                f"{self.node.name}.{name}", value, units[name], torch.float64
            )
            for name, value in self.numbers.items()
        }

    def tensors(self, names: tuple[str, ...], values: Values) -> dict[str, Tensor]:
        """The constants called `names`; all but ``t``, which changes."""
        kind, mine = DTYPES[self._dtype], [name for name in names if name != "t"]
        trained = {p for p in self.numbers if f"{self.node.name}.{p}" in values.trained}
        if not trained:
            return {n: torch.from_numpy(np.array(self.known[n])).to(kind) for n in mine}
        scope = self._derive(values)
        return {name: scope[name].to(kind) for name in mine}

    def _derive(self, values: Values) -> dict[str, Tensor]:
        """Parameters and derived constants in double precision, with gradients."""
        own = self.node.name
        given = [values[f"{own}.{name}"] for name in self.numbers]
        dt = torch.tensor(self._dt, dtype=torch.float64, device=given[0].device)
        names, function = derivation(self.node.cell)
        return dict(zip(names, function(*given, dt), strict=True))


def derivation(cell: CellType) -> tuple[tuple[str, ...], Any]:
    """All constants' names, and a function of the parameters and dt that gives their values."""
    given = (*(p.name for p in cell.parameters), "dt")
    names = (*given, *(d.name for d in cell.derived))
    known = safe_names(names, ("torch", "derive"))
    printer = TorchPrinter(known, np.float64)
    canonical = Canonicaliser(names)
    lines = [
        f"{known[item.name]} = {printer.value(canonical.expression(item.value))}"
        for item in cell.derived
    ]
    head = f"def derive({', '.join(known[name] for name in given)}):"
    source = "\n    ".join([head, *lines, f"return ({', '.join(known[n] for n in names)},)"])
    return names, load_function("derive", source + "\n", printer.constants, np.float64)


def input_values(network: Network, dtype: torch.dtype) -> dict[str, Stored]:
    """Values of current inputs, which may be trained as biases."""
    return {
        f"{item.name}.value": stored_of(
            f"{item.name}.value", item.value, _unit(network, item.post, item.port), dtype
        )
        for item in network.inputs
        if isinstance(item, CurrentInput)
    }


def weight_unit(network: Network, post: str, port: str) -> str:
    """Surface unit of weights onto a port."""
    return _unit(network, post, port)


def _unit(network: Network, post: str, port: str) -> str:
    """The unit of a port of a population, or of a third factor of a projection."""
    factors = {p.name: p.synapse.factors for p in network.projections}
    ports = factors[post] if post in factors else network.population(post).cell.ports
    return next(item.unit for item in ports if item.name == port)
