"""A network as a module of PyTorch."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from neuro.backends.rules import refuse
from neuro.backends.torch import diagnose
from neuro.backends.torch.cells import Step
from neuro.backends.torch.inputs import PoissonTrains, checked, named
from neuro.backends.torch.plastic import Plasticity
from neuro.backends.torch.plastic_run import PlasticRun
from neuro.backends.torch.program import program_of
from neuro.backends.torch.rules import torch_findings
from neuro.backends.torch.run import Run
from neuro.backends.torch.state import State
from neuro.backends.torch.surrogates import FastSigmoid, SurrogateLike, surrogate_of
from neuro.backends.torch.values import Values, chosen_names
from neuro.drive import Drive, drive_of
from neuro.errors import ParameterError, unknown_name
from neuro.ir.connectivity import Convolution
from neuro.ir.explicit import with_weights
from neuro.ir.network import CurrentInput, GradedProjection, Network, PoissonInput, Projection
from neuro.ir.resolve import shares_weights
from neuro.ir.verify import verified


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Output:
    """What a forward pass gives.

    Attributes
    ----------
    spikes
        By population: 0 or 1, with surrogate gradients; shape (steps, batch, n).
    variables
        Recorded state variables by ``POPULATION/VARIABLE``, after each step; the same shape.  With a
        probe also those of plastic synapses, ``PROJECTION/VARIABLE``, shape (steps, batch, synapses).
    state
        The state after the last step.
    """

    spikes: Mapping[str, Tensor]
    variables: Mapping[str, Tensor]
    state: State


class SpikingModule(nn.Module):
    """A network whose forward pass gives the reference's spikes; made by `neuro.to_torch`.

    Parameters
    ----------
    network
        A verified network.
    train
        Patterns of what is trained: ``PROJECTION.weight``, ``INPUT.value``,
        ``POPULATION.PARAMETER``.  True is all weights.
    surrogate
        Gradient of spikes: a name, a surrogate, a function such as those of ``snntorch.surrogate``,
        or a mapping from populations to these.
    detach_reset
        True keeps gradients from flowing through the decision to reset, as snnTorch does.
    exact
        True sums events in the reference's order; False multiplies matrices.
    record
        State variables to return, as ``POPULATION/VARIABLE``, besides those with a probe.
    seed
        Of connectors, draws and noise that have none of their own.

    Raises
    ------
    UnsupportedError
        If something in the network has no form in torch.
    """

    def __init__(
        self,
        network: Network,
        *,
        train: bool | Iterable[str] = True,
        surrogate: SurrogateLike | Mapping[str, SurrogateLike] = "fast_sigmoid",
        detach_reset: bool = True,
        exact: bool = True,
        record: Iterable[str] = (),
        seed: int = 0,
    ) -> None:
        super().__init__()
        verified(network)
        refuse("torch", torch_findings(network))
        self.network, self.exact, self.fuse = network, exact, True
        self.seed = seed if network.seed is None else network.seed
        chosen = _surrogates(network, surrogate)
        self._program = program_of(network, self.seed, chosen, detach_reset=detach_reset)
        stored = self._program.values()
        self.values = Values(stored, chosen_names(train, stored))
        self._recorded = _recorded(network, record)
        self._compiled: dict[str, Step] = {}
        self._poisson = {
            item.name: PoissonTrains(network, item, self.seed, self._program.dtype)
            for item in network.inputs
            if isinstance(item, PoissonInput)
        }

    def forward(
        self,
        inputs: Tensor | Mapping[str, Tensor] | None = None,
        state: State | None = None,
        *,
        steps: int | None = None,
        seed: int | None = None,
    ) -> Output:
        """Run the network.

        Parameters
        ----------
        inputs
            Spikes (0 or 1) or currents (SI) by the name of an input, or those of the only one;
            shape (steps, batch, n).  Inputs that are not given do what the network declares.
        state
            Where to start; at rest before step 0 if it is not given.
        steps
            How many steps, if no input says it.
        seed
            Of the noise; sample `b` of the batch has this seed plus `b`.

        Raises
        ------
        ParameterError
            If shapes do not fit, or it is not said how many steps to run.
        UnknownNameError
            If there is no such input.
        """
        compiling = torch.compiler.is_compiling()
        made: Output = self._opaque(inputs, state, steps, seed, compiling)
        return made

    @torch.compiler.disable  # type: ignore[untyped-decorator]
    def _opaque(
        self,
        inputs: Tensor | Mapping[str, Tensor] | None,
        state: State | None,
        steps: int | None,
        seed: int | None,
        compiling: bool,
    ) -> Output:
        """A pass that `torch.compile` does not look into: it would unroll all steps."""
        if compiling and not self._compiled:
            self.compile()
        given = checked(
            self.network, named(self.network, inputs), self._program.dtype, self._device()
        )
        length, batch = _extent(given, state, steps)
        start = self.rest(batch) if state is None else state
        run = self.prepared(given, start, length, drive_of(self.network), seed)
        end = run.advance()
        return Output(
            spikes={n: t.whole() for n, t in run.spikes.items() if t.end},
            variables={name: run.variables[name].whole() for name in sorted(self._recorded)}
            | {name: torch.stack(values) for name, values in run.synapses.items()},
            state=end,
        )

    def compile(self, **options: Any) -> None:
        """Compile the step of every kind of cell with `torch.compile`.

        Steps are then compiled where they are run one by one: on a GPU, without a C compiler, and
        with plastic synapses.  Elsewhere generated C does many at once, and nothing changes.
        ``torch.compile(module)`` calls this without options, unless it was called before.

        Parameters
        ----------
        **options
            As for `torch.compile`, such as ``backend`` and ``mode``.
        """
        steps = {own.code.step for own in self._program.cells.values()}
        made = {step: torch.compile(step, **{"fullgraph": True, **options}) for step in steps}
        self._compiled = {name: made[own.code.step] for name, own in self._program.cells.items()}

    def prepared(
        self,
        given: Mapping[str, Tensor],
        state: State,
        steps: int,
        drive: Drive,
        seed: int | None = None,
    ) -> Run:
        """A run that has not begun; arguments as for `forward`, checked."""
        kind = PlasticRun if self._program.edges else Run
        return kind(
            program=self._program,
            values=self.values,
            state=state,
            steps=steps,
            batch=state.batch,
            seed=self.seed if seed is None else seed,
            given=given,
            drive=drive,
            poisson=self._poisson,
            recorded=self._recorded,
            exact=self.exact,
            fuse=self.fuse,
            compiled=self._compiled,
        )

    def rest(self, batch: int = 1) -> State:
        """The state before step 0, for `batch` samples."""
        state = self._program.rest(batch, self._device())
        synapses = {
            f"{name}/{key}": value
            for name, edges in self._program.edges.items()
            if not edges.node.synapse.is_static
            for key, value in Plasticity(edges, {}, self.values[f"{name}.weight"], batch)
            .end()
            .items()
        }
        return replace(state, synapses=synapses)

    def _device(self) -> torch.device:
        for tensor in (*self.parameters(), *self.buffers()):
            return tensor.device
        return torch.device("cpu")

    def value(self, name: str) -> Tensor:
        """A value in SI, such as ``"hidden.weight"``; carries gradients if it is trained.

        Raises
        ------
        UnknownNameError
            If there is none of that name.
        """
        known = self._program.values()
        if name not in known:
            raise unknown_name(name, known, kind="value", where="module")
        return self.values[name]

    def unit(self, name: str) -> float:
        """What 1 of a trained parameter is in SI: a power of two near its surface unit."""
        return self.values.unit(name)

    def synapses(self, projection: str) -> NDArray[Any]:
        """Weights of a projection in SI, as a session reads them; a copy."""
        wiring = self._program.wirings[projection]
        stored = self.values[f"{projection}.weight"].detach().cpu().numpy()
        if _shares_weights(wiring.node):
            return np.array(stored.reshape(-1))
        index = wiring.expanded.rows.kernel_index
        if index is not None and stored.ndim:
            return np.array(stored.reshape(-1)[index])
        return np.array(np.broadcast_to(stored.reshape(-1), (wiring.expanded.rows.count,)))

    @torch.no_grad()
    def set_synapses(self, projection: str, values: NDArray[Any]) -> None:
        """Set what `synapses` gives.

        Raises
        ------
        ParameterError
            If synapses share a weight and would get different ones.
        """
        wiring = self._program.wirings[projection]
        tensor = self.values[f"{projection}.weight"]
        if _shares_weights(wiring.node):
            tensor.copy_(torch.from_numpy(np.array(values, np.float64)).reshape(tensor.shape))
            return
        new = np.zeros(tensor.numel())
        index = wiring.expanded.rows.kernel_index
        place = (
            index
            if index is not None and tensor.ndim
            else np.arange(len(values)) % max(1, tensor.numel())
        )
        new[place] = values
        if not np.array_equal(new[place], values):
            raise ParameterError(
                "synapses share a weight here, so it cannot differ between them.",
                where=f"projection {projection!r}",
                hint="Give the projection an array of weights when it is built.",
            )
        tensor.copy_(torch.from_numpy(new).reshape(tensor.shape))

    def recording_all(self) -> Callable[..., Output]:
        """The forward pass, with every state variable returned."""
        every = {f"{p.name}/{v.name}" for p in self.network.populations for v in p.cell.state}

        def forward(*given: Any, **named: Any) -> Output:
            kept, self._recorded = self._recorded, frozenset(every)
            try:
                return self.forward(*given, **named)
            finally:
                self._recorded = kept

        return forward

    @property
    def fingerprint(self) -> str:
        """The same text for the same network with the same trained values, whatever they are."""
        return "\n".join([self.network.content_hash, *sorted(self.values.trained)])

    def rates(self, output: Output) -> dict[str, float]:
        """Mean spikes of a cell in a step, by population."""
        return diagnose.rates(self, output)

    def first_bad(self, inputs: Mapping[str, Tensor]) -> str:
        """The first layer and step with a value that is not finite, in words; "" if none is."""
        return diagnose.first_bad(self, inputs)

    @torch.no_grad()
    def clamp_(self) -> SpikingModule:
        """Keep weights that must not be negative from being so; call it after a training step."""
        for projection in self.network.projections:
            name = f"{projection.name}.weight"
            if name in self.values.trained and self._is_magnitude(projection):
                self.values.raw(name).clamp_(min=0)
        return self

    def _is_magnitude(self, projection: Projection) -> bool:
        cell = self.network.population(projection.post).cell
        return any(p.nonnegative for p in cell.ports if p.name == projection.port)

    def to_network(self) -> Network:
        """The network with the values that were trained; it gives the module's spikes.

        Raises
        ------
        ParameterError
            If a value is not finite.
        """
        for name in self.values.trained:
            if not np.isfinite(self.values.number(name)).all():
                raise ParameterError(
                    "is not finite after training.",
                    where=name,
                    hint="Lower the learning rate, or go back to a checkpoint.",
                )
        return replace(
            self.network,
            projections=tuple(map(self._weighted, self.network.projections)),
            graded=tuple(map(self._weighted, self.network.graded)),
            populations=tuple(self._parametrised(p) for p in self.network.populations),
            inputs=tuple(self._driven(item) for item in self.network.inputs),
        )

    def _weighted(self, node: Any) -> Any:
        name = f"{node.name}.weight"
        if name not in self.values.trained:
            return node
        weight = self.values.number(name)
        if isinstance(node.connectivity, Convolution) and weight.ndim:
            return replace(node, weight=weight)
        return with_weights(node, weight.reshape(-1), self._program.wirings[node.name].expanded)

    def _parametrised(self, node: Any) -> Any:
        trained = {
            p.name: self.values.number(f"{node.name}.{p.name}")
            for p in node.cell.parameters
            if f"{node.name}.{p.name}" in self.values.trained
        }
        values = {name: value if value.ndim else float(value) for name, value in trained.items()}
        return replace(node, parameters={**node.parameters, **values}) if trained else node

    def _driven(self, item: Any) -> Any:
        name = f"{getattr(item, 'name', '')}.value"
        if not isinstance(item, CurrentInput) or name not in self.values.trained:
            return item
        return replace(item, value=self.values.number(name))


def _surrogates(network: Network, given: Any) -> dict[str, Any]:
    if not isinstance(given, Mapping):
        return {p.name: surrogate_of(given) for p in network.populations}
    names = [p.name for p in network.populations]
    for name in given:
        if name not in names:
            raise unknown_name(name, names, kind="population", where="surrogate")
    default = FastSigmoid()
    return {name: surrogate_of(given.get(name, default)) for name in names}


def _recorded(network: Network, record: Iterable[str]) -> frozenset[str]:
    """State variables to keep: those asked for, and those of probes."""
    known = {f"{p.name}/{v.name}" for p in network.populations for v in p.cell.state}
    for name in record:
        if name not in known:
            raise unknown_name(name, known, kind="state variable", where="record")
    probed = {f"{p.target}/{p.variable}" for p in network.probes if p.variable != "spikes"}
    return frozenset({*record, *(probed & known)})


def _extent(given: Mapping[str, Tensor], state: State | None, steps: int | None) -> tuple[int, int]:
    """How many steps and samples."""
    shapes = {tuple(tensor.shape[:2]) for tensor in given.values()}
    length, batch = shapes.pop() if shapes else (steps, 1 if state is None else state.batch)
    if length is None:
        raise ParameterError(
            "nothing says how many steps to run.", where="steps", hint="Give steps=, or an input."
        )
    if steps is not None and steps != length:
        raise ParameterError(f"is {steps}; the inputs have {length}.", where="steps")
    if state is not None and state.batch != batch:
        raise ParameterError(
            f"is of {state.batch} samples; the inputs have {batch}.", where="state"
        )
    return length, batch


def _shares_weights(node: Projection | GradedProjection) -> bool:
    return isinstance(node, Projection) and shares_weights(node)
