"""Summaries chosen by what a tensor is: a scalar, a histogram, the zeros of an activation."""

import functools
import re

import tensorflow as tf

KEYS = tf.compat.v1.GraphKeys


def summarize_tensor(tensor, tag=None):
    """Returns a new scalar or histogram summary of `tensor`; None for strings and booleans.

    Args:
      tag: the name of the summary; None: `<op>_summary`.
    """
    if tensor.dtype.base_dtype in (tf.string, tf.bool):
        return None
    make = tf.compat.v1.summary.scalar if tensor.shape.rank == 0 else tf.compat.v1.summary.histogram
    return make(tag or f"{tensor.op.name}_summary", tensor)


def summarize_activation(op):
    """Returns a new histogram summary of an activation; adds the share of zeros (and of sixes) of relus."""
    if op.op.type in ("Relu", "Softplus", "Relu6"):
        _share(tf.less, op, 0.0, "zeros")
    if op.op.type == "Relu6":
        _share(tf.greater, op, 6.0, "sixes")
    return tf.compat.v1.summary.histogram(f"{op.op.name}/activation", op)


def summarize_tensors(tensors, summarizer=summarize_tensor):
    """Returns what `summarizer` makes of each tensor."""
    return [summarizer(tensor) for tensor in tensors]


def summarize_collection(collection, name_filter=None, summarizer=summarize_tensor):
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


def summarize_activations(name_filter=None, summarizer=summarize_activation):
    """Returns what `summarizer` makes of the activations, chosen as by `summarize_collection`."""
    return summarize_collection(KEYS.ACTIVATIONS, name_filter, summarizer)


def _share(compare, activation, bound, name):
    """Adds a summary of how many of the inputs of `activation` are beyond `bound`: exact, unlike outputs."""
    inputs = activation.op.inputs[0]
    beyond = tf.cast(compare(inputs, tf.cast(bound, inputs.dtype)), tf.float32)
    tf.compat.v1.summary.scalar(f"{activation.op.name}/{name}", tf.reduce_mean(beyond))
