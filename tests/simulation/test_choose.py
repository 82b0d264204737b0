"""``auto`` takes what gives results soonest, and says what and why."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

import neuro
from neuro.errors import ParameterError, UnavailableError, UnknownNameError
from neuro.simulation import choose
from tests.simulation.runs import plastic_network


@pytest.fixture
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Nothing has been compiled."""
    monkeypatch.setenv("NEURO_CACHE_DIR", str(tmp_path))
    return tmp_path


@pytest.fixture
def no_compiler(monkeypatch: pytest.MonkeyPatch, empty_cache: Path) -> None:
    """No C compiler can be found."""
    monkeypatch.delenv("CC", raising=False)
    monkeypatch.setenv("PATH", str(empty_cache))


def chosen(steps: int | None, **given: Any) -> tuple[str, str]:
    with neuro.Session(plastic_network(), steps=steps, **given) as session:
        return session.provenance.backend, session.provenance.reason


def test_much_work_goes_to_c(empty_cache: Path) -> None:
    name, reason = chosen(10**6)
    assert name == "c"
    assert reason.startswith("C compiler found: ")


def test_work_of_unknown_length_goes_to_c(empty_cache: Path) -> None:
    assert chosen(None)[0] == "c"


def test_little_work_is_interpreted(empty_cache: Path) -> None:
    assert chosen(5) == ("reference", "short: interpreting takes less than compiling")
    assert list(empty_cache.iterdir()) == []


def test_little_work_goes_to_c_where_it_is_compiled_already(empty_cache: Path) -> None:
    neuro.simulate(plastic_network(), 5, backend="c")
    name, reason = chosen(5)
    assert name == "c"
    assert reason.startswith("short, but compiled before by ")


def test_little_work_on_a_large_network_goes_to_c(empty_cache: Path) -> None:
    net = neuro.NetworkBuilder(dt=1.0)
    net.population(5000, neuro.LIF())
    assert neuro.simulate(net.build(), 5).provenance.backend == "c"


@pytest.mark.usefixtures("no_compiler")
def test_without_a_compiler_it_is_numba() -> None:
    assert chosen(10**6) == ("numba", "no C compiler found; numba is installed")


@pytest.mark.usefixtures("no_compiler")
def test_without_a_compiler_fixed_point_is_interpreted() -> None:
    net = neuro.NetworkBuilder(dt=1.0, format=neuro.fixed_point(7, 24))
    net.population(3, neuro.LIF())
    with neuro.Session(net.build()) as session:
        assert session.provenance.backend == "reference"
        assert session.provenance.reason == "no C compiler found; numba has no fixed point"


@pytest.mark.usefixtures("no_compiler")
def test_without_a_compiler_little_work_is_interpreted() -> None:
    assert chosen(5)[0] == "reference"


@pytest.mark.usefixtures("no_compiler")
def test_with_neither_the_error_says_how_to_get_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choose.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UnavailableError, match=r"Install gcc or clang, or: pip install"):
        chosen(10**6)


def test_the_choice_is_in_the_recording(empty_cache: Path, tmp_path: Path) -> None:
    path = neuro.simulate(plastic_network(), 5).save(tmp_path / "r.h5")
    provenance = neuro.Recording.load(path).provenance
    assert provenance.backend == "reference"
    assert "interpreting takes less" in provenance.reason


def test_options_of_an_engine_make_it_the_choice(empty_cache: Path) -> None:
    assert chosen(5, options={"threads": 2})[0] == "c"


def test_a_named_backend_needs_no_reason() -> None:
    assert chosen(5, backend="reference") == ("reference", "")


def test_unknown_names_offer_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match=r"no backend 'numbra'\. Did you mean 'numba'"):
        chosen(5, backend="numbra")
    with pytest.raises(UnknownNameError, match=r"no option 'thread'\. Did you mean 'threads'"):
        chosen(5, backend="c", options={"thread": 2})


@pytest.mark.parametrize(
    ("own", "given", "used"), [(None, None, 0), (7, None, 7), (None, 9, 9), (7, 7, 7)]
)
def test_the_seed_is_the_networks_or_the_runs(
    own: int | None, given: int | None, used: int
) -> None:
    network = neuro.NetworkBuilder(dt=1.0, seed=own).build()
    assert neuro.simulate(network, 1, seed=given).provenance.seed == used


def test_contradictory_seeds_are_refused() -> None:
    network = neuro.NetworkBuilder(dt=1.0, seed=7).build()
    with pytest.raises(ParameterError, match=r"the network has seed 7, the run 8\. Leave one"):
        neuro.simulate(network, 1, seed=8)


@pytest.mark.parametrize("seed", [-1, 2**64])
def test_a_seed_out_of_range_is_refused(seed: int) -> None:
    with pytest.raises(ParameterError, match=r"Use 0 to 2\*\*64 - 1"):
        neuro.simulate(neuro.NetworkBuilder(dt=1.0).build(), 1, seed=seed)


def test_a_package_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    from neuro.backends.registry import get_backend

    get_backend.cache_clear()
    for module in [name for name in sys.modules if name.startswith("neuro.backends.numba")]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, "numba", None)
    with pytest.raises(UnavailableError, match=r"pip install 'neuro-spiking\[numba\]'"):
        chosen(5, backend="numba")
