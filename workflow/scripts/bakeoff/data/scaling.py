"""What is done to rows of numbers before a machine sees them, learnt from the rows to fit on alone.

They are scaled, and where components are asked for projected on so many: both are scikit-learn's own.
"""

from typing import TYPE_CHECKING, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from sklearn.decomposition import PCA
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import StandardScaler

    Scaler: TypeAlias = StandardScaler | Pipeline

# From so many rows for each number on, components are those of the covariance, which is done sooner: as
# scikit-learn chooses by itself, but for its solver that draws at random.
TALL = 10


def fit(scale: str, features: np.ndarray) -> "StandardScaler":
    """Return the fitted scaler: standard (mean 0, deviation 1), minmax (0..1 per number) or none.

    features: (n, f). All three are a scikit-learn StandardScaler, which shifts and divides.
    """
    from sklearn.preprocessing import MinMaxScaler, StandardScaler

    if scale == "standard":
        return StandardScaler().fit(features)
    if scale == "none":
        return _learnt(np.zeros(features.shape[1]), np.ones(features.shape[1]))
    fitted = MinMaxScaler().fit(features)
    return _learnt(fitted.data_min_, 1 / fitted.scale_)  # a constant number is divided by 1


def fitted(scale: str, features: np.ndarray, components: int | None) -> tuple["Scaler", np.ndarray]:
    """Return what was fitted to rows (n, f), and these rows as it makes them: (n, components), or (n, f).

    With components it is a scikit-learn Pipeline of the scaler and a PCA, which projects on so many; None
    of them is the scaler alone. ValueError where there cannot be so many.
    """
    scaler = fit(scale, features)
    rows = scaler.transform(features)
    if components is None:
        return scaler, rows
    from sklearn.decomposition import PCA
    from sklearn.pipeline import make_pipeline

    projection = PCA(components, svd_solver=solver(*features.shape))
    # What a pipeline fits a classifier on: in its last digits, transform gives other rows.
    rows = projection.fit_transform(rows)
    return make_pipeline(scaler, projection), rows


def solver(rows: int, numbers: int) -> str:
    """Return which of scikit-learn's solvers finds the components of so many rows: none that draws."""
    return "covariance_eigh" if rows >= TALL * numbers else "full"


def to_arrays(scaler: "Scaler") -> dict[str, np.ndarray]:
    """Return what the scaler learnt."""
    first, *projection = [step for _, step in getattr(scaler, "steps", [("", scaler)])]
    found = {"scaler_mean": np.asarray(first.mean_), "scaler_scale": np.asarray(first.scale_)}
    for each in projection:
        found |= {"pca_mean": np.asarray(each.mean_), "pca_components": np.asarray(each.components_)}
    return found


def from_arrays(arrays: dict[str, np.ndarray]) -> "Scaler":
    """Return the scaler that has learnt this; ValueError where its arrays are not of one form."""
    scaler = _learnt(arrays["scaler_mean"], arrays["scaler_scale"])
    if "pca_components" not in arrays:
        return scaler
    from sklearn.pipeline import make_pipeline

    return make_pipeline(scaler, _projection(arrays["pca_mean"], arrays["pca_components"]))


def _learnt(mean: np.ndarray, scale: np.ndarray) -> "StandardScaler":
    from sklearn.preprocessing import StandardScaler

    scaler = StandardScaler()
    scaler.mean_, scaler.scale_ = mean, scale
    scaler.var_, scaler.n_features_in_ = scale**2, len(mean)
    return scaler


def _projection(mean: np.ndarray, components: np.ndarray) -> "PCA":
    from sklearn.decomposition import PCA

    if components.ndim != 2 or mean.shape != components.shape[1:]:
        raise ValueError(f"components {components.shape} with means {mean.shape}")
    found = PCA(len(components))
    found.mean_, found.components_ = mean, components
    found.n_components_, found.n_features_in_ = components.shape
    return found
