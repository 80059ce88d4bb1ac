"""Configurations as people write them: each is a plan, or one line that names key, fault and cure."""

import json
import re
import time
from pathlib import Path

import pytest

import plan_study
from bakeoff.command import UserError
from bakeoff.plan import make, written
from bakeoff.plan import partial as half_made
from checkout import ROOT

STUDY = written.read_file(ROOT / "config/config.yaml")


def plan(text: str = "", gpu: str = "absent") -> make.Plan:
    """Return the plan of a study that a text is laid over."""
    own = written.read(text.encode(), "own.yaml")
    return make.make(written.overlay(written.overlay(STUDY, {"gpu": gpu}), own))


def refused(text: str, gpu: str = "absent") -> str:
    with pytest.raises(UserError) as caught:
        plan(text, gpu)
    (line,) = str(caught.value).splitlines()
    assert len(line) < 300
    return line


FAULTS = {
    "catalog: {networks: {own: {build: 'here:net'}}}\nnetworks: {models: own}": (
        "config, catalog/networks/own: here:net: no module here; install its package, or put here.py into "
    ),
    "datasets: [mnits]": "config, datasets: mnits is no row of the catalog's datasets; did you mean mnist?",
    "sedes: [1]": "config, top level: sedes is unknown; did you mean seeds?",
    "networks: {models: [resnet19]}": (
        "config, networks/models: resnet19 is no row of the catalog's networks; did"
    ),
    "networks: {optimizers: []}": "config, networks/optimizers: [] is empty; name at least one",
    "networks: {grid: []}": "config, networks/grid: [] is empty; name at least one",
    "networks: 3": (
        "config, networks: 3 is no section; its keys are models, optimizers, input_size, pack, grid"
    ),
    "resnet: {models: []}": "config, resnet: is called networks now; rename the section",
    "split: {train: 0.5}": "config, split: train + validation + holdout is 0.8; make it 1",
    "networks: {grid: [{**: 1}]}".replace("**", "epoch"): (
        "config, networks/grid/0: epoch is unknown; did you mean epochs?"
    ),
    "networks: {grid: [{epochs: 1, devices: [gpu]}]}": (
        "config, networks/grid: no block is meant for the cpu; add one"
    ),
    "classifiers: {names: [kn]}": (
        "config, classifiers/names: kn is no row of the catalog's classifiers; did you mean knn?"
    ),
    "classifiers: {name: [knn]}": "config, classifiers: name is unknown; did you mean names?",
    "catalog: {classifiers: {a: {build: 'a:b', scale: log}}}": (
        "config, catalog/classifiers/a/scale: log is unknown; known are standard, minmax, none"
    ),
    "catalog: {classifiers: {a: {build: 'a:b', settings: {scale: [1, 2]}}}}": (
        "config, catalog/classifiers/a: settings/scale: is what is done to the pixels in a grid; give it one"
    ),
    "catalog: {classifiers: {own: {build: 'here:Own'}}}\nclassifiers: {names: own}": (
        "config, catalog/classifiers/own: here:Own: no module here; install its package, or put here.py into "
    ),
    "catalog: {networks: {a: {build: 'a:b', label: ''}}}": "config, catalog/networks/a/label: ",
    "svm: {engine: fast}": "config, svm/engine: fast is unknown; known are auto, pairwise, sklearn, intelex",
    "svm: {grid: {rbf: [{C: 1, scale: log}]}}": "config, svm/grid/rbf/0/scale: log is unknown; known are",
    "svm: {grid: {rbf: [{C: 1, degree: [2, 3]}]}}": (
        "config, svm/grid/rbf/0/degree/0: means nothing here; leave"
    ),
    "svm: {grid: {linear: [{C: 1, gamma: auto}]}}": (
        "config, svm/grid/linear/0/gamma: means nothing here; leave"
    ),
    "svm: {kernels: []}\nnetworks: {models: []}": (
        "config, networks/models, svm/kernels and classifiers/names: all are empty; name at least one"
    ),
    "devices: [gpu]": (
        "config, devices: gpu is asked for, but the configuration says gpu: absent; set devices"
    ),
    "devices: tpu": "config, devices: tpu is no device; did you mean gpu?",
    "devices: [mps]": (
        "config, devices: mps is Apple's GPU, which is not supported: nothing here was tried on one, and "
        "mixed precision and the clock's wait for the device are CUDA's; say cpu"
    ),
    "devices: cuda": "config, devices: cuda is called gpu here; say gpu, and CUDA_VISIBLE_DEVICES for which",
    "networks: {grid: [{epochs: 1, devices: [cpu, mps]}]}": (
        "config, networks/grid/0/devices/1: mps is Apple's GPU, which is not supported: "
    ),
    "devices: [cpu, cpu]": "config, devices: cpu is named twice; name each once",
    "devices: []": "config, devices: [] is empty; name auto, all, or a list of cpu and gpu",
    "seeds: [1, 1]": "config, seeds: 1 is named twice; name each once",
    "seeds: [18446744073709551616]": "config, seeds/0: 18446744073709551616 is more than 4294967295",
    "shards: 10000000": "config, shards: 10000000 of them, but no cell has more than 8 runs; name at most 8",
    "limit_train: .nan": "config, limit_train: NaN is not a whole number",
    "limit_train: .inf": "config, limit_train: Infinity is not a whole number",
    "networks: {grid: [{learning_rate: .inf}]}": (
        "config, networks/grid/0/learning_rate: Infinity is not a finite"
    ),
    "networks: {grid: [{learning_rate: fast}]}": (
        "config, networks/grid/0/learning_rate: fast is not a number"
    ),
    f"svm: {{grid: {{rbf: [{{C: {'9' * 400}}}]}}}}": "config, svm/grid/rbf/0/C: 999",
    "containers: {cpu: 'a{b}.sif'}": "config, containers/cpu: a{b}.sif has a brace, which is a wildcard to",
    "networks: {grid: [{batch_size: [60000, 70000]}]}": (
        "config, networks/grid/0/batch_size: 60000 is more than the 42000 training images of "
    ),
    "comparison: {batch_size: 50000}": "config, comparison/batch_size: 50000 is more than the 42000 training",
    f"data_source: [{'x' * 100_000}]": "config, data_source: ",
    f"{'x' * 1000}: 1": "config, top level: xxx",
    "datasets: &a [*a]": "own.yaml: nested without an end, or deeper than 50 levels",
    "seeds: [0]\nseeds: [0, 1]": "config, seeds: stands twice in own.yaml; name each key once",
    "svm: {grid: {rbf: [{C: 1, C: 2}]}}": "config, C: stands twice in own.yaml; name each key once",
    "- datasets": "own.yaml: no configuration, which is a mapping of keys such as `datasets: [digits]`",
    "datasets: [": "own.yaml: no YAML: ",
    "catalog: {optimizers: {a: {build: os}}}": (
        "config, catalog/optimizers/a/build: os is no import path; write package"
    ),
    "catalog: {networks: {a: {build: o s}}}": (
        "config, catalog/networks/a/build: o s is no network; write the name of torchvision's, timm:NAME"
    ),
    "catalog: {networks: {a: {}}}": "config, catalog/networks/a/build: missing; A classifier of torchvision",
    "catalog: {network: {a: {}}}": "config, catalog: network is unknown; did you mean networks?",
    "catalog: {networks: {a/b: {build: 'a:b'}}}": (
        "a/b is no name; one has letters, digits, _ and -, 64 at most"
    ),
    "catalog: {datasets: {a: {kind: idxs}}}": (
        "config, catalog/datasets/a/kind: idxs is no kind of data set; did"
    ),
    "catalog: {datasets: {a: 3}}": "config, catalog/datasets/a/kind: null is no kind of data set",
    "catalog: {optimizers: {a: {build: 'a:b', settings: [1]}}}": "is no section of keywords",
    "catalog: {datasets: {figures: {kind: 'a:b'}}}\ndatasets: figures": (
        "config, datasets: figures is the name of a folder of this workflow; give the row another"
    ),
}


