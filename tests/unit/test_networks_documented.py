"""config/README.md says of a network's row what its dataclass says; every row of its example can be built."""

import re
from pathlib import Path

import pytest
import yaml
from test_kinds_documented import README, table

from bakeoff.networks import freezing, models
from bakeoff.networks.models import NETWORKS, Network
from bakeoff.rows import Named, shipped
from own_networks import network, put

torch = pytest.importorskip("torch")

SECTION = re.search(r"^## Networks\n(.*?)(?=^## )", README, re.M | re.S)[1]
EXAMPLE = yaml.safe_load(re.search(r"((?:^    .*\n)+)", SECTION, re.M)[1])
ROWS = EXAMPLE["catalog"]["networks"]
# timm's are built where it is installed: test_pretrained.py.
BUILT = [name for name, row in ROWS.items() if not row["build"].startswith("timm:")]


def test_the_fields_of_a_network_are_in_the_readme():
    assert table(Network, ()) in SECTION, f"its section should hold:\n\n{table(Network, ())}"


def test_the_readme_names_the_networks_that_are_shipped():
    first = SECTION.strip().partition("come with")[0]
    assert sorted(re.findall(r"`(\w+)`", first)) == sorted(shipped()["networks"])


@pytest.fixture
def files(tmp_path, monkeypatch) -> Path:
    """A home that is the working directory, with the files that the example names; nothing can be fetched."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    put(tmp_path)
    made = {
        "weights/mobile.pth": "mobilenet_v3_small",
        "torch/hub/checkpoints/resnet18-f37072fd.pth": "resnet18",
    }
    for place, build in made.items():
        (tmp_path / place).parent.mkdir(parents=True)
        torch.save(models.build(network(build=build), 1000, 0).state_dict(), tmp_path / place)
    from safetensors.torch import save_file

    save_file(
        models.build(network(build="resnet18"), 1000, 0).state_dict(), tmp_path / "resnet18.safetensors"
    )
    return tmp_path


@pytest.mark.parametrize("name", BUILT)
def test_every_row_of_the_example_is_built_and_answers(files, name):
    row = NETWORKS.read(name, ROWS[name])
    assert NETWORKS.named(str(Named(name, row))).row == row
    found, fit = models.made(row, 3, 0)
    assert (fit is None) == (row.weights is None)
    assert (freezing.count(found)[0] > 0) == (row.freeze != "none")
    size = row.input_size or {"own": 8}.get(name, 28)
    with torch.no_grad():
        assert found.eval()(torch.zeros(1, 3, size, size)).shape == (1, 3)
