"""Say whether a GPU answers here: its driver's own library is asked, in a short process and without torch.

    python find_gpu.py [--within SECONDS] [--driver-alone]

Prints one line of JSON: {"gpu": true, "devices": [["0", "GPU-..."], ...]}, each as CUDA_VISIBLE_DEVICES
would name it and by its identity, or {"gpu": false, "reason": "no NVIDIA driver library is here"}. The
torch that this Python would import is held against the driver, by what its file version.py says of its build;
--driver-alone leaves it out, where jobs bring a torch of their own. The plan asks where the configuration has
gpu: auto.
"""

import argparse
import ast
import ctypes
import importlib.util
import json
import os
import re
import signal
import subprocess
import sys
from contextlib import suppress
from itertools import takewhile
from pathlib import Path
from typing import Any

LIBRARY = "libcuda.so.1"
# What CUDA takes for a device in CUDA_VISIBLE_DEVICES; an entry that is none hides itself and all after it.
DEVICE = re.compile(r"\d+|(GPU|MIG)-.+")
# A slice of a GPU, as `nvidia-smi -L` lists it below its GPU.
SLICE = re.compile(r"\(UUID: (MIG-[^)]+)\)")
BUILD = re.compile(r"^(cuda|hip)\b[^=\n]*=\s*(None|'[^']*'|\"[^\"]*\")", re.MULTILINE)
# A driver that was asleep may take seconds for each of its GPUs.
PATIENCE_S = 30.0


class NoGPU(Exception):
    """The reason why no GPU can be used."""


def check_visible() -> None:
    """Raise NoGPU where CUDA_VISIBLE_DEVICES hides every device, as in a batch job that asked for none."""
    given = os.environ.get("CUDA_VISIBLE_DEVICES")
    if given is not None and not DEVICE.fullmatch(given.split(",")[0].strip()):
        shown = given or "''"
        raise NoGPU(f"CUDA_VISIBLE_DEVICES={shown} hides all")


def call(driver: ctypes.CDLL, name: str, *arguments: Any) -> None:
    """Call a function of the driver; raise NoGPU with its own words where it reports an error."""
    if code := getattr(driver, name)(*arguments):
        words = ctypes.c_char_p()
        if hasattr(driver, "cuGetErrorString"):
            driver.cuGetErrorString(code, ctypes.byref(words))
        meaning = f" ({words.value.decode('utf-8', 'replace')})" if words.value else ""
        raise NoGPU(f"the NVIDIA driver answers {name} with error {code}{meaning}")


def described(driver: ctypes.CDLL, number: int) -> tuple[str, str]:
    """Return a visible device's name and identity; empty where the driver does not say them."""
    device = ctypes.c_int()
    name, identity = ctypes.create_string_buffer(256), ctypes.create_string_buffer(16)
    with suppress(NoGPU, AttributeError):
        call(driver, "cuDeviceGet", ctypes.byref(device), number)
        call(driver, "cuDeviceGetName", name, len(name), device)
        call(driver, "cuDeviceGetUuid", identity, device)
    digits = identity.raw.hex()
    return name.value.decode("utf-8", "replace"), f"GPU-{digits}" if any(identity.raw) else ""


def slices() -> list[str]:
    """Return the identities of all slices (MIG) of this machine's GPUs, in the order of nvidia-smi."""
    with suppress(OSError):
        line = ["nvidia-smi", "-L"]
        done = subprocess.run(line, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
        return SLICE.findall(done.stdout.decode("utf-8", "replace"))
    return []


def devices(driver: ctypes.CDLL, count: int) -> list[tuple[str, str]]:
    """Return each visible device as CUDA_VISIBLE_DEVICES would name it, and its identity.

    Of slices a process is shown one, however many there are: those that were named count, else nvidia-smi's.
    """
    found = [described(driver, number) for number in range(count)]
    given = [entry.strip() for entry in os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",") if entry]
    parts = list(takewhile(lambda entry: entry.startswith("MIG-"), given))
    if not given and found and " MIG " in found[0][0]:
        parts = slices()
    if parts:
        return [(part, part) for part in dict.fromkeys(parts)]
    entries = given or [str(number) for number in range(count)]
    return [(entry, identity or entry) for entry, (_, identity) in zip(entries, found, strict=False)]


