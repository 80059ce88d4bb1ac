"""Collect every cell record of a study into one file and one flat table of runs."""

from dataclasses import dataclass
from pathlib import Path

from bakeoff import command, values
from bakeoff.analysis import collect, study
from bakeoff.command import option


@dataclass(frozen=True)
class Options:
    """Check every cell record and gather them: records.jsonl whole, runs.csv one row per run."""

    runs: Path = option("CSV to write: one row per run", check=values.to_write)
    output: Path = option("JSON lines to write: one checked record per line", check=values.to_write)
    records: list[Path] = option("cell records, or folders that hold them", default=())


def main(options: Options) -> None:
    """Collect the records."""
    cells = collect.read_cells(options.records)
    folder = study.folder_of(cells, options.output.parent)
    collect.check_predictions(study.Study(cells, folder))
    collect.write(cells, options.output, options.runs)


if __name__ == "__main__":
    command.run(main, Options)
