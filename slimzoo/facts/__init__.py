"""What is known of slimzoo's own networks before one of them, or TensorFlow, is imported.

The data is made from the networks by tools/measure_zoo.py: networks.json has a line for each, what is written
down of it and what was counted; parts/<network>.json has its variables, layers and end points.
"""

import functools
import importlib.resources
import json
from typing import Any

from slimzoo.names import in_scopes

Shapes = dict[str, tuple[int, ...]]


@functools.cache
def rows() -> dict[str, dict[str, Any]]:
    """Returns {network: the fields of its registry.Row, and its "parameters" and "multiply_adds"}."""
    return _read("networks.json")


@functools.cache
def parts(network: str) -> dict[str, Any]:
    """Returns what `network` is made of as it was published.

    Returns: {"layers": {scope: [output shape or None, multiply-adds or None, {variable: shape}]},
      "end_points": {name: shape}, "headless": [scopes that num_classes=0 leaves out], "of_classes": [scopes
      of layers with an output a class]}: the layers in the order of creation, those of training too, their
      variables by what follows the scope; the outputs of one image.
    """
    return _read(f"parts/{network}.json")


def variables(parts: dict[str, Any]) -> Shapes:
    """Returns {variable: shape} of what parts() returns."""
    return {
        f"{scope}/{name}".strip("/"): tuple(shape)
        for scope, (_, _, inside) in parts["layers"].items()
        for name, shape in inside.items()
    }


def shapes(network: str, num_classes: int | None = None) -> Shapes:
    """Returns {variable: shape} of one of slimzoo's own networks, for training and inference.

    Args:
      num_classes: None: as many as were published; 0: without the last layer.
    """
    known = parts(network)
    found, heads = variables(known), known["of_classes"]
    if num_classes == 0:
        return {name: shape for name, shape in found.items() if not in_scopes(name, known["headless"])}
    return {
        name: (*shape[:-1], num_classes) if num_classes and in_scopes(name, heads) else shape
        for name, shape in found.items()
    }


def _read(file: str) -> dict[str, Any]:
    return json.loads((importlib.resources.files(__name__) / file).read_text(encoding="utf-8"))
