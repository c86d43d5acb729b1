"""From the name of released weights to a file: manifest, fetching, cache, bundles; from a file to the hub."""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from slimzoo.weights.download import offline
    from slimzoo.weights.fetching import fetch
    from slimzoo.weights.manifest import WeightsRow, get_row, is_trained, origin, rows, split_name

_WHERE = {  # public name: the module that defines it
    "WeightsRow": "manifest",
    "fetch": "fetching",
    "get_row": "manifest",
    "is_trained": "manifest",
    "offline": "download",
    "origin": "manifest",
    "rows": "manifest",
    "split_name": "manifest",
}

__all__ = ["WeightsRow", "fetch", "get_row", "is_trained", "offline", "origin", "rows", "split_name"]


if not TYPE_CHECKING:  # or any name would pass as one of ours

    def __getattr__(name: str) -> Any:
        if name in _WHERE:
            return getattr(importlib.import_module(f"{__name__}.{_WHERE[name]}"), name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}; it has {', '.join(__all__)}")
