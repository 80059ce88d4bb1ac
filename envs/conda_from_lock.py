"""Write envs/<group>.yaml for conda from envs/<group>.in and envs/lock.txt: every version, for linux-64."""

from collections.abc import Iterator
from pathlib import Path

from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ENVS = Path(__file__).resolve().parent
# What pip cannot bring along: the libraries that WeasyPrint loads.
SYSTEM = {"audit": [], "bakeoff": ["pango"], "workflow": []}
PYTHON = "3.12"
# Where conda installs, whatever this runs on: torch's nvidia-* packages are for Linux alone.
LINUX_64 = {
    **default_environment(),
    "implementation_name": "cpython",
    "os_name": "posix",
    "platform_machine": "x86_64",
    "platform_python_implementation": "CPython",
    "platform_system": "Linux",
    "python_full_version": f"{PYTHON}.0",
    "python_version": PYTHON,
    "sys_platform": "linux",
}


def _holds(requirement: Requirement) -> bool:
    return requirement.marker is None or requirement.marker.evaluate(LINUX_64)


def named(group: str) -> Iterator[str]:
    """Yield the packages that a group names."""
    for line in (ENVS / f"{group}.in").read_text(encoding="utf-8").splitlines():
        if text := line.partition("#")[0].strip():
            requirement = Requirement(text)
            if _holds(requirement):
                yield canonicalize_name(requirement.name)


def locked() -> tuple[dict[str, str], dict[str, set[str]]]:
    """Return the pin of each package that is for LINUX_64, and the packages that each of them needs.

    The lock says below a pin what it is there for: `# via NAME`, or several of these in lines of their own.
    """
    pins: dict[str, str] = {}
    needs: dict[str, set[str]] = {}
    name = ""
    for line in (ENVS / "lock.txt").read_text(encoding="utf-8").splitlines():
        text, _, note = line.partition("#")
        if text.strip():
            requirement = Requirement(text)
            name = canonicalize_name(requirement.name)
            if _holds(requirement):
                pins[name] = f"{name}{requirement.specifier}"
        elif user := note.strip().removeprefix("via").strip():
            needs.setdefault(user, set()).add(name)
    return pins, needs


def closure(group: str) -> list[str]:
    """Return the pins of a group's packages and of all that they need; SystemExit where one is not locked."""
    pins, needs = locked()
    found: set[str] = set()
    todo = set(named(group))
    if unknown := todo - set(pins):
        raise SystemExit(
            f"envs/lock.txt: no {', '.join(sorted(unknown))} of envs/{group}.in; run `make lock`"
        )
    while todo:
        name = todo.pop()
        found.add(name)
        todo |= needs.get(name, set()) & set(pins) - found
    return [pins[name] for name in sorted(found)]


def environment(group: str) -> str:
    """Return the text of one conda environment."""
    system = [f"python ={PYTHON}", "pip", *SYSTEM[group]]
    lines = [
        "# For linux-64. Written by `make lock` from the pins in envs/lock.txt; edit those instead.",
        "channels:",
        "  - conda-forge",
        "  - nodefaults",
        "dependencies:",
        *(f"  - {entry}" for entry in system),
        "  - pip:",
        *(f"      - {entry}" for entry in closure(group)),
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    for group in SYSTEM:
        (ENVS / f"{group}.yaml").write_text(environment(group), encoding="utf-8")
