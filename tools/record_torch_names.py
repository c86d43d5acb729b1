"""Records what timm, torchvision and transformers call their tensors, and what they make of drawn weights.

    pip install torch timm torchvision transformers
    python tools/record_torch_names.py

writes tests/converters/torch_names.json.gz (every tensor's name and shape) and torch_logits.json beside it
(the logits of two drawn images under weights drawn by fill()), so that the name maps are tested where none of
the three is installed. Run it when a map is added or a library renames its layers.
"""

from __future__ import annotations

import contextlib
import functools
import gzip
import importlib
import json
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

FOLDER = Path(__file__).resolve().parents[1] / "tests" / "converters"
NAMES, LOGITS = FOLDER / "torch_names.json.gz", FOLDER / "torch_logits.json"
CLASSES = 10


@dataclass(frozen=True)
class Original:
    """A network of one of the libraries.

    Attributes:
      library, network: of the name map.
      theirs: what the library calls it.
      pixels: size of the square images that are compared.
      settings: what the library builds it with.
      gain: factor on the drawn kernels that keeps the signal from fading, or from growing, on its way.
    """

    library: str
    network: str
    theirs: str
    pixels: int
    settings: tuple[tuple[str, Any], ...] = ()
    gain: float = 1.0

    def __str__(self) -> str:
        return f"{self.library}/{self.network}"


