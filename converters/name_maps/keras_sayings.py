"""What of a fine-tuned model of Keras's a network of slim's is without, as its user should know."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from slimzoo.converters.name_maps.keras_fitting import Layer, Pairs
from slimzoo.converters.source import Source

_SHOWN = 4  # layers, or numbers of a vector


def said_of(
    source: Source, network: str, inputs: list[int], front: list[Layer], head: list[Layer], found: bool
) -> tuple[str, ...]:
    """Returns a line for each such thing; `found`: the network's own head was made of `head`."""
    at_end = _of_end(source, network) if found else _of_head(source, network, inputs, head)
    lines = [_of_pixels(source, network, front), at_end]
    lines += [_of_biases(source, layer) for layer in head if found and "bias" not in layer.variables]
    return tuple(line for line in lines if line)


def of_twin(source: Source, network: str, taken: Pairs, other: Pairs | None) -> tuple[str, ...]:
    """Returns a line that says which of two networks in a file was taken, where there are two."""
    if not other:
        return ()
    here, there = (pairs[0][1].name for pairs in (taken, other))
    return (
        f"{source.path} holds {network} more than once: that from {here} on is taken, not that from {there} "
        "on; exclude= leaves out the layers of one",
    )


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


def _of_end(source: Source, network: str) -> str:
    """Returns what is to be said of a head that has the weights of the network's, and computes more."""
    if not (told := source.metadata.get("keras_head", "")):
        return ""
    several = " (multi_label=True where classes are told by a sigmoid each)" if "sigmoid" in told else ""
    return (
        f"{source.path}: its model computes {told} at its end, which {network} does not: the logits are "
        f"of averages, and of its last layer alone{several}"
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
