"""What a cell's start costs: fresh interpreters, in turns.

Printed: seconds by the clock, medians over the rounds with their range. Each line imports more than the line
before it, but for the command's --help, which imports no framework.

    python benchmarks/start_up.py [--rounds 7]
"""

import argparse
import subprocess
import sys
from pathlib import Path
from statistics import median
from time import perf_counter

SCRIPTS = Path(__file__).resolve().parents[1] / "workflow" / "scripts"
STARTS = {
    "python alone": ["-c", "pass"],
    "train_network.py --help": [str(SCRIPTS / "train_network.py"), "--help"],
    "plan_study.py": [str(SCRIPTS / "plan_study.py"), "--config", '{"gpu": "absent"}'],
    "torch": ["-c", "import torch"],
    "torch._dynamo": ["-c", "import torch, torch._dynamo"],
    "torchvision's ResNets": ["-c", "import torch, torch._dynamo; from torchvision.models import resnet18"],
}


def seconds(arguments: list[str]) -> float:
    """Return the seconds of a fresh interpreter."""
    start = perf_counter()
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
    return perf_counter() - start


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    for arguments in STARTS.values():
        seconds(arguments)  # the files are in memory from here on
    rounds = [[seconds(arguments) for arguments in STARTS.values()] for _ in range(options.rounds)]
    for name, times in zip(STARTS, zip(*rounds, strict=True), strict=True):
        print(f"{name:22} {median(times):5.2f} s ({min(times):.2f} to {max(times):.2f})")


if __name__ == "__main__":
    main()
