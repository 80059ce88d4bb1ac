"""What it takes to draw and render the report of a study, by its number of runs; nothing is trained.

The studies are made up: two data sets, two networks with two optimizers and two SVMs over ever larger grids,
with predictions for every cell. Each size is a fresh process, sizes alternate. Printed: seconds of processor
time of the figures (plot_figures.py), of the HTML and of the PDF (render_report.py), medians over the rounds;
the whole by the clock, imports included; and the sizes of both files.

    PYTHONPATH=workflow/scripts:tests python benchmarks/report_scale.py [--runs 0 1 200 2000] [--rounds 3]
"""

import argparse
import itertools
import json
import subprocess
import sys
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter, process_time

import studies


def render(folder: Path) -> dict[str, float]:
    """Draw and render a folder of records in this process; return its seconds of processor time."""
    from bakeoff.analysis import collect
    from bakeoff.plots import gallery
    from bakeoff.report import context, figures, render

    templates = studies.ROOT / "report"
    times = [process_time()]
    found = collect.load(folder)
    gallery.draw(found, folder / "figures")
    times.append(process_time())
    drawn = figures.load(folder / "figures")
    report = context.build(found, render.read_tables(found, None), drawn)
    text = render.page(report, templates)
    times.append(process_time())
    render.write_pdf(report, templates, folder / "report.pdf")
    times.append(process_time())
    seconds = dict(
        zip(("figures", "html", "pdf"), (b - a for a, b in itertools.pairwise(times)), strict=True)
    )
    return seconds | {
        "html_mb": len(text.encode()) / 1e6,
        "pdf_mb": (folder / "report.pdf").stat().st_size / 1e6,
    }


def measure(folder: Path) -> dict[str, float]:
    """Render in a fresh process; return what it says, and its seconds by the clock."""
    start = perf_counter()
    line = [sys.executable, __file__, "--render", str(folder)]
    said = subprocess.run(line, check=True, capture_output=True, text=True).stdout
    return {**json.loads(said), "clock": perf_counter() - start}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, nargs="+", default=[0, 1, 200, 2000])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--render", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.render:
        print(json.dumps(render(options.render)))
        return
    with TemporaryDirectory() as scratch:
        folders = {runs: Path(scratch) / str(runs) for runs in options.runs}
        for runs, folder in folders.items():
            folder.mkdir()
            studies.save(folder, studies.large(runs))
        rounds = [{runs: measure(folder) for runs, folder in folders.items()} for _ in range(options.rounds)]
    print("  runs  figures   HTML    PDF    clock (range)           HTML MB  PDF MB")
    for runs in folders:
        found = [each[runs] for each in rounds]
        middle = {name: median(each[name] for each in found) for name in found[0]}
        clocks = [each["clock"] for each in found]
        spread = f"({min(clocks):.1f} to {max(clocks):.1f})"
        print(
            f"{runs:6} {middle['figures']:7.1f}s {middle['html']:5.1f}s {middle['pdf']:5.1f}s "
            f"{middle['clock']:6.1f}s {spread:16} {middle['html_mb']:10.2f} {middle['pdf_mb']:7.2f}"
        )


if __name__ == "__main__":
    main()
