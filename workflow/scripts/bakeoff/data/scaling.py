"""What is done to the pixels before a machine sees them, learnt from the training part alone."""

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from sklearn.preprocessing import StandardScaler


def fit(scale: str, features: np.ndarray) -> "StandardScaler":
    """Return the fitted scaler: standard (mean 0, deviation 1), minmax (0..1 per pixel) or none.

    features: (n, f). All three are a scikit-learn StandardScaler, which shifts and divides.
    """
    from sklearn.preprocessing import MinMaxScaler, StandardScaler

    if scale == "standard":
        return StandardScaler().fit(features)
    if scale == "none":
        shift, divisor = np.zeros(features.shape[1]), np.ones(features.shape[1])
    else:
        fitted = MinMaxScaler().fit(features)
        shift, divisor = fitted.data_min_, 1 / fitted.scale_  # a constant pixel is divided by 1
    return from_arrays({"scaler_mean": shift, "scaler_scale": divisor})


def to_arrays(scaler: "StandardScaler") -> dict[str, np.ndarray]:
    """Return what the scaler learnt."""
    return {"scaler_mean": np.asarray(scaler.mean_), "scaler_scale": np.asarray(scaler.scale_)}


def from_arrays(arrays: dict[str, np.ndarray]) -> "StandardScaler":
    """Return the scaler that has learnt this."""
    from sklearn.preprocessing import StandardScaler

    scaler = StandardScaler()
    scaler.mean_, scaler.scale_ = arrays["scaler_mean"], arrays["scaler_scale"]
    scaler.var_, scaler.n_features_in_ = scaler.scale_**2, len(scaler.mean_)
    return scaler
