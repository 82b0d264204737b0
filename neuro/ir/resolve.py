"""Numbers behind a network's nodes: connectivity, weights, delays, parameters and constants.

Backends and the reference interpreter take everything from here, so none of them can differ in it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from neuro.errors import ParameterError
from neuro.ir.cell import Derived, Parameter, StateVariable
from neuro.ir.connectivity import Convolution, Dense, Pooling
from neuro.ir.expansion import Rows, expand
from neuro.ir.expressions.canonical import Canonicaliser
from neuro.ir.expressions.evaluate import evaluate
from neuro.ir.expressions.nodes import Expression
from neuro.ir.grid import Grid, grid_of
from neuro.ir.network import GradedProjection, Network, Population, Projection
from neuro.ir.philox import derived_seed
from neuro.ir.values import Draw, Value, draw

Number = float | NDArray[np.float64]
"""A scalar, or one value per neuron or synapse."""


@dataclass(frozen=True, slots=True, eq=False)
class Synapses:
    """A projection's synapses, expanded.

    Attributes
    ----------
    rows
        Who is connected to whom.
    weight
        One number, or one per synapse.
    delay, axonal
        Steps; one number, or int64 per synapse.
    """

    rows: Rows
    weight: Number
    delay: int | NDArray[np.int64]
    axonal: int | NDArray[np.int64]

    @property
    def count(self) -> int:
        """Number of synapses."""
        return self.rows.count

    @property
    def stored(self) -> int:
        """How many values the weight ``w`` has."""
        return self.rows.count


@dataclass(frozen=True, slots=True, eq=False)
class Structured:
    """A projection's synapses, which are nowhere listed: static, and with one delay.

    Attributes
    ----------
    n_pre, n_post
        Sizes of both populations.
    grid
        Geometry of a convolution or pooling; None if all cells are connected to all.
    weight
        One number for all; or those that are stored, flat: a matrix, or a kernel.
    delay, axonal
        Steps.
    """

    n_pre: int
    n_post: int
    grid: Grid | None
    weight: Number
    delay: int
    axonal: int

    @property
    def count(self) -> int:
        """Number of synapses."""
        return self.n_pre * self.n_post if self.grid is None else self.grid.count

    @property
    def stored(self) -> int:
        """How many values the weight ``w`` has; a convolution or pooling with one weight has one."""
        if isinstance(self.weight, np.ndarray):
            return self.weight.size
        return self.count if self.grid is None else 1


Connections: TypeAlias = Synapses | Structured
"""A projection's synapses, listed or not."""


def is_structured(projection: Projection) -> bool:
    """True if nothing but the connectivity is needed to know where the synapses of `projection` are.

    Then they are static and have one delay, and weights are stored as in the network.
    """
    kind = projection.synapse
    more = (kind.state, kind.parameters, kind.derived, kind.factors)
    if not kind.is_static or any(more) or not _is_number(projection.delay, projection.axonal):
        return False
    match projection.connectivity:
        case Dense():
            return True
        case Convolution() as connectivity:
            return grid_of(connectivity) is not None
        case Pooling() as connectivity:
            return grid_of(connectivity) is not None and _is_number(projection.weight)
        case _:
            return False


def _is_number(*values: Value) -> bool:
    return not any(isinstance(value, np.ndarray | Draw) for value in values)


def shares_weights(projection: Projection) -> bool:
    """True if several synapses have one stored weight, so that ``w`` has fewer values than synapses."""
    return is_structured(projection) and not isinstance(projection.connectivity, Dense)


def weight_places(projection: Projection, expanded: Synapses) -> NDArray[np.integer] | None:
    """Where the weight of each synapse stands in ``w``; None if each has its own."""
    if not shares_weights(projection):
        return None
    if _is_number(projection.weight):
        return np.zeros(expanded.count, np.int64)
    return expanded.rows.kernel_index