@pytest.mark.parametrize("text", FAULTS, ids=lambda text: text[:40])
def test_a_wrong_configuration_is_one_line_that_names_the_key_and_the_cure(text):
    assert FAULTS[text] in refused(text)


# What is plainly meant, however it is written.
MEANT = {
    "shards: 2.0": ("shards", 2),
    "final_seeds: 1e0": ("final_seeds", 1),
    "limit_train: 1e3": ("limit_train", 1000),
    "seeds: ['0', 1.0]": ("seeds", [0, 1]),
    "seeds: 3": ("seeds", [3]),
    "datasets: mnist": ("datasets", ["mnist"]),
    "devices: cpu": ("devices", ["cpu"]),
    "partial: 'false'": ("partial", False),
    "data_source: /with/{braces}": ("data_source", "/with/{braces}"),
}


@pytest.mark.parametrize("text", MEANT)
def test_what_is_plainly_meant_is_taken(text):
    key, value = MEANT[text]
    found = make.as_config(plan(text).study)[key]
    assert found == value
    assert type(found) is type(value)


def test_numbers_as_people_write_them_are_numbers():
    found = plan(
        "networks: {grid: [{batch_size: 16, learning_rate: [1e-3, 3E-4], epochs: 1e0}]}\n"
        "svm: {grid: {rbf: [{C: [1e1, 1.5e1, 5], gamma: [scale, 1e-2]}]}}\ncomparison: {learning_rate: 1e-3}"
    )
    said = make.as_json(found)["arguments"]
    assert json.loads(said["networks"]["grid"]["cpu"]) == [
        {"batch_size": 16, "learning_rate": [0.001, 0.0003], "epochs": 1}
    ]
    assert json.loads(said["svm"]["grid"]["rbf"]) == [{"C": [10.0, 15.0, 5.0], "gamma": ["scale", 0.01]}]
    assert json.loads(said["comparison"]["settings"])["learning_rate"] == 0.001


