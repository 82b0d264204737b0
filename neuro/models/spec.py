"""Model folders: ``model.toml`` names a builder, its parameters, protocols and claims."""

from __future__ import annotations

import importlib
import importlib.util
import sys
import tomllib
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from neuro.errors import (
    FileFormatError,
    NeuroError,
    ParameterError,
    UnknownNameError,
    UnsupportedError,
    unknown_name,
)
from neuro.models.experiment import Experiment
from neuro.models.writer import Writer
from neuro.resources import folder

FILE = "model.toml"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Claim(_Strict):
    """Something that the model must reproduce.

    Attributes
    ----------
    text
        The claim.
    source
        Where it comes from.
    test
        The test that checks it.
    """

    text: str
    source: str
    test: str


class Protocol(_Strict):
    """One thing to do with the model.

    Attributes
    ----------
    summary
        One line.
    parameters
        Parameters of the builder that differ from the model's.
    settings
        What the builder needs besides, such as a list of operations.
    """

    summary: str
    parameters: dict[str, Any] = Field(default_factory=dict)
    settings: dict[str, Any] = Field(default_factory=dict)


class Recipe(_Strict):
    """How the model is trained, or how it writes text.

    Attributes
    ----------
    builder
        Like `ModelSpec.builder`; called with the model's parameters and `settings`, it returns a
        `neuro.training.task.Task`, or a `neuro.models.writer.Writer`.
    settings
        Defaults of what ``--set`` may change besides the model's parameters.
    """

    builder: str
    settings: dict[str, Any] = Field(default_factory=dict)


class ModelSpec(_Strict):
    """The content of a ``model.toml``.

    Attributes
    ----------
    name, summary
        Name of the model and one line about it.
    builder
        ``"module:function"`` or ``"file.py:function"`` (a file beside the ``model.toml``); called
        with `parameters` and a protocol's `settings`, it returns an `Experiment`.
    default
        Name of the protocol that runs if none is named.
    parameters
        Defaults of the builder's parameters.
    protocols, claims
        What can be done with the model, and what it must reproduce.
    training
        How it is trained, if neuro can.
    text
        How it writes text, if it can.
    """

    name: str
    summary: str
    builder: str
    default: str
    parameters: dict[str, Any] = Field(default_factory=dict)
    protocols: dict[str, Protocol]
    training: Recipe | None = None
    text: Recipe | None = None
    claims: list[Claim] = Field(default_factory=list)
    path: Path = Path()

    def experiment(
        self, protocol: str | None = None, changes: dict[str, Any] | None = None
    ) -> Experiment:
        """Build the experiment of a protocol.

        Parameters
        ----------
        protocol
            Its name; None for the default.
        changes
            Parameters to change, by name.

        Raises
        ------
        UnknownNameError
            If there is no such protocol or parameter.
        ParameterError
            If the builder refuses the parameters.
        """
        name = protocol or self.default
        if name not in self.protocols:
            raise unknown_name(name, self.protocols, kind="protocol", where=f"model {self.name!r}")
        chosen = self.protocols[name]
        for key in changes or {}:
            if key not in self.parameters:
                raise unknown_name(
                    key, self.parameters, kind="parameter", where=f"model {self.name!r}"
                )
        parameters = {**self.parameters, **chosen.parameters, **(changes or {})}
        built: Experiment = self._built(self.builder, parameters, chosen.settings)
        return built

    def task(self, changes: dict[str, Any] | None = None) -> Any:
        """Build what ``neuro train`` trains, a `neuro.training.task.Task`.

        Parameters
        ----------
        changes
            Parameters and settings to change, by name.

        Raises
        ------
        UnsupportedError
            If the model has no recipe.
        UnknownNameError
            If there is no such parameter or setting.
        ParameterError
            If the recipe refuses them.
        """
        if self.training is None:
            raise UnsupportedError(
                f"model {self.name!r} has no recipe for training.",
                hint="Its model.toml needs a [training] table with a builder.",
            )
        return self._followed(self.training, changes)

    def writer(self, changes: dict[str, Any] | None = None) -> Writer:
        """Build what writes text.

        Parameters
        ----------
        changes
            Parameters and settings to change, by name.

        Raises
        ------
        UnsupportedError
            If the model writes no text.
        UnknownNameError
            If there is no such parameter or setting.
        ParameterError
            If the builder refuses them.
        """
        if self.text is None:
            raise UnsupportedError(
                f"model {self.name!r} writes no text.",
                hint="Leave out --prompt, or take a language model such as astro-lm.",
            )
        made: Writer = self._followed(self.text, changes)
        return made

    def _followed(self, recipe: Recipe, changes: dict[str, Any] | None) -> Any:
        """What a recipe's builder makes of the parameters and its settings, with `changes`."""
        parameters, settings = dict(self.parameters), dict(recipe.settings)
        for key, value in (changes or {}).items():
            if key not in parameters and key not in settings:
                known = [*parameters, *settings]
                raise unknown_name(key, known, kind="setting", where=f"model {self.name!r}")
            (settings if key in settings else parameters)[key] = value
        return self._built(recipe.builder, parameters, settings)

    def _built(self, builder: str, parameters: dict[str, Any], settings: dict[str, Any]) -> Any:
        build = _load_builder(builder, self.path)
        try:
            return build(parameters, settings)
        except (TypeError, KeyError) as error:
            raise ParameterError(
                f"the builder refused its parameters: {error}.", where=f"model {self.name!r}"
            ) from error
        except NeuroError:
            raise
        except Exception as error:  # whatever a user's own code raises
            raise ParameterError(
                f"the builder failed: {_describe(error)}.", where=f"model {self.name!r}"
            ) from error


