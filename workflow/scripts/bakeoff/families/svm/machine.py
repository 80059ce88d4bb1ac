"""A fitted machine as arrays: decisions, votes, probabilities, and the way to scikit-learn's SVC and back."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from bakeoff.families.svm.kernels import Kernel

if TYPE_CHECKING:
    from sklearn.svm import SVC


# Of two classes none is less probable than 1e-7, as in libsvm: the logarithm of the odds of the other.
SUREST = float(np.log(1e7 - 1))


@dataclass(frozen=True)
class Machine:
    """A multi-class machine over k classes with s support vectors, one against one.

    classes: (k,) labels, ascending; vectors: (m, f), which the machines of a grid share; support: (s,) rows
    of vectors, class by class; counts: (k,) support vectors of each class; dual: (k - 1, s) signed
    coefficients, row r of a vector of class c against the r-th of the other classes; intercept: one per
    pair of classes, in the order (0, 1), (0, 2), ..., positive decisions for the first.
    """

    kernel: Kernel
    C: float
    classes: np.ndarray
    vectors: np.ndarray
    support: np.ndarray
    counts: np.ndarray
    dual: np.ndarray
    intercept: np.ndarray

    def labels(self, decisions: np.ndarray) -> np.ndarray:
        """Return the class with most votes per row of decisions (n, pairs); of equals the first."""
        return self.classes[self._votes(_by_pair(decisions) > 0).argmax(1)]

    def probabilities(self, decisions: np.ndarray, slope: float) -> np.ndarray:
        """Return the probabilities (n, k) of the classes by decisions (n, pairs) and `calibration`'s slope.

        Of classes i and j alone, that of i is r_ij = 1 / (1 + exp(-slope f_ij)). Coupled by Price, Knerr,
        Personnaz and Dreyfus, NIPS 7 (1994): p_i = 1 / (sum over j of 1 / r_ij - (k - 2)), brought to sum 1.
        """
        odds = slope * _by_pair(decisions)
        np.exp(np.clip(odds, -SUREST, SUREST, out=odds), out=odds)
        # 1 / r_ij - 1 is the odds of j against i: the sum over j, and 1 for i itself.
        against = np.ones((len(self.classes), len(decisions)))
        for a, own in enumerate(self._columns):
            against[a] += (1 / odds[own]).sum(axis=0)
            against[a + 1 :] += odds[own]
        shares = 1 / against
        return (shares / shares.sum(axis=0)).T

    def of_class(self, label: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the support of the class with this number and its columns of the dual coefficients."""
        stop = int(self.counts[: label + 1].sum())
        own = slice(stop - int(self.counts[label]), stop)
        return self.support[own], self.dual[:, own]

    def columns_of(self, label: int) -> np.ndarray:
        """Return the columns of decisions that are a class's with each of the others, (k - 1,)."""
        k, before = len(self.classes), np.arange(label)
        # Pair (a, b) comes after a rows of a triangle, of k - 1, k - 2, ... pairs.
        earlier = before * (2 * k - before - 1) // 2 + label - before - 1
        own = self._columns[label]
        return np.concatenate([earlier, np.arange(own.start, own.stop)])

    @cached_property
    def _columns(self) -> list[slice]:
        """Return, of each class, the columns of its pairs with the classes after it."""
        ends = np.cumsum(np.arange(len(self.classes) - 1, -1, -1)).tolist()
        return [slice(*each) for each in zip([0, *ends], ends, strict=False)]

    def _votes(self, first: np.ndarray) -> np.ndarray:
        """Return the votes (n, k), where first (pairs, n) says whether a pair's first class has its vote."""
        votes = np.zeros((len(self.classes), first.shape[1]), np.int32)
        for a, own in enumerate(self._columns):
            votes[a] += first[own].sum(axis=0, dtype=np.int32)
            votes[a + 1 :] += ~first[own]
        return votes.T

    def compact(self) -> "Machine":
        """Return the same machine with no vectors but its own."""
        own = np.arange(len(self.support))
        return replace(self, vectors=self.vectors[self.support], support=own)

    def in_double(self) -> "Machine":
        """Return the same machine with vectors by which decisions are computed in double precision."""
        return replace(self, vectors=self.vectors.astype(np.float64, copy=False))

    def to_svc(self) -> "SVC":
        """Return a fitted SVC that predicts the same."""
        from sklearn.svm import SVC

        machine, sign = self.compact(), -1 if len(self.classes) == 2 else 1
        kernel = self.kernel
        svc = SVC(C=self.C, kernel=kernel.name, gamma=kernel.gamma, degree=kernel.degree)
        fitted: dict[str, Any] = {
            "classes_": self.classes,
            "class_weight_": np.ones(len(self.classes)),
            "support_": self.support.astype(np.int32),
            "support_vectors_": machine.vectors.astype(np.float64),
            "_n_support": self.counts.astype(np.int32),
            "_dual_coef_": self.dual,
            "dual_coef_": sign * self.dual,
            "_intercept_": self.intercept,
            "intercept_": sign * self.intercept,
            "_probA": np.empty(0),
            "_probB": np.empty(0),
            "_sparse": False,
            "_gamma": kernel.gamma,
            "_effective_probability": False,
            "fit_status_": 0,
            "shape_fit_": self.vectors.shape,
            "n_features_in_": self.vectors.shape[1],
        }
        vars(svc).update(fitted)
        return svc


def _by_pair(decisions: np.ndarray) -> np.ndarray:
    """Return decisions (n, pairs) as (pairs, n), a pair's beside each other: they are added much faster."""
    return np.ascontiguousarray(decisions.T)


def of_svc(svc: "SVC", rows: np.ndarray) -> np.ndarray:
    """Return a fitted SVC's decisions (n, pairs) on rows (n, f), positive for the first class.

    svc: one whose decision_function_shape is ovo.
    """
    values: np.ndarray = svc.decision_function(rows)
    # With two classes the library's sign is that of the second class.
    return values if values.ndim == 2 else -values[:, None]


def from_svc(svc: "SVC") -> Machine:
    """Return the machine that a fitted SVC is."""
    return Machine(
        kernel=Kernel(svc.kernel, float(svc._gamma), svc.degree),
        C=float(svc.C),
        classes=svc.classes_,
        vectors=np.asarray(svc.support_vectors_),
        support=np.arange(len(svc.support_vectors_)),
        counts=np.asarray(svc._n_support),
        dual=np.asarray(svc._dual_coef_),
        intercept=np.asarray(svc._intercept_),
    )
