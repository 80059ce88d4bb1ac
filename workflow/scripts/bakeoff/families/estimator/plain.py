"""Linear classifiers and nearest neighbours on disk as what they are: keywords, and arrays that were learnt.

Owns which classes these are. A file of one names no type, and none asks for skops, whose import, with every
estimator of scikit-learn, takes longer than many a fit.
"""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from bakeoff import plugins

# What is written: a class's name here with its keywords, and what it has learnt.
PLAIN, LEARNT = "plain", "learnt."
LINEAR = ("coef_", "intercept_", "classes_")
# The rows of training and their labels: all that neighbours are found by.
NEIGHBOURS = ("rows", "labels")
FORMS: Mapping[str, tuple[str, ...]] = {
    "sklearn.linear_model:LogisticRegression": LINEAR,
    "sklearn.linear_model:SGDClassifier": LINEAR,
    "sklearn.svm:LinearSVC": LINEAR,
    "sklearn.neighbors:KNeighborsClassifier": NEIGHBOURS,
}


def to_arrays(estimator: Any) -> dict[str, np.ndarray] | None:
    """Return a fitted classifier as arrays; None of another class, and where a keyword is no plain value."""
    build = _build(estimator)
    if build is None:
        return None
    keywords = estimator.get_params(deep=False)
    try:
        said = json.dumps({"build": build, "keywords": keywords}, allow_nan=False)
        if json.loads(said)["keywords"] != keywords:
            return None
    except (TypeError, ValueError):
        return None
    learnt = {name: _learnt(estimator, name) for name in FORMS[build]}
    if any(each.dtype.kind not in "fiu" for each in learnt.values()):
        return None
    named = {f"{LEARNT}{name}": each for name, each in learnt.items()}
    return {PLAIN: np.frombuffer(said.encode(), np.uint8), **named}


def from_arrays(arrays: Mapping[str, np.ndarray]) -> Any:
    """Return the classifier that has learnt this; ValueError or KeyError where it is none of these."""
    said = json.loads(arrays[PLAIN].tobytes())
    learnt = {name: arrays[f"{LEARNT}{name}"] for name in FORMS[said["build"]]}
    estimator = plugins.find(said["build"])(**said["keywords"])
    if FORMS[said["build"]] is NEIGHBOURS:
        return estimator.fit(*learnt.values())
    features = learnt["coef_"].shape[1]
    classes, rows = len(learnt["classes_"]), len(learnt["coef_"])
    if rows != (1 if classes == 2 else classes) or learnt["intercept_"].shape not in ((rows,), (1,)):
        raise ValueError(f"{rows} rows of coefficients for {classes} classes")
    for name, each in learnt.items():
        setattr(estimator, name, each)
    estimator.n_features_in_ = features
    return estimator


def _build(estimator: Any) -> str | None:
    """Return which of these a classifier is, by its type: one that inherits may predict in another way."""
    named = (each for each in FORMS if each.endswith(f":{type(estimator).__name__}"))
    return next((each for each in named if plugins.find(each) is type(estimator)), None)


def _learnt(estimator: Any, name: str) -> np.ndarray:
    if name == "rows":
        return np.asarray(estimator._fit_X)
    if name == "labels":
        return np.asarray(estimator.classes_[estimator._y])
    return np.asarray(getattr(estimator, name))
