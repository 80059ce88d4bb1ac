"""What Snakemake itself takes: planning time, and engine time per job, by the number of cells.

The real rules, Snakefile and profile in a temporary folder, with two stand-ins: rows of data sets that are
never fetched, and commands that write empty files at once. In turns with the plan of the real rules, what
Snakemake plans as many jobs of one rule in: one that says what a cell's rule does (inputs, outputs,
parameters, log, resources, image), and the least, with one output. Engine time per job is the processor
time of Snakemake's own process, planning included, and beside it the wall time that a run takes longer than
the same stand-ins without Snakemake, side by side on as many cores, which other work on the machine
disturbs.

    python benchmarks/dag_scale.py [--cells 100 1000 10000] [--rounds 3] [--run-at-most 1000]
"""

import argparse
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parents[1]
CELLS_OF_A_DATASET = 12  # 2 networks x 2 optimizers x 2 devices, 4 kernels
STUDY = ("--configfile", "study.yaml")
CALLS = 200  # of the stand-in alone, to know its own time
ENGINE = """
import sys, time
from snakemake.cli import main
try:
    main(sys.argv[1:])
finally:
    print("engine", time.process_time())
"""
ALL = """
rule all:
    input:
        expand("results/{{number}}/svm_rbf_cpu.json", number=range({jobs})),


rule cell:
"""
LEAST = """
    output:
        "results/{number}/svm_rbf_cpu.json",
    shell:
        "true > {output}"
"""
ALIKE = """
    input:
        script="Snakefile",
        data="Snakefile",
        code="Snakefile",
    output:
        record="results/{dataset}/svm_{kernel}_{device}.json",
        model="results/{dataset}/models/svm_{kernel}_{device}.safetensors",
        predictions="results/{dataset}/predictions/svm_{kernel}_{device}.npz",
    params:
        grid=lambda wildcards: f"[{wildcards.kernel}]",
        engine="auto",
        memory=4000,
    log:
        "logs/{dataset}/svm_{kernel}_{device}.log",
    benchmark:
        "logs/{dataset}/svm_{kernel}_{device}.tsv"
    threads: 4
    resources:
        gpu=lambda wildcards: int(wildcards.device == "gpu"),
        mem_mb=lambda wildcards, attempt: attempt * 7000,
    container:
        "cpu.sif"
    shell:
        "python {input.script:q} --data {input.data:q} --kernel {wildcards.kernel}"
        " --device {wildcards.device} --grid {params.grid:q} --engine {params.engine}"
        " --mem-mb {params.memory} --threads {threads} --output {output.record:q} 2>&1 | tee {log:q}"
"""
ONE_RULE = {"alike": ALIKE, "least": LEAST}
STAND_IN = """
import sys
from pathlib import Path
output = Path(sys.argv[sys.argv.index("--output") + 1])
output.write_text("{}")
for folder, suffix in (("models", ".safetensors"), ("predictions", ".npz")):
    if (output.parent / folder).is_dir():
        (output.parent / folder / (output.stem + suffix)).write_text("")
"""


