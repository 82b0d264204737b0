"""Quantise a float network to SpiNNaker's arithmetic; see `docs/explanation/spinnaker.md`."""

from neuro.ir.spinnaker import quantise_weights, ring_buffer_shift, weight_step
from neuro.passes.spinnaker.convert import to_spinnaker
from neuro.passes.spinnaker.report import SpiNNakerNetwork, SpiNNakerReport, SpiNNakerWeights

__all__ = [
    "SpiNNakerNetwork",
    "SpiNNakerReport",
    "SpiNNakerWeights",
    "quantise_weights",
    "ring_buffer_shift",
    "to_spinnaker",
    "weight_step",
]
