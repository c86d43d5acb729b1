"""Weights and pictures for the tests of the command line."""

from pathlib import Path

import numpy as np
from PIL import Image

from slimzoo import converters
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


def picture(path: Path, colour=(200, 30, 30), size: int = 40) -> Path:
    """Writes a JPEG of one colour."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (size, size), colour).save(path)
    return path


def left_in(folder: Path) -> list[str]:
    """Every file below `folder`, hidden ones too."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
