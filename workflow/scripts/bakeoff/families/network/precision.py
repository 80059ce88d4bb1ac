"""Numeric precision: what `fp32` and `mixed` mean on each device."""

from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

PRECISIONS = ("fp32", "mixed", "auto")  # auto: one of the others, as a trial on the machine says


def state_fp32() -> None:
    """Make fp32 mean IEEE single precision: TensorFloat-32 off in matrix products and convolutions."""
    import torch

    torch.set_float32_matmul_precision("highest")
    torch.backends.cudnn.allow_tf32 = False


def autocast_dtype(precision: str, device: "torch.device") -> "torch.dtype | None":
    """Return what mixed precision computes in here: float16 on CUDA, bfloat16 on a CPU that has it.

    None means no autocast: fp32 was asked for, or the CPU would only emulate bfloat16.
    """
    import torch

    if precision == "fp32":
        return None
    if device.type == "cuda":
        return torch.float16
    return torch.bfloat16 if _cpu_has_bfloat16() else None


def _cpu_has_bfloat16() -> bool:
    import torch

    capabilities = getattr(torch.cpu, "get_capabilities", None)
    if capabilities is None:
        return False
    found = capabilities()
    return bool(found.get("avx512_bf16") or found.get("amx_bf16") or found.get("bf16"))


def autocast(dtype: "torch.dtype | None", device: "torch.device") -> AbstractContextManager[Any]:
    """Return the context in which a forward pass runs."""
    import torch

    return nullcontext() if dtype is None else torch.autocast(device.type, dtype=dtype)


def scaler(dtype: "torch.dtype | None") -> "torch.amp.GradScaler":
    """Return the loss scaler: float16 needs one, everything else passes through it unchanged."""
    import torch

    return torch.amp.GradScaler("cuda", enabled=dtype is torch.float16)