def model_names() -> list[str]:
    """Names of the models that ship with neuro."""
    return sorted(path.parent.name for path in folder("models").glob(f"*/{FILE}"))


def load_model(name: str) -> ModelSpec:
    """The model called `name`, or the one at a path (a folder or its ``model.toml``).

    Raises
    ------
    UnknownNameError
        If there is no such model.
    FileFormatError
        If its file is malformed; names the key.
    """
    path = Path(name)
    if path.is_dir():
        path = path / FILE
    if not path.is_file():
        path = folder("models") / name / FILE
    if not path.is_file():
        raise _unknown_model(name)
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise FileFormatError(f"is not TOML: {error}.", where=str(path)) from error
    try:
        return ModelSpec.model_validate({**data, "path": path.resolve()})
    except ValidationError as error:
        problems = (f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise FileFormatError("; ".join(problems) + ".", where=str(path)) from None


def _unknown_model(name: str) -> UnknownNameError:
    error = unknown_name(name, model_names(), kind="model", where="model")
    return UnknownNameError(error.what, where=error.where, hint=f"{error.hint} Or give a path.")


def _load_builder(
    builder: str, path: Path
) -> Callable[[dict[str, Any], dict[str, Any]], Experiment]:
    module_name, _, function = builder.partition(":")
    if module_name.endswith(".py"):
        module = _load_file(path.parent / module_name)
    else:
        try:
            module = importlib.import_module(module_name)
        except ImportError as error:
            raise FileFormatError(f"builder {builder!r}: {error}.", where=str(path)) from error
    if not hasattr(module, function):
        raise FileFormatError(f"builder {builder!r}: there is no {function!r}.", where=str(path))
    found: Callable[[dict[str, Any], dict[str, Any]], Experiment] = getattr(module, function)
    return found


def _load_file(path: Path) -> Any:
    """Import a Python file that lies beside a ``model.toml``."""
    if not path.is_file():
        raise FileFormatError("does not exist.", where=str(path))
    name = f"neuro_model_{path.parent.name}_{path.stem}".replace("-", "_")
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # whatever a user's own code raises
        raise FileFormatError(
            f"cannot be imported: {_describe(error)}.", where=str(path)
        ) from error
    return module


def _describe(error: Exception) -> str:
    """What went wrong in a user's code, and in which line."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{Path(last.filename).name}, line {last.lineno}: "
    return f"{'' if isinstance(error, SyntaxError) else place}{type(error).__name__}: {error}"
