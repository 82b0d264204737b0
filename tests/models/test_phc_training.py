"""PHC networks in training: scans, sweeps and the loop are one network, with the right gradients."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

import neuro
from neuro.backends.torch.surrogates import FastSigmoid, Triangular, step_of
from neuro.errors import ParameterError
from neuro.models.phc.kernel import states, sweep
from neuro.models.phc.module import PHCModule
from neuro.models.phc.priors import STDP, STP, Priors
from neuro.models.phc.scans import release, two_scans
from neuro.models.phc.stdp import change
from neuro.models.phcssm import LEAD

STEPS = 40
KINDS = {
    "plain": Priors(adaptive=False),
    "adaptive": Priors(),
    "delays": Priors(delays=(1, 2, 5)),
    "stp": Priors(stp=STP(U=0.4, tau_rec=20.0, tau_fac=30.0), delays=(3, 1)),
    "free": Priors(dale=False, topology=False),
    "no reset": Priors(reset=False),
}


def module(priors: Priors, *, sweeps: int = 0, seed: int = 1) -> PHCModule:
    """A small network whose thresholds fit the signal."""
    made = PHCModule((7, 6), 2, 3, priors=priors, sweeps=sweeps, longest=20.0, seed=seed)
    made.steps = STEPS
    with torch.no_grad():
        made.weight *= 4  # what cells hear of each other matters
    made.calibrate({"signal": signal()})
    return made


def signal(batch: int = 5) -> Tensor:
    return torch.randn(STEPS, batch, 2, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("kind", KINDS)
def test_the_deployed_network_has_the_spikes_of_training(kind: str) -> None:
    made = module(KINDS[kind])
    network, given = made.to_network(), signal()
    with torch.no_grad():
        output = made({"signal": given})
    assert 0.001 < float(torch.cat([*output.spikes.values()], 2).mean()) < 0.6
    for sample in range(3):
        shown = np.pad(given[:, sample].double().numpy(), ((0, LEAD + 1), (0, 0)))
        run = neuro.simulate(
            network, STEPS + LEAD + 1, inputs={"signal": shown}, backend="reference"
        )
        for name, spikes in output.spikes.items():
            found = np.zeros((STEPS + LEAD + 1, spikes.shape[2]))
            found[run.spikes[name].step, run.spikes[name].index] = 1
            np.testing.assert_array_equal(found[:-1], spikes[:, sample].numpy())
        total = run.trace_data("Readout", "total").values[-1] / (STEPS + LEAD)
        np.testing.assert_allclose(total, output.scores[sample].numpy(), atol=1e-4)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "stp"])
def test_two_scans_have_the_bits_of_the_loop(kind: str) -> None:
    made = module(KINDS[kind])
    loop = made.states({"signal": signal()})
    scans = two_scans(made.shape, made.scalars, signal(), loop.spikes, made.values(), exact=True)
    assert loop.spikes.any()
    for name in ("spikes", "integrals", "membranes"):
        assert torch.equal(getattr(scans, name), getattr(loop, name)), name


def test_short_term_plasticity_as_scans_is_the_loop() -> None:
    made = module(KINDS["stp"])
    spikes = (torch.rand(60, 3, 4, generator=torch.Generator().manual_seed(2)) < 0.3).double()
    found = release(made.scalars, spikes)
    for sample, cell in np.ndindex(3, 4):
        u, x = made.scalars.U, 1.0
        for t in range(60):
            assert float(found[t, sample, cell]) == pytest.approx(u * x, abs=1e-12)
            if spikes[t, sample, cell]:
                x, u = x - u * x, u + made.scalars.U * (1 - u)
            u = made.scalars.U + made.scalars.d_fac * (u - made.scalars.U)
            x = 1 + made.scalars.d_rec * (x - 1)


@pytest.mark.parametrize(
    ("stp", "expected"),
    [
        (STP(U=0.2, tau_fac=600.0, tau_rec=200.0), [0.2, 0.2931, 0.2963, 0.2660, 0.2382]),
        (STP(U=0.5, tau_fac=20.0, tau_rec=800.0), [0.5, 0.2760, 0.1561, 0.1018, 0.0774]),
    ],
)
def test_amplitudes_of_five_spikes_at_20_hz(stp: STP, expected: list[float]) -> None:
    scalars = PHCModule((2,), 1, 2, priors=Priors(stp=stp)).scalars
    spikes = torch.zeros(201, 1, 1, dtype=torch.float64)
    spikes[::50] = 1
    np.testing.assert_allclose(release(scalars, spikes)[::50, 0, 0], expected, atol=6e-5)


@pytest.mark.parametrize(
    ("delays", "adaptive"), [((1,), True), ((4,), False), ((3, 5), False), ((3, 5), True)]
)
def test_sweeps_are_exact_at_first_and_in_the_end(
    delays: tuple[int, ...], *, adaptive: bool
) -> None:
    made = module(Priors(delays=delays, adaptive=adaptive))
    right = made.states({"signal": signal()}).spikes
    steps, shortest = len(right), 1 if adaptive else min(delays)
    for sweeps in (1, 2, 5, math.ceil(steps / shortest)):
        made.sweeps = sweeps
        with torch.no_grad():
            found = torch.cat([*made({"signal": signal()}).spikes.values()], 2)
        exact = sweeps * shortest
        assert torch.equal(found[:exact], right[:exact])
    assert made.mismatch({"signal": signal()}, made.enough(len(signal()))) == 0
    assert made.mismatch({"signal": signal()}, 1) > 0


def test_without_a_compiler_sweeps_are_scans(monkeypatch: pytest.MonkeyPatch) -> None:
    made = module(KINDS["delays"], sweeps=50)
    with torch.no_grad():
        fused = made({"signal": signal()})
        monkeypatch.setattr("neuro.backends.torch.scan.find_compiler", lambda: None)
        scans = made({"signal": signal()})
    torch.testing.assert_close(scans.scores, fused.scores)
    made.sweeps = 0
    with pytest.raises(neuro.NeuroError, match="needs a CPU and a C compiler"):
        made({"signal": signal()})


# Gradients -------------------------------------------------------------------------------------


def doubled(made: PHCModule) -> dict[str, Tensor]:
    return {name: value.detach().double().requires_grad_() for name, value in made.values().items()}


def loop(made: PHCModule, given: Tensor, values: dict[str, Tensor]) -> Tensor:
    """Sums of membranes, cell by cell and step by step in torch; the equations written out."""
    shape, scalars, batch = made.shape, made.scalars, given.shape[1]
    zero = given.new_zeros(batch, shape.cells)
    integral, fading, trace, total = zero, zero, zero, zero
    u, x = zero + scalars.U, zero + 1
    sent: list[Tensor] = []
    heard = torch.cat([given.new_zeros(1, *given.shape[1:]), given])
    for t in range(len(given) + LEAD):
        drive = zero
        if t + 1 >= LEAD:
            rectified = (heard[t + 1 - LEAD] @ values["w_in"] + values["b_in"]).abs()
            drive = torch.nn.functional.pad(rectified, (0, shape.cells - shape.first))
        came = [
            sent[t - d][:, j : j + 1] * values["recurrent"][j]
            for j, d in enumerate(shape.delays)
            if t >= d
        ]
        integral = values["a_exc"] * integral + drive + (sum(came) if came else zero)
        bounded = integral.clamp(min=scalars.e_floor)
        threshold = values["v_thresh"] + (values["beta"] * trace if shape.adaptive else 0)
        would = step_of(bounded - threshold, bounded > threshold, shape.surrogate)
        fading = values["a_inh"] * fading + (values["r"] * would).clamp(min=0) + scalars.eps
        v = bounded - fading
        s = step_of(v - threshold, v > threshold, shape.surrogate)
        total = total + v
        sent.append(s * (u * x) if shape.stp else s)
        raised, left = u + s * scalars.U * (1 - u), x - s * u * x
        u = scalars.U + scalars.d_fac * (raised - scalars.U)
        x = 1 + scalars.d_rec * (left - 1)
        trace = values["rho"] * trace + (1 - values["rho"]) * s
    return total


@pytest.mark.parametrize("kind", KINDS)
def test_gradients_through_time_are_those_of_the_equations(kind: str) -> None:
    made, given = module(KINDS[kind]), signal().double()
    weight = torch.randn(5, 13, generator=torch.Generator().manual_seed(3)).double()
    ours, theirs = doubled(made), doubled(made)
    _, total = sweep(made.shape, made.scalars, given, None, ours)
    expected = loop(made, given, theirs)
    torch.testing.assert_close(total, expected, rtol=1e-10, atol=1e-10)
    (total * weight).sum().backward()
    (expected * weight).sum().backward()
    for name, value in theirs.items():
        if value.grad is not None and (made.priors.reset or name != "r"):
            grad = value.grad * made.mask if name == "recurrent" else value.grad
            found = ours[name].grad
            found = found * made.mask if name == "recurrent" else found
            torch.testing.assert_close(found, grad, rtol=1e-7, atol=1e-7, msg=name)


@pytest.mark.parametrize("detach", [False, True])
def test_enough_sweeps_have_the_gradients_of_the_loop(detach: bool) -> None:
    made = module(Priors(delays=(6, 9), adaptive=False)).double()
    made.shape = replace(made.shape, surrogate=FastSigmoid(slope=3.0), detach=detach)
    labels, found = torch.tensor([0, 1, 2, 0, 1]), []
    for sweeps in (0, made.enough(len(signal()))):
        made.sweeps = sweeps
        made.zero_grad()
        made.loss(made({"signal": signal().double()}), labels).backward()
        found.append([p.grad.clone() for p in made.parameters() if p.grad is not None])
    assert any(grad.abs().sum() > 0 for grad in found[0])
    for theirs, ours in zip(*found, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_gradients_of_a_sweep_are_those_of_two_scans(kind: str) -> None:
    made, heard = module(KINDS[kind]), signal().double()
    made.shape = replace(made.shape, surrogate=FastSigmoid(slope=3.0))
    spikes = made.states({"signal": signal()}).spikes.double()
    weight = torch.randn(5, 13, generator=torch.Generator().manual_seed(4)).double()
    results = []
    for fused in (True, False):
        values, given = doubled(made), spikes.clone().requires_grad_()
        if fused:
            out, total = sweep(made.shape, made.scalars, heard, given.transpose(0, 1), values)
            out = out.transpose(0, 1)
        else:
            swept = two_scans(made.shape, made.scalars, heard, given, values)
            out, total = swept.spikes, swept.membranes.sum(0)
        ((total * weight).sum() + (out * weight).sum()).backward()
        grads = {n: v.grad for n, v in values.items() if v.grad is not None}
        grads["recurrent"] = grads["recurrent"] * made.mask
        results.append({**grads, "given": given.grad, "total": total.detach()})
    if not made.priors.reset:
        del results[1]["r"]  # is 0, where the slope is a matter of taste
    for name, value in results[1].items():
        torch.testing.assert_close(results[0][name], value, rtol=1e-7, atol=1e-7, msg=name)


# Priors ----------------------------------------------------------------------------------------


def test_a_cell_either_excites_or_inhibits_unless_that_is_off() -> None:
    for dale, most in ((True, 0), (False, 13)):
        w = module(Priors(dale=dale)).weights()["recurrent"]
        both = ((w > 0).any(1) & (w < 0).any(1)).sum()
        assert both <= most
        assert dale or both > 0


def test_inhibition_stays_in_its_region() -> None:
    made = PHCModule((10, 10, 10), 1, 2, priors=Priors())
    region = np.repeat([0, 1, 2], 10)
    i, j = made.weights()["recurrent"].nonzero()
    inhibits = made.sign.numpy() < 0
    assert np.abs(region[i] - region[j]).max() == 1
    assert (region[i] == region[j])[inhibits[i]].all()
    assert (i != j).all()
    everywhere = PHCModule((10, 10, 10), 1, 2, priors=Priors(topology=False))
    assert (everywhere.weights()["recurrent"] != 0).sum() == 30 * 29


def test_a_synapse_grows_if_its_spikes_come_first() -> None:
    spikes = torch.zeros(30, 1, 3)
    spikes[5, 0, 0] = spikes[8, 0, 1] = 1
    made = change(spikes, (1, 1, 1), STDP(rate=1.0))
    grown = torch.exp(torch.tensor(-1 / 20.0)) ** 1 / 30
    assert float(made[0, 1]) == pytest.approx(float(grown))
    assert float(made[1, 0]) < 0
    assert made[2].abs().sum() == 0
    late = change(spikes, (4, 1, 1), STDP(rate=1.0))
    assert float(late[0, 1]) < 0, "the spike arrives after the cell has spiked"


def test_plasticity_changes_magnitudes_beside_the_gradient() -> None:
    for rule, moves in ((STDP(rate=0.1, rewarded=False), True), (None, False)):
        made = module(Priors(stdp=rule))
        before = made.weight.detach().clone()
        made.loss(made({"signal": signal()}), torch.tensor([0, 1, 2, 0, 1])).backward()
        made.clamp_()
        assert (not torch.equal(before, made.weight)) == moves
        assert bool((made.weight >= 0).all())


def test_reward_is_how_much_better_than_usual_a_batch_was() -> None:
    made = module(Priors(stdp=STDP(rate=0.1)))
    output, before = made({"signal": signal()}), made.weight.detach().clone()
    answers = output.scores.argmax(1)
    made.usual.fill_(1.0)
    made.loss(output, answers)
    made.clamp_()
    assert torch.equal(before, made.weight), "as good as usual"
    made.loss(made({"signal": signal()}), (answers + 1) % 3)
    made.clamp_()
    assert not torch.equal(before, made.weight)


def test_two_processes_change_synapses_as_one_does(monkeypatch: pytest.MonkeyPatch) -> None:
    """The reduction of one process is played by what the other one sent."""
    labels, heard = torch.tensor([0, 1, 2, 0, 1]), signal()

    def learnt(first: int, last: int) -> Tensor:
        made = module(Priors(stdp=STDP(rate=0.1)))
        made.loss(made({"signal": heard[:, first:last]}), labels[first:last])
        made.clamp_()
        return made.weight.detach()

    whole, sent = learnt(0, 5), []
    monkeypatch.setattr("torch.distributed.is_initialized", lambda: True)
    monkeypatch.setattr("torch.distributed.all_reduce", lambda own: sent.append(own.clone()))
    alone = learnt(0, 2)
    monkeypatch.setattr("torch.distributed.all_reduce", lambda own: own.add_(sent[0]))
    assert torch.allclose(learnt(2, 5), whole, rtol=1e-5, atol=1e-7)
    assert not torch.allclose(alone, whole, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize(("cells", "parameters"), [(29, 1344), (60, 4630)])
def test_there_are_so_many_parameters(cells: int, parameters: int) -> None:
    made = PHCModule((cells,), 1, 10)
    assert made.count() == parameters
    w = made.weights()
    given = sum(v.size for n, v in w.items() if n not in ("sizes", "delay", "recurrent"))
    assert given + (w["recurrent"] != 0).sum() == parameters


# Bad input -------------------------------------------------------------------------------------


def test_what_is_wrong_is_said() -> None:
    made = module(Priors())
    with pytest.raises(ParameterError, match=r"axis 0 is time"):
        made({"signal": torch.zeros(4, 5, 3)})
    with pytest.raises(ParameterError, match="It has one: 'signal'"):
        made({"pixels": signal()})
    with pytest.raises(ParameterError, match="delays"):
        Priors(delays=(0,))
    with pytest.raises(ParameterError, match="sweeps"):
        PHCModule((4,), 1, 2, sweeps=-1)
    with torch.no_grad():
        made.leak[3] = math.nan
    assert made.first_bad({"signal": signal()}) == "leak holds values that are not finite"
    with pytest.raises(ParameterError, match="is not finite"):
        made.to_network()


def test_the_first_value_that_is_not_finite_is_named() -> None:
    made, given = module(Priors()), signal()
    given[12, 0, 0] = math.inf
    said = made.first_bad({"signal": given})
    assert said == "the first is in Region1, integrals, step 14"


def test_states_need_no_gradient() -> None:
    made = module(Priors())
    spikes, _, _ = states(made.shape, made.scalars, signal(), made.values())
    assert spikes.shape == (5, STEPS + LEAD, 13)
    assert isinstance(made.shape.surrogate, Triangular)
