"""What the docstrings of the synapses say is what the synapses are."""

from __future__ import annotations

import inspect
import re

import numpy as np
import pytest

import neuro.synapses
from neuro.units import parse_unit
from tests.docstrings import parameters, sections

SHARED = ["weight", "delay", "dendritic_delay_fraction"]
SYNAPSES = sorted(
    {
        item
        for item in vars(neuro.synapses).values()
        if inspect.isclass(item)
        and item not in (neuro.synapses.Synapse, neuro.synapses.CustomSynapse)
    },
    key=lambda item: item.__name__,
)


def options(synapse: type[neuro.Synapse]) -> list[str]:
    chosen = inspect.signature(synapse).parameters.values()
    return [p.name for p in chosen if p.kind == p.KEYWORD_ONLY]


@pytest.mark.parametrize("synapse", SYNAPSES)
def test_every_parameter_is_documented_and_nothing_else(synapse: type[neuro.Synapse]) -> None:
    documented = [name for entry in parameters(synapse) for name in entry.names]
    known = [p.name for p in synapse().synapse_type.parameters]  # type: ignore[call-arg]
    assert sorted(documented) == sorted([*SHARED, *options(synapse), *known])


@pytest.mark.parametrize("synapse", SYNAPSES)
def test_documented_units_and_defaults_are_those_of_the_type(synapse: type[neuro.Synapse]) -> None:
    known = {p.name: p for p in synapse().synapse_type.parameters}  # type: ignore[call-arg]
    for entry in parameters(synapse):
        if not set(entry.names) <= set(known):
            continue
        for name, documented in zip(entry.names, entry.defaults, strict=True):
            parameter = known[name]
            assert parameter.default is not None
            if parameter.unit == "weight":
                assert "unit" in entry.text
                assert documented == parameter.default
                continue
            unit = parse_unit(parameter.unit)
            np.testing.assert_allclose(documented, float(unit.from_si(parameter.default)))
            assert parameter.unit in ("1", "Hz") or parameter.unit in entry.text


@pytest.mark.parametrize("synapse", SYNAPSES)
def test_equations_factors_and_a_source_are_given(synapse: type[neuro.Synapse]) -> None:
    found = sections(synapse)
    for factor in synapse().synapse_type.factors:  # type: ignore[call-arg]
        assert f"``{factor.name}``" in found["Notes"]
    if synapse is not neuro.StaticSynapse:
        assert ".. math::" in found[""]
        assert re.search(r"\b(19|20)\d\d\b|`Hebbian`", found["References"])


def test_the_library_is_complete() -> None:
    assert len(SYNAPSES) == 6
