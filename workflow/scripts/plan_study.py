"""Turn a configuration into the plan of its study: the cells, and what each is made with."""

from dataclasses import dataclass
from typing import Any

from bakeoff import command
from bakeoff.command import option
from bakeoff.plan import call, explain


@dataclass(frozen=True)
class Options:
    """Turn a configuration into the plan of its study, in JSON or in words."""

    configfile: list[str] = option("files laid over config/config.yaml, one after another", default=())
    config: dict[str, Any] = option("JSON: single keys, laid over the files", default=None)
    merged: bool = option("read all of it from stdin; the files are checked alone", default=False)
    brings_torch: bool = option("jobs run where another torch is, as in containers", default=False)
    count_gpus: bool = option("also say how many GPUs this machine has, where any is used", default=False)
    look: bool = option("also look at the files of one's own images: names, sizes, times", default=False)
    module: str | None = option("of another workflow: the prefix of its results", default=None)
    explain: bool = option("print the cells and their runs for people", default=False)
    report_folder: bool = option("print where the report lies", default=False)


def main(options: Options) -> None:
    """Print the plan."""
    what = options.configfile, options.merged, options.config or {}, options.brings_torch
    plan, said = call.plan(*what, options.module)
    if options.report_folder:
        print(plan.study.report_folder)
    elif options.explain:
        print(*said, *explain.lines(plan), sep="\n")
    else:
        print(call.text(plan, said, options.look, options.count_gpus, options.brings_torch))


if __name__ == "__main__":
    command.run(main, Options)
