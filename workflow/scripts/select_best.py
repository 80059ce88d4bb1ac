"""Choose the best configuration of every competitor on every data set."""

from dataclasses import dataclass
from pathlib import Path

from bakeoff import command, values
from bakeoff.analysis import best, study, tables
from bakeoff.analysis.derived import BestRow
from bakeoff.command import option


@dataclass(frozen=True)
class Options:
    """Choose by validation accuracy, never by test accuracy; one row per data set and competitor."""

    records: Path = option("records.jsonl, made by collect_results.py")
    output: Path = option("CSV to write", check=values.to_write)


def main(options: Options) -> None:
    """Write the table."""
    tables.write(options.output, BestRow, best.rows(study.load(options.records)))


if __name__ == "__main__":
    command.run(main, Options)
