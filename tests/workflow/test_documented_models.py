"""The five rows of docs/models.md in one study, to its finished report."""

import pytest
import yaml

import models_page
import studies
from bakeoff.plan import written
from checkout import CORES, copy_to, snakemake
from models_page import ROWS
from optional import needs_extra

pytest.importorskip("torch")

pytestmark = [pytest.mark.study, needs_extra("pretrained")]

STUDY = {
    "datasets": "digits",
    "limit_train": 120,
    "limit_test": 60,
    "devices": "cpu",
    "gpu": "absent",
    "final_seeds": 1,
    "svm": {"kernels": []},
    "comparison": {"datasets": []},
}
# As small as all five can take.
SMALL = {
    "models": list(ROWS),
    "input_size": 32,
    "grid": [{"batch_size": 16, "learning_rate": 0.003, "epochs": 1}],
}


@pytest.fixture(scope="module")
def five(tmp_path_factory):
    """Return the finished study."""
    folder = copy_to(tmp_path_factory.mktemp("five") / "five rows")
    models_page.put(folder)
    study = STUDY
    for page in ROWS.values():
        study = written.overlay(study, page)
    (folder / "own.yaml").write_text(yaml.safe_dump(written.overlay(study, {"networks": SMALL})))
    hub = models_page.put_in_hub(folder / "hub", ROWS["atto"]["catalog"]["networks"]["atto"]["build"])
    own = {"CUDA_VISIBLE_DEVICES": "", **hub}
    done = snakemake(folder, *CORES, "--configfile", "own.yaml", **own)
    assert done.returncode == 0, done.stdout
    return folder


@pytest.mark.parametrize("name", ROWS)
def test_each_row_has_a_record_of_a_training_that_finished(five, name):
    row = ROWS[name]["catalog"]["networks"][name]
    record = studies.read(five / f"results/digits/{name}_adam_cpu.json")
    assert [run["status"] for run in record["runs"]] == ["ok"]
    assert ("start" in record["runs"][0]["details"]) == ("weights" in row)
    assert record["label"] == row.get("label", name)


def test_the_report_shows_them_all(five):
    html = (five / "results/report.html").read_text(encoding="utf-8")
    labels = [row.get("label", name) for name, row in studied().items()]
    assert [label for label in labels if label not in html] == []


def studied() -> dict:
    return {name: page["catalog"]["networks"][name] for name, page in ROWS.items()}
