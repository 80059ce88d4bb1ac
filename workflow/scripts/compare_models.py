"""Compare the best of every two models on the same test images."""

from dataclasses import dataclass
from pathlib import Path

from bakeoff import command, values
from bakeoff.analysis import contrasts, study, tables
from bakeoff.command import option


@dataclass(frozen=True)
class Options:
    """Paired McNemar tests between models and between optimizers, Holm-corrected within each kind."""

    records: Path = option("records.jsonl, made by collect_results.py")
    output: Path = option("CSV to write", check=values.to_write)


def main(options: Options) -> None:
    """Write the table."""
    tables.write(options.output, contrasts.COLUMNS, contrasts.rows(study.load(options.records)))


if __name__ == "__main__":
    command.run(main, Options)
