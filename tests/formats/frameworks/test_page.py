"""The page on frameworks names exactly the classes that are supported, and the versions that are tested."""

from __future__ import annotations

from neuro.formats.frameworks.framework import Framework
from neuro.formats.frameworks.registry import FRAMEWORKS
from neuro.formats.frameworks.torch_layers import TORCH_LAYERS
from tests.conftest import ROOT

PAGE = ROOT / "docs" / "how-to" / "frameworks.md"
STATELESS = ("Conv", "Dropout", "Flatten", "Linear", "SumPool")


def named(words: list[str]) -> str:
    return ", ".join(f"`{word}`" for word in sorted(words))


def row(framework: Framework, version: str) -> str:
    neurons = [
        name for name in framework.layers if name not in TORCH_LAYERS and name not in STATELESS
    ]
    title = f"{framework.title} {version}"
    return f"| {title} | {named(neurons)} | {named(list(framework.chains))} |"


def test_the_page_names_what_is_supported() -> None:
    page = PAGE.read_text(encoding="utf-8")
    shown = page.split("<!-- layers -->")[1].split("<!-- end -->")[0].split("\n")
    pins = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    for name, framework in FRAMEWORKS.items():
        version = pins.split(f'"{name}==')[1].split('"')[0]
        assert row(framework, version) in shown
    assert f"Layers of torch: {named(list(TORCH_LAYERS))}." in shown
    assert f"Layers of flax and Spyx: {named(list(STATELESS))}." in shown
    assert set(STATELESS) <= FRAMEWORKS["spyx"].layers.keys()
