"""Configurations that nobody thought of: each is planned or refused in one line, and means what it meant."""

from hypothesis import HealthCheck, given, settings

import mutations


@settings(
    max_examples=500,
    deadline=5000,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(mutations.configurations())
def test_each_is_a_plan_or_one_line(config):
    mutations.check(config)


def test_the_right_ones_are_taken():
    study = mutations.RIGHT[0] | {"gpu": "absent"}
    assert mutations.check(study)
    assert mutations.check({**study, "catalog": mutations.OWN})
    assert not mutations.check({**study, "seeds": [-1]})
