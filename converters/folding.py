"""Folded weights come back: kernels into which batch norm was multiplied, as the variables of a network.

A file of a graph that runs (TensorFlow Lite, an optimised frozen graph) has no batch norm left. Its layers
are paired with the network's, both in the order of a walk back from the outputs; a batch norm of the network
then gets the values with which it changes nothing but for the offset, and the output is the same.
"""

from __future__ import annotations

import inspect
import json
import logging
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from slimzoo.converters.folded_values import variables_of
from slimzoo.converters.formats.boundary import guarded
from slimzoo.converters.graph import Layer
from slimzoo.converters.source import Source, Tensor
from slimzoo.errors import SlimzooError
from slimzoo.names import Scopes
from slimzoo.registry import Row, get_network, get_row

log = logging.getLogger("slimzoo")
_ENOUGH = 0.9  # of a network's layers before its head, for a file that goes on otherwise to be one of it


def unfolded(
    source: Source, network: str, arguments: Mapping[str, Any] = MappingProxyType({}), fixed: bool = False
) -> Source | None:
    """Returns the variables of `network` with which it computes what the graph of `source` does.

    The metadata name the scopes that the graph is without, and what arguments_of() returns. None: `source`
    is of no graph that was folded.

    Args:
      arguments: of the network function.
      fixed: it is built with these alone; what it would need others for is warned of.
    Raises: SlimzooError: its layers are not those of `network`, as far as its head.
    """
    if source.layers is None or "folded" not in source.metadata:
        return None
    from slimzoo.converters.network_graph import network_layers  # brings TensorFlow

    row = get_row(network)
    ours = network_layers(network, arguments)
    theirs: Sequence[Layer] = source.layers()
    theirs = _without_preprocessing(source, theirs, ours) if theirs and ours else theirs
    count = _common(source, row, theirs, ours)
    tensors: dict[str, Tensor] = {}
    for their, our in zip(theirs[:count], ours[:count], strict=True):
        tensors |= variables_of(source.path, their, our)
    absent = (*_scopes_of(ours[count:], row), *row.side_heads)
    _say_rounded(source)
    _say_functions(source, network, theirs[:count], ours[:count])
    needed = _strides(source, network, theirs[:count], ours[:count], None if fixed else arguments)
    if left := theirs[count:]:
        log.warning("%s: left out are its last %d layers, from %s on", source.path, len(left), left[0])
    found = guarded(source.with_tensors(tensors), source.path)
    found.metadata |= {"unfolded": f"{count} layers", "absent": json.dumps(absent)}
    found.metadata |= {"needs": json.dumps(needed)}
    return found


def absent_in(source: Source) -> tuple[str, ...]:
    """Returns the scopes of its network that the metadata of `source` say it is without."""
    return tuple(json.loads(source.metadata.get("absent", "[]")))


def arguments_of(source: Source) -> dict[str, Any]:
    """Returns the arguments with which the network computes what the graph behind `source` does."""
    return json.loads(source.metadata.get("needs", "{}"))


def _without_preprocessing(source: Source, theirs: Sequence[Layer], ours: Sequence[Layer]) -> Sequence[Layer]:
    """Returns the layers from the first kernel on; what is done to the images before it is said."""
    first = next((number for number, layer in enumerate(theirs) if layer.kernel), 0)
    if ours[0].kernel is None or ours[0].images or not (first or theirs[first].images):
        return theirs
    log.warning(
        "%s computes with its images before its first kernel (%s), and perhaps in it; that is left out: "
        "compare what the network makes of an image, preprocessed as you mean to, with what the file does",
        *(source.path, ", ".join(step.kind for step in reversed(theirs[first].images)) or "mul"),
    )
    return theirs[first:]


def _common(source: Source, network: Row, theirs: Sequence[Layer], ours: Sequence[Layer]) -> int:
    """Returns how many of the first layers of both are the same.

    Raises: SlimzooError: fewer than the network is told by.
    """
    heads = Scopes(network.main_heads)
    trunk = next((n for n, layer in enumerate(ours) if _is_in(layer, heads)), len(ours))
    count = 0
    for their, our in zip(theirs, ours, strict=False):
        if not _fits(their, our, of_head=_is_in(our, heads)):
            break
        count += 1
    if count == len(ours) == len(theirs):
        return count
    if count >= max(1, _ENOUGH * trunk):
        return min(count, trunk)  # what follows is of another task, whatever it looks like
    raise SlimzooError(_difference(source, network, theirs, ours, count))


