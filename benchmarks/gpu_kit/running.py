"""Run the phases: each within its budget, each going on where it stopped, each leaving its files at once."""

import json
import os
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from gpu_kit import ROOT, Places
from gpu_kit.phases import Phase, Step

OK, FAILED, CUT_OFF = "ok", "failed", "cut off"
NO_GPU = "no GPU"
FILE_LIMIT_BYTES = 16 * 2**20
LEAST_S = 5.0  # no command comes to anything in less


@dataclass(frozen=True)
class Outcome:
    """How a step ended, on which GPU, its last words, and its seconds with those before it was cut off."""

    status: str
    seconds: float
    gpu: str | None
    line: tuple[str, ...]
    published: bool
    said: str


class Runner:
    """Carries out phases on a machine, until a time."""

    def __init__(self, places: Places, gpu: str | None, until: float) -> None:
        self._places, self._gpu, self._until = places, gpu, until
        self._tried: set[tuple[str, str]] = set()

    def run(self, phases: Iterable[Phase]) -> None:
        """Give every phase its budget in turn, then what is left of the time to those that were cut off.

        What a phase took in earlier calls is taken from its budget.
        """
        phases = list(phases)
        for phase in phases:
            self._pack(phase)
        for phase in phases:
            budget = phase.budget_s - self._spent(phase)
            self._turn(phase, min(time.monotonic() + budget, self._until), f"budget {budget:.0f} s")
        for phase in phases:
            self._turn(phase, self._until, "going on")

    def outcome(self, phase: Phase, step: Step) -> Outcome | None:
        """Return how a step ended, in this call or an earlier one; None where it was not begun."""
        try:
            found = json.loads(self._note(phase, step).read_text(encoding="utf-8"))
            outcome = Outcome(**{**found, "line": tuple(found["line"])})
        except (FileNotFoundError, ValueError, TypeError, KeyError):
            return None
        return outcome if outcome.line == step.line else None

    def forget(self, phase: Phase) -> None:
        """Let every step of a phase run again."""
        for step in phase.steps:
            self._note(phase, step).unlink(missing_ok=True)

    def _note(self, phase: Phase, step: Step) -> Path:
        return self._places.work / phase.name / "done" / f"{phase.name}.{step.name}.json"

    def _spent(self, phase: Phase) -> float:
        found = [self.outcome(phase, step) for step in phase.steps]
        return sum(outcome.seconds for outcome in found if outcome)

    def _open(self, phase: Phase, step: Step) -> bool:
        """Tell whether a step is still to be run: not tried in this call, and not ended well in another."""
        if (phase.name, step.name) in self._tried:
            return False
        found = self.outcome(phase, step)
        gone = step.output is not None and not step.output.exists()  # on another machine than before
        return found is None or found.status != OK or gone

    def _turn(self, phase: Phase, until: float, means: str) -> None:
        """Run a phase's open steps one after another."""
        todo = [step for step in phase.steps if self._open(phase, step)]
        if not todo or until - time.monotonic() < LEAST_S:
            return
        print(f"== {phase.name} ({means}): {phase.question}", flush=True)
        for step in todo:
            if until - time.monotonic() < LEAST_S:
                print("   its time is spent; the rest comes after the other phases", flush=True)
                return
            print(f"   {step.name:44}", end="", flush=True)
            try:
                outcome = self._carry_out(phase, step, until)
                self._keep(phase, step, outcome)
            except Exception as error:  # whatever it is: the phases that follow are worth more
                outcome = self._outcome(step, FAILED, 0.0, f"{type(error).__name__}: {error}")
            print(f"{outcome.seconds:7.1f} s  {outcome.status}: {outcome.said}", flush=True)
            if outcome.status != CUT_OFF:
                self._tried.add((phase.name, step.name))

    def _outcome(self, step: Step, status: str, seconds: float, said: str) -> Outcome:
        return Outcome(status, round(seconds, 1), self._gpu, step.line, step.published, said)

    def _carry_out(self, phase: Phase, step: Step, until: float) -> Outcome:
        """Run a step until a time; what it prints goes into its log."""
        log = self._places.work / phase.name / "logs" / f"{phase.name}.{step.name}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        before = self.outcome(phase, step)
        start = time.monotonic()
        with open(log, "ab") as file:
            process = subprocess.Popen(
                [sys.executable, *step.line],
                cwd=ROOT,
                env=environment(self._places),
                stdout=file,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                process_group=0,
            )
            try:
                status = OK if process.wait(max(0.0, until - start)) == 0 else FAILED
            except subprocess.TimeoutExpired:
                status = CUT_OFF
            finally:
                _end(process)
        earlier = before.seconds if before and before.status == CUT_OFF else 0.0
        said = _last_line(log) + (f" ({log})" if status == FAILED else "")
        return self._outcome(step, status, time.monotonic() - start + earlier, said)

    def _keep(self, phase: Phase, step: Step, outcome: Outcome) -> None:
        """Note how a step ended, and pack what the phase has made so far."""
        note = self._note(phase, step)
        note.parent.mkdir(parents=True, exist_ok=True)
        note.write_text(json.dumps(asdict(outcome)), encoding="utf-8")
        self._pack(phase)

    def _pack(self, phase: Phase) -> None:
        """Write the phase's file to bring home; where it fails, that of before stays, and a line says why."""
        folder = self._places.work / phase.name
        if folder.is_dir():
            target = self._places.output / f"{phase.name}.zip"
            program = Path(__file__).with_name("zipping.py")
            line = list(map(str, (sys.executable, program, folder, target, FILE_LIMIT_BYTES)))
            here = environment(self._places)
            done = subprocess.run(line, env=here, stderr=subprocess.PIPE, text=True, check=False)
            if done.returncode:
                said = done.stderr.strip().splitlines() or ["it was ended"]
                print(f"{target} was not written: {said[-1]}", flush=True)


def machines(path: Path) -> set[str]:
    """Return the GPUs that a file of ours was measured on; ends with one line where it is none of ours."""
    try:
        with zipfile.ZipFile(path) as packed:
            notes = [name for name in packed.namelist() if name.startswith("done/")]
            found = {json.loads(packed.read(name))["gpu"] or NO_GPU for name in notes}
            if not all(isinstance(gpu, str) for gpu in found):
                raise ValueError("a note names no GPU")
            return found
    except (OSError, ValueError, LookupError, TypeError, RuntimeError, zipfile.BadZipFile) as error:
        said = getattr(error, "strerror", None) or error
        sys.exit(f"on_gpu.py: {path} is no file of the kit's, or was cut short: {said}")


def environment(places: Places) -> dict[str, str]:
    """Return the environment of the commands: ours alone decides what they import and test."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PYTEST"))}
    paths = [str(ROOT / "workflow/scripts"), str(places.site.absolute())]
    return {**own, "PYTHONPATH": os.pathsep.join(paths), "PYTHONUNBUFFERED": "1"}


def _end(process: subprocess.Popen) -> None:
    """End a process and its children; nothing happens where they have ended."""
    for ending in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, ending)
        except ProcessLookupError:
            break
        try:
            process.wait(3)
        except subprocess.TimeoutExpired:
            continue
        time.sleep(0.2)
    process.wait()


def _last_line(log: Path) -> str:
    """Return the last line that a command printed."""
    lines = log.read_text(encoding="utf-8", errors="replace").split("\n")
    said = [line.rsplit("\r", 1)[-1].strip() for line in lines if line.strip()]
    return said[-1][:200] if said else "it printed nothing"
