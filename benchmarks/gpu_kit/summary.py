"""What the phases came to, and what of it was hoped for; read from their notes and measured files alone."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from gpu_kit.phases import Phase
from gpu_kit.running import OK, Runner

NOT_MEASURED = "not measured"
STEP_GOAL, PACK_GOAL, STUDY_GOAL_S = 12, 40, 15 * 60


def summarise(
    runner: Runner, phases: Iterable[Phase], machine: dict[str, Any], measured: Path | None
) -> dict[str, Any]:
    """Return the machine, how every step ended, and the goals with what was measured of them.

    `measured` is where the steps' times lie; a rehearsal, whose times say nothing, has none.
    """
    phases = list(phases)
    ended = {phase.name: {step.name: runner.outcome(phase, step) for step in phase.steps} for phase in phases}
    return {
        "machine": machine,
        "phases": {
            phase: {
                step: {"status": found.status, "seconds": found.seconds, "said": found.said}
                if found
                else {"status": "not begun", "seconds": 0.0, "said": ""}
                for step, found in steps.items()
            }
            for phase, steps in ended.items()
        },
        "goals": [*_steps(measured), _study(runner, phases)] if measured else [],
    }


def _steps(folder: Path) -> list[dict[str, str]]:
    """Return the goals of a step of ResNet-18 at batch 16: alone, and packed."""
    path = folder / "train_step_resnet18_16.json"
    rows = json.loads(path.read_text(encoding="utf-8"))["rows"] if path.is_file() else []
    alone = {row["optimizer"]: row["engine"] for row in rows}
    packed = {
        f"{row['optimizer']}, {name}": row[name] for row in rows for name in row if name.startswith("pack ")
    }
    return [
        {"goal": f"ResNet-18, batch 16: {goal} times the plain loop, {how}", "measured": _ratios(found)}
        for how, goal, found in (("one training", STEP_GOAL, alone), ("packed", PACK_GOAL, packed))
    ]


def _ratios(found: dict[str, dict[str, float]]) -> str:
    words = [
        f"{each['ratio']:.1f} times ({each['lowest']:.1f} to {each['highest']:.1f}; {name})"
        for name, each in found.items()
    ]
    return ", ".join(words) or NOT_MEASURED


def _study(runner: Runner, phases: Iterable[Phase]) -> dict[str, str]:
    """Return the seconds of all commands that make up the published study, where all ended well."""
    found = [runner.outcome(phase, step) for phase in phases for step in phase.steps if step.published]
    done = [each for each in found if each and each.status == OK]
    seconds = sum(each.seconds for each in found if each)
    measured = f"{seconds:.0f} s"
    if len(done) < len(found):
        measured = f"{NOT_MEASURED}: {len(done)} of {len(found)} commands have ended, after {seconds:.0f} s"
    goal = f"the published study (grid, SVMs, ten epochs on both devices once) in {STUDY_GOAL_S} s"
    return {"goal": goal, "measured": measured}


def show(summary: dict[str, Any]) -> None:
    """Print what matters."""
    print("== summary")
    machine = summary["machine"]
    print(
        f"   {machine['gpu'] or 'no GPU'}, {machine['cpu']}, {machine['cores']} cores, {machine['versions']}"
    )
    for phase, steps in summary["phases"].items():
        counts: dict[str, int] = {}
        for step in steps.values():
            counts[step["status"]] = counts.get(step["status"], 0) + 1
        seconds = sum(step["seconds"] for step in steps.values())
        print(f"   {phase:14} {seconds:7.1f} s  {', '.join(f'{n} {status}' for status, n in counts.items())}")
    for goal in summary["goals"]:
        print(f"   {goal['goal']}: {goal['measured']}")
