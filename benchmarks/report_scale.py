"""What it takes to draw, to render and to open the report of a study, by its size; nothing is trained.

The studies are made up, with predictions for every cell: of N runs (two data sets, two networks with two
optimizers and two SVMs over ever larger grids), and a wide one of 300 cells with 3,000 runs (ten data
sets, each with four networks with two optimizers, three SVMs and four other classifiers, and what these
chose timed alone). Printed: seconds by the clock of plot_figures.py on all cores and of render_report.py
(HTML and PDF), each a fresh process with its imports, medians over the rounds with their range, the
studies taking turns; the memory that rendering takes at most; how large both files are; the elements of
the HTML, and how long a headless Chromium takes to open it, where there is one.

    PYTHONPATH=workflow/scripts:tests python benchmarks/report_scale.py [--runs 0 1 200 2000] [--rounds 3]
"""

import argparse
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import NamedTuple

import pypdf

import studies
from bakeoff.analysis import collect
from optional import program

SCRIPTS = studies.ROOT / "workflow" / "scripts"
WIDE = "wide"
HEAD = (
    "  study  figures (range)         report (range)         memory  HTML MB  PDF MB  pages  elements   open"
)


class Measured(NamedTuple):
    """Seconds to draw, to render and to open, and the bytes that rendering took at most."""

    drawn: float
    rendered: float
    opened: float | None
    memory: int


def make(folder: Path, cells: list[dict]) -> None:
    """Write the collected records of a made-up study, and its predictions."""
    folder.mkdir()
    found = collect.read_cells(studies.save(folder, cells))
    collect.write(found, folder / "records.jsonl", folder / "runs.csv")


def call(script: str, *options: object) -> tuple[float, int]:
    """Return the seconds of a command and the most bytes of memory that it took."""
    start = perf_counter()
    process = subprocess.Popen([sys.executable, SCRIPTS / script, *map(str, options)])
    _, status, used = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{script} ended with {os.waitstatus_to_exitcode(status)}")
    return perf_counter() - start, 1024 * used.ru_maxrss


def measure(folder: Path) -> Measured:
    """Draw, render and open."""
    records, figures = folder / "records.jsonl", folder / "figures"
    pages = "--html", folder / "report.html", "--pdf", folder / "report.pdf"
    cores = len(os.sched_getaffinity(0))
    drawn, _ = call("plot_figures.py", "--records", records, "--output", figures, "--processes", cores)
    rendered, memory = call("render_report.py", "--records", records, "--figures", figures, *pages)
    return Measured(drawn, rendered, opened(folder / "report.html"), memory)


def opened(html: Path) -> float | None:
    """Return the seconds until a browser that runs already has loaded a page, None without a browser."""
    if program("chromium") is None:
        return None
    from browser import Browser

    with closing(Browser()) as browser:
        start = perf_counter()
        browser.open(html)
        return perf_counter() - start


def line(name: str, folder: Path, rounds: list[Measured]) -> Iterator[str]:
    """Yield the columns of a study."""
    yield f"{name:>7}"
    for found in ([each.drawn for each in rounds], [each.rendered for each in rounds]):
        yield f"{f'{median(found):5.1f} s ({min(found):.1f} to {max(found):.1f})':22}"
    yield f"{max(each.memory for each in rounds) / 1e6:5.0f} MB"
    html, pdf = (folder / f"report.{kind}" for kind in ("html", "pdf"))
    yield f"{html.stat().st_size / 1e6:7.2f} {pdf.stat().st_size / 1e6:7.2f}"
    yield f"{len(pypdf.PdfReader(pdf).pages):6}"
    text = html.read_text(encoding="utf-8")
    yield f"{text.count('<') - text.count('</'):9,}"
    times = [each.opened for each in rounds if each.opened is not None]
    yield f"{median(times):.1f} s" if times else "not measured"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, nargs="*", default=[0, 1, 200, 2000])
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    made = {str(runs): studies.large(runs) for runs in options.runs} | {WIDE: studies.wide(10, 17)}
    with TemporaryDirectory() as scratch:
        folders = {name: Path(scratch) / name for name in made}
        for name, folder in folders.items():
            make(folder, made[name])
        rounds = [{name: measure(folder) for name, folder in folders.items()} for _ in range(options.rounds)]
        print(HEAD)
        for name, folder in folders.items():
            print("  ".join(line(name, folder, [each[name] for each in rounds])), flush=True)


if __name__ == "__main__":
    main()
