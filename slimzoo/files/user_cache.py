"""The folder of what slimzoo keeps for the next time."""

import os
import sys
from pathlib import Path


def cache_dir() -> Path:
    """Returns the folder of what can be made again: $SLIMZOO_CACHE, or slimzoo in the user's cache."""
    if given := os.environ.get("SLIMZOO_CACHE"):
        return Path(given).expanduser().absolute()
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "slimzoo"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home()) / "slimzoo"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "slimzoo"
