"""Compare the best of every two competitors on the same test images."""

from dataclasses import dataclass
from pathlib import Path

from bakeoff import command, values
from bakeoff.analysis import contrasts, study, tables
from bakeoff.analysis.derived import TestRow
from bakeoff.command import option


@dataclass(frozen=True)
class Options:
    """Paired tests between competitors and between levels of a factor, Holm-corrected within each kind."""

    records: Path = option("records.jsonl, made by collect_results.py")
    output: Path = option("CSV to write", check=values.to_write)


def main(options: Options) -> None:
    """Write the table."""
    tables.write(options.output, TestRow, contrasts.rows(study.load(options.records)))


if __name__ == "__main__":
    command.run(main, Options)
