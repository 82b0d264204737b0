"""``neuro models``."""

from __future__ import annotations

import json
from collections.abc import Callable

from click.testing import Result

from neuro.models.spec import model_names


def test_the_table_shows_models_protocols_and_the_default(
    call: Callable[..., Result],
) -> None:
    result = call("models")
    assert result.exit_code == 0
    assert "ca3-memory" in result.stdout
    assert "demo *" in result.stdout
    assert "stress *" not in result.stdout


def test_json_lists_every_model_with_parameters_protocols_and_claims(
    call: Callable[..., Result],
) -> None:
    models = json.loads(call("models", "--json").stdout)
    assert [model["name"] for model in models] == model_names()
    keys = {"name", "summary", "builder", "default", "parameters", "protocols", "claims", "path"}
    assert all(set(model) == {*keys, "text", "training"} for model in models)
    memory = next(model for model in models if model["name"] == "ca3-memory")
    assert memory["parameters"]["cues"] == 5
    assert memory["default"] in memory["protocols"]