def build(folder: Path, cells: int) -> None:
    """Write a project whose study has at least so many cells."""
    for name in ("workflow", "config", "envs", "report"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "Snakefile", folder)
    (folder / "profiles").symlink_to("workflow/profiles")
    for command in (folder / "workflow/scripts").glob("*.py"):
        if command.stem != "plan_study":
            command.write_text(STAND_IN, encoding="utf-8")
    names = [f"d{number}" for number in range(-(-cells // CELLS_OF_A_DATASET))]
    study = {
        "catalog": {"datasets": {name: {"kind": "digits", "title": name} for name in names}},
        "datasets": names,
        "devices": ["cpu", "gpu"],
        "gpu": "present",
        "svm": {"kernels": ["rbf", "poly", "linear", "sigmoid"]},
        "comparison": {"datasets": []},
    }
    (folder / "study.yaml").write_text(json.dumps(study), encoding="utf-8")


@dataclass(frozen=True)
class Call:
    """A call of Snakemake: its wall time, the processor time of its own process, what it printed."""

    wall_s: float
    engine_s: float
    text: str


def snakemake(folder: Path, *arguments: str) -> Call:
    """Call Snakemake there."""
    line = [sys.executable, "-c", ENGINE, *arguments]
    printed = folder / "printed.txt"
    with printed.open("w") as file:
        start = time.perf_counter()
        done = subprocess.run(line, cwd=folder, stdout=file, stderr=subprocess.STDOUT, check=False)
        seconds = time.perf_counter() - start
    text = printed.read_text(encoding="utf-8")
    if done.returncode:
        sys.exit(text[-5000:])
    return Call(seconds, float(re.search(r"^engine ([\d.]+)$", text, re.M)[1]), text)


def stand_in_seconds(folder: Path) -> float:
    """Return the wall time per call of the stand-in alone, on all cores, through a shell like a rule's."""
    script = folder / "workflow/scripts/train_svm.py"
    line = f"set -euo pipefail; '{sys.executable}' '{script}' --output '{folder}/x' 2>&1 | tee '{folder}/log'"
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        start = time.perf_counter()
        list(pool.map(lambda _: subprocess.run(["bash", "-c", line], check=True), range(CALLS)))
        return (time.perf_counter() - start) / CALLS


def measure(cells: int, rounds: int, run: bool) -> str:
    """Plan, and if asked run and plan again; return a line of the table."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        build(folder, cells)
        calls = {"ours": [snakemake(folder, *STUDY, "-n")], **{kind: [] for kind in ONE_RULE}}
        jobs, planned = jobs_of(calls["ours"][0]), calls["ours"][0].text
        places = {kind: one_rule(folder / kind, rule, jobs - 1) for kind, rule in ONE_RULE.items()}
        for number in range(rounds):
            if number:
                calls["ours"].append(snakemake(folder, *STUDY, "-n"))
            for kind, place in places.items():
                calls[kind].append(snakemake(place, "-n"))
        targets = re.findall(r"^    output: (results/d[0-9]+/[^/\s]+\.json)", planned, re.M)
        wall, engine = (
            median(getattr(call, name) for call in calls["ours"]) for name in ("wall_s", "engine_s")
        )
        line = f"{len(targets):6,} {jobs:7,} {wall:8.1f} s {engine:8.1f} s"
        for kind in ONE_RULE:
            pairs = zip(calls["ours"], calls[kind], strict=True)
            ratio = median(ours.engine_s / one.engine_s for ours, one in pairs)
            line += f" {median(one.engine_s for one in calls[kind]):7.1f} s {ratio:6.2f}"
        return line + (_run(folder, targets) if run else "  not run")


def one_rule(folder: Path, rule: str, jobs: int) -> Path:
    """Write a project of one rule and so many jobs."""
    folder.mkdir()
    (folder / "Snakefile").write_text(ALL.format(jobs=jobs) + rule.lstrip("\n"), encoding="utf-8")
    return folder


def jobs_of(call: Call) -> int:
    """Return how many jobs a call planned or ran."""
    return int(re.search(r"^total +(\d+)$", call.text, re.M)[1])


def _run(folder: Path, targets: list[str]) -> str:
    """Run the cells, then plan them again with nothing to do; return the rest of the line."""
    alone_s = stand_in_seconds(folder)
    cores = str(os.cpu_count())
    done = snakemake(folder, *STUDY, "--cores", cores, "--set-threads", "train_svm=1", "--", *targets)
    jobs = jobs_of(done)
    again = snakemake(folder, *STUDY, "-n", "--", *targets)
    assert "Nothing to be done" in again.text
    engine_ms = 1000 * done.engine_s / jobs
    longer_ms = 1000 * (done.wall_s / jobs - alone_s)
    return (
        f" {again.wall_s:8.1f} s {jobs:7,} {engine_ms:8.1f} ms {longer_ms:8.1f} ms {1000 * alone_s:8.1f} ms"
    )


def main() -> None:
    """Measure and print one line per size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--cells", type=int, nargs="+", default=[100, 1000, 10000])
    parser.add_argument("--rounds", type=int, default=3, help="plans per size; the table gives the median")
    parser.add_argument("--run-at-most", type=int, default=1000, help="larger grids are planned, not run")
    options = parser.parse_args()
    print(f"{os.cpu_count()} cores, Snakemake {version('snakemake')}, Python {platform.python_version()}")
    print(
        " cells    jobs   planned  its engine  rule alike  ratio   least rule  ratio"
        "  planned again    run   engine/job   longer/job   stand-in alone"
    )
    for cells in options.cells:
        print(measure(cells, options.rounds, cells <= options.run_at_most), flush=True)


if __name__ == "__main__":
    main()
