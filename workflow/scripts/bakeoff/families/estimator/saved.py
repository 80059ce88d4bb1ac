"""A classifier and its scaler on disk: safetensors of plain arrays, or with skops's form inside; no pickle.

Owns what may be loaded unasked: what is plain arrays, types that skops trusts, and those looked at here.
"""

import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bakeoff import plugins
from bakeoff.cells.predictor import Answers, Predictor
from bakeoff.command import UserError
from bakeoff.data import scaling
from bakeoff.families.estimator import calls, plain, trees
from bakeoff.files import reading
from bakeoff.records import signature
from bakeoff.records.record import Scores
from bakeoff.records.signature import Signature

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

    from bakeoff.data.scaling import Scaler

SKOPS = "skops"
# Plain numbers that an MLPClassifier keeps of its training.
OPTIMIZERS = "sklearn.neural_network._stochastic_optimizers"
HARMLESS = {f"{OPTIMIZERS}.AdamOptimizer", f"{OPTIMIZERS}.SGDOptimizer"}


@dataclass(frozen=True)
class Estimator(Predictor):
    """A classifier: `pipeline` is scikit-learn's, of its scaler and the fitted classifier.

    The pipeline takes rows (n, rows x columns x channels) within the signature's range. Scores are what the
    signature's parameters say, (n, 0) where the classifier gives none.
    """

    pipeline: "Pipeline"

    def _answer(self, pixels: np.ndarray) -> Answers:
        kind, classes = self.signature.parameters["scores"], len(self.signature.classes)
        if not len(pixels):
            return np.zeros(0, np.int64), np.zeros((0, 0 if kind == "none" else classes))
        scaler, estimator = self.pipeline[0], self.pipeline[-1]
        rows = scaler.transform(pixels.reshape(len(pixels), -1))
        scores = calls.scores(estimator, kind, rows, classes)
        numbers = calls.numbers(estimator, rows, classes)
        return numbers, np.zeros((len(pixels), 0)) if scores is None else scores


def packed(estimator: Any) -> dict[str, np.ndarray]:
    """Return a fitted classifier as arrays, in skops's form where it is none of the plain ones."""
    if (arrays := plain.to_arrays(estimator)) is not None:
        return arrays
    from skops import io as skops

    return {SKOPS: np.frombuffer(skops.dumps(estimator), np.uint8)}


def parameters(build: str, settings: Mapping[str, Any], scores: Scores) -> dict[str, Any]:
    """Return what is to be known of a classifier before its bytes are read."""
    import sklearn

    return {"build": build, "settings": settings, "scores": scores, "scikit-learn": sklearn.__version__}


def save(scaler: "Scaler", packed: Mapping[str, np.ndarray], described: Signature, path: Path) -> None:
    """Write scaler and classifier."""
    signature.save(path, {**packed, **scaling.to_arrays(scaler)}, described)


def load(known: Signature, path: Path, own_code: bool) -> "Pipeline":
    """Read scaler and classifier as a fitted pipeline.

    UserError where the file names types that nobody looked at, unless own_code asks for them to be loaded.
    """
    from safetensors.numpy import load_file
    from sklearn.pipeline import make_pipeline

    with reading(path):
        try:
            arrays = load_file(path)
            if plain.PLAIN in arrays:
                estimator = plain.from_arrays(arrays)
            else:
                estimator = _unpacked(arrays.pop(SKOPS).tobytes(), known, path, own_code)
            return make_pipeline(scaling.from_arrays(arrays), estimator)
        except UserError:
            raise
        except Exception as error:
            here = known.parameters.get("scikit-learn")
            raise ValueError(f"not a classifier that scikit-learn {here} saved: {error}") from error


def _unpacked(content: bytes, known: Signature, path: Path, own_code: bool) -> Any:
    from skops import io as skops

    with zipfile.ZipFile(io.BytesIO(content)) as file:
        if any(each.compress_type != zipfile.ZIP_STORED for each in file.infolist()):
            raise ValueError("it is compressed")
    found = set(skops.get_untrusted_types(data=content))
    if own_code and found:
        plugins.find(known.parameters["build"])  # finds modules of the working directory from now on
    elif unknown := sorted(found - HARMLESS - {trees.TYPE}):
        raise _refused(path, f"types that were not looked at, {', '.join(unknown)}")
    estimator = skops.loads(content, trusted=sorted(found))
    asked = trees.TYPE in found and not own_code
    if asked and (fault := trees.fault(estimator, known.numbers)):
        raise _refused(path, fault)
    return estimator


def _refused(path: Path, what: str) -> UserError:
    return UserError(
        f"{path}: holds {what}: they may run code or end the process; if you trust who made it, say "
        "load(..., own_code=True)"
    )