def _difference(
    source: Source, network: Row, theirs: Sequence[Layer], ours: Sequence[Layer], count: int
) -> str:
    there = str(theirs[count]) if count < len(theirs) else "nothing more"
    here = f"{_name(ours[count])} ({ours[count]})" if count < len(ours) else "nothing more"
    return (
        f"{source.path}: its layers are not those of {network.name}: {len(theirs)} there, {len(ours)} here, "
        f"and the first {count} are the same. Then comes {there} where {here} is wanted. Its tensors have no "
        "names of variables, so layers are told by their kernels: give the network that the file was made "
        "from, with the arguments that it had (as divisible_by=1); or its checkpoint"
    )


def _fits(their: Layer, our: Layer, of_head: bool) -> bool:
    """Whether both may be one layer. of_head: of any number of classes."""
    if their.kernel is None or our.kernel is None:
        return their.kernel is our.kernel and their.channels == our.channels
    if (their.kind == "depthwise") != (our.kind == "depthwise"):
        return False
    channels_equal = of_head or their.kernel.shape[-1] == our.kernel.shape[-1]
    if their.kind != our.kind:  # a convolution whose kernel covers its image is a product with a matrix
        return channels_equal and their.kernel.inputs == our.kernel.inputs
    strides_equal = their.stride == our.stride or their.dilated
    return channels_equal and strides_equal and their.kernel.shape[:-1] == our.kernel.shape[:-1]


def _name(layer: Layer) -> str:
    names = [name for constant in layer.constants for name in constant.names]
    return names[0] if names else str(layer)


def _is_in(layer: Layer, scopes: Scopes) -> bool:
    return any(name in scopes for constant in layer.constants for name in constant.names)


def _scopes_of(layers: Sequence[Layer], network: Row) -> tuple[str, ...]:
    """Returns the scopes whose variables are those of `layers`: heads whole, others by layer."""
    heads = network.main_heads if any(_is_in(layer, Scopes(network.main_heads)) for layer in layers) else ()
    names = [name for layer in layers for constant in layer.constants for name in constant.names]
    others = (
        name.rpartition("/")[0].removesuffix("/BatchNorm") for name in names if name not in Scopes(heads)
    )
    return (*dict.fromkeys(others), *heads)


def _say_rounded(source: Source) -> None:
    if rounded := source.metadata.get("dequantised"):
        log.warning("%s: its weights were rounded, %s", source.path, rounded)


def _strides(
    source: Source,
    network: str,
    theirs: Sequence[Layer],
    ours: Sequence[Layer],
    arguments: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """Returns the output_stride of a file that dilates kernels in place of strides from another one on.

    Args:
      arguments: of the network function; None, or with an output_stride, or where it takes none: it is
        warned of, and nothing returned.
    """
    pairs = [(their, our) for their, our in zip(theirs, ours, strict=True) if their.kernel and our.kernel]
    if not (others := sum(their.stride != our.stride for their, our in pairs)):
        return {}
    there, here = (math.prod(layer.stride for layer in side) for side in zip(*pairs, strict=True))
    takes = inspect.signature(get_network(network).build).parameters.values()
    known = any(name.name == "output_stride" or name.kind is name.VAR_KEYWORD for name in takes)
    if known and arguments is not None and "output_stride" not in arguments:
        return {"output_stride": there}
    log.warning(
        "%s: %d of its layers stride otherwise than those of %s: other numbers. Its map is %d times as small "
        "as its images, the network's %d times: output_stride=%d gives it the same",
        *(source.path, others, network, there, here, there),
    )
    return {}


def _say_functions(source: Source, network: str, theirs: Sequence[Layer], ours: Sequence[Layer]) -> None:
    """Says which functions the file applies to layers in place of those of the network."""
    pairs = zip(theirs, ours, strict=True)
    others = Counter((their.then, our.then) for their, our in pairs if their.then not in ("", our.then))
    for (there, here), count in others.items():
        log.warning(
            "%s: %d of its layers are followed by %s, those of %s by %s: other numbers. Arguments of the "
            "network (as activation_fn=) may give it the same",
            *(source.path, count, there, network, here or "nothing"),
        )
