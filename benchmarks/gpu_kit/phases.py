"""What is run on the machine: phases in the order of their worth, each a list of commands."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import product
from pathlib import Path
from typing import Any

from gpu_kit import Places

SCRIPTS = "workflow/scripts"
TRAININGS = (("resnet18", "adam"), ("resnet18", "sgd"), ("resnet50", "sgd"), ("resnet50", "adam"))
DATASETS = ("fashion", "mnist")
# A person waits for the CPU's ten epochs only once; an interval comes from the short trainings.
SHORT, WHOLE = "study", "comparison_10_epochs"


@dataclass(frozen=True)
class Step:
    """One call of Python, and the file that it ends with, if any.

    `published`: its seconds are a part of what the published study takes.
    """

    name: str
    line: tuple[str, ...]
    output: Path | None = None
    published: bool = False


@dataclass(frozen=True)
class Phase:
    """Commands that answer one question, and the seconds they may take before the next phase has its turn."""

    name: str
    question: str
    budget_s: int
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class Scale:
    """How much work there is: the published study's, or little of everything to see that it runs."""

    limits: tuple[str, ...] = ()
    trainings: tuple[tuple[str, str], ...] = TRAININGS
    datasets: tuple[str, ...] = DATASETS
    step_settings: tuple[tuple[str, int], ...] = tuple(product(("resnet18", "resnet50"), (16, 32)))
    step: tuple[str, ...] = ("--steps", "100", "--rounds", "5", "--check", "0")
    packs: tuple[int, ...] = (8, 32)
    graph: tuple[str, ...] = ("--epochs", "4", "--steps", "100")
    short: dict[str, int] = field(default_factory=lambda: {"epochs": 1, "repeats": 3})
    whole: dict[str, int] = field(default_factory=lambda: {"epochs": 10, "repeats": 1})
    seconds: int = 30
    predicted: tuple[int, ...] = (1, 1000)


FULL = Scale()
LITTLE = Scale(
    limits=("--limit-train", "150", "--limit-test", "200"),
    trainings=(("resnet18", "adam"), ("resnet18", "sgd")),
    step_settings=(("resnet18", 16),),
    step=("--steps", "2", "--rounds", "2", "--check", "0"),
    packs=(2,),
    graph=("--epochs", "1", "--steps", "2"),
    short={"epochs": 1, "repeats": 2},
    whole={"epochs": 2, "repeats": 1},
    seconds=2,
    predicted=(1, 20),
)


@dataclass(frozen=True)
class Setting:
    """What the commands are made of: folders, device, threads, the published configuration, how much work."""

    places: Places
    device: str
    threads: int
    config: dict[str, Any]
    scale: Scale = FULL

    @property
    def devices(self) -> tuple[str, ...]:
        """Return the devices that a comparison is between, the GPU first."""
        return tuple(dict.fromkeys((self.device, "cpu")))

    def folder(self, phase: str) -> str:
        """Return where a phase writes."""
        return str(self.places.work / phase)

    def data(self, dataset: str) -> str:
        """Return a prepared data set."""
        return f"{self.folder('0-data')}/{dataset}.npz"


def phases(setting: Setting) -> list[Phase]:
    """Return all phases, the most valuable first."""
    made = (_data, _tests, _steps, _comparison, _grid, _svm, _energy)
    return [make(setting) for make in made]


def _step(name: str, program: str, published: bool = False, **options: Any) -> Step:
    """Return a step that calls one of the project's programs."""
    line = [program]
    for option, value in options.items():
        words = value if isinstance(value, list | tuple) else [value]
        texts = [json.dumps(word) if isinstance(word, dict) else str(word) for word in words]
        line += [f"--{option.replace('_', '-')}", *texts]
    outputs = options["output"] if isinstance(options["output"], list) else [options["output"]]
    return Step(name, tuple(line), Path(outputs[-1]), published)


def _more(step: Step, *words: str) -> Step:
    return replace(step, line=(*step.line, *words))


def _data(setting: Setting) -> Phase:
    def steps() -> Iterator[Step]:
        config, folder = setting.config, setting.folder("0-data")
        for name in setting.scale.datasets:
            raw = f"{folder}/raw_{name}.npz"
            source = str(setting.places.kit / "data")
            yield _step(
                f"fetch_{name}", f"{SCRIPTS}/fetch_dataset.py", dataset=name, output=raw, data_source=source
            )
            what = {"raw": raw, "dataset": name, "split": config["split"], "output": setting.data(name)}
            size = config["networks"]["input_size"]
            made = _step(f"prepare_{name}", f"{SCRIPTS}/prepare_dataset.py", **what, input_size=size)
            yield _more(made, *setting.scale.limits)

    return Phase("0-data", "The data sets from their original files.", 120, tuple(steps()))


def _tests(setting: Setting) -> Phase:
    line = ("-m", "pytest", "tests/gpu", "-v", "--durations=0", "-p", "no:cacheprovider")
    return Phase("1-tests", "Do the tests that need a GPU pass?", 150, (Step("tests", line),))


