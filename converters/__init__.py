"""Weights from any old format into any current one.

    from slimzoo import converters
    arrays = converters.read("vgg_16.ckpt")                       # {name: array}, lazily
    converters.convert("vgg_16.ckpt", "vgg_16.safetensors", network="vgg_16")

No module here imports TensorFlow.
"""

import importlib
from typing import Any

_WHERE = {  # public name: the module that defines it
    "Comparison": "verify",
    "ConversionReport": "reports",
    "FORMATS": "formats",
    "Match": "matching",
    "RestoreReport": "reports",
    "Source": "source",
    "Tensor": "source",
    "compare": "verify",
    "convert": "conversion",
    "in_slims_names": "conversion",
    "inference_variables": "inference",
    "match": "matching",
    "nonfinite": "verify",
    "read": "conversion",
    "sha256_of": "conversion",
    "write_safetensors": "formats.safetensors",
}
_MODULES = ("conversion", "formats", "inference", "matching", "name_maps", "reports", "source", "verify")

__all__ = sorted(_WHERE)


def __getattr__(name: str) -> Any:
    if name in _WHERE:
        return getattr(importlib.import_module(f"{__name__}.{_WHERE[name]}"), name)
    if name in _MODULES:
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}; it has {', '.join(__all__)}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, *_MODULES})
