"""Networks as modules of PyTorch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib.util import find_spec
from typing import TYPE_CHECKING

from neuro.errors import UnavailableError
from neuro.ir.network import Network

if TYPE_CHECKING:
    from neuro.backends.torch.module import SpikingModule
    from neuro.backends.torch.surrogates import SurrogateLike


def to_torch(
    network: Network,
    *,
    train: bool | Iterable[str] = True,
    surrogate: SurrogateLike | Mapping[str, SurrogateLike] = "fast_sigmoid",
    detach_reset: bool = True,
    exact: bool = True,
    record: Iterable[str] = (),
    seed: int = 0,
) -> SpikingModule:
    """`network` as a ``torch.nn.Module`` whose forward pass gives the reference's spikes.

    Parameters
    ----------
    network
        A network in float32 or float64.
    train
        Patterns of what is trained: ``PROJECTION.weight``, ``INPUT.value``,
        ``POPULATION.PARAMETER``, with ``*`` for any text.  True is all weights.
    surrogate
        Gradient of spikes: ``"fast_sigmoid"``, ``"atan"``, ``"sigmoid"``, ``"triangular"``,
        ``"straight_through"``, ``"slayer"``, one of `neuro.backends.torch.surrogates` with
        parameters, a function such as those of ``snntorch.surrogate``; or a mapping from
        populations to these.
    detach_reset
        True keeps gradients from flowing through the decision to reset, as snnTorch does.
    exact
        True sums events in the reference's order.  False multiplies matrices, for speed on a GPU;
        sums may then differ in the last bit, and `check` says so.
    record
        State variables that a forward pass returns, as ``POPULATION/VARIABLE``, besides those with
        a probe.
    seed
        Of connectors, draws and noise that have none of their own.

    Returns
    -------
    SpikingModule
        Called with spikes or currents of shape (steps, batch, n) and perhaps a state.  Its
        ``to_network()`` gives the network back with the values that were trained.

    Raises
    ------
    UnavailableError
        If torch is not installed.
    UnsupportedError
        If something in the network has no form in torch; lists all of it.
    UnknownNameError, ParameterError
        If a pattern, population or surrogate does not exist.

    References
    ----------
    E. O. Neftci, H. Mostafa and F. Zenke, "Surrogate gradient learning in spiking neural networks",
    IEEE Signal Processing Magazine 36 (2019).
    """
    if find_spec("torch") is None:
        raise UnavailableError(
            "torch is not installed.", where="to_torch", hint="pip install torch==2.13.0"
        )
    from neuro.backends.torch.module import SpikingModule

    return SpikingModule(
        network,
        train=train,
        surrogate=surrogate,
        detach_reset=detach_reset,
        exact=exact,
        record=record,
        seed=seed,
    )
