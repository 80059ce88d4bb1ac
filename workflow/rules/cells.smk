# The cells of a study: their records, what each is made with, the shards that one may be cut into, the targets.
import json
from pathlib import Path


def cells():
    """Return the records of the study's grid."""
    resnet, svm = config["resnet"], config["svm"]
    network = "results/{dataset}/{model}_{optimizer}_{device}.json"
    axes = dict(model=resnet["models"], optimizer=resnet["optimizers"])
    return expand(
        network, dataset=config["datasets"], device=devices(config["devices"]), **axes
    ) + expand(
        "results/{dataset}/svm_{kernel}_cpu.json",
        dataset=config["datasets"],
        kernel=svm["kernels"],
    )


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


def resnet_grid(device):
    """Return the blocks of the networks' grid that are meant for a device."""
    blocks = [dict(block) for block in config["resnet"]["grid"]]
    return [block for block in blocks if device in block.pop("devices", [device])]


def alone_cells():
    """Return the records of what each cell chose, trained again alone on the machine."""
    return kept(cells(), "alone", ".json")


def timed(name, suffix):
    """Return a file of the comparison for every device, which are timed in turns."""
    return [f"results/{{dataset}}/speed/{name}_{device}{suffix}" for device in devices("all")]


def timed_cells():
    """Return the records of the comparison between devices."""
    axes = {key[:-1]: config["comparison"][key] for key in ("datasets", "models", "optimizers")}
    return expand(timed("{model}_{optimizer}", ".json"), **axes)


def study():
    """Return every record that the report is about."""
    return cells() + alone_cells() + timed_cells()


def missing():
    """Return the records that a partial report is without."""
    records = study()
    there = set(present(records))
    return [record for record in records if record not in there]


def kept(records, folder, suffix):
    """Return the files of one kind that cells keep beside their records."""
    places = (record.rpartition("/") for record in records)
    return [f"{at}/{folder}/{name.removesuffix('.json')}{suffix}" for at, _, name in places]


def targets():
    """Return what a plain `snakemake` makes: the report, and everything that it rests on."""
    tables = expand("results/{table}.csv", table=("runs", *TABLES))
    made = ["results/report.html", "results/report.pdf", "results/records.jsonl", "results/figures"]
    models = [] if config["partial"] else kept(cells(), "models", ".safetensors")
    records = study()
    return made + tables + present(records + kept(records, "predictions", ".npz")) + models


def timed_settings():
    """Return the comparison's one setting as JSON."""
    names = ("batch_size", "learning_rate", "epochs", "precision")
    return json.dumps({name: config["comparison"][name] for name in names})
