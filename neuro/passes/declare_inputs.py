"""Write the input of a run into the network itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from neuro.drive import Drive, drive_of
from neuro.ir.network import CurrentInput, Input, Network, SpikeArray


def declare_inputs(network: Network, inputs: Mapping[str, Any] | None) -> Network:
    """`network` with `inputs` as what its sources and currents do by themselves.

    Parameters
    ----------
    network
        A verified network.
    inputs
        As for `neuro.simulate`.

    Raises
    ------
    UnknownNameError
        If there is no such input.
    VerificationError, ParameterError
        If an input does not fit.
    """
    drive = drive_of(network, inputs)
    return replace(network, inputs=tuple(_declared(item, drive) for item in network.inputs))


def _declared(item: Input, drive: Drive) -> Input:
    match item:
        case SpikeArray(name=name):
            return replace(item, step=drive.spikes[name].step, index=drive.spikes[name].index)
        case CurrentInput(name=name):
            return replace(item, step=drive.signals[name].step, value=drive.signals[name].value)
        case _:
            return item
