"""Summaries of tensors under their own names, with a prefix where one is wanted."""

from collections.abc import Callable, Iterable

import tensorflow as tf


def add_histogram_summary(tensor: tf.Tensor, name: str | None = None, prefix: str | None = None) -> tf.Tensor:
    """Returns a new histogram summary of `tensor`, tagged `prefix/name`; None: the name of its op."""
    return tf.compat.v1.summary.histogram(_tag(tensor, name, prefix), tensor)


def add_image_summary(
    tensor: tf.Tensor, name: str | None = None, prefix: str | None = None, print_summary: bool = False
) -> tf.Tensor:
    """Returns a new summary of images [N, H, W, 1, 3 or 4]; named as by `add_histogram_summary`.

    Args:
      print_summary: also print the tensor to stderr each time the summary is computed.
    """
    return _summary(tf.compat.v1.summary.image, tensor, _tag(tensor, name, prefix), print_summary)


def add_scalar_summary(
    tensor: tf.Tensor, name: str | None = None, prefix: str | None = None, print_summary: bool = False
) -> tf.Tensor:
    """Returns a new summary of a scalar; the arguments are those of `add_image_summary`."""
    return _summary(tf.compat.v1.summary.scalar, tensor, _tag(tensor, name, prefix), print_summary)


def add_zero_fraction_summary(
    tensor: tf.Tensor, name: str | None = None, prefix: str | None = None, print_summary: bool = False
) -> tf.Tensor:
    """Returns a new scalar summary of the share of zeros in `tensor`: `.../Fraction_of_Zero_Values`."""
    tag = f"{_tag(tensor, name, prefix)}/Fraction_of_Zero_Values"
    return add_scalar_summary(tf.math.zero_fraction(tensor), tag, print_summary=print_summary)


def add_histogram_summaries(tensors: Iterable[tf.Tensor], prefix: str | None = None) -> list[tf.Tensor]:
    """Returns a new histogram summary of each tensor."""
    return [add_histogram_summary(tensor, prefix=prefix) for tensor in tensors]


def add_image_summaries(tensors: Iterable[tf.Tensor], prefix: str | None = None) -> list[tf.Tensor]:
    """Returns a new image summary of each tensor."""
    return [add_image_summary(tensor, prefix=prefix) for tensor in tensors]


def add_scalar_summaries(
    tensors: Iterable[tf.Tensor], prefix: str | None = None, print_summary: bool = False
) -> list[tf.Tensor]:
    """Returns a new scalar summary of each tensor."""
    return [add_scalar_summary(tensor, prefix=prefix, print_summary=print_summary) for tensor in tensors]


def add_zero_fraction_summaries(tensors: Iterable[tf.Tensor], prefix: str | None = None) -> list[tf.Tensor]:
    """Returns a new summary of the share of zeros in each tensor."""
    return [add_zero_fraction_summary(tensor, prefix=prefix) for tensor in tensors]


def _tag(tensor: tf.Tensor, name: str | None, prefix: str | None) -> str:
    name = name or tensor.op.name
    return f"{prefix}/{name}" if prefix else name


def _summary(make: Callable[..., tf.Tensor], tensor: tf.Tensor, tag: str, print_summary: bool) -> tf.Tensor:
    if not print_summary:
        return make(tag, tensor)
    printed = tf.compat.v1.Print(make(tag, tensor, collections=[]), [tensor], tag)
    tf.compat.v1.add_to_collection(tf.compat.v1.GraphKeys.SUMMARIES, printed)
    return printed
