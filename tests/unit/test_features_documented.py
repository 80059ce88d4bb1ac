"""config/README.md says of a row of features what its dataclass says; every row of its example is one."""

import re

import yaml
from test_kinds_documented import README, table

from bakeoff.features.rows import FEATURES, Frozen, resolved
from bakeoff.networks.models import NETWORKS
from bakeoff.rows import shipped

SECTION = re.search(r"^## Features\n(.*?)(?=^## )", README, re.M | re.S)[1]
ROWS = yaml.safe_load(re.search(r"((?:^    .*\n)+)", SECTION, re.M)[1])["catalog"]["features"]


def test_the_fields_of_a_row_of_features_are_in_the_readme():
    assert table(Frozen, ()) in SECTION, f"its section should hold:\n\n{table(Frozen, ())}"


def test_every_row_of_the_example_and_of_the_shipped_names_a_network():
    networks = {name: NETWORKS.read(name, row) for name, row in shipped()["networks"].items()}
    for name, row in {**shipped()[FEATURES.name], **ROWS}.items():
        found = resolved(FEATURES.read(name, row), networks)
        assert name == "pixels" or found.network.build
