"""Training of networks: batches, one training, and the backend that a cell runs.

Imports torch inside its functions, so that importing the package stays cheap.
"""


def set_threads(threads: int) -> None:
    """Give torch so many CPU threads, as OMP_NUM_THREADS would."""
    import torch

    torch.set_num_threads(threads)
