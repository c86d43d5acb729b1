"""From a name to a Model: where its weights are, what is to be done with them, the Model."""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from slimzoo.loading.load import load
    from slimzoo.loading.predict import predict

_WHERE = {  # public name: the module that defines it
    "load": "load",
    "predict": "predict",
}

__all__ = ["load", "predict"]


if not TYPE_CHECKING:  # or any name would pass as one of ours

    def __getattr__(name: str) -> Any:
        if name in _WHERE:
            return getattr(importlib.import_module(f"{__name__}.{_WHERE[name]}"), name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}; it has {', '.join(__all__)}")
