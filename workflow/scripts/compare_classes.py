"""Compare the classes: how often each is found, and how often its name is right."""

from dataclasses import dataclass
from pathlib import Path

from bakeoff import command, values
from bakeoff.analysis import mistakes, study, tables
from bakeoff.analysis.derived import ClassRow
from bakeoff.command import option


@dataclass(frozen=True)
class Options:
    """Precision and recall of every class for the best configuration of every competitor."""

    records: Path = option("records.jsonl, made by collect_results.py")
    output: Path = option("CSV to write", check=values.to_write)


def main(options: Options) -> None:
    """Write the table."""
    tables.write(options.output, ClassRow, mistakes.rows(study.load(options.records)))


if __name__ == "__main__":
    command.run(main, Options)
