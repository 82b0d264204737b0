"""Ctrl-C is heard between calls into an engine, soon, and leaves everything usable."""

from __future__ import annotations

import json
import signal
import threading
import time
from pathlib import Path

import pytest

import neuro
from neuro.simulation.interrupt import held_back
from tests.simulation.runs import plastic_network, start


@pytest.mark.parametrize("backend", ["c", "numba", "reference"])
def test_a_running_engine_hears_ctrl_c_soon_and_can_go_on(backend: str, tmp_path: Path) -> None:
    with start("interrupt", backend, NEURO_CACHE_DIR=str(tmp_path)) as process:
        assert process.stdout is not None
        process.stdout.readline()  # it is running
        time.sleep(0.3)
        pressed = time.monotonic()
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    result = json.loads(output.splitlines()[-1])
    assert result["heard"] - pressed < 0.1 + 0.3  # and what a busy machine may add
    assert result["steps"] > 1
    assert result["completed"] is False
    assert result["same state"]
    assert result["same spikes"]


def test_ctrl_c_waits_for_the_call_and_then_comes_through() -> None:
    reached: list[str] = []

    def work() -> None:
        with held_back() as let_through:
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGINT)
            reached.append("after the signal")
            let_through()
            reached.append("after letting through")

    with pytest.raises(KeyboardInterrupt):
        work()
    assert reached == ["after the signal"]


def test_ctrl_c_after_the_last_call_comes_through_too() -> None:
    with pytest.raises(KeyboardInterrupt), held_back():
        signal.raise_signal(signal.SIGINT)


def test_nothing_happens_without_ctrl_c() -> None:
    before = signal.getsignal(signal.SIGINT)
    with held_back() as let_through:
        assert signal.getsignal(signal.SIGINT) is not before
        let_through()
    assert signal.getsignal(signal.SIGINT) is before


def test_the_handler_is_put_back_after_an_error() -> None:
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(ZeroDivisionError), held_back():
        raise ZeroDivisionError
    assert signal.getsignal(signal.SIGINT) is before


def test_a_handler_of_ones_own_gets_the_signal() -> None:
    heard: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, frame: heard.append(number))
    try:
        with held_back() as let_through:
            signal.raise_signal(signal.SIGINT)
            assert heard == []
            let_through()
            assert heard == [signal.SIGINT]
    finally:
        signal.signal(signal.SIGINT, before)


def test_where_ctrl_c_is_ignored_it_stays_ignored() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with held_back() as let_through:
            signal.raise_signal(signal.SIGINT)
            let_through()
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_session_runs_in_another_thread() -> None:
    steps: list[int] = []

    def work() -> None:
        steps.append(neuro.simulate(plastic_network(10), 20, backend="reference").steps)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert steps == [20]
