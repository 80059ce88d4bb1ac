"""Whether anything else ran on the machine while something was timed there, as the kernel counted it."""

from collections.abc import Sequence

from bakeoff.analysis import wording
from bakeoff.records.parts import Load, Prediction
from bakeoff.records.run import Run

# Cores that others kept busy, or that the machine's host took: more than this is no quiet machine. A run that
# keeps all cores busy loses about as much of its time as others take of them.
CORES = 0.1
# The kernel counts in ticks of a hundredth of a second on every core: a few of them judge no short run.
RESOLUTION_S = 0.05


def disturbed(timed: Run | Prediction) -> bool:
    """Tell whether others took a part of the machine while something was timed."""
    load = timed.load
    return load is not None and _taken(load) * load.seconds - RESOLUTION_S > CORES * load.seconds


def _taken(load: Load) -> float:
    """Return how many cores others kept busy, or the machine's host took."""
    return load.others_cores + load.stolen_cores


def count(runs: Sequence[Run]) -> int:
    """Return how many of the runs were disturbed."""
    return sum(disturbed(run) for run in runs)


def sentence(runs: Sequence[Run]) -> str:
    """Say what else the machine did while runs were timed."""
    loads = [run.load for run in runs if run.load is not None]
    if not loads:
        return "What else the machine did meanwhile was not measured."
    most = max(map(_taken, loads))
    busy = f"other processes kept at most {most:.2f} cores busy"
    unknown = f"; of {len(runs) - len(loads)} that is not known" if len(loads) < len(runs) else ""
    if marked := count(runs):
        return f"{wording.plural(marked, 'run')} of {len(runs)} disturbed: {busy} meanwhile{unknown}."
    return f"While they ran, {busy}{unknown}."
