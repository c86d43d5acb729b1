"""slimzoo: TF-Slim's layers, networks and checkpoints on today's TensorFlow.

Importing this package imports no TensorFlow; the first name that needs it does.
"""

import importlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from slimzoo import (
        compat,
        converters,
        data,
        engines,
        errors,
        labels,
        nets,
        preprocessing,
        report,
        slim,
        training,
        weights,
    )
    from slimzoo.catalogue.choosing import list_models
    from slimzoo.converters import RestoreReport
    from slimzoo.loading.load import load
    from slimzoo.loading.predict import Prediction, predict, predictions
    from slimzoo.model import Model
    from slimzoo.model.predictor import Predictor
    from slimzoo.model.saving import save
    from slimzoo.registry import Network, get_network, register
    from slimzoo.training.evaluation import evaluate
    from slimzoo.training.finetune import finetune

__version__ = "0.1.0"

_CHECKOUT = Path(__file__).resolve().parents[1]
if not Path(__file__).with_name("converters").exists() and (_CHECKOUT / "converters").is_dir():
    # Python started in a checkout finds this folder before an installed slimzoo, and would miss the two
    # sub-packages that stand beside it in the repository.
    __path__.append(str(_CHECKOUT))

_WHERE = {  # public name: the module that defines it
    "Model": "model",
    "Network": "registry",
    "RestoreReport": "converters",
    "evaluate": "training",
    "finetune": "training",
    "get_network": "registry",
    "list_models": "catalogue.choosing",
    "load": "loading",
    "Prediction": "loading",
    "Predictor": "model.predictor",
    "predict": "loading",
    "predictions": "loading",
    "register": "registry",
    "save": "model.saving",
}

__all__ = [  # written out for editors and type checkers, with the modules
    "Model",
    "Network",
    "Prediction",
    "Predictor",
    "RestoreReport",
    "compat",
    "converters",
    "data",
    "engines",
    "errors",
    "evaluate",
    "finetune",
    "get_network",
    "labels",
    "list_models",
    "load",
    "nets",
    "predict",
    "predictions",
    "preprocessing",
    "register",
    "report",
    "save",
    "slim",
    "training",
    "weights",
]

if not TYPE_CHECKING:  # a type checker that saw it would take any name for one of ours

    def __getattr__(name: str) -> Any:
        if name in _WHERE:
            return getattr(importlib.import_module(f"slimzoo.{_WHERE[name]}"), name)
        if name in __all__:
            return importlib.import_module(f"slimzoo.{name}")
        raise AttributeError(f"module 'slimzoo' has no attribute {name!r}; it has {', '.join(__all__)}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


if sys.modules.keys() >= {"keras", "tensorflow"}:
    # keras.models.load_model() then knows the classes of a Model; 0.1 s more.
    importlib.import_module("slimzoo.model")
