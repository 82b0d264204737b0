"""NIR's neurons as cell types of the IR, for given conventions.

Each type keeps NIR's own parameters (per neuron, times in seconds); what a step needs is derived from
them in double precision and rounded once.  Programs have the operations of the frameworks, in their
order, so that spikes agree in the last bit wherever sums of inputs do.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache

from neuro.formats.nir.primitives import PRIMITIVES
from neuro.formats.nir.profiles import Conventions
from neuro.ir.cell import CellType, Port
from neuro.ir.declare import cell_type
from neuro.ir.expressions.nodes import (
    Assign,
    Compare,
    Expression,
    Literal,
    Logical,
    Name,
    Program,
    Select,
)

GATE = "on"
"""Port of a gated cell: it stands still until 1 arrives."""

RECURRENT = "recurrent"
"""Port for what a population sends to itself, where the framework adds it apart."""

_SNAP = 1e-6
"""A gain this near to 1 is 1: exporters write r = tau / dt in single precision."""


@dataclass(frozen=True, slots=True)
class Variant:
    """Which type of cell is wanted.

    Attributes
    ----------
    kind
        NIR's primitive.
    conventions
        How it steps.
    recurrent
        True if it has a port of its own for what its population sends to itself.
    gated
        True if it has to stand still until its layer starts.
    """

    kind: str
    conventions: Conventions
    recurrent: bool = False
    gated: bool = False


@lru_cache(maxsize=256)
def cell_of(variant: Variant) -> CellType:
    """The cell type of a variant."""
    made = _MAKERS[variant.kind](variant)
    return behind_gate(made) if variant.gated else made


@lru_cache(maxsize=1)
def relay() -> CellType:
    """Values from outside, to be passed on: ``x`` is what arrives on ``value`` in this step."""
    return cell_type("nir_input", state="v : 1 = 0", ports="value : 1", update="v = value")


@lru_cache(maxsize=2)
def readout(gated: bool = False) -> CellType:
    """The sum of what arrives, for outputs behind a linear map."""
    made = cell_type("nir_output", state="v : 1 = 0", ports="input : 1", update="v = input")
    return behind_gate(made) if gated else made


def _declared(kind: str) -> str:
    times = PRIMITIVES[kind].times
    lines = []
    for name, default in PRIMITIVES[kind].parameters:
        value = "" if default is None else f" = {default}"
        lines.append(f"{name} : {'s' if name in times else '1'}{value}")
    return "\n".join(lines)


def _ports(variant: Variant) -> str:
    return "input : 1" + ("\nrecurrent : 1" if variant.recurrent else "")


def _name(variant: Variant) -> str:
    """A name that tells the conventions apart; programs tell the rest."""
    c = variant.conventions
    words = [variant.kind]
    if variant.kind == "Threshold":
        words += ["inclusive"] * c.inclusive
        words += ["recurrent"] * variant.recurrent + ["gated"] * variant.gated
        return "nir_" + "_".join(words)
    words += [c.scheme or "", c.form]
    if PRIMITIVES[variant.kind].spikes:
        words += [c.reset or "", c.when, *(["inclusive"] if c.inclusive else [])]
    if variant.kind.startswith("Cuba"):
        words += [c.current, c.jump]
    words += ["bare"] * c.bare
    if variant.kind in ("I", "IF"):
        words += [c.integrator]
    words += ["unit_gain"] * c.unit_gain + [c.initial]
    words += ["recurrent"] * variant.recurrent + ["gated"] * variant.gated
    return "nir_" + "_".join(word for word in words if word)


def _make(variant: Variant, *, state: str, derived: str, integrate: str, unit: str) -> CellType:
    """A cell from what its membrane does; `unit` is the derived threshold, or the given one."""
    spikes = PRIMITIVES[variant.kind].spikes
    firing = _firing(variant, integrate, unit) if spikes else _Firing(integrate)
    return cell_type(
        _name(variant),
        parameters=_declared(variant.kind),
        state=f"{state}\n{firing.state}",
        ports=_ports(variant),
        derived=derived,
        update=firing.update,
        spike=firing.spike,
        reset=firing.reset,
    )


@dataclass(frozen=True, slots=True)
class _Firing:
    update: str
    spike: str | None = None
    reset: str = ""
    state: str = ""


def _firing(variant: Variant, integrate: str, theta: str) -> _Firing:
    """Threshold and reset around the integration of ``v``."""
    c = variant.conventions
    crossed = f"v {'>=' if c.inclusive else '>'} {theta}"
    if c.when == "now":
        return _Firing(integrate, crossed, _resets(theta)[c.reset or "none"])
    before, after = _pending(variant, theta)
    if c.when == "next" and c.reset == "none":
        return _Firing(integrate, crossed)
    update = f"z = 1 if {crossed} else 0\n{before}\n{integrate}\n{after}"
    if c.when == "next":
        return _Firing(update, crossed)
    return _Firing(update, "z > 0.5", state="z : 1 = 0")


def _resets(theta: str) -> dict[str, str]:
    """What a spike does to ``v`` at once."""
    target = "v_reset" if theta != "theta" else "rest"
    return {"value": f"v = {target}", "subtract": f"v = v - {theta}", "none": ""}


def _pending(variant: Variant, theta: str) -> tuple[str, str]:
    """What a reset that is due does before and after the integration.

    snnTorch's Leaky sets the membrane to zero before it adds the input; its other cells afterwards.
    """
    reset = variant.conventions.reset
    if reset == "subtract":
        return "", f"v = v - z * {theta}"
    if reset == "value" and variant.kind in ("LIF", "IF") and not variant.recurrent:
        return "v = v * (1 - z)", ""
    return ("", "v = v - z * v") if reset == "value" else ("", "")


def _drive(variant: Variant) -> str:
    return "(input + recurrent)" if variant.recurrent else "input"


def _lif(variant: Variant) -> CellType:
    c = variant.conventions
    if c.unit_gain:
        update = "v = beta * v + input" + (" + recurrent" if variant.recurrent else "")
        return _unit_gain(
            variant, "v : 1", f"{_factor('tau')}\n{_snapped('r * (dt / tau)')}", update
        )
    update = _membrane(c, _drive(variant))
    if variant.kind == "LIF" and _increments(c):
        update = f"v + G * (r * {_drive(variant)} + v_leak - v)"  # Norse's order
    return _make(
        variant,
        state=f"v : 1 = {_initial(c)}",
        derived=_gains(c, "tau"),
        integrate=f"v = {update}",
        unit="v_threshold",
    )


def _membrane(c: Conventions, drive: str) -> str:
    """The membrane's next value, given what drives it before `r`."""
    if c.scheme == "exact":
        return f"P * v + G * (v_leak + r * {drive})"
    if _increments(c):
        return f"v + G * ((v_leak - v) + r * {drive})"
    return f"P * v + gain * {drive} + rest"


