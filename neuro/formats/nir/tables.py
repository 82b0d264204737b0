"""The profiles as a table in Markdown, for the documentation."""

from __future__ import annotations

from neuro.formats.nir.profiles import PROFILES, Conventions, Profile


def profile_table() -> str:
    """One line per profile: what NIR does not say, and what the framework does."""
    head = "| profile | dt | step | reset | fires at | CubaLIF: membrane sees | time in files | r, w_in |"
    rule = "|---|---|---|---|---|---|---|---|"
    return "\n".join([head, rule, *map(_row, PROFILES.values())]) + "\n"


def _row(profile: Profile) -> str:
    c = profile.conventions
    cells = (
        f"`{profile.name}`",
        "as given" if c.dt is None else f"{c.dt * 1e3:g} ms",
        _step(c),
        f"{c.reset}, {_when(c)}",
        "v >= threshold" if c.inclusive else "v > threshold",
        f"{c.current} current, jump {c.jump}",
        c.time_unit,
        profile.weights,
    )
    return f"| {' | '.join(cells)} |"


def _step(c: Conventions) -> str:
    """The scheme and how input is scaled."""
    scaled = "weights unscaled" if c.unit_gain or c.bare else ""
    hop = "one step per layer" if c.hop else ""
    return ", ".join(word for word in (c.scheme or "", scaled, hop) if word)


def _when(c: Conventions) -> str:
    words = {"now": "at once", "next": "in the next step", "late": "with the spike, a step late"}
    return words[c.when]