def test_the_configuration_as_planned_plans_the_same_again():
    for name in ("config.yaml", "demo.yaml"):
        first = make.make(
            written.overlay(STUDY, written.read_file(ROOT / "config" / name)) | {"gpu": "present"}
        )
        again = make.make(make.as_config(first.study))
        assert make.as_json(again) == make.as_json(first)


def test_an_own_row_stands_beside_the_shipped_and_one_with_a_shipped_name_replaces_it_whole():
    text = "catalog: {optimizers: {adamw: {build: 'torch.optim:AdamW'}, sgd: {build: 'torch.optim:RMSprop'}}}"
    found = plan(f"{text}\nnetworks: {{optimizers: [adamw, sgd]}}\ncomparison: {{optimizers: [adamw]}}")
    said = make.as_json(found)["rows"]["optimizers"]
    assert json.loads(said["adamw"]) == {"name": "adamw", "build": "torch.optim:AdamW"}
    assert json.loads(said["sgd"]) == {"name": "sgd", "build": "torch.optim:RMSprop"}  # no momentum is left
    assert json.loads(said["adam"]) == {"name": "adam", "build": "torch.optim:Adam"}
    assert "results/mnist/resnet18_adamw_cpu.json" in found.records()["cells"]
    assert re.fullmatch(make.as_json(found)["wildcards"]["optimizer"], "adamw")


def test_a_setting_that_is_a_list_is_an_axis_of_the_grid():
    settings = "{weight_decay: [0, 0.1], betas: [[0.9, 0.99]]}"
    text = f"catalog: {{optimizers: {{adam: {{build: 'torch.optim:Adam', settings: {settings}}}}}}}"
    runs = {
        cell.competitor: cell.runs
        for cell in plan(f"{text}\nseeds: [0, 1, 2]").grids
        if cell.dataset == "mnist"
    }
    assert (runs["resnet18_sgd"], runs["resnet18_adam"]) == (24, 48)


