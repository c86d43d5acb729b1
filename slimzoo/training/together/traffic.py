"""What machines that train together send one another, and what that leaves of their speed, on paper."""

import math

from slimzoo import facts
from slimzoo.names import Scopes
from slimzoo.registry import get_row
from slimzoo.training.recipes import METHODS
from slimzoo.training.settings import Settings

_BYTES = 4  # of a gradient's number: float32 in every precision
_NOT_TRAINED = ("/moving_mean", "/moving_variance")


def gradient_bytes(settings: Settings) -> int | None:
    """Returns the bytes of a step's gradients; None of a network that is not slimzoo's own."""
    if settings.model not in facts.rows():
        return None
    shapes = facts.shapes(settings.model, len(settings.train.classes))
    recipe, frozen = settings.recipe, set[str]()
    if recipe.freeze:
        frozen |= set(Scopes(recipe.freeze).of(shapes))
    if not METHODS[recipe.method].body:
        new = set(Scopes(recipe.new or get_row(settings.model).transfer_heads).of(shapes))
        frozen |= shapes.keys() - new
    trained = [
        shape for name, shape in shapes.items() if name not in frozen and not name.endswith(_NOT_TRAINED)
    ]
    return _BYTES * sum(math.prod(shape) for shape in trained)


def sent_bytes(size: int, machines: int) -> int:
    """Returns the bytes that each machine sends to add up gradients of `size` bytes in a ring."""
    return 2 * (machines - 1) * size // machines


def efficiency(size: int, machines: int, seconds: float, bytes_per_second: float) -> float:
    """Returns the part of their time in which machines compute, if they compute and send by turns.

    Args:
      size: of the gradients, bytes.
      seconds: that a machine takes for its part of a step.
      bytes_per_second: of a machine's link, each way.
    """
    return seconds / (seconds + sent_bytes(size, machines) / bytes_per_second)
