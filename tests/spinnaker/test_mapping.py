"""Mapping onto virtual boards: the report, the prediction, and the weights that sPyNNaker returns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

import neuro
from neuro.backends.pynn.rules import missing
from neuro.backends.pynn.simulators import SPINNAKER
from neuro.backends.pynn.translate import Plan
from neuro.deploy.spinnaker.boards import load_spinnaker_board
from neuro.deploy.spinnaker.mapping import Mapped, map_plan, plan_for
from neuro.deploy.spinnaker.predict import Prediction, predict
from neuro.deploy.spinnaker.quantise import quantised_weights
from neuro.drive import drive_of
from neuro.models.spec import load_model

pytestmark = pytest.mark.skipif(bool(missing(SPINNAKER)), reason=missing(SPINNAKER))


def stdp_network(cells: int) -> neuro.Network:
    """Plastic input onto `cells` cells, with inhibition; a quarter as many others."""
    net = neuro.NetworkBuilder(dt=1.0, name="stdp", seed=1)
    others = cells // 8
    noise = net.population(others, neuro.SpikeSourcePoisson(rate=20.0), label="noise")
    lif = neuro.IF_curr_exp(scheme="spinnaker", tau_refrac=2.0)
    excited = net.population(cells, lif, label="E")
    inhibiting = net.population(others, lif, label="I")
    some = neuro.FixedProbabilityConnector(0.1)
    rule = neuro.PairSTDP(
        weight=neuro.Uniform(0.1, 0.9), delay=1.0, w_max=1.0, A_plus=0.01, A_minus=0.012
    )
    net.projection(noise, excited, some, rule, label="plastic")
    near = neuro.StaticSynapse(weight=neuro.Uniform(0.0, 0.2), delay=neuro.Uniform(1.0, 8.0))
    net.projection(excited, inhibiting, some, near, label="near")
    far = neuro.StaticSynapse(weight=0.5, delay=40.0)
    net.projection(inhibiting, excited, some, far, receptor_type="inhibitory", label="far")
    for population in (excited, inhibiting, noise):
        population.record("spikes")
    return net.build()


def mixed_network() -> neuro.Network:
    """All cells, weights over seven decades, spread delays, other plasticity, samples of v."""
    net = neuro.NetworkBuilder(dt=1.0, name="mixed", seed=2)
    source = net.population(7, neuro.SpikeSourceArray(), label="source")
    cells = {
        "cond": neuro.IF_cond_exp(),
        "alpha": neuro.IF_curr_alpha(),
        "exact": neuro.IF_curr_exp(),
        "euler": neuro.IF_cond_exp(scheme="euler"),
        "plain": neuro.IF_curr_exp(tau_m=neuro.Uniform(10.0, 30.0)),
    }
    some, delay = neuro.FixedProbabilityConnector(0.6), neuro.Uniform(1.0, 60.0)
    for k, (name, cell) in enumerate(cells.items()):
        post = net.population(33 + 70 * k, cell, label=name)
        post.record(["spikes", "v"] if k % 2 else "spikes")
        weight = neuro.Uniform(0.0, 10.0 ** (2 * k - 4))
        mixed = neuro.StaticSynapse(weight=weight, delay=delay if k % 2 else 3.0)
        net.projection(source, post, some, mixed, label=f"to_{name}")
        net.projection(
            source, post, some, neuro.StaticSynapse(weight=0.3), receptor_type="inhibitory"
        )
    wide = [(k, 0, w, 1.0) for k, w in enumerate((1000.0, 1.0, 0.01, 0.0001))]
    lone = net.population(1, neuro.IF_curr_exp(), label="lone")
    net.projection(source, lone, neuro.FromListConnector(wide), neuro.StaticSynapse(), label="wide")
    rule = neuro.PairSTDP(
        dependence="multiplicative", weight=0.2, w_max=0.5, tau_plus=5.0, tau_minus=33.0
    )
    taught = net.population(40, neuro.IF_curr_exp(), label="taught")
    net.projection(source, taught, some, rule, label="rule")
    return net.build()


@dataclass
class Done:
    """A mapping, and what was predicted of it."""

    plan: Plan
    mapped: Mapped
    prediction: Prediction


def done(network: neuro.Network, board_name: str, steps: int, inputs: object = None) -> Done:
    board = load_spinnaker_board(board_name)
    drive = drive_of(network, inputs)  # type: ignore[arg-type]
    plan = plan_for(network, board, steps, seed=0, drive=drive)
    return Done(plan, map_plan(plan, board), predict(plan, board))


@pytest.fixture(
    scope="module",
    params=["ca3 spinn5", "stdp spinn3", "stdp spinn5", "mixed spinn5"],
)
def case(request: pytest.FixtureRequest) -> Done:
    kind, board = request.param.split()
    if kind == "ca3":
        experiment = load_model("ca3-memory").experiment(None, {})
        return done(experiment.network, board, experiment.steps, experiment.inputs)
    if kind == "mixed":
        return done(mixed_network(), board, 1200, {"source": ([3, 3, 9, 9, 9], [0, 1, 0, 5, 6])})
    return done(stdp_network(1600), board, 1000)


def test_steps_below_1_ms_take_cores_for_synapses() -> None:
    net = neuro.NetworkBuilder(dt=0.1, name="fine", seed=1)
    source = net.population(300, neuro.SpikeSourceArray(), label="source")
    cells = net.population(300, neuro.IF_curr_exp(scheme="spinnaker"), label="cells")
    some = neuro.FixedProbabilityConnector(0.1)
    net.projection(source, cells, some, neuro.StaticSynapse(weight=0.5, delay=1.0))
    board = load_spinnaker_board("spinn3").model_copy(update={"time_scale_factor": 10})
    plan = plan_for(net.build(), board, 100, seed=0)
    report, prediction = map_plan(plan, board).report, predict(plan, board)
    assert prediction.cores == len(report.placed) == 5
    assert prediction.sdram == pytest.approx(report.sdram, rel=0.1)
    rows = {row[0]: row[1:3] for row in report.rows()}
    assert rows == {"cells": ("300", "4"), "source": ("300", "1")}


def test_the_prediction_is_close(case: Done) -> None:
    report, prediction = case.mapped.report, case.prediction
    assert prediction.cores == len(report.placed)
    assert prediction.sdram == pytest.approx(report.sdram, rel=0.01)
    assert prediction.keys >= max(chip.entries for chip in report.chips)


def test_weights_are_what_the_board_would_hold(case: Done) -> None:
    for name, weights in case.mapped.weights.items():
        np.testing.assert_array_equal(quantised_weights(case.plan, name), weights, err_msg=name)


def test_the_report_is_complete(case: Done) -> None:
    report = case.mapped.report
    names = {tree["name"] for tree in case.plan.tree["populations"]}
    assert names <= {core.population for core in report.placed}
    sizes = {tree["name"]: tree["size"] for tree in case.plan.tree["populations"]}
    for name, size in sizes.items():
        cells = [c.last - c.first + 1 for c in report.placed if c.population == name]
        assert sum(cells) == size
    senders = {tree["pre"] for tree in case.plan.tree["projections"]}
    assert {key.population for key in report.keys} >= senders
    assert len({(key.key, key.mask) for key in report.keys}) == len(report.keys)
    assert len(report.chips) == (4 if report.board == "spinn3" else 48)
    assert report.entries > 0
    assert report.from_dict(report.as_dict()) == report
