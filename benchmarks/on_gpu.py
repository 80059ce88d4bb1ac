"""Everything about GPUs that only one can show: made ready here, run there, brought home.

    make gpu-evidence                     # here: packs gpu-kit/, and runs it where a GPU is visible
    python3 benchmarks/on_gpu.py run      # there: with the checkout and gpu-kit/; no network, no make
    make gpu-import FILES="..."           # here: lays out what was brought home and renders its reports

A machine needs Python 3.11 or newer with torch, torchvision, scikit-learn and numba; what else it lacks is in
the kit. The phases run in the order of their worth, each within a time of its own; what a phase did not get
to comes after all had their turn. Every cell goes on where it stopped: call again, on the same machine or,
with the files of the first call given to `pack --earlier`, on another of its kind. docs/gpu.md says more.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from gpu_kit import ROOT, SUMMARY, Places, bringing, furnishing, packing, phases, running, summary


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Read the command line."""
    layout = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=layout)
    commands = parser.add_subparsers(dest="command", required=True)
    places = Places()

    pack = commands.add_parser("pack", help="make the folder to take along")
    pack.add_argument("--kit", type=Path, default=places.kit, help="folder to make anew (%(default)s)")
    pack.add_argument("--data-source", help="folder or URL with <data set>/*.gz, tried first")
    pack.add_argument(
        "--earlier", type=Path, nargs="*", default=[], help="files of an earlier call to go on from"
    )

    run = commands.add_parser("run", help="run the phases on this machine")
    run.add_argument("--kit", type=Path, default=places.kit, help="the folder that was packed (%(default)s)")
    run.add_argument("--work", type=Path, default=places.work, help="where to work (%(default)s)")
    run.add_argument("--output", type=Path, default=places.output, help="files to bring home (%(default)s)")
    run.add_argument("--minutes", type=float, help="end after so long (until all is done)")
    run.add_argument("--device", choices=("gpu", "cpu"), default="gpu", help="cpu rehearses (%(default)s)")
    run.add_argument("--little", action="store_true", help="little of everything, to see that it runs")
    run.add_argument("--phases", nargs="+", choices="0123456", help="these alone, by number")
    run.add_argument("--again", nargs="+", choices="0123456", default=[], help="these from their start")

    bring = commands.add_parser("import", help="lay out what was brought home, render its reports")
    bring.add_argument("files", type=Path, nargs="+", help="the files, as they came")
    bring.add_argument("--output", type=Path, default=Path("gpu-results"), help="folder (%(default)s)")
    return parser.parse_args(arguments)


def pack(options: argparse.Namespace) -> None:
    """Make the folder to take along."""
    size = packing.pack(replace(Places(), kit=options.kit), options.data_source, options.earlier)
    print(f"{options.kit}: {size / 2**20:.1f} MiB")
    print("With this checkout on a machine with a GPU: python3 benchmarks/on_gpu.py run [--minutes N]")


def read_study(path: Path) -> dict[str, Any]:
    """Return the study that was packed and its commit; ends with one line where there is none."""
    try:
        about = json.loads(path.read_text(encoding="utf-8"))
        return {name: about[name] for name in ("config", "commit")}
    except (FileNotFoundError, NotADirectoryError):
        said = "is not there"
    except (ValueError, TypeError, KeyError):
        said = "is not what was packed"
    sys.exit(f"on_gpu.py: {path} {said}; `make gpu-evidence` packs it, where there is a network")


def run(options: argparse.Namespace) -> None:
    """Run the phases here."""
    start = time.monotonic()
    places = Places(options.kit, options.work, options.output)
    about = read_study(places.kit / "study.json")
    places.output.mkdir(parents=True, exist_ok=True)
    furnishing.furnish(places)
    threads = len(os.sched_getaffinity(0))
    machine = furnishing.describe(places, options.device, threads)
    furnishing.take_up(places, machine["gpu"])
    scale = phases.LITTLE if options.little else phases.FULL
    found = phases.phases(phases.Setting(places, options.device, threads, about["config"], scale))
    chosen = [phase for phase in found if not options.phases or phase.name[0] in options.phases]
    until = start + 60 * options.minutes if options.minutes else float("inf")
    runner = running.Runner(places, machine["gpu"], until)
    for phase in found:
        if phase.name[0] in options.again:
            runner.forget(phase)
    try:
        runner.run(chosen)
    finally:
        measured = None if options.little else places.work / "2-steps/measured"
        said = summary.summarise(runner, found, {**machine, "kit_commit": about["commit"]}, measured)
        (places.output / SUMMARY).write_text(json.dumps(said, indent=1), encoding="utf-8")
    summary.show(said)
    print(f'Bring home what is in {places.output}; there: make gpu-import FILES="..."')


def bring(options: argparse.Namespace) -> None:
    """Lay out and render what was brought home."""
    reports = bringing.bring(options.files, options.output)
    said = [f"The report is ready: {report.resolve()}" for report in reports]
    print(*(said or [f"{options.output}: laid out; none of these files holds records of a study"]), sep="\n")


if __name__ == "__main__":
    asked = parse(sys.argv[1:])
    if asked.command != "import":
        for name in ("earlier", "output"):
            if given := getattr(asked, name, None):
                setattr(asked, name, [p.absolute() for p in given] if name == "earlier" else given.absolute())
        os.chdir(ROOT)  # the commands' paths, which records keep, are relative to the checkout
    try:
        {"pack": pack, "run": run, "import": bring}[asked.command](asked)
    except OSError as error:  # of a disk, or of a path that the caller named
        sys.exit(f"on_gpu.py: {error.filename or asked.command}: {error.strerror or error}")
