"""Small tools of the layers: collections of named outputs, conditions known or not, sizes."""

import collections
import logging
import numbers
import operator
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import numpy as np
import tensorflow as tf

from slimzoo.slim.types import Collections, Flag, Shape, Size, VariableCollections

T = TypeVar("T")
log = logging.getLogger("slimzoo")


def collect_named_outputs(collections: Collections | None, alias: str, outputs: T) -> T:
    """Adds `outputs` to the collection or collections under the name `alias`; returns `outputs`."""
    if collections:
        append_tensor_alias(outputs, alias)
        tf.compat.v1.add_to_collections(collections, outputs)
    return outputs


def append_tensor_alias(tensor: Any, alias: str) -> Any:
    """Appends `alias` without its last "/" to `tensor.aliases`; returns `tensor`."""
    tensor.aliases = [*getattr(tensor, "aliases", ()), alias.removesuffix("/")]
    return tensor


def get_tensor_aliases(tensor: Any) -> list[str]:
    """Returns the aliases of `tensor`, or else its name."""
    return list(getattr(tensor, "aliases", ())) or [tensor.name.removesuffix(":0")]


def gather_tensors_aliases(tensors: Iterable[Any]) -> list[str]:
    """Returns the aliases of all `tensors` in one list."""
    return [alias for tensor in tensors for alias in get_tensor_aliases(tensor)]


def convert_collection_to_dict(
    collection: str, clear_collection: bool = False
) -> collections.OrderedDict[str, tf.Tensor]:
    """Returns an OrderedDict {alias: tensor} of a collection, which is emptied if `clear_collection`.

    Of several tensors with the same alias the last is kept, and a warning names the others.
    """
    outputs: collections.OrderedDict[str, tf.Tensor] = collections.OrderedDict()
    hidden = []
    for tensor in tf.compat.v1.get_collection(collection):
        for alias in get_tensor_aliases(tensor):
            if outputs.get(alias, tensor) is not tensor:
                hidden.append(f"{alias!r} is {outputs[alias].name} and {tensor.name}")
            outputs[alias] = tensor
    if hidden:
        log.warning(
            "collection %r has one name for several tensors; the dict keeps the last: %s. Give each layer a "
            "scope of its own, or each network another outputs_collections",
            collection,
            "; ".join(hidden),
        )
    if clear_collection:
        tf.compat.v1.get_default_graph().clear_collection(collection)
    return outputs


def constant_value(value_or_tensor_or_var: Any, dtype: tf.DType | None = None) -> Any:
    """Returns the value if it is known while the graph is built, else None (a variable is never known).

    Raises: ValueError: the value is None, or of another dtype than `dtype`.
    """
    value = value_or_tensor_or_var
    if value is None:
        raise ValueError("value_or_tensor_or_var cannot be None; give a value, a tensor or a variable")
    if not isinstance(value, (tf.Tensor, tf.Variable)):
        return value
    if dtype and value.dtype != dtype:
        raise ValueError(f"the value has the wrong type {value.dtype}; it should be {dtype}")
    return None if isinstance(value, tf.Variable) else tf.get_static_value(value)


def static_cond(pred: Any, fn1: Callable[[], T], fn2: Callable[[], T]) -> T:
    """Returns `fn1()` if the bool `pred`, else `fn2()`; TypeError if one of them is not callable."""
    for name, fn in (("fn1", fn1), ("fn2", fn2)):
        if not callable(fn):
            raise TypeError(f"{name} must be callable, not {fn!r}")
    return fn1() if pred else fn2()


def smart_cond(pred: Flag, fn1: Callable[[], T], fn2: Callable[[], T], name: str | None = None) -> T:
    """Returns `fn1()` or `fn2()`, chosen now if `pred` is known, else by tf.cond when the graph runs."""
    value = constant_value(pred)
    if value is not None:
        return static_cond(value, fn1, fn2)
    return tf.compat.v1.cond(tf.cast(pred, tf.bool), fn1, fn2, name=name)


def get_variable_collections(
    variables_collections: VariableCollections | None, name: str
) -> Collections | None:
    """Returns the collections for the variable `name`: a dict has a row for each, a list serves all."""
    if isinstance(variables_collections, dict):
        return variables_collections.get(name)
    return variables_collections


def channel_dimension(shape: Shape, data_format: str, min_rank: int = 1) -> int:
    """Returns the number of channels in `shape`; data_format is "channels_first" or "channels_last"."""
    return _dimension(shape, 1 if data_format == "channels_first" else -1, min_rank)


def last_dimension(shape: Shape, min_rank: int = 1) -> int:
    """Returns the last dimension of `shape`; ValueError if it is unknown or the rank below `min_rank`."""
    return _dimension(shape, -1, min_rank)


def two_element_tuple(int_or_tuple: Size) -> tuple[int, int]:
    """Returns (height, width) of an int, a list, a tuple or a TensorShape."""
    if isinstance(int_or_tuple, tf.TensorShape):
        sizes = int_or_tuple.as_list()
    elif isinstance(int_or_tuple, (list, tuple)):
        sizes = int_or_tuple
    else:
        sizes = (int_or_tuple, int_or_tuple)
    try:
        height, width = (operator.index(size) for size in sizes)
    except (TypeError, ValueError):
        raise ValueError(f"Must be an int, or 2 ints (height, width), not {int_or_tuple!r}") from None
    return height, width


def n_positive_integers(n: int, value: Any) -> tuple[int, ...]:
    """Returns `value` as a tuple of `n` positive ints; one int stands for all of them.

    Raises: ValueError: another number of ints, one below 1 or unknown, or `n` below 1.
    """
    if int(n) != n or n < 1:
        raise ValueError(f"n must be a positive integer, not {n!r}")
    try:
        values = (_whole(value),) * int(n)
    except TypeError:
        values = _ints(n, value)
    if min(values) < 1:
        raise ValueError(f"expected positive integer, but received {min(values)} in {value!r}")
    return values


def whole_sizes(shape: Any) -> Any:
    """Returns `shape` with floats that are whole numbers as ints, as TensorFlow 1 read `channels / 2`."""
    if isinstance(shape, (list, tuple)):
        return [whole_sizes(size) for size in shape]
    is_whole = isinstance(shape, (float, np.floating)) and float(shape).is_integer()
    return int(shape) if is_whole else shape


def _whole(value: Any) -> int:
    """Returns `value` as an int. Raises: TypeError: it is no number. ValueError: it is not whole."""
    try:
        size = int(value)
    except ValueError:
        raise TypeError(f"{value!r} is no number") from None
    if isinstance(value, numbers.Real) and size != value:
        raise ValueError(f"expected whole numbers, but received {value!r}")
    return size


def _ints(n: int, value: Any) -> tuple[int, ...]:
    try:
        values = tuple(map(_whole, value))
    except TypeError:
        values = ()
    if len(values) != n:
        raise ValueError(f"Expected sequence of {n} positive integers, but received {value!r}")
    return values


def _dimension(shape: Shape, dim: int, min_rank: int) -> int:
    shape = tf.TensorShape(shape)
    if shape.rank is None:
        raise ValueError("dims of shape must be known but is None; call set_shape on the tensor first")
    if shape.rank < min_rank:
        raise ValueError(
            f"rank of shape must be at least {min_rank} not: {shape.rank} (the shape is {shape}); for a "
            "single sample add the batch dimension, tensor[tf.newaxis]"
        )
    size = shape.as_list()[dim]
    if size is None:
        raise ValueError(
            f"dimension {dim} of shape must be known but is None: {shape}; call set_shape on the tensor first"
        )
    return size
