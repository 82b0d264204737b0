"""The process that Lava runs in: commands go in, answers come out, and it may die at any time."""

from __future__ import annotations

import os
import queue
import re
import signal
import subprocess
import threading
import time
from contextlib import suppress
from pathlib import Path

from neuro.backends.lava.environment import Environment
from neuro.errors import DeviceError
from neuro.resources import folder

_GRACE = 3.0
_POLL = 0.1
_ERROR = re.compile(r"[\w.]*(Error|Exception|Interrupt)\b")


class LavaProcess:
    """A runner that has built a network and waits for commands.

    Parameters
    ----------
    environment
        Where Lava is installed.
    place
        Folder with the plan; the runner's files go there.
    timeout
        Seconds to wait for any answer.

    Raises
    ------
    DeviceError
        If the runner dies or does not answer in time.

    Attributes
    ----------
    timeout
        As given.
    """

    def __init__(self, environment: Environment, place: Path, timeout: float) -> None:
        self.timeout, self._log = timeout, place / "runner.log"
        self._answers: queue.Queue[str] = queue.Queue()
        runner = folder("deploy") / "loihi" / "runner.py"
        variables = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "OMP_NUM_THREADS": "1"}
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(  # noqa: S603
                [str(environment.python), str(runner), str(place)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                encoding="utf-8",
                cwd=place,
                env=variables,
                start_new_session=True,
            )
        threading.Thread(target=self._listen, daemon=True).start()
        self._wait_for("ready", "start")

    @property
    def pid(self) -> int:
        """Its process number."""
        return self._process.pid

    def run(self, steps: int) -> None:
        """Do `steps` steps.

        Raises
        ------
        DeviceError
            If the runner dies or does not answer in time.
        """
        self._send(f"run {steps}")
        self._wait_for("done", f"do {steps} step{'s' if steps > 1 else ''}")

    def close(self) -> None:
        """End it: kindly, then by force."""
        if self._process.poll() is None:
            with suppress(DeviceError, OSError):
                self._send("stop")
                self._wait_for("stopped", "stop", limit=_GRACE)
        self._end()

    def _send(self, line: str) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(line + "\n")
            self._process.stdin.flush()
        except OSError as error:
            self._end()
            raise self._died("was given a command") from error

    def _listen(self) -> None:
        """Take answers from the runner; whatever else is printed is left out."""
        assert self._process.stdout is not None
        with suppress(ValueError, OSError):
            for line in self._process.stdout:
                if line.startswith("neuro "):
                    self._answers.put(line.split()[1])

    def _wait_for(self, answer: str, doing: str, *, limit: float | None = None) -> None:
        end = time.monotonic() + (self.timeout if limit is None else limit)
        while time.monotonic() < end:
            with suppress(queue.Empty):
                if self._answers.get(timeout=_POLL) == answer:
                    return
            if self._process.poll() is not None and self._answers.empty():
                self._end()
                raise self._died(f"was to {doing}")
        self._end()
        raise DeviceError(
            f"did not {doing} within {self.timeout:g} s.{self._last_words()}",
            where="backend 'lava'",
            hint="Raise the option 'timeout', or run fewer cells.",
        )

    def _died(self, when: str) -> DeviceError:
        code = self._process.returncode
        how = f"signal {-code}" if code is not None and code < 0 else f"exit code {code}"
        return DeviceError(
            f"Lava's process ended ({how}) when it {when}.{self._last_words()}",
            where="backend 'lava'",
            hint="The session is lost; open a new one.",
        )

    def _last_words(self) -> str:
        with suppress(OSError):
            lines = self._log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
            errors = [line for line in lines if _ERROR.match(line)]
            return f" It said: {(errors or lines)[-1]}" if lines else ""
        return ""

    def _end(self) -> None:
        """End the process and those that it started; they share a session.

        The process that cleans up shared memory ignores SIGTERM, so it outlives the others and does
        its work.
        """
        group = self._process.pid
        for number in (signal.SIGTERM, signal.SIGCONT):
            with suppress(OSError):
                os.killpg(group, number)
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_GRACE)
        end = time.monotonic() + _GRACE
        while time.monotonic() < end and _has_members(group):
            time.sleep(_POLL)
        with suppress(OSError):
            os.killpg(group, signal.SIGKILL)
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with suppress(OSError):
                    stream.close()


def _has_members(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except OSError:
        return False
    return True
