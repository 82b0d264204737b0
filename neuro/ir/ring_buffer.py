"""How large a sum SpiNNaker's tools expect in one step, which decides how weights are kept.

A cell's input of one kind is summed in a ring buffer of 16 bits per step.  sPyNNaker estimates the
largest sum that a step can bring and shifts the point so that it fits.  Where all delays are alike it
takes all synapses of a cell at once; else an upper bound of Poisson many events.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

RATE = 30.0
"""Spikes a second that sPyNNaker expects of every cell (``spikes_per_second``)."""
SIGMA = 5.0
"""Standard deviations above the mean that a sum may reach (``ring_buffer_sigma``)."""
LIMIT_SIGMA = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """One projection onto a kind of input.

    Attributes
    ----------
    synapses
        The most synapses that one cell has.
    mean, variance, largest
        Of the magnitudes of its weights; for plastic ones, as if all were as large as they can get.
    delay_variance
        Of its delays.
    scale
        What is in the weights besides the unit: 1024 for conductances.  sPyNNaker 7.4.1 leaves it out
        of the sum of all synapses, and so do we.
    """

    synapses: int
    mean: float
    variance: float
    largest: float
    delay_variance: float
    scale: float = 1.0


@dataclass(slots=True)
class _Totals:
    """Mean and variance over groups of which only these are known."""

    count: int = 0
    mean: float = 0.0
    squares: float = 0.0

    def add(self, mean: float, variance: float, count: int) -> None:
        if count <= 0:
            return
        total = self.count + count
        step = mean - self.mean
        self.squares += variance * (count - 1) + step * step * self.count * count / total
        self.mean = (self.count * self.mean + count * mean) / total
        self.count = total

    @property
    def variance(self) -> float:
        return self.squares / (self.count - 1) if self.count > 1 else 0.0


def largest_sum(incoming: Iterable[Incoming], dt: float) -> float:
    """The largest sum that is expected in a step, in the unit of the weights.

    Parameters
    ----------
    incoming
        All projections onto one kind of input of one population.
    dt
        Length of a step, seconds.
    """
    weights, delays = _Totals(), _Totals()
    biggest = total = 0.0
    for item in incoming:
        weights.add(item.mean, item.variance, item.synapses)
        delays.add(0.0, item.delay_variance, item.synapses)
        biggest = max(biggest, item.largest)
        total += max(1.0, RATE * dt) * item.largest / item.scale * item.synapses
    if delays.variance == 0.0:
        return max(total, biggest)
    return max(min(_upper_bound(weights, RATE * dt * weights.count), total), biggest)


def _upper_bound(weights: _Totals, events: float) -> float:
    """Mean plus some standard deviations of a sum of Poisson many weights.

    `events` is the mean number of events in a step.
    """
    limit = round(events + LIMIT_SIGMA * math.sqrt(events))
    variance = events * weights.mean**2
    if weights.variance > 0:
        variance += _spread(weights.variance, events, limit)
    return events * weights.mean + SIGMA * math.sqrt(variance)


def _spread(variance: float, events: float, limit: int) -> float:
    """What the spread of the weights adds: ``variance`` times the sum of ``k P(k)`` up to `limit`.

    Where the last term's size is out of range, or is 1, sPyNNaker takes 0.
    """
    last = limit * math.log(events) - math.lgamma(1 + limit) if events > 0 else 0.0
    if last == 0.0 or abs(last) >= 701.0:
        return 0.0
    logs = (k * math.log(events) - math.lgamma(1 + k) - events for k in range(1, limit + 1))
    return variance * sum(k * math.exp(log) for k, log in enumerate(logs, start=1))
