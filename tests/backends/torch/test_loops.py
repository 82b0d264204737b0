"""A population that feeds back to itself runs in one call, with the same bits and gradients."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import neuro
from neuro.backends.torch import fused

SIZE, STEPS, BATCH = 9, 25, 3


def network(
    *delays: float,
    source_delay: float = 1.0,
    format: object = neuro.FLOAT64,
    cell: object = None,
) -> neuro.Network:
    """Cells that feed back to themselves with these delays."""
    net = neuro.NetworkBuilder(dt=1.0, name="loop", seed=2, format=format)
    rng = np.random.default_rng(0)
    source = net.population(6, neuro.SpikeSourceArray(), label="source")
    cells = net.population(SIZE, cell or neuro.ALIF(tau_refrac=2.0), label="cells")
    first = neuro.StaticSynapse(weight=abs(rng.normal(0, 4.0, (6, SIZE))), delay=source_delay)
    net.projection(source, cells, neuro.DenseConnector(), first)
    for place, delay in enumerate(delays):
        weight = rng.normal(0, 2.0, (SIZE, SIZE))
        synapse = neuro.StaticSynapse(weight=abs(weight) if cell else weight, delay=delay)
        net.projection(cells, cells, neuro.DenseConnector(), synapse, label=f"back{place}")
    return net.build()


def given(steps: int = STEPS) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    return (torch.rand(steps, BATCH, 6, generator=generator) < 0.4).double()


CASES = [((1.0,), 1.0), ((3.0,), 5.0), ((4.0, 2.0), 5.0)]
"""Delays within the population, and of the source: its events are sent first."""


def count_calls(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many steps each call of generated C did."""
    found: list[int] = []
    real = fused.advance

    def counted(stretch: fused.Stretch, *rest: object) -> fused.Done:
        found.append(len(stretch.time))
        return real(stretch, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(fused, "advance", counted)
    return found


@pytest.mark.parametrize(("delays", "source"), CASES)
@pytest.mark.parametrize("format", [neuro.FLOAT32, neuro.FLOAT64], ids=["float32", "float64"])
def test_one_call_has_the_bits_of_the_reference(
    delays: tuple[float, ...], source: float, format: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = count_calls(monkeypatch)
    own = network(*delays, source_delay=source, format=format)
    module, spikes = neuro.to_torch(own), given()
    output = module(spikes)
    assert calls == [STEPS]
    for sample in range(BATCH):
        step, index = spikes[:, sample].nonzero(as_tuple=True)
        events = {"source": (step.numpy(), index.numpy())}
        recording = neuro.simulate(own, steps=STEPS, inputs=events, backend="reference")
        found = output.spikes["cells"][:, sample].nonzero()
        assert len(found) > 20
        assert recording.spikes["cells"].step.tolist() == found[:, 0].tolist()
        assert recording.spikes["cells"].index.tolist() == found[:, 1].tolist()


@pytest.mark.parametrize(("delays", "source"), CASES)
def test_gradients_are_those_of_single_steps(delays: tuple[float, ...], source: float) -> None:
    module = neuro.to_torch(network(*delays, source_delay=source), record=["cells/v"])
    found = {}
    for fuse in (False, True):
        module.fuse = fuse
        first = module(given()[:8])
        output = module(given()[8:], first.state)  # through the spikes that are still on their way
        slopes = torch.cos(torch.arange(output.variables["cells/v"].numel()).double())
        total = (output.variables["cells/v"].flatten() * slopes).sum()
        total = total + output.spikes["cells"].square().sum()
        gradients = torch.autograd.grad(total, list(module.parameters()))
        found[fuse] = (output.spikes["cells"].detach(), gradients)
    assert torch.equal(found[False][0], found[True][0])
    for slow, fast in zip(found[False][1], found[True][1], strict=True):
        assert torch.allclose(slow, fast, rtol=1e-9, atol=1e-9 * slow.abs().max().item())


def test_where_own_events_do_not_come_last_steps_are_done_one_by_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    calls = count_calls(monkeypatch)
    neuro.to_torch(network(1.0, 3.0))(given())  # the later projection is sent earlier
    assert max(calls) == 1
    calls.clear()
    neuro.to_torch(network(1.0, cell=neuro.IF_curr_exp()))(given())  # onto a bound variable
    assert not calls or max(calls) == 1
