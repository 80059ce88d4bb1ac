"""Write envs/<group>.yaml for conda from envs/<group>.in and the versions in envs/lock.txt."""

import re
from pathlib import Path

ENVS = Path(__file__).resolve().parent
# What pip cannot bring along: the libraries that WeasyPrint loads.
SYSTEM = {"bakeoff": ["pango"], "workflow": []}
PYTHON = "3.12"


def names(group: str) -> list[str]:
    """Return the packages that a group names, in its order."""
    lines = (ENVS / f"{group}.in").read_text(encoding="utf-8").splitlines()
    plain = (line.split("#")[0].strip() for line in lines)
    return [re.split(r"[<>=\[; ]", line)[0] for line in plain if line]


def pins() -> dict[str, str]:
    """Return the locked version of each package, as it holds for PYTHON."""
    found = {}
    for line in (ENVS / "lock.txt").read_text(encoding="utf-8").splitlines():
        pin, _, marker = line.partition(" ; ")
        name, _, version = pin.partition("==")
        if version and f"< '{PYTHON}'" not in marker:
            found[name] = version
    return found


def environment(group: str) -> str:
    """Return the text of one conda environment."""
    locked = pins()
    system = [f"python ={PYTHON}", "pip", *SYSTEM[group]]
    packages = [f"{name}=={locked[name]}" for name in names(group)]
    lines = [
        "# Written by `make lock` from the pins in envs/lock.txt; edit those instead.",
        "channels:",
        "  - conda-forge",
        "  - nodefaults",
        "dependencies:",
        *(f"  - {entry}" for entry in system),
        "  - pip:",
        *(f"      - {entry}" for entry in packages),
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    for group in SYSTEM:
        (ENVS / f"{group}.yaml").write_text(environment(group), encoding="utf-8")
