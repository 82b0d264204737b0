"""Cells and synapses are recognised by their equations, whatever their names are."""

from __future__ import annotations

import pytest

import neuro
from neuro.backends.pynn.standard import find_cell, find_synapse, why_no_cell, why_no_synapse
from neuro.ir.cell import CellType
from neuro.ir.declare import cell_type, synapse_type, trace
from tests.networks import LIBRARY_CELLS, SYNAPSES, plastic

STANDARD = {
    "IF_curr_exp": "IF_curr_exp/exact",
    "IF_curr_exp spinnaker": "IF_curr_exp/spinnaker",
    "IF_curr_delta": "IF_curr_delta/exact",
    "IF_curr_alpha": "IF_curr_alpha/exact",
    "IF_cond_exp": "IF_cond_exp/exponential",
    "IF_cond_exp euler": "IF_cond_exp/euler",
    "AdEx": "EIF_cond_exp_isfa_ista/exponential",
    "Izhikevich": "Izhikevich/euler",
}


@pytest.mark.parametrize("name", LIBRARY_CELLS)
def test_library_cells(name: str) -> None:
    match = find_cell(LIBRARY_CELLS[name][0]().cell_type)
    assert (None if match is None else match.standard.key) == STANDARD.get(name)


@pytest.mark.parametrize("name", SYNAPSES)
def test_library_synapses(name: str) -> None:
    known = {
        "static": "static",
        "stdp all_to_all additive": "additive",
        "stdp all_to_all multiplicative": "multiplicative",
    }
    match = find_synapse(plastic(name, 0.3).synapse_type)
    assert (None if match is None else match.standard.name) == known.get(name)


def own(reset: str = "u = low", noise: str = "") -> CellType:
    """A delta cell in other words and another order of declarations."""
    return cell_type(
        "mine",
        parameters="""
            rest_time : ms = 1
            low : mV = -60
            top : mV = -50
            calm : mV = -60
            tau : ms = 10
            capacity : nF = 1
            shift : nA = 0
        """,
        state="u : mV = calm, held",
        ports="minus : mV, nonnegative\n amplifier : nA\n plus : mV, nonnegative",
        update=f"""
            keep = exp(-dt / tau)
            gain = dt / capacity * exprel(-dt / tau)
            u = u * keep + (plus - minus) + (gain * amplifier + ((1 - keep) * calm + gain * shift))
            {noise}
        """,
        spike="u >= top",
        reset=reset,
        refractory="rest_time",
    )


def test_a_cell_in_other_words_is_the_same() -> None:
    match = find_cell(own())
    assert match is not None
    assert match.standard.name == "IF_curr_delta"
    names = {k: match.renaming[k] for k in ("v", "v_rest", "v_reset", "v_thresh", "excitatory")}
    assert names == {
        "v": "u",
        "v_rest": "calm",
        "v_reset": "low",
        "v_thresh": "top",
        "excitatory": "plus",
    }


def test_a_changed_cell_is_another() -> None:
    assert find_cell(own(reset="u = u - top")) is None
    assert find_cell(own(noise="u = u + 0.1 * mV * normal()")) is None


def test_the_reason_names_the_equation() -> None:
    exact = neuro.IF_curr_delta.cell_type
    changed = cell_type(
        "changed",
        parameters="""
            cm : nF = 1.0
            tau_m : ms = 20.0
            tau_refrac : ms = 0.1
            v_rest : mV = -65.0
            v_reset : mV = -65.0
            v_thresh : mV = -50.0
            i_offset : nA = 0.0
        """,
        state="v : mV = v_rest, held",
        ports="excitatory : mV, nonnegative\n inhibitory : mV, nonnegative\n current : nA",
        derived="""
            P_v = exp(-dt / tau_m)
            P_current = dt / cm * exprel(-dt / tau_m)
            v_drive = (1 - P_v) * v_rest + P_current * i_offset
        """,
        update="v = P_v * v + (excitatory - inhibitory) + (v_drive + P_current * current)",
        spike="v >= v_thresh",
        reset="v = v - v_thresh + v_reset",
        refractory="tau_refrac",
    )
    assert why_no_cell(changed) == "the nearest is IF_curr_delta, but reset of v differs"
    assert why_no_cell(exact) == ""


def test_the_port_must_be_bound_to_the_same_variable() -> None:
    exponential = neuro.IF_curr_exp().cell_type
    from dataclasses import replace

    swapped = replace(
        exponential,
        ports=(
            replace(exponential.ports[0], into="i_inh"),
            replace(exponential.ports[1], into="i_exc"),
            exponential.ports[2],
        ),
    )
    match = find_cell(swapped)
    assert match is not None
    assert match.renaming["excitatory"] == "inhibitory"  # the same cell with its ports renamed


def test_an_own_rule_of_plasticity() -> None:
    rule = synapse_type(
        "mine",
        parameters="""
            t1 : ms = 20, shared
            t2 : ms = 30, shared
            up : weight = 0.1
            down : weight = 0.1
            low : weight = 0
            high : weight = 1
        """,
        pre=trace("p : 1", on_spike="p = 1 + p", each_step="p = p * exp(-dt / t1)"),
        post=trace("q : 1", on_spike="q = q + 1", each_step="q = exp(-dt / t2) * q"),
        on_post="w = clip(p * up + w, low, high)",
        on_pre="w = clip(w - down * q, low, high)",
    )
    match = find_synapse(rule)
    assert match is not None
    assert match.standard.name == "additive"
    assert match.renaming["tau_minus"] == "t2"
    assert "nearest" in why_no_synapse(plastic("stdp nearest additive", 1.0).synapse_type)
