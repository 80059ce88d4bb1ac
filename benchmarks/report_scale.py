"""What it takes to draw and to render the report of a study, by its number of runs; nothing is trained.

The studies are made up: two data sets, two networks with two optimizers and two SVMs over ever larger grids,
with predictions for every cell. Printed: seconds by the clock of plot_figures.py and of render_report.py
(HTML and PDF), each a fresh process with its imports, medians over the rounds with their range, the studies
taking turns; and how large both files are.

    PYTHONPATH=workflow/scripts:tests python benchmarks/report_scale.py [--runs 0 1 200 2000] [--rounds 3]
"""

import argparse
import subprocess
import sys
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

import studies
from bakeoff.analysis import collect

SCRIPTS = studies.ROOT / "workflow" / "scripts"


def make(folder: Path, runs: int) -> None:
    """Write the collected records of a made-up study, and its predictions."""
    folder.mkdir()
    cells = collect.read_cells(studies.save(folder, studies.large(runs)))
    collect.write(cells, folder / "records.jsonl", folder / "runs.csv")


def seconds(script: str, *options: object) -> float:
    """Return the seconds of a command."""
    start = perf_counter()
    subprocess.run([sys.executable, SCRIPTS / script, *map(str, options)], check=True)
    return perf_counter() - start


def measure(folder: Path) -> tuple[float, float]:
    """Draw and render; return the seconds of both."""
    records, figures = folder / "records.jsonl", folder / "figures"
    pages = "--html", folder / "report.html", "--pdf", folder / "report.pdf"
    return (
        seconds("plot_figures.py", "--records", records, "--output", figures),
        seconds("render_report.py", "--records", records, "--figures", figures, *pages),
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, nargs="+", default=[0, 1, 200, 2000])
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with TemporaryDirectory() as scratch:
        folders = {runs: Path(scratch) / str(runs) for runs in options.runs}
        for runs, folder in folders.items():
            make(folder, runs)
        rounds = [{runs: measure(folder) for runs, folder in folders.items()} for _ in range(options.rounds)]
        print("  runs  figures (range)         report (range)       HTML MB  PDF MB")
        for runs, folder in folders.items():
            columns = [
                f"{median(found):5.1f} s ({min(found):.1f} to {max(found):.1f})"
                for found in zip(*(each[runs] for each in rounds), strict=True)
            ]
            html, pdf = ((folder / f"report.{kind}").stat().st_size / 1e6 for kind in ("html", "pdf"))
            print(f"{runs:6}  {columns[0]:22}  {columns[1]:22} {html:5.2f} {pdf:7.2f}")


if __name__ == "__main__":
    main()
