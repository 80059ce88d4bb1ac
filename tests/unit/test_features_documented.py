"""config/README.md says of a row of features what its dataclass says; every row of its example is one."""

import re

import pytest
import yaml
from test_kinds_documented import README, table

from bakeoff import fields
from bakeoff.features.kinds.hog import Histograms, Hog
from bakeoff.features.kinds.network import Frozen
from bakeoff.features.row import Row
from bakeoff.features.rows import FEATURES, KINDS
from bakeoff.networks.models import NETWORKS
from bakeoff.rows import shipped

SECTION = re.search(r"^## Features\n(.*?)(?=^## )", README, re.M | re.S)[1]
ROWS = yaml.safe_load(re.search(r"((?:^    .*\n)+)", SECTION, re.M)[1])["catalog"]["features"]


@pytest.mark.parametrize(
    ("kind", "left_out"), [(Row, ()), (Frozen, fields.names(Row)), (Hog, fields.names(Row)), (Histograms, ())]
)
def test_the_fields_of_a_row_of_features_are_in_the_readme(kind, left_out):
    assert table(kind, left_out) in SECTION, f"its section should hold:\n\n{table(kind, left_out)}"


def test_every_row_of_the_example_and_of_the_shipped_is_one():
    networks = {name: NETWORKS.read(name, row) for name, row in shipped()["networks"].items()}
    kinds = []
    for name, row in {**shipped()[FEATURES.name], **ROWS}.items():
        found = FEATURES.read(name, row).resolved(networks)
        kinds.append(type(found))
        assert (found.built is None) == (not isinstance(found, Frozen))
    assert set(kinds) == set(KINDS)
