"""The shapes of a network's variables: what is known of slimzoo's own, and traced of the others."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from slimzoo import facts
from slimzoo.registry import get_row


def shapes_of(
    network: str,
    num_classes: int | None = None,
    arguments: Mapping[str, Any] = MappingProxyType({}),
) -> dict[str, tuple[int, ...]]:
    """Returns {variable: shape} of a registered network; TensorFlow is imported only where it must be traced.

    Args:
      num_classes: None: as many as were published; 0: without the last layer.
      arguments: of its function.
    Raises: SlimzooError: there is no such network, or it does not take `arguments`.
    """
    name = get_row(network).name
    if name in facts.rows() and not arguments:
        return facts.shapes(name, num_classes)
    from slimzoo.tracing.parts import network_shapes  # brings TensorFlow

    return network_shapes(name, num_classes, arguments)
