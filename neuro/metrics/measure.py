"""All metrics of a network and a recording at once, and the network that records what they need."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol, Self, TypeVar, overload

from neuro.errors import ParameterError
from neuro.ir.network import Network, Population, Probe
from neuro.metrics.static import Footprint, connection_sparsity, footprint, parameter_count
from neuro.metrics.workload import (
    MEMBRANE,
    Operations,
    activation_sparsity,
    membrane_updates,
    membranes,
    operations,
)
from neuro.recording.data import Recording


class Timed(Protocol):
    """A model whose layers run later than in its framework, such as `neuro.NIRModel`."""

    @property
    def network(self) -> Network:
        """The network."""
        ...

    @property
    def latency(self) -> Mapping[str, int]:
        """Steps that each source runs later."""
        ...

    def with_network(self, network: Network) -> Self:
        """The same model with another network."""
        ...


Model = TypeVar("Model", bound=Timed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Metrics:
    """NeuroBench's metrics of a network and a run.

    Attributes
    ----------
    footprint
        Bytes.
    parameter_count
        Weights and biases.
    connection_sparsity
        Share of weights that are zero.
    activation_sparsity
        Share of cells and steps without a spike.
    activation_sparsity_by_layer
        The same for each population that can spike.
    synaptic_operations
        Operations of a sample.
    membrane_updates
        Changes of membranes in a sample.
    """

    footprint: Footprint
    parameter_count: int
    connection_sparsity: float
    activation_sparsity: float
    activation_sparsity_by_layer: Mapping[str, float]
    synaptic_operations: Operations
    membrane_updates: float

    def as_dict(self) -> dict[str, Any]:
        """The numbers under NeuroBench's own names."""
        operations_ = self.synaptic_operations
        return {
            "Footprint": self.footprint.total,
            "ParameterCount": self.parameter_count,
            "ConnectionSparsity": self.connection_sparsity,
            "ActivationSparsity": self.activation_sparsity,
            "ActivationSparsityByLayer": dict(self.activation_sparsity_by_layer),
            "SynapticOperations": {
                "Effective_MACs": operations_.effective_macs,
                "Effective_ACs": operations_.effective_acs,
                "Dense": operations_.dense,
            },
            "MembraneUpdates": self.membrane_updates,
        }


@overload
def observed(model: Network) -> Network: ...
@overload
def observed(model: Model) -> Model: ...
def observed(model: Network | Timed) -> Network | Timed:
    """`model` with probes for all that `measure` reads: spikes, membranes and graded values.

    Membranes are sampled in every step: 4 bytes (8 in float64) a cell and step.

    Parameters
    ----------
    model
        A network, or a model such as `from_nir` makes.
    """
    if isinstance(model, Network):
        return replace(model, probes=_probes(model))
    return model.with_network(observed(model.network))


def _probes(network: Network) -> tuple[Probe, ...]:
    """The probes of `network`, and those that metrics need; a whole one replaces one in part."""
    wanted = [Probe(target=name) for name, item in network.sources.items() if _spikes(item)]
    wanted += [Probe(target=p.name, variable=MEMBRANE) for p in membranes(network)]
    wanted += [Probe(target=item.pre, variable=item.variable) for item in network.graded]
    given = {(p.target, p.variable): p for p in network.probes}
    full = {(p.target, p.variable): p for p in wanted}
    return tuple((given | full).values())


def _spikes(source: object) -> bool:
    return not isinstance(source, Population) or source.cell.spike is not None


def measure(
    model: Network | Timed, recording: Recording, *, seed: int | None = None, samples: int = 1
) -> Metrics:
    """NeuroBench's metrics of a network and a recording of it.

    Parameters
    ----------
    model
        The network; or a model that counts its framework's steps, with a recording that its
        `simulate` or `align` has made.
    recording
        Of a run of ``observed(model)``, or of a network with such probes.
    seed
        Seed of the run, for random connections; by default the one in the recording.
    samples
        How many samples were shown one after the other: numbers of operations are per sample.

    Returns
    -------
    Metrics
        With NeuroBench's names in `Metrics.as_dict`.

    Raises
    ------
    ParameterError
        If the recording lacks something; names it.

    Notes
    -----
    Definitions: J. Yik et al., "The NeuroBench framework", Nature Communications 16 (2025), and the
    documentation of neurobench 2.3.  Maps in a row that became one connection count as that one, and
    Poisson input does not count.
    """
    network = model if isinstance(model, Network) else model.network
    latency = {} if isinstance(model, Network) else model.latency
    if samples < 1:
        raise ParameterError(f"is {samples}.", where="measure, samples", hint="At least 1.")
    own = seed if seed is not None else recording.provenance.seed or 0
    sparsity = activation_sparsity(network, recording)
    made = operations(network, recording, latency, own)
    return Metrics(
        footprint=footprint(network, own),
        parameter_count=parameter_count(network, own),
        connection_sparsity=connection_sparsity(network, own),
        activation_sparsity=sparsity.pop(""),
        activation_sparsity_by_layer=sparsity,
        synaptic_operations=Operations(
            effective_macs=made.effective_macs / samples,
            effective_acs=made.effective_acs / samples,
            dense=made.dense / samples,
        ),
        membrane_updates=membrane_updates(network, recording) / samples,
    )
