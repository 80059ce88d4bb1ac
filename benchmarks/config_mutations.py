"""Configurations by the thousand, each changed at random: planned, or refused in one line.

In this process, so that a traceback, a changed meaning or a hang of any is seen; what each is held against is
tests/mutations.py. Printed: how many were taken and refused, and how long the slowest took.

    PYTHONPATH=workflow/scripts:tests python benchmarks/config_mutations.py [--configurations 5000]
"""

import argparse
from time import perf_counter

from hypothesis import HealthCheck, given, settings

import mutations


def main() -> None:
    """Check so many configurations, others at every call."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--configurations", type=int, default=5000)
    options = parser.parse_args()
    counts, slowest = {True: 0, False: 0}, 0.0

    @settings(
        max_examples=options.configurations,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(mutations.configurations())
    def check(config: dict) -> None:
        nonlocal slowest
        start = perf_counter()
        counts[mutations.check(config)] += 1
        slowest = max(slowest, perf_counter() - start)

    check()
    print(
        f"{counts[True]} planned, {counts[False]} refused in one line each; the slowest took {slowest:.2f} s"
    )


if __name__ == "__main__":
    main()
