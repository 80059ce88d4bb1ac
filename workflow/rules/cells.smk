# The records of a study, the data that a cell sees, the shards that it may be cut into, the targets.
from pathlib import Path


def study():
    """Return every record that the report is about."""
    return [record for group in PLAN["records"].values() for record in group]


def at(kind, cell, purpose="selection"):
    """Return where a file of a cell lies: its record, or what is kept beside it."""
    return PLAN["layout"][purpose][kind].replace("{cell}", cell)


def shard_of(cell):
    """Return where a shard of a cell says that its part of the grid is in the journal."""
    return f"{at('shards', cell)}.{{shard}}of{config['shards']}"


def record_of(shard):
    """Return the record of the cell that a shard is of."""
    place = Path(shard)
    suffix = Path(at("record", "cell")).suffix
    return str(place.parents[1] / f"{place.stem}{suffix}")


def shards_of(cell):
    """Return what a cell waits for: its shards where the grid is cut, and nothing for a shard itself."""
    if config["shards"] == 1:
        return []
    numbers = range(1, config["shards"] + 1)
    return lambda wildcards: (
        [] if "shard" in wildcards.keys() else expand(shard_of(cell), shard=numbers, **wildcards)
    )


def data_of(competitor):
    """Return the prepared data set that a cell trains on: of a competitor with a view of its own, or with
    features, that view or these."""

    def found(wildcards):
        name = competitor.format(**wildcards)
        size, features = PLAN["views"].get(name), PLAN["features"].get(name)
        other = f"@{size}" if size else f"+{features}" if features else ""
        return f"resources/{wildcards.dataset}{other}.npz"

    return found


def part_list(wildcards):
    """Return which image of one's own is in which part; nothing of other data sets."""
    own = re.fullmatch(PLAN["own"], wildcards.dataset)
    return [f"resources/{wildcards.dataset}/parts.csv"] if own else []


def decoded(wildcards, input):
    """Return what images of one's own are brought to another size by, as options."""
    folders = [os.path.join(os.path.dirname(each), "decoded") for each in input.parts]
    return shlex.join(["--parts", *input.parts, "--decoded", *folders]) if folders else ""


def originals_of(wildcards, input):
    """Return the row and the list of parts of images of one's own, whose originals are read, as options."""
    if not input.parts:
        return ""
    return shlex.join(["--dataset", row("datasets", wildcards.dataset), "--parts", *input.parts])


def timed(kind, name):
    """Return a file of the comparison for every device, which are timed in turns."""
    return [at(kind, f"{name}_{device}", "speed") for device in PLAN["devices"]]


def missing():
    """Return the records that a partial report is without."""
    records = study()
    there = set(present(records))
    return [record for record in records if record not in there]


def targets():
    """Return what a plain `snakemake` makes: the report, and everything that it rests on."""
    tables = expand(reported("{table}.csv"), table=("runs", *TABLES))
    made = [*map(reported, ("report.html", "report.pdf", "records.jsonl", "figures"))]
    models = [] if config["partial"] else PLAN["models"]
    return made + tables + present(study() + PLAN["predictions"]) + models