def test_two_cells_of_one_name_are_refused():
    row = "{build: 'a:b'}"
    own = f"catalog: {{networks: {{a: {row}, a_b: {row}}}, optimizers: {{c: {row}, b_c: {row}}}}}\n"
    said = refused(f"{own}networks: {{models: [a], optimizers: [b_c]}}")
    assert said == "config, catalog: a with b_c and a_b with c would both be called a_b_c; rename a row"
    svm = f"catalog: {{networks: {{svm: {row}}}, optimizers: {{rbf: {row}}}}}"
    assert "would both be called svm_rbf; rename a row" in refused(svm)
    timed = f"{own}comparison: {{models: [a], optimizers: [b_c]}}"
    assert refused(timed) == said
    third = "catalog: {classifiers: {NAME: {build: 'a:b'}}}"
    said = "config, catalog: svm with poly and svm_poly would both be called svm_poly; rename a row"
    assert refused(third.replace("NAME", "svm_poly")) == said
    assert "resnet50 with sgd and resnet50_sgd would" in refused(third.replace("NAME", "resnet50_sgd"))
    assert plan(third.replace("NAME", "svm_linear")), "no cell has that name"


OWN = """
catalog:
  classifiers:
    Own-1: {build: "sklearn.svm:LinearSVC", settings: {C: [1e-1, 1], tol: 1e-3}, scale: [minmax, none]}
    logistic: {build: "sklearn.linear_model:LogisticRegression", label: Logit, settings: {solver: saga}}
classifiers: {names: [Own-1, logistic, knn]}
"""


def test_a_third_family_has_a_grid_per_row_of_its_axes_and_a_cell_on_the_cpu():
    found = plan(f"{OWN}\ndatasets: [digits]\nseeds: [0, 1]", gpu="present")
    assert [(cell.name, cell.runs) for cell in found.grids[-3:]] == [
        ("Own-1_cpu", 8),
        ("logistic_cpu", 2),
        ("knn_cpu", 4),
    ]
    said = make.as_json(found)
    grids = {name: json.loads(text) for name, text in said["arguments"]["classifiers"]["grid"].items()}
    assert grids["Own-1"] == [{"scale": ["minmax", "none"], "C": [0.1, 1]}]
    assert grids["logistic"] == [{"scale": "standard"}]
    assert grids["knn"] == [{"scale": "standard", "n_neighbors": [1, 5]}]
    assert grids["forest"] == [{"scale": "none", "max_features": ["sqrt", 0.1]}]
    names = said["wildcards"]
    assert all(re.fullmatch(names["classifier"], name) for name in grids)
    for name in ("Own-1", "knn", "svm_sigmoid", "resnet50_adam"):
        assert re.fullmatch(names["competitor"], name)
    assert not re.fullmatch(names["competitor"], "resnet50_knn")
    names = ["Own-1", "logistic", "knn"]
    assert said["config"]["classifiers"] == {"names": names, "features": ["pixels"]}
    assert make.as_json(make.make(said["config"])) == said


def test_the_plan_lists_what_lies_beside_the_records():
    said = make.as_json(plan(f"{OWN}\ndatasets: [digits]"))
    assert "results/digits/knn_cpu.json" in said["records"]["cells"]
    assert "results/digits/models/knn_cpu.safetensors" in said["models"]
    assert len(said["models"]) == len(said["records"]["cells"])
    for place in ("digits/", "digits/alone/"):
        assert f"results/{place}predictions/Own-1_cpu.npz" in said["predictions"]
    assert "results/fashion/speed/predictions/resnet18_sgd_cpu.npz" in said["predictions"]
    assert len(said["predictions"]) == sum(map(len, said["records"].values()))


def test_a_block_that_is_too_large_is_told_by_its_own_section():
    many = [number + 1 for number in range(10_001)]
    for text, place in (
        (f"networks: {{grid: [{{epochs: {many}}}]}}", "networks/grid"),
        (f"svm: {{grid: {{rbf: [{{C: {many}}}]}}}}", "svm/grid/rbf"),
        (
            f"catalog: {{classifiers: {{a: {{build: 'a:b', settings: {{n: {many}}}}}}}}}\n"
            "classifiers: {names: a}",
            "catalog/classifiers/a",
        ),
    ):
        assert refused(text) == f"config, {place}: a block of 10001 settings; 10000 are the most"


