"""Run random networks in fixed point on engines that trap on undefined behaviour.

``python -m tests.backends.trapped`` in a process of its own, for a trap ends it.
"""

from __future__ import annotations

import sys
import tempfile

import pytest
from hypothesis import Phase, given, seed, settings

from neuro.backends.c import compiler
from tests.backends.test_random_networks import DRAWN, assert_same, run
from tests.networks import Case, cases

TRAPS = ("-fsanitize=undefined", "-fsanitize-undefined-trap-on-error", "-O1")
COUNT = 8


def main() -> None:
    """Compare engines that trap with the interpreter."""
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory() as cache:
        patch.setenv("NEURO_CACHE_DIR", cache)
        patch.setattr(compiler, "FLAGS", (*compiler.FLAGS, *TRAPS))

        @seed(99)
        @settings(DRAWN, max_examples=COUNT, phases=[Phase.generate])
        @given(cases(fixed=True))
        def check(case: Case) -> None:
            expected = run(case, "reference")
            assert_same(expected, run(case, "c", threads=1))
            assert_same(expected, run(case, "c", threads=1, defer=True))

        check()
    sys.stdout.write("same\n")


if __name__ == "__main__":
    main()
