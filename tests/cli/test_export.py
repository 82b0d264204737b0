"""``neuro export``: a project and what it costs; 2 for wrong use, and then nothing is written."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

import neuro
from neuro.deploy import demo, export, toolchain
from tests.cli.conftest import words

Call = Callable[..., Result]

SOURCE = {
    *("neuro.h", "neuro_device.h", "neuro_math.h", "neuro_net.h", "neuro_philox.h"),
    *("neuro_root.h", "neuro_step.h", "main.c", "own.c", "own.h"),
}


@pytest.fixture
def made(call: Call, own_model: Path, tmp_path: Path) -> Path:
    """An export for this computer."""
    result = call("export", own_model, "--board", "host", "--out", "build", "--steps", "20")
    assert result.exit_code == 0
    assert (
        words(result.stdout)
        == "not built: host is a computer; its memory is not counted. wrote build"
    )
    return tmp_path / "build"


def network_file(place: Path, name: str, size: int = 2) -> Path:
    net = neuro.NetworkBuilder(dt=1.0, name=name)
    net.population(size, neuro.LIF(bias=0.3), label="cells")
    return neuro.save_network(net.build(), place / "net.txt")


# What is written -----------------------------------------------------------------------------------


def test_the_project_holds_network_runtime_demo_and_board(made: Path) -> None:
    folders = {path.name for path in made.iterdir() if path.is_dir()}
    assert folders == {"board", "host", "src", "zephyr"}
    assert {path.name for path in (made / "src").iterdir()} >= SOURCE
    files = {"Makefile", "CMakeLists.txt", "README.md", "library.properties", "network.txt"}
    assert {path.name for path in made.iterdir()} >= files
    assert "own_step(&net, in, n_in, out, &n_out)" in (made / "src" / "main.c").read_text()


def test_the_network_comes_along_in_its_own_form(made: Path, own_model: Path) -> None:
    network = neuro.load_network(made / "network.txt")
    manifest = json.loads((made / "neuro-export.json").read_text())
    assert manifest["network_hash"] == network.content_hash
    written = {str(p.relative_to(made)) for p in made.rglob("*") if p.is_file()}
    assert set(manifest["files"]) == written - {"neuro-export.json"}


def test_costs_are_a_table_a_file_and_a_picture(call: Call, tmp_path: Path) -> None:
    pytest.importorskip("unicorn")
    small = ("--steps", 10, "--power", 20)
    result = call("export", "ca3-memory", "--board", "stm32l412", "--out", "build", *small)
    assert result.exit_code == 0
    text = words(result.stdout)
    assert "part flash RAM" in text
    assert "stm32l412 131,072 40,960" in text
    assert "of 2048 bytes were in use" in text
    assert "counted in unicorn over 10 steps" in text
    assert "estimate at 80 MHz, one instruction a cycle" in text
    assert "µJ" in text
    costs = json.loads((tmp_path / "build" / "costs.json").read_text())
    assert costs["board"] == "stm32l412"
    assert (tmp_path / "build" / "costs.png").stat().st_size > 10_000


def test_json_holds_facts_and_costs(call: Call, own_model: Path) -> None:
    pytest.importorskip("unicorn")
    arguments = ("--board", "stm32f405", "--out", "build", "--steps", "5", "--json")
    result = call("export", own_model, *arguments)
    found = json.loads(result.stdout)
    assert set(found) == {"board", "costs", "expected", "folder", "prefix", "problem"}
    assert (found["folder"], found["prefix"], found["problem"]) == ("build", "own", "")
    assert isinstance(found["expected"], int)
    costs = found["costs"]
    assert 0 < costs["flash"] < costs["flash_size"]
    assert costs["instructions"] <= costs["most_instructions"]
    assert costs["microjoules"] is None


def test_protocols_parameters_and_seeds_are_the_models(call: Call, own_model: Path) -> None:
    base = ("export", own_model, "--board", "host", "--json", "--force", "--out", "build")
    sums = [
        json.loads(call(*base, *more).stdout)["expected"]
        for more in ((), (), ("--protocol", "long"), ("--set", "rate=300"), ("--seed", 3))
    ]
    assert sums[0] == sums[1]
    assert len(set(sums)) == 4


# Names ---------------------------------------------------------------------------------------------


def test_a_name_of_ones_own(call: Call, own_model: Path, tmp_path: Path) -> None:
    arguments = ("--board", "host", "--out", "build", "--name", "left_eye", "--steps", "3")
    assert call("export", own_model, *arguments).exit_code == 0
    assert "left_eye_step" in (tmp_path / "build" / "src" / "left_eye.h").read_text()


@pytest.mark.parametrize(
    ("name", "prefix"),
    [("ca3-memory", "ca3_memory"), ("two words", "two_words"), ("3 π */ \\", "n3_______"), ("", "n")],
)  # fmt: skip
def test_odd_characters_become_underscores(
    call: Call, tmp_path: Path, name: str, prefix: str
) -> None:
    arguments = ("--board", "host", "--out", "build", "--steps", "3", "--json")
    result = call("export", network_file(tmp_path, name), *arguments)
    assert json.loads(result.stdout)["prefix"] == prefix


@pytest.mark.parametrize("name", ["int", "main", "nr", "neuro_net"])
def test_a_network_with_a_reserved_name_needs_another(
    call: Call, tmp_path: Path, name: str
) -> None:
    arguments = ("export", network_file(tmp_path, name), "--board", "host", "--out", "build")
    result = call(*arguments, "--steps", "3")
    assert result.exit_code == 2
    assert f"{name!r} is reserved." in words(result.stderr)
    assert "give another with --name" in words(result.stderr)
    assert call(*arguments, "--steps", "3", "--name", "net").exit_code == 0


# Folders -------------------------------------------------------------------------------------------


def test_a_folder_with_other_files_is_refused_without_force(
    call: Call, own_model: Path, tmp_path: Path
) -> None:
    (tmp_path / "build").mkdir()
    (tmp_path / "build" / "Makefile").write_text("mine")
    arguments = ("export", own_model, "--board", "host", "--out", "build", "--steps", "3")
    result = call(*arguments)
    assert result.exit_code == 2
    assert "it holds files that neuro did not write" in words(result.stderr)
    assert [path.name for path in (tmp_path / "build").iterdir()] == ["Makefile"]
    assert call(*arguments, "--force").exit_code == 0
    assert (tmp_path / "build" / "Makefile.before").read_text() == "mine"


def test_an_earlier_export_is_replaced_with_force_and_changes_are_kept(
    call: Call, own_model: Path, made: Path
) -> None:
    (made / "src" / "main.c").write_text("my own demo")
    arguments = ("export", own_model, "--board", "host", "--out", "build", "--steps", "30")
    assert "it holds an earlier export" in words(call(*arguments).stderr)
    assert call(*arguments, "--force").exit_code == 0
    kept = [str(path.relative_to(made)) for path in made.rglob("*.before*")]
    assert kept == ["src/main.c.before"]
    assert (made / "src" / "main.c.before").read_text() == "my own demo"
    assert "#define STEPS 30" in (made / "src" / "main.c").read_text()


def test_a_file_is_no_folder(call: Call, own_model: Path, tmp_path: Path) -> None:
    (tmp_path / "build").write_text("")
    result = call("export", own_model, "--board", "host", "--out", "build")
    assert result.exit_code == 2
    assert "build: is a file. Give a folder." in words(result.stderr)


# What is missing -----------------------------------------------------------------------------------


def test_without_a_cross_compiler_the_project_is_written_all_the_same(
    call: Call, own_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(toolchain, "_gcc", lambda name: ())
    monkeypatch.setattr(toolchain, "_zig", lambda: ())
    arguments = ("--board", "stm32f405", "--out", "build", "--steps", "3")
    result = call("export", own_model, *arguments)
    assert result.exit_code == 0
    text = words(result.stdout)
    assert "not built: board 'stm32f405': there is no compiler 'arm-none-eabi-gcc'" in text
    assert "apt-get install gcc-arm-none-eabi" in text
    assert "pip install ziglang gets zig" in text
    assert (tmp_path / "build" / "src" / "own.c").is_file()
    assert not (tmp_path / "build" / "costs.json").exists()


def test_without_a_c_compiler_the_demo_does_not_know_what_is_right(
    call: Call, own_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "find_compiler", lambda: None)
    monkeypatch.setattr(demo, "HostDevice", None)
    result = call(
        "export", own_model, "--board", "host", "--out", "build", "--steps", "3", "--json"
    )
    assert json.loads(result.stdout)["expected"] is None
    assert "EXPECTED" not in (tmp_path / "build" / "src" / "main.c").read_text()
    assert "check sum" not in (tmp_path / "build" / "README.md").read_text()


# Wrong use -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--board", "stm32l413"], "there is no board 'stm32l413'. Did you mean 'stm32l412'?"),
        (
            ["--board", "host", "--target", "cortexm"],
            "there is no target 'cortexm'. Did you mean 'cortex-m'?",
        ),
        (["--board", "host", "--name", "9th"], "'9th' is no C identifier."),
        (["--board", "host", "--name", "a-b"], "'a-b' is no C identifier."),
        (["--board", "host", "--protocol", "shrt"], "Did you mean 'short'?"),
    ],
)
def test_wrong_use_is_2_and_writes_nothing(
    call: Call, own_model: Path, tmp_path: Path, arguments: list[str], text: str
) -> None:
    result = call("export", own_model, "--out", "build", "--steps", "3", *arguments)
    assert result.exit_code == 2
    assert text in words(result.stderr)
    assert not (tmp_path / "build").exists()


def test_a_network_that_an_event_cannot_name_is_refused(call: Call, tmp_path: Path) -> None:
    file = network_file(tmp_path, "wide", size=65537)
    result = call("export", file, "--board", "host", "--out", "build", "--steps", "1")
    assert result.exit_code == 1
    assert "population 'cells': has 65537 cells" in words(result.stderr)
    assert not (tmp_path / "build").exists()
    found = call("check", file, "--target", "cortex-m")
    assert found.exit_code == 1


LARGE = ("--set", "cues=60", "--set", "content=60", "--steps", "1")


def test_a_network_that_will_not_fit_is_refused_before_anything_is_written(
    call: Call, tmp_path: Path
) -> None:
    result = call("export", "ca3-memory", "--board", "microbit", "--out", "build", *LARGE)
    assert result.exit_code == 1
    assert "bytes of RAM, and microbit has 16,384" in words(result.stderr)
    assert not (tmp_path / "build").exists()


@pytest.mark.parametrize("more", [(), ("--json",)])
def test_what_the_linker_refuses_is_1_and_one_sentence(
    call: Call, monkeypatch: pytest.MonkeyPatch, more: tuple[str, ...]
) -> None:
    pytest.importorskip("unicorn")
    monkeypatch.setattr(export, "board_findings", lambda *_, **__: [])
    result = call("export", "ca3-memory", "--board", "microbit", "--out", "build", *LARGE, *more)
    assert result.exit_code == 1
    text = words(json.loads(result.stdout)["problem"] if more else result.stdout)
    assert text.startswith("program: " if more else "error program: ")
    assert "ram of microbit is" in text
    assert "bytes too small" in text
    assert result.stderr == ""


@pytest.mark.parametrize("which", ["gcc", "zig", "clang-99"])
def test_a_compiler_that_was_asked_for_and_is_missing_is_2_and_writes_nothing(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, which: str
) -> None:
    monkeypatch.setattr(toolchain, "_gcc", lambda name: ())
    monkeypatch.setattr(toolchain, "_zig", lambda: ())
    arguments = ("--board", "stm32f405", "--out", "build", "--toolchain", which)
    result = call("export", "ca3-memory", *arguments)
    assert result.exit_code == 2
    assert "pip install ziglang gets zig" in words(result.stderr)
    assert not (tmp_path / "build").exists()
