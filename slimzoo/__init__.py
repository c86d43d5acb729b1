"""slimzoo: TF-Slim's layers, networks and checkpoints on today's TensorFlow.

Importing this package imports no TensorFlow; the first name that needs it does.
"""

import importlib
from pathlib import Path
from typing import Any

__version__ = "0.1.0"

_CHECKOUT = Path(__file__).resolve().parents[1]
if not Path(__file__).with_name("converters").exists() and (_CHECKOUT / "converters").is_dir():
    # Python started in a checkout finds this folder before an installed slimzoo, and would miss the two
    # sub-packages that stand beside it in the repository.
    __path__.append(str(_CHECKOUT))

_WHERE = {  # public name: the module that defines it
    "Model": "model",
    "RestoreReport": "converters",
    "evaluate": "training",
    "finetune": "training",
    "get_network": "registry",
    "list_models": "registry",
    "load": "loading",
    "predict": "loading",
    "register": "registry",
    "save": "model.saving",
    "Network": "registry",
}
_MODULES = (
    "compat",
    "converters",
    "data",
    "errors",
    "labels",
    "nets",
    "preprocessing",
    "report",
    "slim",
    "training",
    "weights",
)

__all__ = [*_WHERE, *_MODULES]


def __getattr__(name: str) -> Any:
    if name in _WHERE:
        return getattr(importlib.import_module(f"slimzoo.{_WHERE[name]}"), name)
    if name in _MODULES:
        return importlib.import_module(f"slimzoo.{name}")
    raise AttributeError(f"module 'slimzoo' has no attribute {name!r}; it has {', '.join(sorted(__all__))}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