def test_names_are_matched_the_longest_first_and_as_they_are():
    assert make.any_of(["a", "a-b", "ab"]) == r"a\-b|ab|a"


def test_an_anchor_bomb_is_one_line_at_once():
    levels = [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 40)]
    start = time.monotonic()
    assert "with what its anchors stand for" in refused("\n".join(["a0: &a0 [1]", *levels]))
    assert time.monotonic() - start < 5


def test_files_that_are_none_are_one_line(tmp_path):
    (tmp_path / "latin.yaml").write_bytes("# Größe\nseeds: [0]\n".encode("latin-1"))
    with pytest.raises(UserError, match=r"latin\.yaml: line 1 is not UTF-8; save the file as UTF-8$"):
        written.read_file(tmp_path / "latin.yaml")
    with pytest.raises(UserError, match=r"absent\.yaml: no such file"):
        written.read_file(tmp_path / "absent.yaml")
    (tmp_path / "empty.yaml").touch()
    assert written.read_file(tmp_path / "empty.yaml") == {}


def test_with_a_gpu_the_grid_moves_there_and_the_comparison_has_both_devices():
    found = plan(gpu="present")
    assert {cell.device for cell in found.grids if "svm" not in cell.name} == {"gpu"}
    assert make.as_json(found)["devices"] == ["cpu", "gpu"]
    assert len(found.compared) == 8
    grids = make.as_json(found)["arguments"]["networks"]["grid"]
    on_gpu, on_cpu = (json.loads(grids[device]) for device in ("gpu", "cpu"))
    assert (len(on_gpu), len(on_cpu)) == (2, 1)
    assert on_gpu[1]["pin_memory"] == [True, False]


def call(capsys, *words: str) -> str:
    """Call the command in this process and return what it prints."""
    from unittest import mock

    from bakeoff import command

    with mock.patch("sys.argv", ["plan_study.py", *words]):
        command.run(plan_study.main, plan_study.Options)
    return capsys.readouterr().out


def test_the_command_prints_json_or_explains(capsys, tmp_path):
    demo = ("--configfile", str(ROOT / "config/demo.yaml"), "--config", '{"gpu": "absent", "seeds": [0, 1]}')
    said = json.loads(call(capsys, *demo))
    assert said["records"]["cells"] == [
        f"results/digits/{name}_cpu.json" for name in ("resnet18_sgd", "resnet18_adam", "svm_rbf", "svm_poly")
    ]
    text = call(capsys, *demo, "--explain")
    assert re.search(
        r"^digits: 1,006 train, 143 validation, 289 holdout, 359 test images$", text, re.MULTILINE
    )
    assert re.search(r"^  resnet18_sgd_cpu +4 runs$", text, re.MULTILINE)
    assert "4 cells, 16 runs to choose by;" in text
    assert "1 cell of the comparison:" in text


def test_every_fold_is_a_run_more_and_what_only_a_fit_knows_is_a_bound(capsys, tmp_path):
    own = tmp_path / "own.yaml"
    own.write_text("split: {folds: 3}\nseeds: [0, 1]\nclassifiers: {names: [knn]}\n")
    demo = ("--configfile", str(ROOT / "config/demo.yaml"), str(own), "--config", '{"gpu": "absent"}')
    text = call(capsys, *demo, "--explain")
    assert re.search(r"^digits: 1,149 in 3 folds, 289 holdout, 359 test images$", text, re.MULTILINE)
    for name, runs in ("resnet18_sgd", "12"), ("svm_rbf", "12"), ("knn", "up to 12"):
        assert re.search(rf"^  {name}_cpu +{runs} runs$", text, re.MULTILINE)
    assert "5 cells, up to 60 runs to choose by;" in text
    assert "what each chose, fitted again on all 3 folds;" in text
    assert plan("shards: 12\ndatasets: [digits]\nsplit: {folds: 6}\nnetworks: {models: []}")


