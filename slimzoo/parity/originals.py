"""Other libraries' implementations of slim's networks: built, filled with weights and run, to compare with.

A library is a module of this package with original(network), which returns an Original. Importing one
imports no library; using an Original does.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from slimzoo.converters.name_maps import LIBRARIES, get_name_map
from slimzoo.errors import SlimzooError

MODULES = {"keras": "keras", "timm": "torch", "torchvision": "torch", "transformers": "torch"}


@dataclass(frozen=True, kw_only=True)
class Original:
    """One network of one library.

    Attributes:
      title: what the library calls it.
      versions: {package: version} of what runs it.
      build: (classes, pixels) -> the library's model; pixels: the side of the images.
      load: (model, {their name: array}): gives the model these values.
      compute: (model, images float32 [N, H, W, 3], RGB) -> logits [N, classes].
    """

    title: str
    versions: Callable[[], dict[str, str]]
    build: Callable[[int, int], Any]
    load: Callable[[Any, Mapping[str, np.ndarray]], None]
    compute: Callable[[Any, np.ndarray], np.ndarray]


def installed(network: str) -> list[str]:
    """Returns the libraries, best first, that have `network` and are installed."""
    return [library for library in LIBRARIES if _has(library, network) and _is_installed(library)]


def _has(library: str, network: str) -> bool:
    try:
        return get_name_map(library, network) is not None
    except SlimzooError:
        return False


def _is_installed(library: str) -> bool:
    needed = {library, "torch"} if MODULES[library] == "torch" else {library}
    return all(importlib.util.find_spec(name) is not None for name in needed)


def get_original(library: str, network: str) -> Original:
    """Returns the implementation of `network` in `library`.

    Raises: SlimzooError: it has none, or is not installed.
    """
    if not _has(library, network):
        there = [name for name in LIBRARIES if _has(name, network)]
        raise SlimzooError(
            f"{library} has no {network} that computes what slim's does. Compared can be with: "
            f"{', '.join(there) or 'none'}"
        )
    if not _is_installed(library):
        raise SlimzooError(
            f"{library} is not installed, so that nothing can be compared: pip install {library}"
        )
    return importlib.import_module(f"slimzoo.parity.{MODULES[library]}").original(library, network)
