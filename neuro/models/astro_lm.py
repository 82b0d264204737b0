"""A character-level language model of spiking blocks with astrocytes, as a module of PyTorch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from neuro.backends.torch.state import State
from neuro.backends.torch.surrogates import Triangular
from neuro.errors import ParameterError
from neuro.ir.network import Network
from neuro.models.astro_lm_units import encoder, unit
from neuro.training.modulated import ModulatedModule
from neuro.training.text import Vocabulary

EPSILON = 1.0
"""Added to the normaliser: a single match is not yet worth a whole read-out."""
SURROGATE = Triangular(gain=0.3)
"""Small, for gradients pass through many spikes in a row."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """Sizes of the model.

    Attributes
    ----------
    vocabulary
        How many characters.
    width
        Of the stream between blocks, and of queries, keys and values.
    cells
        Neurons of the unit of a block.
    astrocytes
        Of a block; 0 is the model without astrocytes: plain LIF cells, and fast weights that
        nothing normalises.
    heads
        Fast weights of a block, with a memory of 4, 16, 64, ... tokens.
    blocks
        How many.
    """

    vocabulary: int
    width: int = 128
    cells: int = 384
    astrocytes: int = 16
    heads: int = 4
    blocks: int = 1

    def __post_init__(self) -> None:
        if self.width % self.heads:
            raise ParameterError(
                f"is {self.width}.", where="width", hint=f"Give a multiple of {self.heads} heads."
            )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BlockState:
    """What a block keeps from token to token; its size does not depend on how many there were.

    Attributes
    ----------
    encoder, unit
        Of the spiking cells.
    weights
        Fast weights M; shape (batch, heads, keys, values).
    calcium
        p, which normalises them; shape (batch, heads, keys).
    """

    encoder: State
    unit: State
    weights: Tensor
    calcium: Tensor

    def detach(self) -> BlockState:
        """The same numbers without gradients."""
        return BlockState(
            encoder=self.encoder.detach(),
            unit=self.unit.detach(),
            weights=self.weights.detach(),
            calcium=self.calcium.detach(),
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Heard:
    """A block before its unit runs.

    Attributes
    ----------
    inputs
        Of the unit, by name.
    stream
        With what the fast weights read.
    state
        After the block, but for the unit's.
    spikes
        Queries, keys and values.
    """

    inputs: dict[str, Tensor]
    stream: Tensor
    state: BlockState
    spikes: Tensor


class FastWeights(nn.Module):
    r"""Hebbian fast weights whose normaliser is the calcium of astrocyte processes.

    .. math::

        M_t = \lambda M_{t-1} + k_t v_t^T, \qquad p_t = \lambda p_{t-1} + k_t, \qquad
        o_t = \frac{M_t^T q_t}{p_t \cdot q_t + \epsilon}

    Keys, values and queries are spikes.  Many tokens are done at once, as products of matrices; one
    token is the same with a sequence of one, so both forms share their code.

    Parameters
    ----------
    heads
        How many; the memory of head h is ``4 ** (h + 1)`` tokens.
    normalised
        False leaves out p and scales M by a number for each head, which is trained.

    References
    ----------
    L. Kozachkov, K. V. Kastanenka and D. Krotov, "Building transformers from neurons and
    astrocytes", PNAS 120 (2023).
    """

    def __init__(self, heads: int, *, normalised: bool) -> None:
        super().__init__()
        decay = torch.exp(-1.0 / 4.0 ** (torch.arange(heads) + 1.0))
        self.register_buffer("decay", decay, persistent=False)
        self.decay: Tensor
        self.scale = None if normalised else nn.Parameter((1 - decay).sqrt())

    def forward(
        self, q: Tensor, k: Tensor, v: Tensor, weights: Tensor, calcium: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Read-outs of shape (batch, heads, tokens, values), and M and p after the last token.

        `q`, `k` and `v` have the shape (batch, heads, tokens, size).
        """
        ages = torch.arange(q.shape[2], dtype=q.dtype, device=q.device)
        distance = ages[:, None] - ages
        faded = torch.where(distance >= 0, self.decay[:, None, None] ** distance.clamp(min=0), 0.0)
        match = (q @ k.transpose(-1, -2)) * faded
        before = self.decay[:, None] ** (ages + 1)
        old = q * before[..., None]
        read = match @ v + old @ weights
        if self.scale is None:
            read = read / (match.sum(-1) + (old @ calcium[..., None])[..., 0] + EPSILON)[..., None]
        else:
            read = read * self.scale[:, None, None]
        left = k * (self.decay[:, None] ** (len(ages) - 1 - ages))[..., None]
        last = before[:, -1]
        weights = last[:, None, None] * weights + left.transpose(-1, -2) @ v
        return read, weights, last[:, None] * calcium + left.sum(2)


