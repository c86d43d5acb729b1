"""Fine-tuning and evaluation: recipes are data, the loop is one."""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from slimzoo.training.evaluation import Evaluation, evaluate
    from slimzoo.training.finetune import Result, finetune
    from slimzoo.training.recipes import RECIPES, Recipe, recipe_for

_WHERE = {  # public name: the module that defines it
    "Evaluation": "evaluation",
    "RECIPES": "recipes",
    "Recipe": "recipes",
    "Result": "finetune",
    "evaluate": "evaluation",
    "finetune": "finetune",
    "recipe_for": "recipes",
}

__all__ = ["RECIPES", "Evaluation", "Recipe", "Result", "evaluate", "finetune", "recipe_for"]


if not TYPE_CHECKING:  # or any name would pass as one of ours

    def __getattr__(name: str) -> Any:
        if name in _WHERE:
            return getattr(importlib.import_module(f"{__name__}.{_WHERE[name]}"), name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}; it has {', '.join(__all__)}")
