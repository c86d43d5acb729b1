"""What this processor computes in: known without any library."""

import contextlib
import ctypes
import functools
import os
from pathlib import Path

CPU_INFO = Path("/proc/cpuinfo")
_GPU = Path("/dev/nvidia0")
GPU = "gpu"  # stands among the flags of a machine that has one


@functools.cache
def flags() -> frozenset[str] | None:
    """Returns the features that Linux names of the processor, GPU among them; None where nothing says so."""
    try:
        text = CPU_INFO.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    lines = (line.partition(":") for line in text.splitlines())
    found = next((said for name, _, said in lines if name.strip() in ("flags", "Features")), None)
    if found is None:
        return None
    return frozenset(found.split()) | ({GPU} if _GPU.exists() else set())


def cores() -> int:
    """Returns how many this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def give_back_memory() -> None:
    """Lets the C library return to the system what was freed; where it is not glibc nothing happens."""
    with contextlib.suppress(
        OSError, AttributeError, TypeError
    ):  # no such library, or no such function in it
        ctypes.CDLL(None).malloc_trim(0)
