"""Engines are compiled once, kept by their content, and failures say what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

import neuro
from neuro.backends.c import compiler
from neuro.backends.c.compiler import compile_library, find_compiler, is_cached
from neuro.errors import CompilerError, StorageError, UnsupportedError
from tests.disk import full_disk

SOURCE = "int answer(void) { return 42; }\n"


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of the test's own, empty."""
    place = tmp_path / "cache"
    place.mkdir()
    monkeypatch.setenv("NEURO_CACHE_DIR", str(place))
    return place


def use_compiler(monkeypatch: pytest.MonkeyPatch, path: Path, script: str) -> None:
    """Make a shell script the C compiler."""
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    path.chmod(0o755)
    monkeypatch.setenv("CC", str(path))


def network() -> neuro.Network:
    net = neuro.NetworkBuilder(dt=1.0)
    net.population(3, neuro.LIF(bias=0.1), label="cells")
    return net.build()


def test_the_same_source_is_compiled_once(cache: Path) -> None:
    assert not is_cached(SOURCE)
    first = compile_library(SOURCE)
    stamp = first.path.stat().st_mtime_ns
    assert is_cached(SOURCE)
    again = compile_library(SOURCE)
    assert (first.cached, again.cached) == (False, True)
    assert again.path == first.path
    assert again.path.stat().st_mtime_ns == stamp
    assert [item.name for item in cache.iterdir()] == [first.path.name]


def test_another_source_another_compiler_or_other_flags_make_another_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    paths = {compile_library(SOURCE).path, compile_library(SOURCE + " ").path}
    with monkeypatch.context() as patch:
        patch.setattr(compiler, "FLAGS", (*compiler.FLAGS, "-g"))
        paths.add(compile_library(SOURCE).path)
    real = find_compiler()
    script = f'[ "$1" = --version ] && echo "mycc 7" && exit; exec {real} "$@"'
    use_compiler(monkeypatch, tmp_path / "mycc", script)
    other = compile_library(SOURCE)
    assert other.compiler == "mycc 7"
    assert len(paths | {other.path}) == 4


def test_networks_of_the_same_kinds_share_an_engine(cache: Path) -> None:
    def run(size: int) -> str:
        net = neuro.NetworkBuilder(dt=1.0)
        net.population(size, neuro.LIF(bias=0.01 * size))
        return neuro.simulate(net.build(), 2, backend="c").provenance.engine["compiled"]

    assert [run(3), run(40)] == ["now", "from cache"]
    assert len(list(cache.glob("*.so"))) == 1


def test_no_compiler_is_explained(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("CC", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    words = r"no C compiler was found\. Install gcc or clang .* use backend='numba' or 'reference'"
    with pytest.raises(CompilerError, match=words):
        neuro.simulate(network(), 1, backend="c")
    assert not is_cached(SOURCE)


def test_a_compiler_that_is_named_but_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CC", "mycc")
    with pytest.raises(CompilerError, match=r"\$CC is 'mycc', which is not on the path"):
        compile_library(SOURCE)


def test_refused_code_comes_with_the_compilers_words_and_is_kept(cache: Path) -> None:
    with pytest.raises(CompilerError, match="refused the generated code") as caught:
        compile_library("int broken( { return nothing; }\n")
    kept = next(cache.glob("*.c"))
    assert "error" in str(caught.value)
    assert f"The code is in {kept}" in caught.value.hint
    assert kept.read_text(encoding="utf-8") == "int broken( { return nothing; }\n"
    assert not list(cache.glob("*.so"))


def test_a_compiler_that_cannot_run_is_an_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    broken = tmp_path / "brokencc"
    broken.write_bytes(b"\x7fELF nonsense")
    broken.chmod(0o755)
    monkeypatch.setenv("CC", str(broken))
    with pytest.raises(CompilerError, match=r"brokencc could not be run: .* Try another compiler"):
        compile_library(SOURCE)


def test_a_full_disk_is_not_taken_for_wrong_code(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    script = "[ $1 = --version ] && exit; echo 'ld: No space left on device' >&2; exit 1"
    use_compiler(monkeypatch, tmp_path / "fullcc", script)
    words = r"could not be written: No space left on device\. .* NEURO_CACHE_DIR"
    with pytest.raises(StorageError, match=words):
        compile_library(SOURCE)


def test_a_full_disk_leaves_no_half_engine(cache: Path) -> None:
    with full_disk(8), pytest.raises(StorageError, match="could not be written"):
        compile_library(SOURCE)
    assert list(cache.iterdir()) == []
    assert not compile_library(SOURCE).cached


def test_a_damaged_engine_in_the_cache_is_named(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    neuro.simulate(network(), 1, backend="c")
    engine = next(cache.glob("*.so"))
    monkeypatch.setenv("NEURO_CACHE_DIR", str(tmp_path))
    (tmp_path / engine.name).write_bytes(engine.read_bytes()[:100])
    with pytest.raises(CompilerError, match=rf"cannot be loaded: .*Delete it .*{engine.name}"):
        neuro.simulate(network(), 1, backend="c")


def test_a_cache_that_cannot_be_written_is_replaced_by_a_temporary_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("NEURO_CACHE_DIR", str(tmp_path / "file" / "cache"))
    assert compile_library(SOURCE).path.exists()
    assert "compiled engines go to" in caplog.text


@pytest.mark.parametrize("threads", [0, 65, 1.5, "many"])
def test_a_wrong_number_of_threads_is_refused(threads: object) -> None:
    with pytest.raises(ValueError, match=r"threads: is .* Use 1 to 64, or 'auto'"):
        neuro.simulate(network(), 1, backend="c", options={"threads": threads})


def test_an_unsupported_network_is_refused_before_anything_is_compiled(cache: Path) -> None:
    net = neuro.NetworkBuilder(dt=1.0, format=neuro.fixed_point(16, 15))
    net.population(3, neuro.AdEx(), label="cells")
    fixed = net.build()
    with pytest.raises(UnsupportedError, match="cannot run on 'c'"):
        neuro.simulate(fixed, 1, backend="c")
    assert list(cache.iterdir()) == []
