"""tf.contrib.deprecated: summaries as they were before TensorFlow 1, whose tags are given whole."""

from collections.abc import Iterable
from typing import Any

import tensorflow as tf

v1 = tf.compat.v1


def _listed(summary: tf.Tensor, collections: Iterable[str] | None) -> tf.Tensor:
    for collection in (v1.GraphKeys.SUMMARIES,) if collections is None else collections:
        v1.add_to_collection(collection, summary)
    return summary


def scalar_summary(tags: Any, values: Any, collections: Any = None, name: str | None = None) -> tf.Tensor:
    """Returns the summary of numbers under `tags`, of the same shape."""
    return _listed(tf.raw_ops.ScalarSummary(tags=tags, values=values, name=name), collections)


def histogram_summary(tag: Any, values: Any, collections: Any = None, name: str | None = None) -> tf.Tensor:
    """Returns the summary of a histogram under `tag`."""
    return _listed(tf.raw_ops.HistogramSummary(tag=tag, values=values, name=name), collections)


def image_summary(
    tag: Any, tensor: Any, max_images: int = 3, collections: Any = None, name: str | None = None
) -> tf.Tensor:
    """Returns the summary of images [N, H, W, C] under "tag/image/0" and so on."""
    summary = tf.raw_ops.ImageSummary(tag=tag, tensor=tensor, max_images=max_images, name=name)
    return _listed(summary, collections)


def audio_summary(
    tag: Any,
    tensor: Any,
    sample_rate: Any,
    max_outputs: int = 3,
    collections: Any = None,
    name: str | None = None,
) -> tf.Tensor:
    """Returns the summary of sounds [N, frames] or [N, frames, channels] under "tag/audio/0" and so on."""
    sound = {"tag": tag, "tensor": tensor, "sample_rate": sample_rate, "max_outputs": max_outputs}
    return _listed(tf.raw_ops.AudioSummaryV2(**sound, name=name), collections)


def merge_summary(inputs: Any, collections: Any = None, name: str | None = None) -> tf.Tensor:
    """Returns one summary of several."""
    return v1.summary.merge(inputs, collections, name)


def merge_all_summaries(key: str = "summaries") -> tf.Tensor | None:
    """Returns one summary of all in a collection; None where there is none."""
    return v1.summary.merge_all(key)
