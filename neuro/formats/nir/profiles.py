"""What NIR does not say, framework by framework: the table of conventions, as data.

A NIR file holds continuous equations.  The length of a step, the scheme of integration, the order of
input, threshold and reset, and what a reset does are conventions of whoever wrote the file; the
frameworks differ in all of them.  A `Profile` names one framework's own; tests compare each with the
traces that the framework itself wrote for one neuron (Pedersen et al., Nature Communications 2024).
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any, Literal, TypeAlias, get_args

from neuro.errors import ParameterError, unknown_name

Scheme: TypeAlias = Literal["euler", "exact", "decay"]
Reset: TypeAlias = Literal["value", "subtract", "none"]
TimeUnit: TypeAlias = Literal["s", "ms", "steps"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Conventions:
    """Everything that a step needs and NIR leaves open.

    Attributes
    ----------
    dt
        Length of a step in seconds; None if the framework has no fixed one.
    scheme
        ``"euler"``: forward Euler; ``"exact"``: the exact solution for an input that is constant
        during a step; ``"decay"``: exact decay, while input is scaled by ``dt / tau`` as in Euler.
    form
        How Euler's step is computed, for the last bit: ``"increment"``, ``v + dt/tau * (v_leak - v +
        r * input)``; or ``"factor"``, ``beta * v + gain * input``.
    reset
        ``"value"``: to `v_reset`; ``"subtract"``: by the threshold; ``"none"``.
    when
        When a reset acts: ``"now"``, in the step of the spike; ``"next"``, at the beginning of the
        next step; ``"late"``: the spike itself comes a step late, together with its reset.
    inclusive
        True: a spike at ``v >= v_threshold``; False: at ``v > v_threshold``, as NIR says.
    unit_gain
        True: input is not scaled; the threshold is divided by the gain instead.
    current
        CubaLIF and CubaLI: the membrane sees the current ``"new"``, with this step's input, or
        ``"old"``.
    jump
        What a spike adds to the current: ``"scaled"``, ``w_in * dt / tau_syn``; ``"whole"``, `w_in`;
        ``"decayed"``, `w_in`, which decays in this step already.
    bare
        True: `r` is not applied and the membrane takes its input as it is.
    initial
        The membrane starts at ``"leak"`` (`v_leak`) or ``"zero"``.
    integrator
        I and IF: input is scaled by ``r * dt`` (``"dt"``) or by `r` alone (``"step"``).
    hop
        Steps that the framework itself takes from one layer to the next.
    time_unit
        Unit of time constants in files that the framework writes.
    """

    dt: float | None = None
    scheme: Scheme | None = None
    form: Literal["increment", "factor"] = "increment"
    reset: Reset | None = None
    when: Literal["now", "next", "late"] = "now"
    inclusive: bool = False
    unit_gain: bool = False
    current: Literal["new", "old"] = "old"
    jump: Literal["scaled", "whole", "decayed"] = "scaled"
    bare: bool = False
    initial: Literal["leak", "zero"] = "leak"
    integrator: Literal["dt", "step"] = "dt"
    hop: int = 0
    time_unit: TimeUnit = "s"


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """The conventions of one framework.

    Attributes
    ----------
    name
        What `from_nir` calls it.
    conventions
        They themselves.
    summary
        One line.
    weights
        What `r` and `w_in` mean in files that it writes.
    source
        Where this is known from.
    """

    name: str
    conventions: Conventions
    summary: str
    weights: str
    source: str


_TABLE = (
    Profile(
        name="exact",
        conventions=Conventions(scheme="exact", reset="value"),
        summary="The exact solution of NIR's equations for inputs that are constant in a step.",
        weights="As in NIR.",
        source="NIR's equations; one-neuron trace 'exact'.",
    ),
    Profile(
        name="norse",
        conventions=Conventions(
            scheme="euler", reset="value", current="new", jump="whole", integrator="step"
        ),
        summary="Forward Euler; a spike resets at once; the current jumps by the whole weight.",
        weights="r = 1, w_in = 1; to_nir(..., dt=1) writes seconds, its default tau * 0.001.",
        source="norse 1.1.0, functional/lif.py, lif_box.py, iaf.py; one-neuron trace.",
    ),
    Profile(
        name="snntorch",
        conventions=Conventions(
            dt=1e-4,
            scheme="euler",
            form="factor",
            reset="subtract",
            when="next",
            unit_gain=True,
            current="new",
            initial="zero",
            integrator="step",
        ),
        summary="beta = 1 - dt/tau with dt = 0.1 ms; a reset acts in the next step (its default).",
        weights="r = tau / dt, w_in = tau_syn / dt, so that weights act unscaled.",
        source="snntorch 1.0.0, _neurons/leaky.py, synaptic.py, export_nir.py.",
    ),
    Profile(
        name="snntorch-import",
        conventions=Conventions(
            dt=1e-4,
            scheme="euler",
            form="factor",
            reset="value",
            unit_gain=True,
            current="new",
            initial="zero",
            integrator="step",
        ),
        summary="What snnTorch makes of a NIR file: reset to zero, at once.",
        weights="r = tau / dt, w_in = tau_syn / dt, so that weights act unscaled.",
        source="snntorch 1.0.0, import_nir.py; one-neuron trace.",
    ),
    Profile(
        name="nengo",
        conventions=Conventions(scheme="exact", reset="value"),
        summary="The exact solution; the part of a step after a spike is not integrated.",
        weights="As in NIR.",
        source="One-neuron trace.",
    ),
    Profile(
        name="rockpool",
        conventions=Conventions(
            scheme="decay",
            form="factor",
            reset="subtract",
            inclusive=True,
            current="new",
            jump="decayed",
            bare=True,
            initial="zero",
        ),
        summary="Exact decay, weights unscaled, reset by subtraction; one spike a step.",
        weights="r = tau * exp(-dt / tau) / dt, and not applied.",
        source="rockpool/nn/modules/torch/lif_torch.py, nir.py; one-neuron trace.",
    ),
    Profile(
        name="rockpool-import",
        conventions=Conventions(
            scheme="decay",
            form="factor",
            reset="subtract",
            inclusive=True,
            current="new",
            initial="zero",
        ),
        summary="Rockpool's neuron for graphs from elsewhere: input is scaled by r * dt/tau.",
        weights="As in NIR.",
        source="One-neuron trace.",
    ),
    Profile(
        name="sinabs",
        conventions=Conventions(
            scheme="decay",
            form="factor",
            reset="subtract",
            inclusive=True,
            current="new",
            initial="zero",
            integrator="step",
            time_unit="steps",
        ),
        summary="Exact decay, input by dt/tau, reset by subtraction; one spike a step.",
        weights="r = 1; time constants in steps.",
        source="sinabs/layers/lif.py, sinabs/nir.py; one-neuron trace.",
    ),
    Profile(
        name="spyx",
        conventions=Conventions(
            scheme="euler",
            form="factor",
            reset="subtract",
            when="late",
            current="new",
            initial="zero",
            time_unit="steps",
        ),
        summary="Spikes and resets come one step after the threshold was crossed.",
        weights="r = beta.",
        source="spyx/nn.py, spyx/nir.py; one-neuron trace.",
    ),
    Profile(
        name="lava",
        conventions=Conventions(
            scheme="euler", form="factor", reset="value", hop=1, current="new", initial="zero"
        ),
        summary="Forward Euler; what a layer sends arrives one step later.",
        weights="r = tau / dt.",
        source="lava/proc/lif/models.py; one-neuron traces (floating and fixed point).",
    ),
    Profile(
        name="spinnaker2",
        conventions=Conventions(
            scheme="euler", form="factor", reset="value", unit_gain=True, initial="zero"
        ),
        summary="Forward Euler with unscaled weights; its 8-bit weights are not modelled.",
        weights="r = tau / dt.",
        source="One-neuron trace.",
    ),
    Profile(
        name="spikingjelly",
        conventions=Conventions(
            dt=1e-4,
            scheme="euler",
            form="increment",
            reset="value",
            inclusive=True,
            initial="zero",
        ),
        summary="Forward Euler with dt = 0.1 ms; fires at the threshold itself.",
        weights="r = 1 (decay_input) or tau in steps.",
        source="spikingjelly/activation_based/neuron, nir_exchange/to_nir.py.",
    ),
)

PROFILES: dict[str, Profile] = {profile.name: profile for profile in _TABLE}
"""Profiles by name."""

_CHOICES: dict[str, tuple[str, ...]] = {
    "scheme": get_args(Scheme),
    "reset": get_args(Reset),
    "when": ("now", "next", "late"),
    "time_unit": get_args(TimeUnit),
    "initial": ("leak", "zero"),
    "form": ("increment", "factor"),
    "current": ("new", "old"),
    "jump": ("scaled", "whole", "decayed"),
    "integrator": ("dt", "step"),
}


def conventions_of(profile: str | None, given: dict[str, Any]) -> Conventions:
    """The conventions of a profile, changed by those `given` that are not None.

    Raises
    ------
    UnknownNameError
        If there is no such profile.
    ParameterError
        If a value is none that the convention can have.
    """
    if profile is not None and profile not in PROFILES:
        raise unknown_name(profile, PROFILES, kind="profile", where="from_nir, profile")
    base = PROFILES[profile].conventions if profile is not None else Conventions()
    chosen = {name: value for name, value in given.items() if value is not None}
    for name, value in chosen.items():
        _check(name, value)
    return replace(base, **chosen)


def _check(name: str, value: Any) -> None:
    """Refuse a value that a convention cannot have."""
    if name not in convention_names():
        raise unknown_name(name, convention_names(), kind="convention", where="from_nir")
    where = f"from_nir, {name}"
    if name in _CHOICES and value not in _CHOICES[name]:
        hint = f"Use {', '.join(map(repr, _CHOICES[name]))}."
        raise ParameterError(f"is {value!r}.", where=where, hint=hint)
    if name in ("inclusive", "unit_gain", "bare") and not isinstance(value, bool):
        raise ParameterError(f"is {value!r}.", where=where, hint="Use True or False.")
    if name == "hop" and (type(value) is not int or not 0 <= value < 1 << 20):
        raise ParameterError(f"is {value!r}.", where=where, hint="Whole steps, 0 or more.")


def convention_names() -> tuple[str, ...]:
    """The names of all conventions."""
    return tuple(item.name for item in fields(Conventions))
