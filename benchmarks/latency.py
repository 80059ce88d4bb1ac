"""What one prediction takes: images on the host in, their classes on the host out, on every device here.

Networks as a cell keeps them, in evaluation mode and fp32, on all cores or on the GPU, copies included; with
--svm the pipeline that a cell kept as well, on a CPU. One image at a time and in batches; the devices take
turns. Printed are medians of the calls with the 5th and 95th percentile, in milliseconds, after a warm-up.

    PYTHONPATH=workflow/scripts python benchmarks/latency.py [--batches 1 1000] [--svm FILE.safetensors]
"""

import argparse
import json
from pathlib import Path

import numpy as np

from bakeoff import latency, saved
from bakeoff.families.network import loop, precision
from bakeoff.families.network.batches import Pixels
from bakeoff.files import write_text
from bakeoff.latency import Predict
from bakeoff.machine import hardware, threads
from bakeoff.networks import models
from bakeoff.networks.models import NETWORKS

CLASSES = 10
SIZE = 32


def network(model: str, device: str) -> Predict:
    """Return what a network says of uint8 images (n, 32, 32)."""
    import torch

    place, pixels = loop.torch_device(device), Pixels(grey=True)
    built = models.build(NETWORKS.named(model).row, CLASSES, 0).to(place).eval()
    if device == "cpu":
        built = built.to(memory_format=torch.channels_last)

    def predict(images: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            return built(pixels.normalise(torch.from_numpy(images).to(place))).argmax(1).cpu().numpy()

    return predict


def machine(path: Path) -> Predict:
    """Return what a kept model says of uint8 images (n, rows, columns), cut to the size that it takes."""
    model = saved.load(path)
    rows, columns = model.signature.size
    return lambda images: model(images[:, :rows, :columns])[0]


def main() -> None:
    """Measure and print."""
    layout = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=layout)
    parser.add_argument("--device", choices=("cpu", "gpu"), help="beside the CPU: a visible GPU, else none")
    parser.add_argument("--models", nargs="+", default=["resnet18", "resnet50"])
    parser.add_argument("--batches", type=int, nargs="+", default=[1, 1000])
    parser.add_argument("--svm", type=Path, nargs="*", default=[], help="models that train_svm.py kept")
    parser.add_argument("--seconds", type=float, default=10, help="of measuring, per batch size")
    parser.add_argument("--threads", type=int, default=hardware.usable_cores())
    parser.add_argument("--output", type=Path, help="write what was found as JSON too")
    options = parser.parse_args()
    threads.set_threads(options.threads)
    device = options.device or hardware.best_device()
    hardware.require_device(device)
    precision.state_fp32()
    print(json.dumps(hardware.describe(options.threads, device)))
    devices = dict.fromkeys(("cpu", device))
    predictors = {f"{model} {each}": network(model, each) for model in options.models for each in devices}
    for path in options.svm:
        if path.is_file():
            predictors[f"{path.stem} as kept"] = machine(path)
        else:
            print(f"{path}: no such file, so not measured")
    rows = []
    for batch in options.batches:
        images = np.random.default_rng(0).integers(0, 256, (batch, SIZE, SIZE), dtype=np.uint8)
        for name, times in latency.calls(predictors, images, options.seconds).items():
            low, middle, high = (1000 * float(np.percentile(times, share)) for share in (5, 50, 95))
            rows.append(
                {"predictor": name, "batch": batch, "ms": middle, "p5": low, "p95": high, "n": len(times)}
            )
            print(
                f"{name:24} {batch:6} images {middle:9.3f} ms ({low:.3f} to {high:.3f}, n = {len(times)})",
                flush=True,
            )
    if options.output:
        write_text(options.output, json.dumps({"rows": rows}))


if __name__ == "__main__":
    main()
