"""Weights and pictures for the tests of the command line."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from slimzoo import converters, weights
from slimzoo.registry import is_network
from slimzoo.tracing.parts import network_shapes

NAMES = ("cat", "dog", *(f"thing {i}" for i in range(8)))


def values(classes: int = 10, seed: int = 0) -> dict[str, np.ndarray]:
    """Values for cifarnet's variables."""
    random = np.random.default_rng(seed)
    shapes = network_shapes("cifarnet", classes)
    return {name: random.normal(0, 0.1, shape).astype(np.float32) for name, shape in shapes.items()}


def write(path: Path, arrays, **metadata: str) -> Path:
    """Writes `arrays` as safetensors."""
    converters.write_safetensors(path, arrays, metadata)
    return path


def check_tags(given: Mapping[str, Any]) -> None:
    """Raises SlimzooError where a command's `--model` or `--weights` names a tag that is none.

    Args:
      given: the command's parameters, as click read them.
    """
    model, file = given.get("model"), given.get("weights")
    if not isinstance(model, str):
        return
    network, tag = weights.split_name(model)
    if is_network(network) and tag:
        weights.get_row(network, tag)
    if file and is_network(model) and re.fullmatch(r"(?!none|pretrained)[a-z0-9_]+", file):  # FILE is none
        weights.get_row(model, file)


def picture(path: Path, colour=(200, 30, 30), size: int = 40) -> Path:
    """Writes a JPEG of one colour."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (size, size), colour).save(path)
    return path


def left_in(folder: Path) -> list[str]:
    """Every file below `folder`, hidden ones too."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
