"""Put the published study's results beside ours, row by row."""

from dataclasses import dataclass
from pathlib import Path

from bakeoff import command, values
from bakeoff.analysis import published, repeatability, study, tables
from bakeoff.analysis.derived import PublishedRow
from bakeoff.command import option
from bakeoff.data import known


@dataclass(frozen=True)
class Options:
    """Join published results to ours and judge each by the spread of the published repeats."""

    records: Path = option("records.jsonl, made by collect_results.py")
    reference: Path = option("CSV of published results")
    output: Path = option(
        "CSV to write; only its header when no data set was published", check=values.to_write
    )


def main(options: Options) -> None:
    """Write the comparison."""
    lines = repeatability.read(options.reference)
    rows = published.rows(study.load(options.records), lines, known.original)
    tables.write(options.output, PublishedRow, rows)


if __name__ == "__main__":
    command.run(main, Options)
