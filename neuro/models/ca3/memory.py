"""The CA3 content-addressable memory, as an object that learns and recalls."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Any, Self

import numpy as np

from neuro.errors import ParameterError
from neuro.ir.network import FLOAT32, Network, NumberFormat
from neuro.models.ca3.network import WEIGHT, Form, build_network
from neuro.models.ca3.operations import LATENCY, SAFE_SPACING, Operation, inputs_of
from neuro.recording.data import Recording
from neuro.recording.join import join
from neuro.simulation.session import Session

_GATES = ("gate_of_S1Cue_to_S1Cont", "gate_of_S2Cont_to_S2Cue")


class CA3Memory:
    """A spiking content-addressable memory of hippocampal CA3.

    Each cue (one-hot address) stores one content of any bits.  Asked by cue it answers with the
    content; asked by content it answers with every cue whose content shares a bit.  Learning a cue
    again forgets its old content.

    Parameters
    ----------
    cues, content
        Number of cues and of content bits.
    memories
        Contents to start with, by cue; they are put into the plastic weights.
    gate
        True closes plasticity while the memory recalls.  This is our addition, not in the paper:
        without it, recalling by two or more bits slowly adds wrong links.
    form
        ``"spinnaker"``: the paper's cells in SpiNNaker's arithmetic; ``"delta"``: the reduced model
        with delta synapses, which gives the same spikes and suits integer hardware; ``"auto"``: the
        paper's cells for up to 48 bits, and beyond that, where they forget badly, the reduced model.
    amplitude
        Amplitude of the plasticity, nA; the design works from about 5.9 to 6.1.
    format
        Number format of the network.
    dt
        Time step in ms; the design is clocked at 1 ms.

    Attributes
    ----------
    network
        The network of the IR.

    Examples
    --------
    >>> memory = CA3Memory(cues=5, content=10)
    >>> with memory.open(backend="reference") as session:
    ...     _ = session.learn(0, {0, 1, 8, 9})
    ...     print(sorted(session.recall(cue=0)), sorted(session.recall(content={8})))
    [0, 1, 8, 9] [0]

    References
    ----------
    D. Casanueva-Morato, A. Ayuso-Martinez, J. P. Dominguez-Morales, A. Jimenez-Fernandez and
    G. Jimenez-Moreno, Neural Networks 178 (2024) 106474, arXiv 2310.05868.
    """

    def __init__(
        self,
        cues: int,
        content: int,
        *,
        memories: Mapping[int, Iterable[int]] | None = None,
        gate: bool = False,
        form: Form = "auto",
        amplitude: float = WEIGHT,
        format: NumberFormat = FLOAT32,
        dt: float = 1.0,
    ) -> None:
        for name, value in (("cues", cues), ("content", content)):
            if value < 1:
                raise ParameterError(
                    f"is {value}.", where=f"CA3Memory, {name}", hint="Use 1 or more."
                )
        self.cues = cues
        self.content = content
        self.gate = gate
        stored = np.zeros((cues, content), bool)
        for cue, bits in (memories or {}).items():
            stored[self.check_cue(cue), sorted(self.check_content(bits))] = True
        self.network: Network = build_network(
            cues,
            content,
            form=form,
            amplitude=amplitude,
            gated=gate,
            memories=stored,
            format=format,
            dt=dt,
        )

    def __repr__(self) -> str:
        return f"CA3Memory(cues={self.cues}, content={self.content}, gate={self.gate})"

    def open(
        self,
        *,
        backend: str = "auto",
        spacing: int = SAFE_SPACING,
        seed: int | None = None,
        options: dict[str, Any] | None = None,
    ) -> CA3Session:
        """Open a session, whose state lives between calls.

        Parameters
        ----------
        backend, seed, options
            As for `neuro.Session`.
        spacing
            Steps from one operation to the next, at least 7.  20 is safe for any sequence; closer,
            recalling by content goes wrong the more often the closer.
        """
        return CA3Session(self, backend=backend, spacing=spacing, seed=seed, options=options)

    def check_cue(self, cue: int) -> int:
        """`cue` if there is such a cue.

        Raises
        ------
        ParameterError
            If it is out of range.
        """
        if not 0 <= cue < self.cues:
            hint = f"Cues are 0 to {self.cues - 1}."
            raise ParameterError(f"there is no cue {cue}.", where=repr(self), hint=hint)
        return cue

    def check_content(self, bits: Iterable[int]) -> frozenset[int]:
        """`bits` as a set, if all of them exist.

        Raises
        ------
        ParameterError
            If it is empty or a bit is out of range.
        """
        content = frozenset(bits)
        wrong = sorted(bit for bit in content if not 0 <= bit < self.content)
        hint = f"Bits are 0 to {self.content - 1}."
        if wrong:
            raise ParameterError(f"there is no bit {wrong[0]}.", where=repr(self), hint=hint)
        if not content:
            raise ParameterError("the content is empty.", where=repr(self), hint=hint)
        return content

    def inputs(self, operations: Iterable[Operation]) -> dict[str, Any]:
        """Inputs for a run that does `operations` at their steps."""
        operations = tuple(operations)
        inputs: dict[str, Any] = inputs_of(operations)
        return inputs | self._gate_inputs(operations)

    def _gate_inputs(self, operations: tuple[Operation, ...]) -> dict[str, Any]:
        """Gates that are open from each learning on, and closed from each recall on."""
        if not self.gate:
            return {}
        steps = np.array([operation.step for operation in operations], np.int64)
        open_ = np.array([float(operation.kind == "learn") for operation in operations])
        return dict.fromkeys(_GATES, (steps, open_))


class CA3Session:
    """A memory at work; made by `CA3Memory.open`."""

    def __init__(
        self,
        memory: CA3Memory,
        *,
        backend: str,
        spacing: int,
        seed: int | None,
        options: dict[str, Any] | None,
    ) -> None:
        if spacing < LATENCY["learn"]:
            raise ParameterError(
                f"is {spacing}.", where="spacing", hint=f"Learning takes {LATENCY['learn']} steps."
            )
        self.memory = memory
        self.spacing = spacing
        self.session = Session(memory.network, backend=backend, seed=seed, options=options)
        self._recordings: list[Recording] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def learn(self, cue: int, content: Iterable[int]) -> set[int]:
        """Store `content` under `cue`, in place of what was there.

        Returns
        -------
        set of int
            The content as it appears at the output.
        """
        memory = self.memory
        return self._do(
            Operation(
                kind="learn", cue=memory.check_cue(cue), content=memory.check_content(content)
            )
        )

    def recall(self, *, cue: int | None = None, content: Iterable[int] | None = None) -> set[int]:
        """Recall the content of `cue`, or the cues whose content shares a bit with `content`.

        Raises
        ------
        ParameterError
            If both or none of them are given, or one is out of range.
        """
        if (cue is None) == (content is None):
            raise ParameterError("give either a cue or a content.", where="recall")
        if cue is not None:
            return self._do(Operation(kind="recall_cue", cue=self.memory.check_cue(cue)))
        assert content is not None
        return self._do(
            Operation(kind="recall_content", content=self.memory.check_content(content))
        )

    @property
    def recording(self) -> Recording:
        """Everything recorded since the session was opened."""
        if not self._recordings:
            self._recordings.append(self.session.run(0))
        self._recordings = [join(self._recordings)]
        return self._recordings[0]

    def close(self) -> None:
        """Free the engine; the recording stays."""
        self.session.close()

    def _do(self, operation: Operation) -> set[int]:
        """Present `operation` now, run until the next may come, and read the answer."""
        inputs = self.memory.inputs([operation])
        first = self.session.step
        recording = self.session.run(self.spacing, inputs=inputs)
        self._recordings.append(recording)
        now = Operation(
            kind=operation.kind, cue=operation.cue, content=operation.content, step=first
        )
        return set(now.answer(recording))
