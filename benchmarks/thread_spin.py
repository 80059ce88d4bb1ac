"""How a training step on all cores bears a busy neighbour, by how long OpenMP threads spin.

Each arm is a process of its own (GNU OpenMP reads its settings once), arms alternate, and every round
measures them on the machine as it is and beside one process that never sleeps.

    python benchmarks/thread_spin.py [--rounds 3] [--steps 15]
"""

import argparse
import os
import subprocess
import sys
from contextlib import contextmanager
from statistics import median

ARMS = {"default": {}, "spin 10000": {"GOMP_SPINCOUNT": "10000"}, "passive": {"OMP_WAIT_POLICY": "passive"}}
CHILD = """
import sys, time, torch
from torchvision.models import resnet18
steps = int(sys.argv[1])
torch.manual_seed(0)
model = resnet18(num_classes=10)
optimizer = torch.optim.SGD(model.parameters(), lr=1e-3, fused=True)
images, labels = torch.rand(16, 3, 32, 32), torch.randint(10, (16,))
def step():
    optimizer.zero_grad(set_to_none=True)
    torch.nn.functional.cross_entropy(model(images), labels).backward()
    optimizer.step()
for _ in range(3):
    step()
start = time.perf_counter()
for _ in range(steps):
    step()
print((time.perf_counter() - start) / steps * 1000)
"""


def step_ms(settings: dict[str, str], steps: int) -> float:
    """Return the milliseconds of one ResNet-18 step (batch 16, 32 x 32, SGD) in a fresh process."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("OMP_", "GOMP_"))}
    done = subprocess.run(
        [sys.executable, "-c", CHILD, str(steps)],
        env={**environment, **settings},
        capture_output=True,
        text=True,
        check=True,
    )
    return float(done.stdout)


@contextmanager
def busy_neighbour():
    """Keep one core busy for the duration of the block."""
    process = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        yield
    finally:
        process.kill()
        process.wait()


def main() -> None:
    """Measure and print medians, ranges and the ratio to the default."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=15)
    options = parser.parse_args()
    times: dict[tuple[str, str], list[float]] = {}
    for _ in range(options.rounds):
        for name, settings in ARMS.items():
            times.setdefault((name, "alone"), []).append(step_ms(settings, options.steps))
            with busy_neighbour():
                times.setdefault((name, "busy"), []).append(step_ms(settings, options.steps))
    print(f"{os.cpu_count()} cores; ms per step: median (range) of {options.rounds}; ratio to the default")
    for (name, load), values in sorted(times.items(), key=lambda item: item[0][1]):
        base = median(times["default", load])
        spread = f"{min(values):.0f}-{max(values):.0f}"
        print(f"{load:6} {name:11} {median(values):7.0f} ({spread})  {median(values) / base:.2f}")


if __name__ == "__main__":
    main()
