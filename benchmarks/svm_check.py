"""What measuring every machine's violation of its optimality conditions costs a grid.

Made-up images of 28 x 28, all settings fitted pairwise; arms without the measurement and with it take turns
in one process. Printed are medians: the training time that a record gets, and the wall time of the fits.

    PYTHONPATH=workflow/scripts:tests python benchmarks/svm_check.py [--rows 2000 5000] [--rounds 4]
"""

import argparse
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from unittest.mock import patch

import arrays
from bakeoff.cells.family import Resources, requests
from bakeoff.data import store
from bakeoff.data.store import Dataset
from bakeoff.families.svm import kkt
from bakeoff.families.svm.family import SvmFamily
from bakeoff.machine import hardware
from bakeoff.progress import Progress

GRIDS = {
    "rbf": [{"C": [0.1, 1.0, 10.0, 100.0], "gamma": ["scale", 0.001]}],
    "poly": [{"C": [1.0, 10.0], "gamma": "scale", "degree": [2, 3]}],
}
CLASSES, SIZE, NOISE = 10, 28, 250


def unmeasured(machines, part):
    """Stand in for the measurement."""
    return [0.0] * len(machines), 0


def fitted(data: Dataset, kernel: str, threads: int, checked: bool) -> tuple[float, float, list[float]]:
    """Fit a grid; return the training time of its records, the wall time, and the violations."""
    family = SvmFamily(data, kernel, GRIDS[kernel], Resources("pairwise", threads, 4000, "cpu"))
    with patch.object(kkt, "violations", kkt.violations if checked else unmeasured):
        (plan,) = family.plans(requests(family))
        start = perf_counter()
        with redirect_stdout(StringIO()):  # its progress
            runs = [found.run for found in family.fit(plan, Progress("", plan.work))]
        wall = perf_counter() - start
    return runs[0].train_s, wall, [run.details.get("kkt_violation", 0.0) for run in runs]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, nargs="+", default=[2000, 5000])
    parser.add_argument("--rounds", type=int, default=4, help="of both arms, A B B A")
    parser.add_argument("--threads", type=int, default=hardware.usable_cores())
    options = parser.parse_args()
    for rows in options.rows:
        with TemporaryDirectory() as folder:
            place = Path(folder) / "made_up.npz"
            wishes = {"size": SIZE, "classes": CLASSES, "counts": {"train": rows}, "noise": NOISE}
            data = store.load(arrays.save(place, **wishes), "images")
        for kernel in GRIDS:
            found: dict[bool, list[tuple[float, float, list[float]]]] = {False: [], True: []}
            for turn in range(options.rounds + 1):
                for checked in (False, True) if turn % 2 else (True, False):
                    measured = fitted(data, kernel, options.threads, checked)
                    if turn:  # the first is a warm-up
                        found[checked].append(measured)
            train, wall = (
                [median(each[place] for each in found[checked]) for checked in (False, True)]
                for place in (0, 1)
            )
            worst = max(value for _, _, values in found[True] for value in values)
            print(
                f"{rows:6} rows, {kernel:4}: training {train[0]:.3f} s without, {train[1]:.3f} s with; wall "
                f"{wall[0]:.2f} and {wall[1]:.2f} s ({wall[1] / wall[0]:.2f} times); largest violation "
                f"{worst:.2e}",
                flush=True,
            )


if __name__ == "__main__":
    main()
