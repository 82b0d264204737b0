"""Build and run the hand-written C program of a workload, as a limit, and print what it took.

The folder with the programs is given by ``NEURO_LIMIT``.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from pathlib import Path

from common import report, task
from workloads import Workload


def compile_program(work: Workload, source: Path, place: Path, variant: str) -> Path:
    """The compiled program; its flags are those of the programs' own build script."""
    name, *flags = work.limit
    program = place / "program"
    command = [os.environ.get("CC", "gcc"), "-O3", "-march=native", *flags]
    code = source / f"{name}{variant}.c"
    done = subprocess.run(
        [*command, "-o", str(program), str(code), "-lm", "-lpthread"],
        check=False,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise SystemExit(f"{code.name} does not compile: {why(done.stderr)}")
    return program


def why(messages: str) -> str:
    """The reason behind a compiler's messages."""
    if "_mm512" in messages:
        return "this processor has no AVX-512"
    return next((line for line in messages.splitlines() if "error:" in line), "no message")


def main() -> None:
    """Compile, run (the faster of both plastic variants), print."""
    given = task()
    work, source = given.work, Path(os.environ["NEURO_LIMIT"])
    probability = work.probability if work.probability * work.cells != 100 else 100
    arguments = [work.cells, probability, work.milliseconds / 1000, given.threads, given.seed]
    found = []
    for variant in ("", "_eager") if work.plastic else ("",):
        with tempfile.TemporaryDirectory() as place:
            program = compile_program(work, source, Path(place), variant)
            text = subprocess.run(
                [str(program), *map(str, arguments), work.name],
                check=True,
                capture_output=True,
                text=True,
            ).stdout
        found.append(json.loads(text))
    best = min(found, key=lambda line: line["run_s"])
    report(
        build=best["build_s"],
        run=best["run_s"],
        rate=best["rate_hz"],
        memory=best["peak_rss_mb"],
        baseline=0.0,
        version=best["simulator"],
    )


if __name__ == "__main__":
    main()
