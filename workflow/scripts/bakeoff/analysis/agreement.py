"""Sentences on how far ours agree with the published study's results."""

import json
from collections.abc import Iterator

from bakeoff.analysis import wording
from bakeoff.analysis.finding import Finding
from bakeoff.analysis.published import DEVICES, UNLIKE
from bakeoff.analysis.study import Study
from bakeoff.analysis.tables import Row

# So many of our results outside the published spread are named.
NAMED = 3


def found(study: Study, published: list[Row]) -> Iterator[Finding]:
    """Yield how many network results lie within the published spread, and how far the SVM results differ."""
    judged = [row for row in published if row["verdict"].endswith("their spread")]
    if judged:
        outside = [row for row in judged if not row["verdict"].startswith("within")]
        worst = sorted(outside or judged, key=lambda row: -abs(row["difference"]))[: NAMED if outside else 1]
        said = "; ".join(_apart(study, row) for row in worst)
        more = f" and {len(outside) - len(worst)} more" if len(outside) > len(worst) else ""
        yield Finding(
            "published",
            f"{len(judged) - len(outside)} of our {len(judged)} network results lie within the spread of the "
            "published study's own repeats.",
            f"{'outside' if outside else 'largest difference'}: {said}{more}",
        )
    grid = [row for row in published if row["table"] == "svm_grid"]
    svm = [row for row in grid if row["difference"] is not None and row["verdict"] not in UNLIKE]
    if svm:
        largest = max(abs(row["difference"]) for row in svm)
        some = f" of {len(grid)} that were run here" if len(svm) < len(grid) else ""
        worst = [row for row in svm if abs(row["difference"]) == largest]
        yield Finding(
            "published",
            f"The {wording.plural(len(svm), 'published SVM result')}{some} and ours differ by at most "
            f"{wording.percent(largest)} points.",
            f"most: {_apart(study, worst[0])}" if len(worst) == 1 else "",
        )


def _apart(study: Study, row: Row) -> str:
    """Return a published result with how far ours is from it."""
    where = ", ".join(
        [
            wording.model(row["model"]),
            study.title(row["dataset"]),
            wording.settings(json.loads(row["settings"]), row["optimizer"]),
        ]
    )
    timed = f", timed on the {wording.device(row['device'])}" if row["table"] == DEVICES else ""
    band = f" (\N{PLUS-MINUS SIGN} {wording.percent(row['band'])})" if row["band"] is not None else ""
    return f"{where}{timed}: {wording.points(row['difference'])} points{band}"