def stored_weights(
    network: Network, projection: Projection, seed: int, each: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The values of ``w`` where `each` synapse has one; shape (..., stored) from (..., count)."""
    places = weight_places(projection, synapses(network, projection, seed))
    if places is None:
        return each
    made = connections(network, projection, seed)
    found = np.empty((*each.shape[:-1], made.stored))
    found[...] = made.weight
    found[..., places] = each
    return found


def connections(network: Network, projection: Projection, seed: int) -> Connections:
    """The synapses of `projection`, listed only if the connectivity does not say where they are."""
    if not is_structured(projection):
        return synapses(network, projection, seed)
    n_pre, n_post = sizes(network, projection.pre), target_size(network, projection)
    weight = _stored_weights(projection, n_pre * n_post, seed)
    _check_sign(network, projection, weight)
    connectivity = projection.connectivity
    return Structured(
        n_pre=n_pre,
        n_post=n_post,
        grid=None if isinstance(connectivity, Dense) else grid_of(connectivity),  # type: ignore[arg-type]
        weight=weight,
        delay=int(projection.delay),  # type: ignore[arg-type]
        axonal=int(projection.axonal),  # type: ignore[arg-type]
    )


def sizes(network: Network, name: str) -> int:
    """Number of cells of a population or spike array; 1 value for a projection's factor."""
    source = network.sources.get(name)
    return source.size if source is not None else 1


def synapses(network: Network, projection: Projection | GradedProjection, seed: int) -> Synapses:
    """Expand `projection`; `seed` stands in where its nodes have none of their own."""
    n_pre, n_post = sizes(network, projection.pre), target_size(network, projection)
    place = f"{projection.name}/connectivity"
    rows = expand(projection.connectivity, n_pre, n_post, derived_seed(seed, place))
    weight = _weights(projection, rows, seed)
    delay = _steps(projection.delay, rows, derived_seed(seed, f"{projection.name}/delay"))
    axonal: int | NDArray[np.int64] = 0
    if isinstance(projection, Projection):
        axonal = _steps(projection.axonal, rows, derived_seed(seed, f"{projection.name}/axonal"))
    where = f"projection {projection.name!r}"
    for field, value in (("weight", weight), ("delay", delay), ("axonal delay", axonal)):
        _check_count(value, rows.count, f"{where}, {field}")
    _check_sign(network, projection, weight)
    _check_drawn(delay, 1, f"{where}, delay", "under one step")
    _check_drawn(axonal, 0, f"{where}, axonal delay", "negative")
    if np.any(axonal):
        _check_drawn(np.subtract(delay, axonal), 1, f"{where}, dendritic delay", "under one step")
    return Synapses(rows, weight, delay, axonal)


def _check_sign(
    network: Network, projection: Projection | GradedProjection, weight: Number
) -> None:
    """Drawn weights are magnitudes where the port wants them."""
    if isinstance(projection.weight, Draw) and _is_magnitude(network, projection):
        where = f"projection {projection.name!r}, weight"
        _check_drawn(weight, 0, where, "negative, on a port whose weights are magnitudes")


def _is_magnitude(network: Network, projection: Projection | GradedProjection) -> bool:
    """Whether weights of `projection` must not be negative."""
    post = network.sources.get(projection.post)
    if not isinstance(post, Population):
        return False
    return any(port.nonnegative for port in post.cell.ports if port.name == projection.port)


def _check_drawn(drawn: Number | NDArray[np.int64], least: int, where: str, what: str) -> None:
    """What a distribution without a bound gives is known only now."""
    low = np.less(drawn, least)
    if np.any(low):
        raise ParameterError(
            f"{np.count_nonzero(low):,} of {np.size(drawn):,} drawn are {what}.",
            where=where,
            hint="Give the distribution a lower bound (`low`), or draw farther from it.",
        )


def _check_count(value: Number | NDArray[np.int64], count: int, where: str) -> None:
    """Where chance decides how many synapses there are, only now can an array be seen not to fit."""
    if isinstance(value, np.ndarray) and value.size != count:
        raise ParameterError(
            f"holds {value.size} numbers where {count} are needed.",
            where=where,
            hint="Give one number or a distribution, or an array of one number each.",
        )


def target_size(network: Network, projection: Projection | GradedProjection) -> int:
    """Number of values of the port that `projection` ends on."""
    source = network.sources.get(projection.post)
    if source is not None:
        return source.size
    target = network.projection(projection.post)
    factor = next(f for f in target.synapse.factors if f.name == projection.port)
    return sizes(network, target.post) if factor.per_post else 1


def _weights(projection: Projection | GradedProjection, rows: Rows, seed: int) -> Number:
    weight = _stored_weights(projection, rows.count, seed)
    if isinstance(projection.connectivity, Convolution) and isinstance(weight, np.ndarray):
        return np.asarray(weight[rows.kernel_index])
    return weight


def _stored_weights(projection: Projection | GradedProjection, count: int, seed: int) -> Number:
    """Weights as they stand in the network: a kernel, `count` numbers, or one; flat."""
    if isinstance(projection.connectivity, Convolution):
        count = math.prod(projection.connectivity.kernel_shape)
    return _number(projection.weight, count, derived_seed(seed, f"{projection.name}/weight"))


def _number(value: Value, count: int, seed: int) -> Number:
    if isinstance(value, Draw):
        return draw(value, count, seed)
    if isinstance(value, np.ndarray):
        return np.asarray(value, dtype=np.float64).reshape(-1)
    return float(value)


def _steps(value: Value, rows: Rows, seed: int) -> int | NDArray[np.int64]:
    if isinstance(value, Draw):
        return np.floor(draw(value, rows.count, seed) + 0.5).astype(np.int64)
    if isinstance(value, np.ndarray):
        return np.asarray(value, dtype=np.int64)
    return int(value)


def parameters(
    declared: Iterable[Parameter], given: Mapping[str, Value], count: int, seed: int, place: str
) -> dict[str, Number]:
    """Values of all `declared` parameters: what is `given`, else the defaults."""
    result: dict[str, Number] = {}
    for parameter in declared:
        value = given.get(parameter.name, parameter.default)
        assert value is not None  # the verifier has seen to it
        own_seed = derived_seed(seed, f"{place}/{parameter.name}")
        result[parameter.name] = number = _number(value, count, own_seed)
        _check_count(number, count, f"{place}/{parameter.name}")
    return result


def constants(
    derived: Iterable[Derived], values: Mapping[str, Number], dt: float
) -> dict[str, Number]:
    """`derived` constants, computed in double precision from parameter `values` and `dt`."""
    scope = {name: np.asarray(value, np.float64) for name, value in values.items()}
    scope["dt"] = np.asarray(dt, np.float64)
    result: dict[str, Number] = {}
    for item in derived:
        value = evaluate(_canonical(item.value, scope), scope, np.float64)
        scope[item.name] = value
        result[item.name] = value if value.ndim else float(value)
    return result


def initial_state(
    declared: Iterable[StateVariable],
    given: Mapping[str, Value],
    values: Mapping[str, Number],
    count: int,
    seed: int,
    place: str,
) -> dict[str, NDArray[np.float64]]:
    """State before step 0: what is `given`, else the default expressions; shape (count,) each."""
    result: dict[str, NDArray[np.float64]] = {}
    scope = {name: np.asarray(value, np.float64) for name, value in values.items()}
    for variable in declared:
        if variable.name in given:
            own_seed = derived_seed(seed, f"{place}/{variable.name}")
            value = np.asarray(_number(given[variable.name], count, own_seed))
            if value.ndim:
                _check_count(value, count, f"{place}/{variable.name}")
        else:
            value = evaluate(_canonical(variable.initial, scope), scope, np.float64)
        result[variable.name] = np.broadcast_to(value, (count,)).astype(np.float64)
    return result


def refractory_steps(
    population: Population, values: Mapping[str, Number], dt: float
) -> int | NDArray[np.int64]:
    """The refractory period in steps, rounded half away from zero."""
    if population.cell.refractory is None:
        return 0
    scope = {name: np.asarray(value, np.float64) for name, value in values.items()}
    scope["dt"] = np.asarray(dt, np.float64)
    seconds = evaluate(_canonical(population.cell.refractory, scope), scope, np.float64)
    steps = np.floor(seconds / dt + 0.5).astype(np.int64)
    return steps if steps.ndim else int(steps)


def _canonical(expression: Expression, scope: Mapping[str, object]) -> Expression:
    return Canonicaliser(scope).expression(expression)
