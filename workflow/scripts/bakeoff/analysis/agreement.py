"""Sentences on how far ours agree with the published study's results."""

from collections.abc import Iterable, Iterator

from bakeoff.analysis import published, wording
from bakeoff.analysis.derived import PublishedRow
from bakeoff.analysis.finding import Finding
from bakeoff.analysis.repeatability import ONCE
from bakeoff.analysis.study import Study, unique

# So many of our results outside the published spread are named.
NAMED = 3


def found(study: Study, rows: list[PublishedRow]) -> Iterator[Finding]:
    """Yield how many results lie within the published spread, and how far those without a spread differ."""
    judged = [row for row in rows if published.is_judged(row)]
    if judged:
        outside = [row for row in judged if not row.verdict.startswith("within")]
        worst = sorted(outside or judged, key=lambda row: -_gap(row))[: NAMED if outside else 1]
        said = "; ".join(_apart(study, row) for row in worst)
        more = f" and {len(outside) - len(worst)} more" if len(outside) > len(worst) else ""
        yield Finding(
            "published",
            f"{len(judged) - len(outside)} of our {len(judged)} {_kind(judged)} results lie within the "
            "spread of the published study's own repeats.",
            f"{'outside' if outside else 'largest difference'}: {said}{more}",
        )
    grid = [row for row in rows if row.table == ONCE]
    ours = [row for row in grid if row.difference is not None and row.verdict not in published.UNLIKE]
    if ours:
        largest = max(map(_gap, ours))
        some = f" of {len(grid)} that were run here" if len(ours) < len(grid) else ""
        worst = [row for row in ours if _gap(row) == largest]
        results = wording.plural(len(ours), f"published {_kind(ours)} result")
        yield Finding(
            "published",
            f"The {results}{some} and ours differ by at most {wording.percent(largest)} points.",
            f"most: {_apart(study, worst[0])}" if len(worst) == 1 else "",
        )


def _gap(row: PublishedRow) -> float:
    return abs(row.difference or 0.0)


def _kind(rows: Iterable[PublishedRow]) -> str:
    """Return what published results are of, in the singular."""
    groups = unique(published.group(row.competitor) for row in rows)
    return wording.listed([wording.singular(group) for group in groups])


def _apart(study: Study, row: PublishedRow) -> str:
    """Return a published result with how far ours is from it."""
    where = ", ".join(
        [
            published.label(row.competitor),
            study.title(row.dataset),
            wording.settings(row.settings, published.levels(row)),
        ]
    )
    timed = f", timed on the {wording.device(row.device)}" if row.table == published.DEVICES else ""
    band = f" (\N{PLUS-MINUS SIGN} {wording.percent(row.band)})" if row.band is not None else ""
    return f"{where}{timed}: {wording.points(row.difference)} points{band}"