def _increments(c: Conventions) -> bool:
    """True for Euler's step as an increment; the other schemes multiply by a factor."""
    return c.scheme == "euler" and c.form == "increment"


def _gains(c: Conventions, tau: str) -> str:
    """Derived constants of a leaky membrane with the time constant `tau`."""
    step = f"dt / {tau}"
    if c.scheme == "exact":
        return f"P = exp(-{step})\nG = -expm1(-{step})"
    if c.scheme == "decay":
        return f"P = exp(-{step})\n{_gain(c, step)}\nrest = -expm1(-{step}) * v_leak"
    if c.form == "increment":
        return f"G = {step}"
    return f"P = 1 - {step}\n{_gain(c, step)}\nrest = ({step}) * v_leak"


def _gain(c: Conventions, step: str) -> str:
    return "gain = 1" if c.bare else f"gain = r * ({step})"


def _factor(tau: str) -> str:
    return f"beta = 1 - dt / {tau}"


def _snapped(gain: str) -> str:
    """Derived threshold and reset in units of the gain."""
    near = f"abs({gain} - 1) < {_SNAP}"
    return f"""
        gain = where({near}, 1, {gain})
        theta = v_threshold / gain
        rest = v_reset / gain
    """


def _unit_gain(variant: Variant, state: str, derived: str, integrate: str) -> CellType:
    """A cell whose input is unscaled and whose threshold is divided by the gain."""
    if not PRIMITIVES[variant.kind].spikes:
        derived = "\n".join(
            line for line in derived.splitlines() if not line.strip().startswith(("theta", "rest"))
        )
    return _make(variant, state=state, derived=derived, integrate=integrate, unit="theta")


