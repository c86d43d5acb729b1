"""What of a fine-tuned model of Keras's a network of slim's is without, as its user should know."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from slimzoo.converters.name_maps.keras_fitting import Layer
from slimzoo.converters.source import Source

_SHOWN = 4  # layers, or numbers of a vector


def said_of(
    source: Source, network: str, inputs: list[int], front: list[Layer], head: list[Layer], found: bool
) -> tuple[str, ...]:
    """Returns a line for each such thing; `found`: the network's own head was made of `head`."""
    lines = [_of_pixels(source, network, front), "" if found else _of_head(source, network, inputs, head)]
    lines += [_of_biases(source, layer) for layer in head if found and "bias" not in layer.variables]
    return tuple(line for line in lines if line)


def _of_pixels(source: Source, network: str, front: list[Layer]) -> str:
    said = source.metadata.get("keras_layers", "")
    layers = [text for text in said.split("; ") if text and not (front and text.startswith("Normalization"))]
    layers += [
        f"{' '.join(filter(None, ('Normalization', layer.label)))} ({_values(source, layer)})"
        for layer in front
    ]
    if not layers:
        return ""
    return (
        f"{source.path}: its model computes {'; '.join(layers)}, which {network} does not: its numbers are "
        "the same for images that have been through that already. Where preprocess() does not do it, give "
        "preprocessing= that does"
    )


def _of_head(source: Source, network: str, inputs: list[int], head: list[Layer]) -> str:
    if not head:
        return ""
    *most, last = [str(width) for width in inputs]
    takes = f"{', '.join(most)} and {last}" if most else last
    return (
        f"{source.path}: left out is {_shown(head)}: {network} ends in {len(inputs)} "
        f"layer{'s' if most else ''} of weights, on {takes} channels, and no other"
    )


def _of_biases(source: Source, layer: Layer) -> str:
    return f"{source.path}: {layer.name} has no biases: they are zeros here"


def _shown(layers: list[Layer]) -> str:
    shown = [f"{layer.name} {_shape(layer)}" for layer in layers[:_SHOWN]]
    return ", ".join([*shown, f"and {len(layers) - _SHOWN} more"] if len(layers) > _SHOWN else shown)


def _shape(layer: Layer) -> list[int]:
    return list(next(iter(layer.shapes.values())))


def _values(source: Source, layer: Layer) -> str:
    return ", ".join(
        f"{key} {_numbers(np.ravel(source[name]))}" for key, name in layer.variables.items() if key != "count"
    )


def _numbers(values: Iterable[float]) -> str:
    shown = [f"{value:.6g}" for value in values]
    return ", ".join([*shown[:_SHOWN], "..."] if len(shown) > _SHOWN else shown)
