"""How many CPU threads torch computes with."""

import os

# How long a thread spins at a barrier before it sleeps. GNU OpenMP's default wastes whole time slices when
# anything else runs on the machine (benchmarks/thread_spin.py); this costs little when nothing does.
SPIN_COUNT = "10000"


def set_threads(threads: int) -> None:
    """Give torch so many CPU threads, as OMP_NUM_THREADS would; call it before torch is imported."""
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", SPIN_COUNT)
    import torch

    torch.set_num_threads(threads)