class Block(nn.Module):
    """One block: spiking queries, keys and values; fast weights; neurons that astrocytes modulate.

    The astrocytes of the unit sense the spikes of the values.

    Parameters
    ----------
    shape
        Sizes.
    seed
        Of the astrocytes' first weights.
    """

    def __init__(self, shape: Shape, seed: int) -> None:
        super().__init__()
        self.shape = shape
        width, astro = shape.width, bool(shape.astrocytes)
        self.before = nn.RMSNorm(width)
        self.project = nn.Linear(width, 3 * width)
        self.encoder = ModulatedModule(
            encoder(3 * width), train=["Cells.tau_m"], surrogate=SURROGATE
        )
        self.memory = FastWeights(shape.heads, normalised=astro)
        self.mix = nn.Linear(width, width, bias=False)
        self.middle = nn.RMSNorm(width)
        self.rise = nn.Linear(width, shape.cells)
        trained = ["Cells.tau_m", *(["*.weight", "Astrocytes.kappa", "Astrocytes.c0"] * astro)]
        network = unit(width, shape.cells, shape.astrocytes, seed)
        self.unit = ModulatedModule(network, train=trained, surrogate=SURROGATE)
        self.fall = nn.Linear(shape.cells, width, bias=False)

    def forward(self, x: Tensor, state: BlockState) -> tuple[Tensor, BlockState, dict[str, Tensor]]:
        """The stream after the block, shape (tokens, batch, width), its state, and its spikes."""
        heard = self.heard(x, state)
        done = self.unit(heard.inputs, state.unit)
        fired = {"encoder": heard.spikes, "unit": done.spikes["Cells"]}
        after = replace(heard.state, unit=done.state)
        return heard.stream + self.fall(done.spikes["Cells"]), after, fired

    def heard(self, x: Tensor, state: BlockState) -> Heard:
        """All but the unit: the stream with what the fast weights read, and the unit's inputs."""
        coded = self.encoder({"Drive": self.project(self.before(x))}, state.encoder)
        spikes = coded.spikes["Cells"]
        values = spikes.chunk(3, dim=-1)[2]
        q, k, v = (self._by_head(part) for part in spikes.chunk(3, dim=-1))
        read, weights, calcium = self.memory(q, k, v, state.weights, state.calcium)
        stream = x + self.mix(read.permute(2, 0, 1, 3).flatten(2))
        inputs = {"Drive": self.rise(self.middle(stream))}
        after = replace(state, encoder=coded.state, weights=weights, calcium=calcium)
        sensed = {"Pre": values} if self.shape.astrocytes else {}
        return Heard(inputs=inputs | sensed, stream=stream, state=after, spikes=spikes)

    def rest(self, batch: int) -> BlockState:
        """The state before the first token."""
        size = self.shape.width // self.shape.heads
        like = self.project.weight
        return BlockState(
            encoder=self.encoder.rest(batch),
            unit=self.unit.rest(batch),
            weights=like.new_zeros(batch, self.shape.heads, size, size),
            calcium=like.new_zeros(batch, self.shape.heads, size),
        )

    def _by_head(self, spikes: Tensor) -> Tensor:
        """Shape (tokens, batch, width) as (batch, heads, tokens, width / heads)."""
        shape = (*spikes.shape[:2], self.shape.heads, -1)
        return spikes.reshape(shape).permute(1, 2, 0, 3)

    def clamp_(self) -> None:
        """Bring values back to where they may be."""
        self.encoder.clamp_()
        self.unit.clamp_()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Written:
    """What a pass over text gives.

    Attributes
    ----------
    logits
        Of the next character; shape (tokens, batch, vocabulary).
    state
        After the last token, for the next pass.
    spikes
        By ``block/cells``; shape (tokens, batch, n).
    """

    logits: Tensor
    state: Any
    spikes: Mapping[str, Tensor]