def ask() -> dict[str, Any]:
    """Return the version of CUDA that the driver knows, 12040 for 12.4, and the visible devices.

    Or the reason why there is no GPU.
    """
    try:
        driver = ctypes.CDLL(LIBRARY)
        check_visible()
        version, count = ctypes.c_int(), ctypes.c_int()
        call(driver, "cuInit", 0)
        call(driver, "cuDriverGetVersion", ctypes.byref(version))
        call(driver, "cuDeviceGetCount", ctypes.byref(count))
        found = devices(driver, count.value)
    except NoGPU as reason:
        return {"reason": str(reason)}
    except OSError as error:
        missing = "cannot open shared object file: No such file" in str(error)
        return {"reason": "no NVIDIA driver library is here" if missing else f"the driver's library: {error}"}
    except AttributeError as error:
        return {"reason": f"the driver's library is none of NVIDIA's: {error}"}
    if not found:
        return {"reason": "the NVIDIA driver finds no GPU"}
    return {"version": version.value, "devices": found}


def ask_within(seconds: float = PATIENCE_S) -> dict[str, Any]:
    """Return what ask() says from a process of its own, which may hang or crash; NoGPU gives its reason."""
    line = [sys.executable, __file__, "--ask"]
    child = subprocess.Popen(
        line, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    try:
        printed, _ = child.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        child.kill()  # not waited for: a process that hangs in the kernel cannot be ended
        raise NoGPU(f"the NVIDIA driver did not answer within {seconds:g} s") from None
    if child.returncode < 0:
        raise NoGPU(f"asking the NVIDIA driver ended in {signal.Signals(-child.returncode).name}")
    try:
        answer = json.loads(printed.splitlines()[-1])
    except (IndexError, ValueError):
        raise NoGPU("the NVIDIA driver gave no answer") from None
    if "reason" in answer:
        raise NoGPU(answer["reason"])
    return answer


def check_torch(version: int) -> None:
    """Raise NoGPU where the torch at hand, if there is one, cannot use a driver of this version."""
    spec = importlib.util.find_spec("torch")
    if spec is None or spec.origin is None:
        return
    file = Path(spec.origin).with_name("version.py")
    build = dict(BUILD.findall(file.read_text(encoding="utf-8"))) if file.is_file() else {}
    cuda, hip = (ast.literal_eval(build.get(name, "None")) for name in ("cuda", "hip"))
    if cuda is None and build:
        raise NoGPU(f"this torch is built for {f'HIP {hip}, not for CUDA' if hip else 'the CPU alone'}")
    # Within a major version, an older driver runs what was built with a newer CUDA.
    if cuda is not None and version // 1000 < int(cuda.split(".")[0]):
        known = f"{version // 1000}.{version % 1000 // 10}"
        raise NoGPU(f"the NVIDIA driver knows CUDA {known}, this torch is built for {cuda}")


def main() -> None:
    """Print the answer."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument(
        "--within", type=float, default=PATIENCE_S, help="seconds that the driver has to answer"
    )
    parser.add_argument("--driver-alone", action="store_true", help="whatever torch is at hand")
    parser.add_argument("--ask", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.ask:
        print(json.dumps(ask()))
        return
    try:
        answer = ask_within(options.within)
        if not options.driver_alone:
            check_torch(answer["version"])
    except NoGPU as reason:
        print(json.dumps({"gpu": False, "reason": str(reason)}))
    else:
        print(json.dumps({"gpu": True, "devices": answer["devices"]}))


if __name__ == "__main__":
    main()