def _li(variant: Variant) -> CellType:
    """Nothing fires here, so there is no threshold to scale: input is."""
    return _lif(replace(variant, conventions=replace(variant.conventions, unit_gain=False)))


def _if(variant: Variant) -> CellType:
    update = f"v = v + gain * {_drive(variant)}"
    step = variant.conventions.integrator == "step"
    return _make(
        variant,
        state="v : 1 = 0",
        derived="gain = r" if step else "gain = r * (dt / s)",
        integrate=update,
        unit="v_threshold",
    )


def _cuba(variant: Variant) -> CellType:
    c = variant.conventions
    if c.unit_gain and PRIMITIVES[variant.kind].spikes:
        derived = f"alpha = 1 - dt / tau_syn\n{_factor('tau_mem')}"
        derived += f"\n{_snapped('(w_in * (dt / tau_syn)) * (r * (dt / tau_mem))')}"
        more = " + recurrent" if variant.recurrent else ""
        steps = [f"i = alpha * i + input{more}", "v = beta * v + i"]
        integrate = "\n".join(steps if c.current == "new" else steps[::-1])
        return _unit_gain(variant, "v : 1\ni : 1", derived, integrate)
    derived, current = _current(c, _drive(variant))
    steps = [f"i = {current}", f"v = {_membrane(c, 'i')}"]
    return _make(
        variant,
        state=f"v : 1 = {_initial(c)}\ni : 1",
        derived=f"{derived}\n{_gains(c, 'tau_mem')}",
        integrate="\n".join(steps if c.current == "new" else steps[::-1]),
        unit="v_threshold",
    )


def _current(c: Conventions, drive: str) -> tuple[str, str]:
    """Derived constants and next value of the synaptic current."""
    step = "dt / tau_syn"
    jump = f"w_in * ({step})" if c.jump == "scaled" else "w_in"
    if c.scheme == "exact" and c.jump == "scaled":
        jump = f"w_in * -expm1(-{step})"
    if _increments(c):
        return f"S = {step}\njump = {jump}", f"(i - S * i) + jump * {drive}"
    decay = f"1 - {step}" if c.scheme == "euler" else f"exp(-{step})"
    inside = f"D * (i + jump * {drive})" if c.jump == "decayed" else f"D * i + jump * {drive}"
    return f"D = {decay}\njump = {jump}", inside


def _threshold(variant: Variant) -> CellType:
    crossed = ">=" if variant.conventions.inclusive else ">"
    return cell_type(
        _name(variant),
        parameters=_declared("Threshold"),
        state="v : 1 = 0",
        ports=_ports(variant),
        update=f"v = {_drive(variant)}",
        spike=f"v {crossed} threshold",
    )


def _initial(c: Conventions) -> str:
    return "v_leak" if c.initial == "leak" else "0"


_MAKERS: dict[str, Callable[[Variant], CellType]] = {
    "LIF": _lif,
    "LI": _li,
    "IF": _if,
    "I": _if,
    "CubaLIF": _cuba,
    "CubaLI": _cuba,
    "Threshold": _threshold,
}


def behind_gate(cell: CellType) -> CellType:
    """`cell` with a port `on`: no state changes and nothing fires before 1 arrives there."""
    started = Compare(">", Name(GATE), Literal(0.5))
    states = {variable.name for variable in cell.state}
    return replace(
        cell,
        ports=(*cell.ports, Port(name=GATE, unit="1")),
        update=_only_if(started, cell.update, states),
        spike=None if cell.spike is None else Logical("and", started, cell.spike),
    )


def _only_if(condition: Expression, program: Program, states: set[str]) -> Program:
    return tuple(
        Assign(step.target, Select(condition, step.value, Name(step.target)))
        if step.target in states
        else step
        for step in program
    )
