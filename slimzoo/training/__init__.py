"""Fine-tuning and evaluation: recipes are data, the loop is one."""

from slimzoo.training.evaluation import Evaluation, evaluate
from slimzoo.training.finetune import Result, finetune
from slimzoo.training.recipes import RECIPES, Recipe, recipe_for

__all__ = ["RECIPES", "Evaluation", "Recipe", "Result", "evaluate", "finetune", "recipe_for"]
