"""What people call settings, and which values go without saying.

A family's own defaults are said where its settings are; a test holds both together.
"""

from collections.abc import Mapping
from typing import Any

SETTINGS = {
    "batch_size": "batch size",
    "learning_rate": "learning rate",
    "epochs": "epochs",
    "precision": "precision",
    "engine": "engine",
    "pin_memory": "pinned memory",
    "scale": "scaling",
    "schedule": "schedule",
    "warmup": "warm-up",
    "label_smoothing": "label smoothing",
    "class_weights": "class weights",
    "augmentation": "augmentation",
    "clip": "gradient norm at most",
    "ema": "average of weights",
    "early_stop": "early stopping after",
    "weight_decay": "weight decay",
}
SHORT = {
    "learning_rate": "lr",
    "batch_size": "batch",
    "pin_memory": "pinned",
    "label_smoothing": "smoothing",
    "class_weights": "classes",
    "clip": "clip",
    "ema": "EMA",
    "early_stop": "patience",
}
# What every run shares unless the grid says otherwise goes without saying.
UNSAID: Mapping[str, Any] = {
    "engine": "resident",
    "scale": "standard",
    "schedule": "constant",
    "warmup": 0.0,
    "label_smoothing": 0.0,
    "class_weights": "none",
    "augmentation": "none",
    "clip": 0.0,
    "ema": 0.0,
    "early_stop": 0,
}
