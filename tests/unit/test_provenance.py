"""Where the numbers come from: one table per machine, whatever a cell was given of it."""

import studies
from bakeoff.report import provenance
from rendered import collected


def facts(table) -> dict[str, str]:
    return {row[0].text: row[1].text for row in table.rows}


def test_what_a_cell_was_given_makes_no_other_machine(tmp_path):
    cells = studies.small()
    cells[0]["environments"][0]["threads"] = 1
    cells[1]["peak_flops_per_s"] = 2e11
    [machine] = provenance.machines(collected(tmp_path, cells))
    assert "1, 8 (the grid)" in facts(machine)["Threads for training"]
    assert "Given by the batch system" not in facts(machine)


def test_another_processor_is_another_machine(tmp_path):
    cells = studies.small()
    cells[0]["environments"][0]["cpu"] = "Other CPU"
    assert len(provenance.machines(collected(tmp_path, cells))) == 2


def test_what_a_batch_system_gave_is_said(tmp_path):
    cells = studies.small()
    cells[0]["allocation"], cells[1]["allocation"] = "the whole node", "1 of the node's 8 cores"
    [machine] = provenance.machines(collected(tmp_path, cells))
    assert facts(machine)["Given by the batch system"] == "the whole node; 1 of the node's 8 cores"


def test_a_cell_on_the_cpu_is_of_the_machine_with_the_only_gpu(tmp_path):
    cells = studies.small()
    for cell in cells[:2]:
        cell["environments"][0] |= {"gpu": "One GPU", "driver": "570.10"}
        cell["environments"][0]["versions"]["cuda"] = "12.8"
    [machine] = provenance.machines(collected(tmp_path, cells))
    assert facts(machine)["GPU"] == "One GPU, used by 2 of 6 cells"
    assert facts(machine)["cuda"] == "12.8"
    cells[1]["environments"][0]["gpu"] = "Other GPU"
    found = [facts(table)["GPU"] for table in provenance.machines(collected(tmp_path, cells))]
    # What ran on the CPU of that host may be held against either.
    assert found == ["One GPU, used by 1 of 5 cells", "Other GPU, used by 1 of 5 cells"]


def test_builds_and_commits_make_no_other_machine_and_are_all_named(tmp_path):
    cells = studies.small()
    cells[0]["environments"][0] |= {"git_commit": "b" * 40, "image_digest": "sha256:1"}
    cells[0]["environments"][0]["versions"] |= {"torch": "2.12.0+cu130"}
    [machine] = provenance.machines(collected(tmp_path, cells))
    assert facts(machine)["torch"] == "2.12.0+cu130; 2.12.0"
    assert facts(machine)["Source commit"].startswith(f"{'b' * 40} (1 cell); ")
    assert facts(machine)["Container image"] == "sha256:1 (1 cell); none: run outside a container (5 cells)"


def test_every_cell_of_a_machine_is_named(tmp_path):
    cells = studies.small()
    cells[0]["environments"][0]["cpu"] = "Other CPU"
    notes = [table.note for table in provenance.machines(collected(tmp_path, cells))]
    assert notes[0] == "1 cell ran here: digits/resnet18_adam_cpu."
    assert "digits/speed/resnet18_adam_cpu" in notes[1]
    assert notes[1].count("digits/") == 5


def test_another_version_from_another_address_makes_no_other_machine(tmp_path):
    cells = studies.small()
    assert "Source" not in facts(provenance.machines(collected(tmp_path, cells))[0])
    for cell, version in zip(cells[:3], ("v1", "v1", "v2"), strict=True):
        cell["environments"][0] |= {"source": f"github.com/a/b@{version}", "git_commit": version}
    [machine] = provenance.machines(collected(tmp_path, cells))
    assert facts(machine)["Source"] == "github.com/a/b@v1; github.com/a/b@v2"
