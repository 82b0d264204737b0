"""Convolutions and poolings in a row as one convolution, where it has the same synapses.

On each axis, output `y` of the second sees places ``m = y * s2 + k2 * d2 - p2`` between them, and so
inputs ``m * s1 + k1 * d1 - p1``: those of a window with stride ``s1 * s2`` and padding
``p2 * s1 + p1``, whose taps are the sums ``k2 * d2 * s1 + k1 * d1``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from neuro.ir.connectivity import Convolution, Pooling, axes_of
from neuro.ir.sliding import Axis

Window = Convolution | Pooling
Kernel = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Joint:
    """One axis of two windows in a row."""

    first: Axis
    second: Axis

    @property
    def stride(self) -> int:
        return self.first.stride * self.second.stride

    @property
    def padding(self) -> int:
        return self.second.padding * self.first.stride + self.first.padding

    @property
    def window(self) -> int:
        return int(self.taps.max()) + 1

    @property
    def taps(self) -> NDArray[np.int64]:
        """The tap of the whole for each pair of taps; shape (second, first)."""
        second = np.arange(self.second.window) * self.second.dilation * self.first.stride
        return second[:, None] + np.arange(self.first.window) * self.first.dilation

    @property
    def padding_end(self) -> int:
        """As much padding as before if that gives all outputs, else the least that does."""
        both = self.first.size + 2 * self.padding
        if both >= self.window and (both - self.window) // self.stride + 1 == self.second.out:
            return self.padding
        reach = (self.second.out - 1) * self.stride + self.window
        return max(0, reach - self.padding - self.first.size)

    def fits(self) -> bool:
        """True if the whole has the outputs of both, no tap that neither has, and no other input."""
        room = self.first.size + self.padding + self.padding_end - self.window
        whole = room // self.stride + 1 == self.second.out
        return whole and len(np.unique(self.taps)) == self.window and not self._sees_more()

    def _sees_more(self) -> bool:
        """True if the whole sees an input where the second window sees padding."""
        outputs = np.arange(self.second.out)[:, None] * self.second.stride
        taps = np.arange(self.second.window) * self.second.dilation
        between = outputs + taps - self.second.padding
        padded = between[(between < 0) | (between >= self.first.out)]
        inputs = padded[:, None] * self.first.stride - self.first.padding
        inputs = inputs + np.arange(self.first.window) * self.first.dilation
        return bool(np.any((inputs >= 0) & (inputs < self.first.size)))


def merged(
    first: Window, first_weight: Kernel, second: Window, second_weight: Kernel
) -> tuple[Convolution, Kernel] | None:
    """The convolution that does what two windows in a row do, and its kernel; None if none does.

    Parameters
    ----------
    first, second
        Convolutions or poolings, in order.
    first_weight, second_weight
        Kernels, or one number each; float64.
    """
    if _tiles(first) and isinstance(second, Convolution) and second.pool is None:
        return _pooled(first, first_weight, second, second_weight)
    if _pool_of(second) is not None:
        return None
    if _pool_of(first) is not None:
        return _behind_pool(first, first_weight, second, second_weight)
    joints = [_Joint(*pair) for pair in zip(axes_of(first), axes_of(second), strict=True)]
    groups = _groups(first, second)
    if groups is None or not all(joint.fits() for joint in joints):
        return None
    kernel = _kernel(
        _full(first, first_weight, 1),
        _full(second, second_weight, second.input_shape[0]),
        joints,
        _alone(first, second),
    )
    ends = tuple(joint.padding_end for joint in joints)
    padding = tuple(joint.padding for joint in joints)
    made = Convolution(
        input_shape=first.input_shape,
        kernel_shape=kernel.shape,
        stride=tuple(joint.stride for joint in joints),
        padding=padding,
        dilation=(1,) * len(joints),
        groups=groups,
        padding_end=None if ends == padding else ends,
    )
    return made, kernel


def _tiles(window: Window) -> bool:
    """True if it is a pooling whose windows lie side by side."""
    if not isinstance(window, Pooling):
        return False
    return window.stride == window.window and not any(window.padding)


def _pool_of(window: Window) -> tuple[int, ...] | None:
    return window.pool if isinstance(window, Convolution) else None


def _pooled(
    first: Window, one: Kernel, second: Convolution, weight: Kernel
) -> tuple[Convolution, Kernel]:
    """A convolution with a pooling in front keeps its kernel."""
    made = replace(second, input_shape=first.input_shape, pool=first.stride)
    return made, _full(second, weight, 1) * one


def _behind_pool(
    first: Window, first_weight: Kernel, second: Window, second_weight: Kernel
) -> tuple[Convolution, Kernel] | None:
    """What the first does behind its pooling, and the second, as one behind that pooling."""
    assert isinstance(first, Convolution)
    pool = first.pool
    seen = tuple(axis.blocks for axis in axes_of(first))
    plain = replace(first, input_shape=(first.input_shape[0], *seen), pool=None)
    made = merged(plain, first_weight, second, second_weight)
    if made is None:
        return None
    return replace(made[0], input_shape=first.input_shape, pool=pool), made[1]


def _groups(first: Window, second: Window) -> int | None:
    """Groups of the whole; None if they do not nest."""
    if isinstance(first, Pooling):
        return second.input_shape[0] if isinstance(second, Pooling) else second.groups
    if isinstance(second, Pooling) or second.groups == first.groups == 1:
        return first.groups
    return None


def _alone(first: Window, second: Window) -> tuple[bool, bool]:
    """Whether each of them leaves channels apart."""
    return isinstance(first, Pooling), isinstance(second, Pooling)


def _full(window: Window, weight: Kernel, channels: int) -> Kernel:
    """The kernel; that of a pooling, which is the same for each, has so many `channels`."""
    shape = (channels, 1, *window.window) if isinstance(window, Pooling) else window.kernel_shape
    return np.broadcast_to(np.asarray(weight, np.float64), shape)


def _kernel(
    first: Kernel, second: Kernel, joints: list[_Joint], alone: tuple[bool, bool]
) -> Kernel:
    """The kernel of the whole: sums over channels and taps between them."""
    if alone[0]:
        shape = second.shape[:2]
    else:
        shape = (first.shape[0] if alone[1] else second.shape[0], first.shape[1])
    found = np.zeros((*shape, *(joint.window for joint in joints)))
    for place in np.ndindex(*second.shape[2:]):
        part = _through(first, second[(..., *place)], alone)
        taps = [joint.taps[k] for joint, k in zip(joints, place, strict=True)]
        found[(slice(None), slice(None), *np.ix_(*taps))] += part
    return found


def _through(first: Kernel, one: Kernel, alone: tuple[bool, bool]) -> Kernel:
    """The first kernel behind one tap of the second, a matrix of channels."""
    if alone[0]:
        return np.asarray(one.reshape(*one.shape, *[1] * (first.ndim - 2)) * first)
    if alone[1]:
        return np.asarray(one.reshape(-1)[0] * first)
    return np.asarray(np.tensordot(one, first, axes=1), np.float64)
