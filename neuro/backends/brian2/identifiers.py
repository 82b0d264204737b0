"""Names that Brian2 accepts, for everything that has a name in a network."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable

_PREFIX = "[YZEPTGMkhdcmunpfazy]|da"
_UNIT = (
    "metre|meter|gram|gramme|second|amp|ampere|kelvin|mole|mol|candle|radian|steradian|hertz|newton"
    "|pascal|joule|watt|coulomb|volt|farad|ohm|siemens|weber|tesla|henry|lumen|lux|becquerel|gray"
    "|sievert|katal|molar|liter|litre|celsius"
)
_UNITS = re.compile(
    rf"((({_PREFIX})?({_UNIT}))|kilogram|kilogramme|[kM]?Hz|[munp]?[AFSVM]|[mnp]S|mV|[cmun]?m|[mu]?s)[23]?"
)
"""Units of Brian2; a test compares this with its own list."""

_TEXT = """
i j t dt xi N N_pre N_post N_incoming N_outgoing e pi inf lastspike not_refractory refractory
t_in_timesteps lastupdate delay rand randn poisson timestep abs arccos arcsin arctan ceil clip cos
cosh exp expm1 exprel floor int log log10 log1p sign sin sinh sqrt tan tanh True False

active add_attribute add_dependency add_to_magic_network attribute calc_indices check_variable_write
clock codeobj codeobj_class code_objects connect contained_objects custom_operation
custom_operations default_event dependencies equations event_codes event_driven events
get_documentation get_states group id index invalidates_magic_network iterate_all method
method_choice name namespace num_synapses order post pre register_variable resetter resolve
resolve_all run run_on_event run_regularly runner set_event_schedule set_states source spikes start
state state_updater stop subexpression_updater summed_updaters target thresholder thresholds
unregister_variable user_equations variables variables_by_owner when before_run after_run
multisynaptic_index updates updaters assign_id indices verify_dependencies

np b2 DT SEED REAL FUNCTIONS SIGNALS POISSON SCHEDULE values network made objects left seen fires
place sum following moved last build clock types
"""
"""Names of Brian2's language, attributes of its groups, and names that the program itself uses."""
_RESERVED = frozenset(_TEXT.split())


class Identifiers:
    """Hands out identifiers, each once.

    Parameters
    ----------
    taken
        Identifiers that are in use.
    """

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self._taken = set(taken)

    @property
    def taken(self) -> frozenset[str]:
        """All that are in use."""
        return frozenset(self._taken)

    def new(self, wish: str) -> str:
        """`wish` where Brian2 accepts it and nothing else has it, else something close to it."""
        plain = "".join(c if c.isascii() and (c.isalnum() or c == "_") else "_" for c in wish)
        plain = plain.strip("_") or "x"
        if plain[0].isdigit() or plain.startswith("nr_") or not _accepted(plain):
            plain = f"x_{plain}"
        if plain.endswith(("_pre", "_post")):
            plain += "synaptic"
        found, number = plain, 1
        while found in self._taken or not _accepted(found):
            number += 1
            found = f"{plain}_{number}"
        self._taken.add(found)
        return found


def _accepted(name: str) -> bool:
    return not (name in _RESERVED or keyword.iskeyword(name) or _UNITS.fullmatch(name))
