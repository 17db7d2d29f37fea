"""Dawid and Skene's model: what is true of each unit, when annotators err each in their own way."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from stages.evidence.estimate import Cause, Unmeasured
from stages.stats.clusters import Floats

TOLERANCE, ITERATIONS = 1e-7, 2_000
"""Largest change of a probability at which the fit has converged; steps until it is given up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prior:
    """Votes that are counted as if they had been seen: Dirichlet's parameters.

    Attributes:
        right: Right votes of each annotator on each true label, above 0.
        wrong: Wrong ones, spread evenly over the other labels, above 0.
        prevalence: Units of each label, above 0.
    """

    right: float = 2.0
    wrong: float = 1.0
    prevalence: float = 1.0

    def __post_init__(self) -> None:
        if not min(self.right, self.wrong, self.prevalence) > 0:
            raise ValueError(f"a prior counts more than no votes, not {self}")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DawidSkene:
    """The fitted model of U units, A annotators and K labels.

    Attributes:
        units: In order of their first vote, length U.
        annotators: In order of their first vote, length A.
        labels: The possible labels, length K.
        posteriors: Probability of each label of each unit, shape (U, K).
        prevalence: Probability of each label, shape (K,).
        confusions: For each annotator the probability of each vote (columns) on units of each true
            label (rows), shape (A, K, K).
        log_posterior: What the iteration maximises; it never falls.
        iterations: Steps taken.
        converged: Whether no probability moved more than 10^-7 in the last step. If not, the
            numbers are no result.
    """

    units: tuple[Hashable, ...]
    annotators: tuple[Hashable, ...]
    labels: tuple[str, ...]
    posteriors: Floats
    prevalence: Floats
    confusions: Floats
    log_posterior: float
    iterations: int
    converged: bool

    @property
    def likeliest(self) -> tuple[str, ...]:
        """The most probable label of each unit; of equal ones the first."""
        return tuple(self.labels[column] for column in self.posteriors.argmax(axis=1))

    @property
    def accuracies(self) -> tuple[float, ...]:
        """Probability that an annotator's vote is right, of each annotator, 0 to 1."""
        diagonals = np.diagonal(self.confusions, axis1=1, axis2=2)
        return tuple(float(share) for share in diagonals @ self.prevalence)

    def expected(self, worth: Mapping[str, float]) -> tuple[float, ...]:
        """What each unit is worth on average over its possible labels.

        Args:
            worth: What each label is worth.
        """
        worths = np.array([worth[label] for label in self.labels])
        return tuple(float(value) for value in self.posteriors @ worths)