_VGG = {"vgg_a": "vgg11", "vgg_16": "vgg16", "vgg_19": "vgg19"}
_TIMM = {  # network: their name, pixels
    **{network: (theirs, 224) for network, theirs in _VGG.items()},
    "inception_v3": ("inception_v3", 139),
    "inception_v4": ("inception_v4", 139),
    "inception_resnet_v2": ("inception_resnet_v2", 139),
    "nasnet_large": ("nasnetalarge", 139),
    "pnasnet_large": ("pnasnet5large", 139),
    "mobilenet_v3_large": ("tf_mobilenetv3_large_100", 96),
    "mobilenet_v3_large_075": ("tf_mobilenetv3_large_075", 96),
    "mobilenet_v3_large_minimalistic": ("tf_mobilenetv3_large_minimal_100", 96),
    "mobilenet_v3_small": ("tf_mobilenetv3_small_100", 96),
    "mobilenet_v3_small_075": ("tf_mobilenetv3_small_075", 96),
    "mobilenet_v3_small_minimalistic": ("tf_mobilenetv3_small_minimal_100", 96),
}
_TIMM_GAINS = {"mobilenet_v3_small": 1.05, "mobilenet_v3_small_075": 1.05}
_TORCHVISION = {  # network: their name, pixels, what it is built with
    **{network: (theirs, 224, {}) for network, theirs in _VGG.items()},
    "inception_v1": ("googlenet", 224, {"init_weights": False}),
    "inception_v3": ("inception_v3", 299, {"init_weights": False}),
}
_WIDTHS = {"": 1.0, "_025": 0.25, "_035": 0.35, "_050": 0.5, "_075": 0.75, "_130": 1.3, "_140": 1.4}
_TRANSFORMERS = (
    *(("mobilenet_v1", "MobileNetV1", width, 1.25) for width in ("", "_025", "_050", "_075")),
    *(("mobilenet_v2", "MobileNetV2", width, 1.0) for width in ("", "_035", "_050", "_075", "_130", "_140")),
)
ORIGINALS = (
    *(Original("timm", network, *row, gain=_TIMM_GAINS.get(network, 1.0)) for network, row in _TIMM.items()),
    *(
        Original("torchvision", network, theirs, pixels, tuple(settings.items()))
        for network, (theirs, pixels, settings) in _TORCHVISION.items()
    ),
    *(
        Original("transformers", network + width, theirs, 96, (("depth_multiplier", _WIDTHS[width]),), gain)
        for network, theirs, width, gain in _TRANSFORMERS
    ),
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


# The libraries: imported only where one of these is called.


def imported(library: str) -> Any:
    """Imports `library`. Raises ImportError: it is not installed."""
    with contextlib.suppress(ImportError):  # transformers can do without it
        _import_torchvision()
    return importlib.import_module(library)


def _import_torchvision() -> None:
    """Imports torchvision even if its compiled operators are of another PyTorch; no classifier needs them."""
    import torch

    try:
        importlib.import_module("torchvision")
    except RuntimeError:
        for name in ("nms", "qnms"):
            torch.library.define(
                f"torchvision::{name}", "(Tensor boxes, Tensor scores, float iou_threshold) -> Tensor"
            )
        importlib.import_module("torchvision")


def build(original: Original, classes: int = CLASSES):
    """Returns the library's own model of `original`, in evaluation mode."""
    library, settings = imported(original.library), dict(original.settings)
    if original.library == "timm":
        return library.create_model(original.theirs, num_classes=classes).eval()
    if original.library == "torchvision":
        make = getattr(importlib.import_module("torchvision.models"), original.theirs)
        return make(num_classes=classes, **settings).eval()
    config = getattr(library, f"{original.theirs}Config")(num_labels=classes, **settings)
    return getattr(library, f"{original.theirs}ForImageClassification")(config).eval()


def shapes_of(model) -> dict[str, tuple[int, ...]]:
    """Returns {tensor name: shape} of a PyTorch model."""
    return {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}


def load(model, arrays: Mapping[str, np.ndarray]) -> None:
    """Gives `model` the values `arrays`: all of them, but how often its batch norms were trained."""
    import torch

    missing, unexpected = model.load_state_dict(
        {name: torch.from_numpy(np.array(array)) for name, array in arrays.items()}, strict=False
    )
    left = [name for name in missing if not name.endswith("num_batches_tracked")]
    if left or unexpected:
        raise ValueError(f"not given: {left}; not known: {unexpected}")


def compute(model, images: np.ndarray) -> np.ndarray:
    """Returns the logits of `images` [N, H, W, 3]."""
    import torch

    with torch.inference_mode():
        found = model(torch.from_numpy(images.transpose(0, 3, 1, 2).copy()))
    return np.asarray(getattr(found, "logits", found))


@contextlib.contextmanager
def _pooling_without_padding(model) -> Iterator[None]:
    """Averages what is there, as slim's average pooling does."""
    import torch

    functional = torch.nn.functional
    inside = functools.partial(functional.avg_pool2d, count_include_pad=False)
    with mock.patch.object(functional, "avg_pool2d", inside):
        yield


@contextlib.contextmanager
def _first_padded_as_same(model) -> Iterator[None]:
    """Pads the 7x7 convolution of GoogLeNet by 2 pixels before and 3 behind."""
    import torch

    first = model.conv1.conv
    padded = functools.partial(torch.nn.functional.pad, pad=(2, 3, 2, 3))
    hook = first.register_forward_pre_hook(lambda _, given: padded(given[0]))
    with mock.patch.object(first, "padding", (0, 0)):
        yield
    hook.remove()


@contextlib.contextmanager
def _halving_without_padding(model) -> Iterator[None]:
    """Averages what is there in timm's AvgPool2dSame too, which pads before it pools and so cannot tell."""
    import torch

    def share(pool, given, made):
        return made / pool.forward(torch.ones_like(given[0]))

    pools = [module for module in model.modules() if type(module).__name__ == "AvgPool2dSame"]
    hooks = [pool.register_forward_hook(share) for pool in pools]
    yield
    for hook in hooks:
        hook.remove()


@contextlib.contextmanager
def _gates_of_slim(model) -> Iterator[None]:
    """Multiplies by 0.16667 in squeeze-and-excite, where timm divides by 6."""
    import torch

    hooks = [
        module.gate.register_forward_hook(
            lambda _, given, made: torch.nn.functional.relu6(given[0] + 3) * 0.16667
        )
        for module in model.modules()
        if hasattr(module, "gate")
    ]
    yield
    for hook in hooks:
        hook.remove()


_SLIM_MATHS = {  # where the note of a map says that the library computes something else
    "inception_v1": _first_padded_as_same,
    "inception_v3": _pooling_without_padding,
    "nasnet_large": _halving_without_padding,
    **{f"mobilenet_v3_{kind}": _gates_of_slim for kind in ("large", "large_075", "small", "small_075")},
}


def slim_maths(original: Original, model) -> contextlib.AbstractContextManager[None]:
    """Has `model` compute what slim does, inside of a with block."""
    change = _SLIM_MATHS.get(original.network)
    return change(model) if change else contextlib.nullcontext()


def logits_of(original: Original, model) -> np.ndarray:
    """Returns the logits of the drawn images under the drawn weights, by slim's maths."""
    load(model, drawn_weights(original, shapes_of(model)))
    with slim_maths(original, model):
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
