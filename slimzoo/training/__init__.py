"""Fine-tuning and evaluation: recipes are data, the loop is one.

Importing it imports no TensorFlow: what is wrong with a recipe or a folder is found out before.
"""

import importlib
from typing import TYPE_CHECKING, Any

from slimzoo.training.find_rate import Rates, find_learning_rate
from slimzoo.training.finetune import Result, finetune
from slimzoo.training.recipes import RECIPES, Recipe, recipe_for

if TYPE_CHECKING:
    from slimzoo.training.evaluation import Evaluation, evaluate
    from slimzoo.training.masks.evaluation import MaskEvaluation, evaluate_masks

_LATE = {  # names that bring TensorFlow, and their modules
    **dict.fromkeys(("Evaluation", "evaluate"), "evaluation"),
    **dict.fromkeys(("MaskEvaluation", "evaluate_masks"), "masks.evaluation"),
}
__all__ = [
    "RECIPES",
    "Evaluation",
    "MaskEvaluation",
    "Rates",
    "Recipe",
    "Result",
    "evaluate",
    "evaluate_masks",
    "find_learning_rate",
    "finetune",
    "recipe_for",
]


if not TYPE_CHECKING:  # or any name would pass as one of ours

    def __getattr__(name: str) -> Any:
        if name in _LATE:
            return getattr(importlib.import_module(f"slimzoo.training.{_LATE[name]}"), name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}; it has {', '.join(__all__)}")
