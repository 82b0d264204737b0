"""Hear Ctrl-C between the calls into an engine, never in the middle of a step."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def held_back() -> Iterator[Callable[[], None]]:
    """Hold Ctrl-C back in this block; calling what it gives lets through what has come.

    An engine that is stopped in the middle of a step has done half of it: its state is lost, and so
    is what it had recorded.  Where Ctrl-C is not Python's to handle, nothing is changed.
    """
    handler = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(handler):
        yield lambda: None
        return
    pressed: list[tuple[int, FrameType | None]] = []

    def let_through() -> None:
        if pressed:
            last = pressed.pop()
            pressed.clear()
            handler(*last)

    signal.signal(signal.SIGINT, lambda number, frame: pressed.append((number, frame)))
    try:
        yield let_through
    finally:
        signal.signal(signal.SIGINT, handler)
    let_through()
