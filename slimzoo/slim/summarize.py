"""Summaries chosen by what a tensor is: a scalar, a histogram, the zeros of an activation."""

import functools
import re
from collections.abc import Callable, Iterable
from typing import TypeAlias

import tensorflow as tf

Summarizer: TypeAlias = Callable[[tf.Tensor], tf.Tensor | None]
KEYS = tf.compat.v1.GraphKeys


def summarize_tensor(tensor: tf.Tensor, tag: str | None = None) -> tf.Tensor | None:
    """Returns a new scalar or histogram summary of `tensor`; None for strings and booleans.

    Args:
      tag: the name of the summary; None: `<op>_summary`.
    """
    if tensor.dtype.base_dtype in (tf.string, tf.bool):
        return None
    make = tf.compat.v1.summary.scalar if tensor.shape.rank == 0 else tf.compat.v1.summary.histogram
    return make(tag or f"{tensor.op.name}_summary", tensor)


def summarize_activation(op: tf.Tensor) -> tf.Tensor:
    """Returns a new histogram summary of an activation; adds the share of zeros (and of sixes) of relus."""
    if op.op.type in ("Relu", "Softplus", "Relu6"):
        _share(tf.less, op, 0.0, "zeros")
    if op.op.type == "Relu6":
        _share(tf.greater, op, 6.0, "sixes")
    return tf.compat.v1.summary.histogram(f"{op.op.name}/activation", op)


def summarize_tensors(
    tensors: Iterable[tf.Tensor], summarizer: Summarizer = summarize_tensor
) -> list[tf.Tensor | None]:
    """Returns what `summarizer` makes of each tensor."""
    return [summarizer(tensor) for tensor in tensors]


def summarize_collection(
    collection: str, name_filter: str | None = None, summarizer: Summarizer = summarize_tensor
) -> list[tf.Tensor | None]:
    """Returns what `summarizer` makes of the tensors in a graph collection.

    Args:
      name_filter: a regular expression that the name of the op must start with; None: all.
    """
    tensors = tf.compat.v1.get_collection(collection)
    chosen = [tensor for tensor in tensors if name_filter is None or re.match(name_filter, tensor.op.name)]
    return summarize_tensors(chosen, summarizer)


summarize_variables = functools.partial(summarize_collection, KEYS.GLOBAL_VARIABLES)
summarize_weights = functools.partial(summarize_collection, KEYS.WEIGHTS)
summarize_biases = functools.partial(summarize_collection, KEYS.BIASES)


def summarize_activations(
    name_filter: str | None = None, summarizer: Summarizer = summarize_activation
) -> list[tf.Tensor | None]:
    """Returns what `summarizer` makes of the activations, chosen as by `summarize_collection`."""
    return summarize_collection(KEYS.ACTIVATIONS, name_filter, summarizer)


def _share(compare: Callable[..., tf.Tensor], activation: tf.Tensor, bound: float, name: str) -> None:
    """Adds a summary of how many of the inputs of `activation` are beyond `bound`: exact, unlike outputs."""
    inputs = activation.op.inputs[0]
    beyond = tf.cast(compare(inputs, tf.cast(bound, inputs.dtype)), tf.float32)
    tf.compat.v1.summary.scalar(f"{activation.op.name}/{name}", tf.reduce_mean(beyond))