def dawid_skene(
    units: Sequence[Hashable],
    annotators: Sequence[Hashable],
    *,
    labels: Sequence[str],
    names: Sequence[str] | None = None,
    prior: Prior | None = None,
    iterations: int = ITERATIONS,
) -> DawidSkene | Unmeasured:
    """Fits the model by expectation and maximisation, from the shares of the votes on.

    Confusions and prevalence are posterior means given the labels' probabilities, so an annotator
    of few votes is not believed to be perfect or hopeless. All of it is done in logarithms.

    Args:
        units: The unit of each vote, length n.
        annotators: Who gave it, length n.
        labels: What it says, length n.
        names: All labels that are possible; None: those that were seen, sorted.
        prior: Votes counted as if seen.
        iterations: Steps until it is given up.

    Returns:
        The fit, or `Unmeasured` without votes or when only one label is possible.

    Raises:
        ValueError: When lengths differ or a label is not possible.

    References:
        Dawid and Skene (1979), Applied Statistics 28, 20-28; the prior as in Paun et al. (2018),
        TACL 6, 571-585. A posterior mean under Dirichlet's a is the mode under a + 1: what never
        falls is the logarithm of the posterior with these.
    """
    names = tuple(sorted(set(labels)) if names is None else names)
    votes = _votes(units, annotators, labels, names)
    if not labels:
        return Unmeasured("there are no votes", Cause.WAITING)
    if len(names) == 1:
        return Unmeasured("only one label is possible, which says nothing", Cause.UNDERPOWERED)
    counted = _PriorCounts.of(prior or Prior(), len(names))
    posteriors, step, change = votes.shares, 0, np.inf
    fitted = _maximised(votes, posteriors, counted)
    while step < iterations and change > TOLERANCE:
        updated, step = _expected(votes, fitted), step + 1
        fitted = _maximised(votes, updated, counted)
        change = float(np.abs(updated - posteriors).max())
        posteriors = updated
    return DawidSkene(
        units=tuple(dict.fromkeys(units)),
        annotators=tuple(dict.fromkeys(annotators)),
        labels=names,
        posteriors=posteriors,
        prevalence=fitted.prevalence,
        confusions=fitted.confusions,
        log_posterior=_log_posterior(votes, fitted, counted),
        iterations=step,
        converged=change <= TOLERANCE,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Votes:
    """Numbers of unit, annotator and label of each vote, shape (n,); the shape (U, A, K)."""

    unit: NDArray[np.intp]
    annotator: NDArray[np.intp]
    label: NDArray[np.intp]
    shape: tuple[int, int, int]

    @property
    def shares(self) -> Floats:
        """Share of each label among the votes on each unit, shape (U, K)."""
        units, _, labels = self.shape
        counts = np.zeros((units, labels))
        np.add.at(counts, (self.unit, self.label), 1)
        found: Floats = counts / counts.sum(axis=1, keepdims=True)
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class _PriorCounts:
    """Dirichlet's parameters of a confusion matrix, shape (K, K), and of the prevalence."""

    confusion: Floats
    prevalence: float

    @classmethod
    def of(cls, prior: Prior, labels: int) -> "_PriorCounts":
        wrong = np.full((labels, labels), prior.wrong / (labels - 1))
        np.fill_diagonal(wrong, prior.right)
        return cls(confusion=wrong, prevalence=prior.prevalence)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fit:
    prevalence: Floats
    confusions: Floats


def _votes(
    units: Sequence[Hashable],
    annotators: Sequence[Hashable],
    labels: Sequence[str],
    names: Sequence[str],
) -> _Votes:
    if not len(units) == len(annotators) == len(labels):
        raise ValueError(f"{len(units)} units, {len(annotators)} annotators, {len(labels)} labels")
    strange = sorted(set(labels) - set(names))
    if strange:
        raise ValueError(f"a label is {strange[0]!r}, not one of {', '.join(names)}")
    columns = [
        {name: number for number, name in enumerate(dict.fromkeys(found))}
        for found in (units, annotators, names)
    ]
    rows = [
        np.array([numbers[name] for name in given], dtype=np.intp)
        for numbers, given in zip(columns, (units, annotators, labels), strict=True)
    ]
    return _Votes(
        unit=rows[0],
        annotator=rows[1],
        label=rows[2],
        shape=(len(columns[0]), len(columns[1]), len(columns[2])),
    )


def _maximised(votes: _Votes, posteriors: Floats, prior: _PriorCounts) -> _Fit:
    units, annotators, labels = votes.shape
    prevalence = posteriors.sum(axis=0) + prior.prevalence
    said = np.zeros((annotators, labels, labels))
    np.add.at(said, (votes.annotator, votes.label), posteriors[votes.unit])
    counts = said.transpose(0, 2, 1) + prior.confusion
    return _Fit(
        prevalence=prevalence / (units + labels * prior.prevalence),
        confusions=counts / counts.sum(axis=2, keepdims=True),
    )


def _expected(votes: _Votes, fitted: _Fit) -> Floats:
    logs = _log_joint(votes, fitted)
    found: Floats = np.exp(logs - logsumexp(logs, axis=1, keepdims=True))
    return found


def _log_joint(votes: _Votes, fitted: _Fit) -> Floats:
    """Logarithm of the probability of each unit's votes and label together, shape (U, K)."""
    logs = np.tile(np.log(fitted.prevalence), (votes.shape[0], 1))
    np.add.at(logs, votes.unit, np.log(fitted.confusions)[votes.annotator, :, votes.label])
    return logs


def _log_posterior(votes: _Votes, fitted: _Fit, prior: _PriorCounts) -> float:
    seen = float(logsumexp(_log_joint(votes, fitted), axis=1).sum())
    believed = float((prior.confusion * np.log(fitted.confusions)).sum())
    return seen + believed + prior.prevalence * float(np.log(fitted.prevalence).sum())
