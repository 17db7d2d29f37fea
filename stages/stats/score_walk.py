"""The score of a test as it gathers information, stopped where it crosses a bound."""

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

CLOSEST = 1e-3
"""Looks closer than this share of their information are not told apart by the integration."""

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(16)
_PANEL = 4.0
"""Width of a panel in standard deviations of the narrowest step: errors below 1e-10."""
_TAIL = 12.0
"""Standard deviations beyond which mass is neglected (below 1e-32)."""
_WIDEST_BOUND = 40.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Mass:
    """Where the walk is at one look, as masses on nodes of a quadrature, both of shape (m,)."""

    share: float
    nodes: NDArray[np.float64]
    masses: NDArray[np.float64]


def _origin() -> _Mass:
    return _Mass(share=0.0, nodes=np.zeros(1), masses=np.ones(1))


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreWalk:
    """Brownian motion with drift, seen at looks, that has not crossed any bound yet.

    At information t the score is normal with mean drift x t and variance t, and z is score / sqrt
    t.

    Attributes:
        two_sided: Whether crossing -bound stops it too.
        drift: Expected z at information 1.
        before: Where it was at the look before the last one.
        share: Information at the last look; 0 at the start.
        bound: Bound of z at the last look.

    References:
        Armitage, McPherson & Rowe (1969); Jennison & Turnbull (2000), section 19.2.
    """

    two_sided: bool = False
    drift: float = 0.0
    before: _Mass = field(default_factory=_origin)
    share: float = 0.0
    bound: float = math.inf

    def to(self, share: float) -> "Step":
        """The step from the last look to one at information `share`.

        Raises:
            ValueError: The step is shorter than `CLOSEST` of `share`.
        """
        if share - self.share < CLOSEST * share:
            raise ValueError(f"a look at {share} is too close to the one at {self.share}")
        if self.share == 0:
            return Step(walk=self, start=self.before, share=share)
        return Step(walk=self, start=self._mass(share - self.share), share=share)

    def _mass(self, gain: float) -> _Mass:
        """Where the walk is at its last look, on nodes fit for the next step of length `gain`."""
        low, high = self._region()
        step = self.share - self.before.share
        panel = _PANEL * math.sqrt(min(step, gain))
        nodes, weights = _quadrature(low, high, panels=math.ceil((high - low) / panel))
        centres = self.before.nodes + self.drift * step
        distance = (nodes[:, None] - centres[None, :]) / math.sqrt(step)
        density = np.exp(-0.5 * distance * distance) @ self.before.masses
        density /= math.sqrt(2 * math.pi * step)
        return _Mass(share=self.share, nodes=nodes, masses=weights * density)

    def _region(self) -> tuple[float, float]:
        """Scores from which the walk goes on, cut where there is no mass."""
        root = math.sqrt(self.share)
        centre = self.drift * self.share
        high = min(self.bound * root, centre + _TAIL * root)
        low = centre - _TAIL * root
        if self.two_sided:
            low = max(low, -self.bound * root)
        return min(low, high - root), high


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A walk about to be seen at its next look.

    Attributes:
        walk: The walk at its last look.
        start: Where it is there.
        share: Information at the next look.
    """

    walk: ScoreWalk
    start: _Mass
    share: float

    def crossing(self, bound: float) -> float:
        """Probability to cross `bound` at this look and at none before."""
        gain = self.share - self.start.share
        centres = self.start.nodes + self.walk.drift * gain
        edge, deviation = bound * math.sqrt(self.share), math.sqrt(gain)
        found = float(self.start.masses @ ndtr((centres - edge) / deviation))
        if self.walk.two_sided:
            found += float(self.start.masses @ ndtr((-edge - centres) / deviation))
        return found

    def bound_for(self, probability: float) -> float:
        """The bound that is crossed with this probability at this look and at none before."""
        low = 0.0 if self.walk.two_sided else -_WIDEST_BOUND
        high = _WIDEST_BOUND
        while (middle := (low + high) / 2) not in (low, high):
            if self.crossing(middle) > probability:
                low = middle
            else:
                high = middle
        return high

    def stopped_at(self, bound: float) -> ScoreWalk:
        """The walk that did not cross `bound` at this look."""
        return ScoreWalk(
            two_sided=self.walk.two_sided,
            drift=self.walk.drift,
            before=self.start,
            share=self.share,
            bound=bound,
        )


def _quadrature(
    low: float, high: float, *, panels: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Nodes and weights of a composite Gauss-Legendre rule on [low, high]."""
    half = (high - low) / panels / 2
    centres = low + half * (2 * np.arange(panels) + 1)
    nodes = (centres[:, None] + half * _NODES[None, :]).ravel()
    return nodes, np.tile(half * _WEIGHTS, panels)
