# SPDX-License-Identifier: Apache-2.0
"""Import Lava 0.10 on Python 3.11 and 3.12.

From Python 3.11 on a dataclass may not have a default that is not hashable.  One module of Lava has
such defaults: instances of dataclasses, which are not hashable because they can be compared.  While
that module is imported, each of these defaults becomes a factory that returns it.
"""

import dataclasses
import importlib
import sys

MODULE = "lava.magma.compiler.var_model"


def import_lava():
    """Import the module that needs help; whatever else is imported from Lava then works."""
    if sys.version_info < (3, 11) or MODULE in sys.modules:
        return
    real = dataclasses.dataclass

    def tolerant(cls=None, **options):
        if cls is None:
            return lambda later: tolerant(later, **options)
        for name in vars(cls).get("__annotations__", {}):
            default = vars(cls).get(name)
            if dataclasses.is_dataclass(default) and type(default).__hash__ is None:
                setattr(cls, name, dataclasses.field(default_factory=_always(default)))
        return real(cls, **options)

    dataclasses.dataclass = tolerant
    try:
        importlib.import_module(MODULE)
    finally:
        dataclasses.dataclass = real


def _always(value):
    return lambda: value
