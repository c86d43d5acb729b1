"""timm's, torchvision's and transformers' implementations of slim's networks, in PyTorch."""

from __future__ import annotations

import contextlib
import functools
import importlib
import re
from collections.abc import Mapping, Sequence
from importlib import metadata
from typing import Any

import numpy as np

from slimzoo.converters.name_maps import get_name_map
from slimzoo.converters.name_maps.torch_layers import IGNORED
from slimzoo.converters.name_maps.torch_resnet import UNITS
from slimzoo.parity.originals import Original

Settings = dict[str, Any]
VGG = {"vgg_a": "vgg11", "vgg_16": "vgg16", "vgg_19": "vgg19"}
RESNETS = (50, 101, 152)
TIMM = {  # network: their name
    **VGG,
    **{f"resnet_v1_{depth}": f"resnet{depth}" for depth in (*RESNETS, 200)},
    "inception_v3": "inception_v3",
    "inception_v4": "inception_v4",
    "inception_resnet_v2": "inception_resnet_v2",
    "nasnet_large": "nasnetalarge",
    "pnasnet_large": "pnasnet5large",
    "mobilenet_v3_large": "tf_mobilenetv3_large_100",
    "mobilenet_v3_large_075": "tf_mobilenetv3_large_075",
    "mobilenet_v3_large_minimalistic": "tf_mobilenetv3_large_minimal_100",
    "mobilenet_v3_small": "tf_mobilenetv3_small_100",
    "mobilenet_v3_small_075": "tf_mobilenetv3_small_075",
    "mobilenet_v3_small_minimalistic": "tf_mobilenetv3_small_minimal_100",
}
WIDTHS = {"": 1.0, "_025": 0.25, "_035": 0.35, "_050": 0.5, "_075": 0.75, "_130": 1.3, "_140": 1.4}
NEW = {"init_weights": False}
ORIGINALS: dict[str, dict[str, tuple[str, Settings]]] = {
    # library: {network: (their name, what it is built with)}
    "timm": {network: (theirs, {}) for network, theirs in TIMM.items()},
    "torchvision": {
        **{network: (theirs, {}) for network, theirs in VGG.items()},
        "inception_v1": ("googlenet", NEW),
        "inception_v3": ("inception_v3", NEW),
        **{f"resnet_v1_{depth}": (f"resnet{depth}", {}) for depth in RESNETS},
    },
    "transformers": {
        **{
            network + width: (theirs, {"depth_multiplier": WIDTHS[width]})
            for network, theirs, widths in (
                ("mobilenet_v1", "MobileNetV1", ("", "_025", "_050", "_075")),
                ("mobilenet_v2", "MobileNetV2", ("", "_035", "_050", "_075", "_130", "_140")),
            )
            for width in widths
        },
        **{f"resnet_v1_{depth}": ("ResNet", {"depths": list(UNITS[depth])}) for depth in RESNETS},
    },
}


def original(library: str, network: str) -> Original:
    """Returns the implementation of `network` in `library`."""
    name_map = get_name_map(library, network)
    assert name_map is not None
    return Original(
        title=ORIGINALS[library][network][0],
        versions=functools.partial(versions, library),
        build=lambda classes, pixels: build(library, network, classes),
        load=functools.partial(load, ignored=name_map.ignored),
        compute=compute,
    )


def versions(library: str) -> dict[str, str]:
    """Returns those of what runs it."""
    return {name: metadata.version(name) for name in (library, "torch")}


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


def build(library: str, network: str, classes: int) -> Any:
    """Returns the library's own model of `network`, in evaluation mode."""
    theirs, settings = ORIGINALS[library][network]
    package = imported(library)
    if library == "timm":
        return package.create_model(theirs, num_classes=classes).eval()
    if library == "torchvision":
        make = getattr(importlib.import_module("torchvision.models"), theirs)
        return make(num_classes=classes, **settings).eval()
    config = getattr(package, f"{theirs}Config")(num_labels=classes, **settings)
    return getattr(package, f"{theirs}ForImageClassification")(config).eval()


def shapes_of(model: Any) -> dict[str, tuple[int, ...]]:
    """Returns {tensor name: shape} of a PyTorch model."""
    return {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}


def load(model: Any, arrays: Mapping[str, np.ndarray], ignored: Sequence[str] = IGNORED) -> None:
    """Gives `model` the values `arrays`: all of them, but what a pattern of `ignored` is of."""
    import torch

    missing, unexpected = model.load_state_dict(
        {name: torch.from_numpy(np.array(array)) for name, array in arrays.items()}, strict=False
    )
    left = [name for name in missing if not any(re.fullmatch(pattern, name) for pattern in ignored)]
    if left or unexpected:
        raise ValueError(f"not given: {left}; not known: {unexpected}")


def compute(model: Any, images: np.ndarray) -> np.ndarray:
    """Returns the logits of `images` [N, H, W, 3]."""
    import torch

    with torch.inference_mode():
        output = model(torch.from_numpy(images.transpose(0, 3, 1, 2).copy()))
    return np.asarray(getattr(output, "logits", output))
