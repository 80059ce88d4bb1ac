"""The workflow as modules of another project: each in a place of its own, made again for its code alone."""

import json
import re
import subprocess

import pytest

import studies
from checkout import CORES, copy_to, snakemake
from optional import needs

# Three modules: from a local repository, from a host that was cloned before, and from a checkout.
PROJECT = """
STUDY = {{
    "datasets": ["digits"], "limit_train": 200, "limit_test": 100, "gpu": "absent", "final_seeds": 1,
    "networks": {{"models": []}}, "comparison": {{"datasets": []}},
    "svm": {{"kernels": ["linear"], "grid": {{"linear": [{{"C": 1.0}}]}}}},
}}


rule first:
    input:
        "ours/results/{target}",
        "theirs/results/digits/svm_poly_cpu.json",


module ours:
    snakefile:
        gitfile("{repository}", path="workflow/Snakefile", tag="{ours}")
    config:
        STUDY
    prefix:
        "ours"


use rule * from ours as ours_*


module theirs:
    snakefile:
        github("a-team/bakeoff", path="workflow/Snakefile", tag="{theirs}")
    config:
        {{**STUDY, "svm": {{"kernels": ["poly"]}}, "limit_train": 150, "shards": 2}}
    prefix:
        "theirs"


use rule * from theirs as theirs_*


module here:
    snakefile:
        "{repository}/workflow/Snakefile"
    prefix:
        "here"


use rule * from here as here_*
"""
CHANGES = {"plotted": "plots/style.py", "fitted": "families/svm/kernels.py"}


def git(folder, *words: str) -> None:
    person = ("-c", "user.name=a person", "-c", "user.email=person@example.org")
    subprocess.run(["git", *person, *words], cwd=folder, check=True, capture_output=True)


def write(folder, repository, **tags: str) -> None:
    text = PROJECT.format(repository=repository, **tags)
    (folder / "Snakefile").write_text(text, encoding="utf-8")


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """Return another project, the repository of its modules, and how it is called there."""
    place = tmp_path_factory.mktemp("modules")
    repository, folder = copy_to(place / "a repository"), place / "a project"
    git(repository, "init", "--quiet")
    for tag in ("made", *CHANGES):
        if tag in CHANGES:
            with open(repository / "workflow/scripts/bakeoff" / CHANGES[tag], "a", encoding="utf-8") as file:
                file.write("\n# changed\n")
        git(repository, "add", "--all")
        git(repository, "commit", "--quiet", "--message", tag)
        git(repository, "tag", tag)
    cache = place / "cache"
    clone = cache / "snakemake/snakemake/source-cache/snakemake-git-cache/github.com/a-team/bakeoff"
    git(place, "clone", "--quiet", "--bare", str(repository), str(clone))
    folder.mkdir()

    def call(*arguments: str, **tags: str) -> str:
        write(folder, repository, **tags)
        done = snakemake(folder, *arguments, XDG_CACHE_HOME=str(cache), CUDA_VISIBLE_DEVICES="")
        assert done.returncode == 0, done.stdout
        return done.stdout

    return folder, call


def jobs(printed: str) -> dict[str, int]:
    table = printed.split("Job stats:")[1].split("total")[0]
    return {rule: int(count) for rule, count in re.findall(r"^(\w+) +(\d+)$", table, re.M)}


@pytest.mark.study
@needs("git")
def test_modules_side_by_side_keep_to_their_places_and_rerun_for_their_code_alone(project):
    folder, call = project
    first = {"ours": "made", "theirs": "made", "target": "best.csv"}
    made = jobs(call(*CORES, **first))
    assert (made["first"], made["ours_train_svm"], made["theirs_train_svm_shard"]) == (1, 1, 2)
    assert {path.name for path in folder.iterdir()} == {"Snakefile", ".snakemake", "ours", "theirs"}
    ours, theirs = (
        studies.read(folder / f"{name}/results/digits/svm_{kernel}_cpu.json")
        for name, kernel in (("ours", "linear"), ("theirs", "poly"))
    )
    assert (ours["data"]["limit_train"], theirs["data"]["limit_train"]) == (200, 150)
    assert [record["environments"][0]["git_commit"] for record in (ours, theirs)] == [
        json.loads((folder / f".snakemake/bakeoff/{name}/source/source.json").read_text())["git_commit"]
        for name in ("ours", "theirs")
    ]
    assert ours["environments"][0]["source"].endswith("/a repository@made")
    assert theirs["environments"][0]["source"] == "github.com/a-team/bakeoff@made"

    # Files of another version are nothing to do, unless they are code that what was made depends on.
    assert "Nothing to be done" in call("-n", **{**first, "ours": "plotted"})
    later = {"ours": "plotted", "theirs": "fitted", "target": "report.html"}
    printed = call("-n", "-p", "first", "here/results/digits/svm_rbf_cpu.json", **later)
    planned = jobs(printed)
    assert {"ours_train_svm", "ours_fetch_dataset", "theirs_prepare_dataset"}.isdisjoint(planned)
    assert (planned["ours_render_report"], planned["theirs_train_svm"], planned["here_train_svm"]) == (
        1,
        1,
        1,
    )

    commands = [
        # A value of the configuration as run, which is below the module's prefix like all of it.
        line.replace('"report_folder": "results"', "")
        for line in printed.splitlines()
        if line.startswith("Shell command: ")
    ]
    assert len(commands) > 10
    placed = re.compile(r"(?<![\w/.])(?:\S*/)?(?:results|resources|logs)(?:/|\b)")
    paths = [word for line in commands for word in re.split(r"[\s'\"]+", line) if placed.match(word)]
    outside = [word for word in paths if not re.match(r"@?(ours|theirs|here|\.snakemake/bakeoff)/", word)]
    assert not outside
