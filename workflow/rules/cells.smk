# The records of a study, the shards that a cell may be cut into, the targets.
from pathlib import Path


def study():
    """Return every record that the report is about."""
    return [record for group in PLAN["records"].values() for record in group]


def shard_of(cell):
    """Return where a shard of a cell says that its part of the grid is in the journal."""
    return f"results/{{dataset}}/shards/{cell}.{{shard}}of{config['shards']}"


def record_of(shard):
    """Return the record of the cell that a shard is of."""
    place = Path(shard)
    return str(place.parents[1] / f"{place.stem}.json")


def shards_of(cell):
    """Return what a cell waits for: its shards where the grid is cut, and nothing for a shard itself."""
    if config["shards"] == 1:
        return []
    numbers = range(1, config["shards"] + 1)
    return lambda wildcards: (
        [] if "shard" in wildcards.keys() else expand(shard_of(cell), shard=numbers, **wildcards)
    )


def timed(name, suffix):
    """Return a file of the comparison for every device, which are timed in turns."""
    return [f"results/{{dataset}}/speed/{name}_{device}{suffix}" for device in PLAN["devices"]]


def missing():
    """Return the records that a partial report is without."""
    records = study()
    there = set(present(records))
    return [record for record in records if record not in there]


def targets():
    """Return what a plain `snakemake` makes: the report, and everything that it rests on."""
    tables = expand("results/{table}.csv", table=("runs", *TABLES))
    made = ["results/report.html", "results/report.pdf", "results/records.jsonl", "results/figures"]
    models = [] if config["partial"] else PLAN["models"]
    return made + tables + present(study() + PLAN["predictions"]) + models
