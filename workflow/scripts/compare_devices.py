"""Compare the same training on CPU and GPU."""

from dataclasses import dataclass
from pathlib import Path

from bakeoff import command, values
from bakeoff.analysis import speedup, study, tables
from bakeoff.analysis.derived_times import SpeedupRow
from bakeoff.command import option


@dataclass(frozen=True)
class Options:
    """Medians, ranges and speedups of matched CPU and GPU trainings, or why there are none."""

    records: Path = option("records.jsonl, made by collect_results.py")
    output: Path = option("CSV to write", check=values.to_write)


def main(options: Options) -> None:
    """Write the table."""
    tables.write(options.output, SpeedupRow, speedup.rows(study.load(options.records)))


if __name__ == "__main__":
    command.run(main, Options)