def test_folds_that_are_cut_twice_are_twice_the_runs(capsys, tmp_path):
    own = tmp_path / "own.yaml"
    own.write_text("split: {folds: 3, repeats: 2}\nseeds: [0, 1]\nclassifiers: {names: [knn]}\n")
    demo = ("--configfile", str(ROOT / "config/demo.yaml"), str(own), "--config", '{"gpu": "absent"}')
    text = call(capsys, *demo, "--explain")
    assert re.search(r"^digits: 1,149 in 3 folds, cut 2 times, 289 holdout,", text, re.MULTILINE)
    for name, runs in ("resnet18_sgd", "24"), ("knn", "up to 24"):
        assert re.search(rf"^  {name}_cpu +{runs} runs$", text, re.MULTILINE)
    assert "what each chose, fitted again on all 3 folds;" in text


def test_planning_imports_nothing_heavy():
    import subprocess
    import sys

    probe = "import sys; sys.argv = ['plan_study.py', '--config', '{\"gpu\": \"absent\"}']; import runpy\n"
    probe += f"sys.path.insert(0, {str(ROOT / 'workflow/scripts')!r})\n"
    probe += f"runpy.run_path({str(ROOT / 'workflow/scripts/plan_study.py')!r}, run_name='__main__')\n"
    probe += "print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.splitlines()[-1].split())
    assert not loaded & {"numpy", "torch", "sklearn", "pandas", "scipy", "matplotlib", "jsonschema"}


# A partial report: whose records lie here.


def partial_plan(place: Path, monkeypatch, own: dict) -> tuple[make.Plan, str | None]:
    monkeypatch.chdir(place)
    given = {"gpu": "absent", **own}
    asked = make.make(written.overlay(STUDY, {**given, "partial": True}))
    return half_made.find(asked, {"gpu": "absent"}, make.make)


def leave(place: Path, record: str) -> None:
    (place / record).parent.mkdir(parents=True, exist_ok=True)
    (place / record).touch()


def test_the_study_whose_records_lie_here_is_found(tmp_path, monkeypatch):
    leave(tmp_path, "results/digits/svm_rbf_cpu.json")
    found, note = partial_plan(tmp_path, monkeypatch, {})
    assert found.study.datasets == ["digits"]
    assert note == "no cell of the study asked for has a record; this report is of config/demo.yaml."
    leave(tmp_path, "results/mnist/svm_rbf_cpu.json")
    found, note = partial_plan(tmp_path, monkeypatch, {})
    assert (found.study.datasets, note) == (["mnist", "fashion"], None)


def test_the_study_that_was_run_here_last_is_known(tmp_path, monkeypatch):
    leave(tmp_path, "results/fashion/svm_sigmoid_cpu.json")
    own = make.make(written.overlay(STUDY, {"gpu": "absent", "svm": {"kernels": ["sigmoid"]}}))
    (tmp_path / ".snakemake").mkdir()
    (tmp_path / half_made.RUN_LAST).write_text(json.dumps(make.as_config(own.study)))
    found, note = partial_plan(tmp_path, monkeypatch, {"datasets": ["digits"]})
    assert found.study.svm.kernels == ["sigmoid"]
    assert "of the study that was run here last" in note


@pytest.mark.parametrize("last", [None, "3", "null", '"x"', "[" * 90_000], ids=lambda text: str(text)[:4])
def test_nothing_at_all_is_one_line_whatever_is_noted_of_the_last_study(tmp_path, monkeypatch, last):
    if last:
        (tmp_path / ".snakemake").mkdir()
        (tmp_path / half_made.RUN_LAST).write_text(last)
    with pytest.raises(UserError, match=r"^config, partial: no cell has a record yet; run the study first$"):
        partial_plan(tmp_path, monkeypatch, {})
    leave(tmp_path, "results/flowers/own_sgd_cpu.json")
    said = (
        r"no cell of this study has a record, but results/flowers/own_sgd_cpu.json lies here; name the file"
    )
    with pytest.raises(UserError, match=said):
        partial_plan(tmp_path, monkeypatch, {})