class AstroLM(nn.Module):
    """The language model: an embedding, blocks, and a linear read-out of the next character.

    Training does all tokens of a text at once; with a state, it goes on token by token in constant
    memory.  Both give the same logits but for the rounding of sums.

    Parameters
    ----------
    shape
        Sizes.
    vocabulary
        The characters.
    seed
        Of the first weights.

    References
    ----------
    Our own, inspired by, not a reproduction of, arXiv 2312.07625.
    """

    def __init__(self, shape: Shape, vocabulary: Vocabulary, seed: int = 0) -> None:
        super().__init__()
        self.shape, self.vocabulary = shape, vocabulary
        sizes = [shape.width, shape.cells, shape.astrocytes, shape.heads, shape.blocks]
        self.register_buffer("sizes", torch.tensor(sizes))
        self.register_buffer("characters", torch.tensor([ord(c) for c in vocabulary.characters]))
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.embedding = nn.Embedding(shape.vocabulary, shape.width)
            self.blocks = nn.ModuleList(Block(shape, seed + k) for k in range(shape.blocks))
            self.last = nn.RMSNorm(shape.width)
            self.out = nn.Linear(shape.width, shape.vocabulary)
        self._start()

    def forward(
        self, inputs: Mapping[str, Tensor], state: Sequence[BlockState] | None = None
    ) -> Written:
        """Logits of the characters that follow `inputs`' ``text``, shape (tokens, batch, 1)."""
        text = inputs["text"][..., 0]
        before = self.rest(text.shape[1]) if state is None else state
        x, after = self.embedding(text), []
        spikes: dict[str, Tensor] = {}
        for place, (block, own) in enumerate(zip(self.blocks, before, strict=True)):
            x, left, fired = block(x, own)
            after.append(left)
            spikes |= {f"{place}/{name}": train for name, train in fired.items()}
        return Written(logits=self.out(self.last(x)), state=tuple(after), spikes=spikes)

    def rest(self, batch: int = 1) -> tuple[BlockState, ...]:
        """The state before the first token."""
        return tuple(block.rest(batch) for block in self._typed())

    def clamp_(self) -> None:
        """Bring values back to where they may be."""
        for block in self._typed():
            block.clamp_()

    @property
    def fingerprint(self) -> str:
        """The same text for the same shape."""
        return f"astro-lm {sorted(asdict(self.shape).items())} {self.vocabulary.characters!r}"

    def rates(self, output: Written) -> dict[str, float]:
        """Mean spikes of a cell for a token."""
        return {name: train.detach().mean().item() for name, train in output.spikes.items()}

    @torch.no_grad()
    def first_bad(self, inputs: Mapping[str, Tensor]) -> str:
        """The first value that is not finite, in words; "" if there is none."""
        for name, value in self.named_parameters():
            if not torch.isfinite(value).all():
                return f"{name} holds values that are not finite"
        bad = ~torch.isfinite(self(inputs).logits).flatten(1).all(1)
        return (
            f"the first is in the logits of token {int(bad.nonzero()[0, 0])}" if bad.any() else ""
        )

    def to_network(self) -> Network:
        """The unit of the last block with its trained values."""
        return self._typed()[-1].unit.to_network()

    @torch.no_grad()
    def first_unit(
        self, inputs: Mapping[str, Tensor]
    ) -> tuple[Network, dict[str, NDArray[Any]], Tensor]:
        """The first block's unit as a network, what it gets of one text, and its spikes.

        Parameters
        ----------
        inputs
            As for a pass, with one text.

        Returns
        -------
        network, inputs, spikes
            Inputs as for `neuro.simulate`; spikes of shape (tokens, neurons).
        """
        block = self._typed()[0]
        given = block.heard(self.embedding(inputs["text"][..., 0]), block.rest(1)).inputs
        spikes = block.unit(given).spikes["Cells"][:, 0]
        arrays: dict[str, Any] = {"Drive": given["Drive"][:, 0].double().numpy()}
        if "Pre" in given:
            step, index = given["Pre"][:, 0].nonzero(as_tuple=True)
            arrays["Pre"] = (step.numpy(), index.numpy())
        return block.unit.to_network(), arrays, spikes

    def _typed(self) -> list[Block]:
        return [block for block in self.blocks if isinstance(block, Block)]

    @torch.no_grad()
    def _start(self) -> None:
        """Begin with small steps of the stream, so that depth does not matter at first."""
        self.embedding.weight.mul_(0.5)
        for block in self._typed():
            block.mix.weight.mul_(0.5)
            block.fall.weight.mul_(0.5)
