"""Model: a keras.Model that hosts a network function; its features, its files, its exports."""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from slimzoo.model.model import Model

_WHERE = {  # public name: the module that defines it
    "Model": "model",
}

__all__ = ["Model"]


if not TYPE_CHECKING:  # or any name would pass as one of ours

    def __getattr__(name: str) -> Any:
        if name in _WHERE:
            return getattr(importlib.import_module(f"{__name__}.{_WHERE[name]}"), name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}; it has {', '.join(__all__)}")
