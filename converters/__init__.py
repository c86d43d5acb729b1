"""Weights from any old format into any current one.

    from slimzoo import converters
    arrays = converters.read("vgg_16.ckpt")                       # {name: array}, lazily
    converters.convert("vgg_16.ckpt", "vgg_16.safetensors", network="vgg_16")

No module here imports TensorFlow.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from slimzoo.converters.conversion import convert, read, sha256_of
    from slimzoo.converters.formats import FORMATS
    from slimzoo.converters.formats.safetensors import write_safetensors
    from slimzoo.converters.inference import inference_variables
    from slimzoo.converters.matching import Match, match
    from slimzoo.converters.plan import Unfit
    from slimzoo.converters.reports import ConversionReport, RestoreReport
    from slimzoo.converters.source import Source, Tensor
    from slimzoo.converters.verify import Comparison, compare, nonfinite

_WHERE = {  # public name: the module that defines it
    "Comparison": "verify",
    "ConversionReport": "reports",
    "FORMATS": "formats",
    "Match": "matching",
    "RestoreReport": "reports",
    "Source": "source",
    "Tensor": "source",
    "Unfit": "plan",
    "compare": "verify",
    "convert": "conversion",
    "inference_variables": "inference",
    "match": "matching",
    "nonfinite": "verify",
    "read": "conversion",
    "sha256_of": "conversion",
    "write_safetensors": "formats.safetensors",
}
_MODULES = (
    "conversion",
    "formats",
    "inference",
    "matching",
    "name_maps",
    "plan",
    "reports",
    "source",
    "verify",
)

__all__ = [
    "FORMATS",
    "Comparison",
    "ConversionReport",
    "Match",
    "RestoreReport",
    "Source",
    "Tensor",
    "Unfit",
    "compare",
    "convert",
    "inference_variables",
    "match",
    "nonfinite",
    "read",
    "sha256_of",
    "write_safetensors",
]


if not TYPE_CHECKING:  # or any name would pass as one of ours

    def __getattr__(name: str) -> Any:
        if name in _WHERE:
            return getattr(importlib.import_module(f"{__name__}.{_WHERE[name]}"), name)
        if name in _MODULES:
            return importlib.import_module(f"{__name__}.{name}")
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}; it has {', '.join(__all__)}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, *_MODULES})
