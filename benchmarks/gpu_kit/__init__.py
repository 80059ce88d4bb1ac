"""What brings the evidence of a GPU home: a folder to take along, phases to run there, files to lay out here.

The standard library is all that runs before the machine is furnished. Paths are relative to the checkout, so
that the commands in the records hold on any machine.
"""

import sys
from dataclasses import dataclass
from pathlib import Path

if sys.version_info < (3, 11):  # noqa: UP036 - any machine's own Python may be the one that runs this
    sys.exit("on_gpu.py needs Python 3.11 or newer; call it with one that has torch")

ROOT = Path(__file__).resolve().parents[2]
SUMMARY = "summary.json"


@dataclass(frozen=True)
class Places:
    """The folders of the kit: what is taken along, where work is done, where the files to bring home lie."""

    kit: Path = Path("gpu-kit")
    work: Path = Path("gpu-work")
    output: Path = Path("gpu-evidence")

    @property
    def site(self) -> Path:
        """Return where packages go that the machine lacks."""
        return self.work / "site"
