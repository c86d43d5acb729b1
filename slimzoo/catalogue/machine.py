"""The machine that something is measured on."""

import platform
from pathlib import Path

from slimzoo.engines.processor import cores as cores


def processor() -> str:
    """Returns the model of the processor, as far as the system tells."""
    information = Path("/proc/cpuinfo")
    lines = information.read_text("utf-8", "replace").splitlines() if information.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def memory(field: str) -> int | None:
    """Returns the bytes that this process holds ("VmRSS") or held at most ("VmHWM"); None outside of Linux.

    From /proc: ru_maxrss would begin with what the parent process held.
    """
    status = Path("/proc/self/status")
    for line in status.read_text().splitlines() if status.exists() else ():
        if line.startswith(f"{field}:"):
            return int(line.split()[1]) * 1024
    return None