def _steps(setting: Setting) -> Phase:
    def steps() -> Iterator[Step]:
        scale, folder = setting.scale, f"{setting.folder('2-steps')}/measured"
        common = {"device": setting.device, "threads": setting.threads}
        for number, (model, batch) in enumerate(scale.step_settings):
            name = f"train_step_{model}_{batch}"
            what = {"models": model, "batches": batch, "pack": scale.packs, "loops": "plain", "colour": ()}
            output = f"{folder}/{name}.json"
            step = _step(name, "benchmarks/train_step.py", **common, **what, output=output)
            yield _more(step, *scale.step)
            if number == 0:
                graph = _step(
                    "graph_steps", "benchmarks/graph_steps.py", **common, output=f"{folder}/graph_steps.json"
                )
                yield _more(graph, *scale.graph)

    question = "What does a step take, alone and packed, and is a recorded graph the same training?"
    return Phase("2-steps", question, 240, tuple(steps()))


def _comparison(setting: Setting) -> Phase:
    """Return the short trainings on both devices in turns, and then the whole ones."""

    def steps() -> Iterator[Step]:
        config, scale = setting.config["comparison"], setting.scale
        for study, size in ((SHORT, scale.short), (WHOLE, scale.whole)):
            folder = f"{setting.folder('3-comparison')}/{study}/fashion/speed"
            for model, optimizer in scale.trainings:
                settings = {name: config[name] for name in ("batch_size", "learning_rate", "precision")}
                yield _step(
                    f"{study}_{model}_{optimizer}",
                    f"{SCRIPTS}/time_training.py",
                    published=study == WHOLE,
                    data=setting.data("fashion"),
                    model=model,
                    optimizer=optimizer,
                    devices=setting.devices,
                    settings={**settings, "epochs": size["epochs"]},
                    repeats=size["repeats"],
                    threads=setting.threads,
                    output=[f"{folder}/{model}_{optimizer}_{device}.json" for device in setting.devices],
                )

    question = "How long does the same training take on both devices?"
    return Phase("3-comparison", question, 480, tuple(steps()))


def _grid(setting: Setting) -> Phase:
    """Return every cell of the grid on resident data, and then with the loader's rows, which take longest."""

    def steps() -> Iterator[Step]:
        config, device = setting.config["networks"], setting.device
        blocks = [dict(block) for block in config["grid"]]
        meant = [block for block in blocks if device in block.pop("devices", [device])]
        resident = [block for block in meant if block["engine"] == "resident"]
        for name, grid in (("resident", resident), ("all", meant)):
            if name == "all" and meant == resident:
                continue
            for dataset, (model, optimizer) in product(setting.scale.datasets, setting.scale.trainings):
                cell = f"{model}_{optimizer}_{device}"
                yield _step(
                    f"{name}_{dataset}_{cell}",
                    f"{SCRIPTS}/train_network.py",
                    published=True,
                    data=setting.data(dataset),
                    model=model,
                    optimizer=optimizer,
                    device=device,
                    grid=json.dumps(grid),
                    pack=config["pack"] if device == "gpu" else 1,
                    output=f"{setting.folder('4-grid')}/{SHORT}/{dataset}/{cell}.json",
                )
                yield _chosen(setting, name, "4-grid", dataset, cell)

    question = "The published grid of networks, packed; then with a loader, pinned memory on and off."
    return Phase("4-grid", question, 300, tuple(steps()))


def _chosen(setting: Setting, name: str, phase: str, dataset: str, cell: str) -> Step:
    """Return what trains a cell's choice again, alone."""
    folder = f"{setting.folder(phase)}/{SHORT}/{dataset}"
    return _step(
        f"{name}_{dataset}_{cell}_alone",
        f"{SCRIPTS}/time_chosen.py",
        published=not cell.startswith("svm") or cell.endswith("cpu"),
        record=f"{folder}/{cell}.json",
        data=setting.data(dataset),
        times=setting.config["final_seeds"],
        threads=setting.threads,
        mem_mb=setting.config["svm"]["mem_mb"],
        output=f"{folder}/alone/{cell}.json",
    )


def _svm(setting: Setting) -> Phase:
    def steps() -> Iterator[Step]:
        config = setting.config["svm"]
        for dataset, kernel in product(setting.scale.datasets, config["kernels"]):
            for device in setting.devices:
                cell = f"svm_{kernel}_{device}"
                yield _step(
                    f"{dataset}_{cell}",
                    f"{SCRIPTS}/train_svm.py",
                    published=device == "cpu",
                    data=setting.data(dataset),
                    kernel=kernel,
                    device=device,
                    grid=json.dumps(config["grid"][kernel]),
                    threads=setting.threads,
                    mem_mb=config["mem_mb"],
                    output=f"{setting.folder('5-svm')}/{SHORT}/{dataset}/{cell}.json",
                )
                yield _chosen(setting, "chosen", "5-svm", dataset, cell)

    return Phase("5-svm", "The published SVM grid, on both devices.", 180, tuple(steps()))


def _energy(setting: Setting) -> Phase:
    folder, seconds = f"{setting.folder('6-energy')}/measured", setting.scale.seconds
    device = {"device": setting.device}
    kept = Path(setting.folder("5-svm"), SHORT, setting.scale.datasets[0], "models/svm_rbf_cpu.safetensors")
    energy = _step(
        "energy", "benchmarks/gpu_energy.py", **device, seconds=seconds, output=f"{folder}/energy.json"
    )
    latency = _step(
        "latency",
        "benchmarks/latency.py",
        **device,
        threads=setting.threads,
        seconds=seconds / 2,
        batches=setting.scale.predicted,
        svm=kept,
        output=f"{folder}/latency.json",
    )
    question = "Is the energy that NVML counts what nvidia-smi says, and what does a prediction take?"
    return Phase("6-energy", question, 120, (energy, latency))
