"""Parse the text form of a network.

Blocks start in the first column, their fields are indented by two spaces and programs by four.
Blank lines and lines that start with ``#`` are skipped.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray

from neuro.errors import FileFormatError, NeuroError, suggestion
from neuro.formats.text_printer import CONNECTIVITIES, HEADER, VERSION
from neuro.formats.text_values import parse_fields, parse_value
from neuro.ir.cell import CellType, Derived, Parameter, Port, StateVariable
from neuro.ir.expressions.nodes import Expression, Literal, Program
from neuro.ir.expressions.parser import parse_expression, parse_program
from neuro.ir.network import (
    CurrentInput,
    GradedProjection,
    Network,
    NumberFormat,
    PoissonInput,
    Population,
    Probe,
    Projection,
    Scale,
    SpikeArray,
)
from neuro.ir.synapse import STATIC, Factor, SynapseType, Trace

Arrays = Mapping[str, NDArray[Any]]

_DECLARATION = re.compile(
    r"(?P<name>\w+) \[(?P<unit>[^\]]*)\](?: -> (?P<into>\w+))?(?: = (?P<value>.*?))?"
    r"(?P<flags>(?: (?:shared|held|nonnegative|per_post))*)\Z"
)
_FORMAT = re.compile(r"fixed Q(\d+)\.(\d+) weights (\d+)\Z")
_TRACES = ("pre_on_spike", "pre_each_step", "post_on_spike", "post_each_step")
_PROGRAMS = {
    "cell": {"update", "reset"},
    "synapse": {"on_pre", "on_post", "each_step", *_TRACES},
}
_FIELDS = {
    "network": {"dt", "format", "seed", "scale"},
    "cell": {"parameter", "state", "port", "derived", "spike", "refractory"},
    "synapse": {"parameter", "derived", "state", "pre", "post", "factor", "send"},
    "population": {"size", "cell", "parameter", "initial"},
    "spikes": {"size", "step", "index"},
    "poisson": {"post", "port", "rate", "weight"},
    "current": {"post", "port", "step", "value"},
    "projection": {
        *("pre", "post", "port", "connectivity", "weight", "delay", "axonal"),
        *("synapse", "parameter", "initial"),
    },
    "graded": {"pre", "variable", "post", "port", "connectivity", "weight", "delay"},
    "probe": {"variable", "every", "index"},
}
"""Fields of each kind of block."""


@dataclass(slots=True)
class _Block:
    """A block of lines: keyword and name, then fields and programs."""

    keyword: str
    name: str
    line: int
    fields: list[tuple[str, str, int]] = field(default_factory=list)
    programs: dict[str, str] = field(default_factory=dict)

    def all(self, keyword: str) -> list[str]:
        """Texts of all fields called `keyword`."""
        return [text for name, text, _ in self.fields if name == keyword]

    def one(self, keyword: str) -> str:
        """Text of the field called `keyword`, which must be there."""
        text = self.maybe(keyword)
        if text is None:
            raise FileFormatError(
                f"{self.keyword} {self.name!r} has no {keyword!r}.", hint="Add it."
            )
        return text

    def maybe(self, keyword: str) -> str | None:
        """Text of the field called `keyword`, if it is there."""
        texts = self.all(keyword)
        if len(texts) > 1:
            raise FileFormatError(
                f"{self.keyword} {self.name!r} has {keyword!r} {len(texts)} times.",
                hint="Keep one of them.",
            )
        return texts[0] if texts else None

    def program(self, keyword: str) -> Program:
        """The program called `keyword`; empty if it is not there."""
        return parse_program(self.programs.get(keyword, ""))


def parse_network(text: str, arrays: Arrays | None = None) -> Network:
    """The network behind `text`.

    Parameters
    ----------
    text
        What `print_network` prints.
    arrays
        Arrays that the text refers to as ``@name``.

    Raises
    ------
    FileFormatError
        If the text is no network; names the line.
    """
    blocks = list(_blocks(text))
    reader = _Reader(arrays or {})
    for block in blocks:
        try:
            reader.read(block)
        except FileFormatError as error:
            raise FileFormatError(error.what, where=f"line {block.line}", hint=error.hint) from None
        except (NeuroError, TypeError, ValueError) as error:
            raise FileFormatError(f"{error}", where=f"line {block.line}") from error
    return reader.network()


def _blocks(text: str) -> Iterator[_Block]:
    lines = text.splitlines()
    _check_header(lines)
    block: _Block | None = None
    program: str | None = None
    for number, line in enumerate(lines[1:], 2):
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        keyword, _, rest = stripped.partition(" ")
        if not line.startswith(" "):
            if block is not None:
                yield block
            block, program = _Block(keyword, rest.strip(), number), None
        elif block is None:
            raise FileFormatError(
                "an indented line before the first block.", where=f"line {number}"
            )
        elif line.startswith("    ") and program is not None:
            block.programs[program] = block.programs.get(program, "") + stripped + "\n"
        elif keyword in _PROGRAMS.get(block.keyword, ()) and not rest:
            program = keyword
        else:
            program = None
            _check_field(block, keyword, number)
            block.fields.append((keyword, rest.strip(), number))
    if block is not None:
        yield block


def _check_field(block: _Block, keyword: str, line: int) -> None:
    known = _FIELDS.get(block.keyword)
    if known is not None and keyword not in known:
        programs = _PROGRAMS.get(block.keyword, set())
        raise FileFormatError(
            f"a block {block.keyword!r} has no field {keyword!r}.",
            where=f"line {line}",
            hint=suggestion(keyword, known | programs),
        )


def _check_header(lines: list[str]) -> None:
    first = lines[0].strip() if lines else ""
    if first == HEADER:
        return
    keyword, _, version = first.partition(" ")
    if keyword == "neuro-ir" and version.isdigit():
        raise FileFormatError(
            f"has version {version}; this version reads {VERSION}.",
            where="line 1",
            hint="Install a newer neuro-spiking.",
        )
    raise FileFormatError(
        f"does not start with {HEADER!r}.", where="line 1", hint="Is this the text of a network?"
    )


class _Reader:
    """Collects the blocks of a text into a network."""

    def __init__(self, arrays: Arrays) -> None:
        self._arrays = arrays
        self._head: dict[str, Any] = {}
        self._cells: dict[str, CellType] = {}
        self._synapses: dict[str, SynapseType] = {STATIC.name: STATIC}
        self._parts: dict[str, list[Any]] = {}
        self._readers: dict[str, Callable[[_Block], None]] = {
            "network": self._read_network,
            "cell": self._read_cell,
            "synapse": self._read_synapse,
            "population": self._read_population,
            "spikes": self._read_spikes,
            "poisson": self._read_poisson,
            "current": self._read_current,
            "projection": self._read_projection,
            "graded": self._read_graded,
            "probe": self._read_probe,
        }

    def read(self, block: _Block) -> None:
        """Take one block."""
        if block.keyword not in self._readers:
            hint = suggestion(block.keyword, self._readers)
            raise FileFormatError(f"there is no block {block.keyword!r}.", hint=hint)
        self._readers[block.keyword](block)

    def network(self) -> Network:
        """The network of all blocks so far."""
        if not self._head:
            raise FileFormatError("there is no block 'network'.", hint="Add it below the header.")
        parts: dict[str, Any] = {name: tuple(items) for name, items in self._parts.items()}
        return Network(**self._head, **parts)

    def _add(self, part: str, item: Any) -> None:
        self._parts.setdefault(part, []).append(item)

    def _value(self, block: _Block, keyword: str) -> Any:
        return parse_value(block.one(keyword), self._arrays)

    def _values(self, block: _Block, keyword: str) -> dict[str, Any]:
        pairs = (text.partition("=") for text in block.all(keyword))
        return {name.strip(): parse_value(value, self._arrays) for name, _, value in pairs}

    def _read_network(self, block: _Block) -> None:
        if self._head:
            raise FileFormatError("there is a second block 'network'.", hint="Keep one of them.")
        seed = block.maybe("seed")
        self._head = {
            "name": block.name,
            "dt": float(block.one("dt")),
            "format": _parse_format(block.one("format")),
            "seed": None if seed is None else int(seed),
            "scales": tuple(_scale(text) for text in block.all("scale")),
        }

    def _read_cell(self, block: _Block) -> None:
        spike, refractory = block.maybe("spike"), block.maybe("refractory")
        self._cells[block.name] = CellType(
            name=block.name,
            parameters=_parameters(block),
            state=_variables(block, "state"),
            ports=tuple(_port(text) for text in block.all("port")),
            derived=_derived(block),
            update=block.program("update"),
            spike=None if spike is None else parse_expression(spike),
            reset=block.program("reset"),
            refractory=None if refractory is None else parse_expression(refractory),
        )

    def _read_synapse(self, block: _Block) -> None:
        self._synapses[block.name] = SynapseType(
            name=block.name,
            parameters=_parameters(block),
            derived=_derived(block),
            state=_variables(block, "state"),
            pre=_trace(block, "pre"),
            post=_trace(block, "post"),
            factors=tuple(_factor(text) for text in block.all("factor")),
            on_pre=block.program("on_pre"),
            send=parse_expression(block.one("send")),
            on_post=block.program("on_post"),
            each_step=block.program("each_step"),
        )

    def _read_population(self, block: _Block) -> None:
        name = block.one("cell")
        if name not in self._cells:
            hint = suggestion(name, self._cells)
            raise FileFormatError(f"there is no cell type {name!r}.", hint=hint)
        self._add(
            "populations",
            Population(
                name=block.name,
                size=int(block.one("size")),
                cell=self._cells[name],
                parameters=self._values(block, "parameter"),
                initial=self._values(block, "initial"),
            ),
        )

    def _read_spikes(self, block: _Block) -> None:
        self._add(
            "inputs",
            SpikeArray(
                name=block.name,
                size=int(block.one("size")),
                step=self._value(block, "step"),
                index=self._value(block, "index"),
            ),
        )

    def _read_poisson(self, block: _Block) -> None:
        self._add(
            "inputs",
            PoissonInput(
                name=block.name,
                post=block.one("post"),
                port=block.one("port"),
                rate=self._value(block, "rate"),
                weight=self._value(block, "weight"),
            ),
        )

    def _read_current(self, block: _Block) -> None:
        self._add(
            "inputs",
            CurrentInput(
                name=block.name,
                post=block.one("post"),
                port=block.one("port"),
                step=self._value(block, "step"),
                value=self._value(block, "value"),
            ),
        )

    def _read_projection(self, block: _Block) -> None:
        name = block.one("synapse")
        if name not in self._synapses:
            hint = suggestion(name, self._synapses)
            raise FileFormatError(f"there is no synapse type {name!r}.", hint=hint)
        self._add(
            "projections",
            Projection(
                name=block.name,
                pre=block.one("pre"),
                post=block.one("post"),
                port=block.one("port"),
                connectivity=self._connectivity(block),
                weight=self._value(block, "weight"),
                delay=self._value(block, "delay"),
                axonal=self._value(block, "axonal"),
                synapse=self._synapses[name],
                parameters=self._values(block, "parameter"),
                initial=self._values(block, "initial"),
            ),
        )

    def _read_graded(self, block: _Block) -> None:
        self._add(
            "graded",
            GradedProjection(
                name=block.name,
                pre=block.one("pre"),
                variable=block.one("variable"),
                post=block.one("post"),
                port=block.one("port"),
                connectivity=self._connectivity(block),
                weight=self._value(block, "weight"),
                delay=self._value(block, "delay"),
            ),
        )

    def _read_probe(self, block: _Block) -> None:
        index = block.maybe("index")
        self._add(
            "probes",
            Probe(
                target=block.name,
                variable=block.one("variable"),
                every=int(block.one("every")),
                index=None if index is None else parse_value(index, self._arrays),
            ),
        )

    def _connectivity(self, block: _Block) -> Any:
        kind, _, rest = block.one("connectivity").partition(" ")
        if kind not in CONNECTIVITIES:
            hint = suggestion(kind, CONNECTIVITIES)
            raise FileFormatError(f"there is no connectivity {kind!r}.", hint=hint)
        given = parse_fields(rest, self._arrays, " ")
        if kind == "distance_dependent":
            given["probability"] = parse_expression(given["probability"])
        return CONNECTIVITIES[kind](**given)


def _parse_format(text: str) -> NumberFormat:
    if text in ("float32", "float64"):
        return NumberFormat(kind=text)  # type: ignore[arg-type]
    match = _FORMAT.match(text)
    if match is None:
        raise FileFormatError(f"there is no number format {text!r}.")
    integer, fraction, weight = map(int, match.groups())
    return NumberFormat(
        kind="fixed", integer_bits=integer, fraction_bits=fraction, weight_bits=weight
    )


def _scale(text: str) -> Scale:
    match text.split():
        case [target, variable, exponent] if re.fullmatch(r"-?\d+", exponent):
            return Scale(target=target, variable=variable, exponent=int(exponent))
    raise FileFormatError(
        f"{text!r} is no scale.",
        hint="Write 'scale TARGET VARIABLE EXPONENT', with a whole number.",
    )


def _declaration(text: str) -> re.Match[str]:
    match = _DECLARATION.match(text)
    if match is None:
        raise FileFormatError(f"{text!r} is no declaration.", hint="Write 'name [unit] = value'.")
    return match


def _parameters(block: _Block) -> tuple[Parameter, ...]:
    return tuple(_parameter(_declaration(text)) for text in block.all("parameter"))


def _parameter(match: re.Match[str]) -> Parameter:
    default = None if match["value"] is None else float(match["value"])
    shared = "shared" in match["flags"]
    return Parameter(name=match["name"], unit=match["unit"], default=default, shared=shared)


def _variables(block: _Block, keyword: str) -> tuple[StateVariable, ...]:
    return tuple(_variable(_declaration(text)) for text in block.all(keyword))


def _variable(match: re.Match[str]) -> StateVariable:
    return StateVariable(
        name=match["name"],
        unit=match["unit"],
        initial=_initial(match["value"] or "0.0"),
        held="held" in match["flags"],
    )


def _initial(text: str) -> Expression:
    try:
        return Literal(float(text))
    except ValueError:
        return parse_expression(text)


def _port(text: str) -> Port:
    match = _declaration(text)
    return Port(
        name=match["name"],
        unit=match["unit"],
        into=match["into"],
        nonnegative="nonnegative" in match["flags"],
    )


def _factor(text: str) -> Factor:
    match = _declaration(text)
    return Factor(name=match["name"], unit=match["unit"], per_post="per_post" in match["flags"])


def _derived(block: _Block) -> tuple[Derived, ...]:
    steps = parse_program("\n".join(block.all("derived")))
    return tuple(Derived(name=step.target, value=step.value) for step in steps)


def _trace(block: _Block, side: str) -> Trace:
    return Trace(
        state=_variables(block, side),
        on_spike=block.program(f"{side}_on_spike"),
        each_step=block.program(f"{side}_each_step"),
    )
