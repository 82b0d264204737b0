"""``neuro models``: what can be run."""

from __future__ import annotations

from neuro.cli.console import out, print_json, print_table, readable_errors
from neuro.cli.options import JsonOption
from neuro.models.spec import load_model, model_names


@readable_errors
def models(json: JsonOption = False) -> None:
    """List the models that ship with neuro, and their protocols."""
    specs = [load_model(name) for name in model_names()]
    if json:
        print_json([spec.model_dump(mode="json") for spec in specs])
        return
    rows = [
        (
            spec.name if first else "",
            name + (" *" if name == spec.default else ""),
            protocol.summary,
        )
        for spec in specs
        for first, (name, protocol) in zip(
            [True] + [False] * len(spec.protocols), spec.protocols.items(), strict=False
        )
    ]
    print_table("Models", ("model", "protocol", "what it does"), rows)
    out.print("[dim]* runs by default. Run one with: neuro run MODEL --protocol NAME[/]")


command = models
