"""The matrix of the conformance suite, as a page: cases down, backends across."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from neuro.files import write_text
from neuro.testing.conformance import (
    NETWORKS,
    Outcome,
    Result,
    Verdict,
    judge,
    reference,
    suite,
)
from neuro.testing.library import Case

BACKENDS = ("c", "numba", "brian2", "pynn:nest", "lava")
Row = dict[str, Outcome]
SIGNS: dict[Verdict, str] = {
    "equal": "equal",
    "near": "≈",
    "refused": "refused",
    "unavailable": "not installed",
    "different": "**different**",
}
HEAD = """# Conformance

Written by `{command}`.

Each case runs on the reference and on each backend, and all spikes are compared; where a backend shows its
state, also every sample and, after the last step, all state and everything on its way, to the last bit.

- **equal**: to the last bit, or every spike where a backend shows nothing else (*spikes*).
- **≈**: spikes differ, as the rules in brackets had said before it ran.
- **refused**: by the rules in brackets, before it ran.
- **not installed**: here, when this page was written.
- **different**: without a word. There must be none.

A backend that is close to ours runs with its option `approximate`.
"""


def matrix(
    backends: Iterable[str],
    networks: int = NETWORKS,
    *,
    report: Callable[[str], None] = lambda name: None,
) -> dict[str, Row]:
    """Outcomes by case, by backend.

    Parameters
    ----------
    backends
        Names of backends.
    networks
        How many random networks.
    report
        Told the name of each case before it runs.
    """
    chosen, found = list(backends), {}
    for name, make in suite(networks).items():
        report(name)
        case = make()
        expected = reference(case)
        found[name] = {backend: _judged(case, backend, expected) for backend in chosen}
    return found


def _judged(case: Case, backend: str, expected: Result) -> Outcome:
    """The outcome; a backend that fails in the middle does not conform either."""
    try:
        return judge(case, backend, expected=expected)
    except Exception as error:
        return Outcome(verdict="different", detail=f"{type(error).__name__}: {error}"[:200])


def page(found: Mapping[str, Row], command: str) -> str:
    """The page with a matrix; random networks are counted."""
    backends = list(next(iter(found.values())))
    single = {name: row for name, row in found.items() if not name.startswith("network/")}
    networks = [row for name, row in found.items() if name.startswith("network/")]
    lines = [HEAD.format(command=command)]
    for kind, title in (("memory", "CA3 memory"), ("cell", "Cells"), ("synapse", "Synapses")):
        rows = {n.partition("/")[2]: r for n, r in single.items() if n.startswith(f"{kind}/")}
        lines += [f"\n## {title}\n", _line(["", *backends])]
        lines.append(_line(["---"] * (len(backends) + 1)))
        lines += [
            _line([name, *(_text(row[backend]) for backend in backends)])
            for name, row in rows.items()
        ]
    if networks:
        lines.append(f"\n## {len(networks)} random networks with fixed seeds\n")
        for backend in backends:
            lines.append(f"- `{backend}`: {_count([row[backend] for row in networks])}")
    return "\n".join(lines) + "\n"


def _line(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _text(outcome: Outcome) -> str:
    detail = outcome.detail if outcome.verdict != "unavailable" else ""
    sign = SIGNS[outcome.verdict]
    return f"{sign} ({detail.replace('|', '/')})" if detail else sign


def _count(outcomes: list[Outcome]) -> str:
    counted = Counter(outcome.verdict for outcome in outcomes)
    parts = []
    for verdict, count in counted.most_common():
        rules = Counter(o.detail for o in outcomes if o.verdict == verdict and verdict == "refused")
        names = sorted({rule for detail in rules for rule in detail.split(", ")})
        parts.append(f"{count} {SIGNS[verdict]}" + (f" ({', '.join(names)})" if names else ""))
    return ", ".join(parts)


def main(arguments: list[str]) -> int:
    """Write the page; 1 if a backend silently does something else."""
    parser = argparse.ArgumentParser(prog="python -m neuro.testing.matrix", description=__doc__)
    parser.add_argument("--on", default=",".join(BACKENDS), help="backends, separated by commas")
    parser.add_argument("--networks", type=int, default=NETWORKS, help="random networks")
    parser.add_argument("--verbose", action="store_true", help="say each case on standard error")
    parser.add_argument("--out", type=Path, help="file to write; otherwise standard output")
    given = parser.parse_args(arguments)
    found = matrix(given.on.split(","), given.networks, report=_say if given.verbose else _quiet)
    words = ["python -m neuro.testing.matrix", *_shown(given)]
    text = page(found, " ".join(words))
    if given.out is None:
        sys.stdout.write(text)
    else:
        write_text(given.out, text)
    return 0 if all(o.conforms for row in found.values() for o in row.values()) else 1


def _shown(given: argparse.Namespace) -> list[str]:
    """The arguments that decide what is on the page."""
    return [f"--on {given.on}", f"--networks {given.networks}"]


def _say(name: str) -> None:
    sys.stderr.write(f"{name}\n")


def _quiet(name: str) -> None:
    del name


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
