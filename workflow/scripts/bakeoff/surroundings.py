"""What surrounds a call: kept from its results, or said beside them, and never what ends it.

Owns the lists of the caller's variables that libraries listen to, and the reader of what is only provenance.
"""

import os
import sys
from collections.abc import Callable
from typing import TypeVar

Value = TypeVar("Value")

# What would change a number or a picture without a word in the record; None takes a variable away. The first
# two make another precision of what a run calls fp32, the next ones make another time by debugging; the last
# change nothing here, but libraries end at values that they cannot read.
PINNED: dict[str, str | None] = {
    **dict.fromkeys(("ONEDNN_DEFAULT_FPMATH_MODE", "DNNL_DEFAULT_FPMATH_MODE")),
    **dict.fromkeys(("NVIDIA_TF32_OVERRIDE", "TORCH_ALLOW_TF32_CUBLAS_OVERRIDE")),
    **dict.fromkeys(("CUDA_LAUNCH_BLOCKING", "PYTORCH_NO_CUDA_MEMORY_CACHING", "PYTORCH_JIT")),
    **dict.fromkeys(("NUMBA_DISABLE_JIT", "NUMBA_BOUNDSCHECK", "NUMBA_OPT")),
    **dict.fromkeys(("NUMBA_DEBUG", "NUMBA_NUM_THREADS", "TORCH_LOGS", "SOURCE_DATE_EPOCH")),
    "LOKY_MAX_CPU_COUNT": None,  # makes another number of the machine's cores
    "MPLBACKEND": None,
    "MATPLOTLIBRC": os.devnull,
}
# What makes of a machine another one: a run says which were set.
RECORDED = (
    *("ATEN_CPU_CAPABILITY", "ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA", "OPENBLAS_CORETYPE"),
    *("MKL_CBWR", "MKL_ENABLE_INSTRUCTIONS", "MKL_DEBUG_CPU_TYPE", "MKL_THREADING_LAYER", "MKL_DYNAMIC"),
    *("NPY_DISABLE_CPU_FEATURES", "NPY_ENABLE_CPU_FEATURES"),
    *("NUMBA_CPU_NAME", "NUMBA_CPU_FEATURES", "NUMBA_THREADING_LAYER", "NUMBA_ENABLE_AVX"),
    *("NUMBA_LOOP_VECTORIZE", "NUMBA_SLP_VECTORIZE"),
    *("OMP_WAIT_POLICY", "OMP_PROC_BIND", "OMP_PLACES", "OMP_DYNAMIC", "OMP_THREAD_LIMIT"),
    *("GOMP_CPU_AFFINITY", "KMP_AFFINITY", "KMP_BLOCKTIME"),
    *("CUBLAS_WORKSPACE_CONFIG", "PYTORCH_CUDA_ALLOC_CONF", "PYTORCH_ALLOC_CONF"),
    *("LD_PRELOAD", "MALLOC_ARENA_MAX", "GLIBC_TUNABLES"),
)


def settle() -> None:
    """Pin what is pinned for this process; call it before torch, numba and matplotlib are imported."""
    _open_streams()
    for name, value in PINNED.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


def _open_streams() -> None:
    """Give a caller's closed streams a place where nothing is kept.

    Else the next file to be opened takes their number, and what a library prints goes into it.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            # The lowest number that is free is this one.
            os.open(os.devnull, os.O_RDWR)
        if getattr(sys, name) is None:
            stream = open(number, "r" if name == "stdin" else "w", closefd=False)  # noqa: SIM115 - the process's own
            setattr(sys, name, stream)


def switches() -> dict[str, str]:
    """Return the recorded variables that are set here."""
    return {name: os.environ[name] for name in RECORDED if os.environ.get(name)}


def known(read: Callable[[], Value]) -> Value | None:
    """Return what is read of a machine, or None where it cannot be.

    A machine may hide anything, and say it in any form: what is only provenance ends no run.
    """
    try:
        return read()
    except Exception:
        return None


def reason(error: BaseException) -> str:
    """Return an error's kind and words in one line of bounded length."""
    words = f"{type(error).__name__}: {error}" if str(error).strip() else type(error).__name__
    return " ".join(words.split())[:200]
