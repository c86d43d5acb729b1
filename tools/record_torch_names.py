"""Records what timm, torchvision and transformers call their tensors, and what they make of drawn weights.

    pip install torch timm torchvision transformers
    python tools/record_torch_names.py

writes tests/converters/torch_names.json.gz (every tensor's name and shape) and torch_logits.json beside it
(the logits of two drawn images under weights drawn by fill()), so that the name maps are tested where none of
the three is installed. Run it when a map is added or a library renames its layers.
"""

from __future__ import annotations

import gzip
import json
import sys
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from slimzoo.parity import torch as torch_originals
from slimzoo.parity.torch import compute, load, shapes_of

FOLDER = Path(__file__).resolve().parents[1] / "tests" / "converters"
NAMES, LOGITS = FOLDER / "torch_names.json.gz", FOLDER / "torch_logits.json"
CLASSES = 10


@dataclass(frozen=True)
class Original:
    """A network of one of the libraries.

    Attributes:
      library, network: of the name map.
      pixels: size of the square images that are compared.
      gain: factor on the drawn kernels that keeps the signal from fading, or from growing, on its way.
    """

    library: str
    network: str
    pixels: int
    gain: float = 1.0

    def __str__(self) -> str:
        return f"{self.library}/{self.network}"


_PIXELS = {"vgg": 224, "inception_v1": 224, "inception": 139, "nasnet": 139, "pnasnet": 139}  # else 96
_GAINS = {
    "timm/mobilenet_v3_small": 1.05,
    "timm/mobilenet_v3_small_075": 1.05,
    **{f"transformers/mobilenet_v1{width}": 1.25 for width in torch_originals.WIDTHS},
}


def _pixels(library: str, network: str) -> int:
    if (library, network) == ("torchvision", "inception_v3"):
        return 299  # its auxiliary head is built for it
    return next((pixels for start, pixels in _PIXELS.items() if network.startswith(start)), 96)


ORIGINALS = tuple(
    Original(library, network, _pixels(library, network), _GAINS.get(f"{library}/{network}", 1.0))
    for library, networks in torch_originals.ORIGINALS.items()
    for network in networks
)


# The drawn weights and images: no library is needed for them.


def fill(name: str, shape: tuple[int, ...], gain: float = 1.0) -> np.ndarray:
    """Returns the value that is drawn for the tensor called `name` by its library."""
    last = name.rpartition(".")[2]
    if last == "num_batches_tracked":
        return np.zeros(shape, np.int64)
    noise = np.random.RandomState(zlib.crc32(name.encode()) & 0x7FFFFFFF).standard_normal(shape)
    if last == "running_var":
        value = np.exp(0.3 * noise)
    elif last in ("bias", "running_mean"):
        value = 0.1 * noise
    elif len(shape) == 1:  # gamma
        value = 1 + 0.1 * noise
    else:
        value = noise * gain * np.sqrt(2 / np.prod(shape[1:]))
    return value.astype(np.float32)


def drawn_weights(original: Original, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, np.ndarray]:
    """Returns {their name: what is drawn for it}."""
    return {name: fill(name, tuple(shape), original.gain) for name, shape in shapes.items()}


def drawn_images(pixels: int) -> np.ndarray:
    """Returns two images float32 [2, pixels, pixels, 3] in [-1, 1]: fine noise, and coarse noise."""
    random = np.random.RandomState(0)
    coarse = random.uniform(-1, 1, (8, 8, 3)).repeat(-(-pixels // 8), 0).repeat(-(-pixels // 8), 1)
    fine = random.uniform(-1, 1, (pixels, pixels, 3))
    return np.stack([fine, coarse[:pixels, :pixels]]).astype(np.float32)


def build(original: Original, classes: int = CLASSES) -> Any:
    """Returns the library's own model of `original`, in evaluation mode."""
    return torch_originals.build(original.library, original.network, classes)


def logits_of(original: Original, model: Any) -> np.ndarray:
    """Returns the logits of the drawn images under the drawn weights."""
    load(model, drawn_weights(original, shapes_of(model)))
    return compute(model, drawn_images(original.pixels))


def main() -> None:
    """Records every network of ORIGINALS; a line each."""
    names, rows = {}, []
    for original in ORIGINALS:
        model = build(original)
        names[str(original)] = shapes_of(model)
        logits = [[round(float(value), 9) for value in row] for row in logits_of(original, model)]
        rows.append(f"{json.dumps(str(original))}: {json.dumps(logits)}")
        print(original, len(names[str(original)]), "tensors", flush=True)
    NAMES.write_bytes(gzip.compress(json.dumps(names).encode(), mtime=0))
    LOGITS.write_text("{\n" + ",\n".join(rows) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
