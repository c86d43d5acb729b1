"""The area under the ROC curve from histograms of scores (Bouckaert 2006)."""

import tensorflow as tf

from slimzoo.slim.metrics.common import KEYS, metric_scope, squeezed
from slimzoo.slim.types import Collections, TensorLike


def auc_using_histogram(
    boolean_labels: TensorLike,
    scores: TensorLike,
    score_range: TensorLike,
    nbins: int = 100,
    collections: Collections | None = None,
    check_shape: bool = True,
    name: str | None = None,
) -> tuple[tf.Tensor, tf.Operation]:
    """The area under the ROC curve, as exact as `nbins` bins of `score_range` [2] allow.

    Args:
      boolean_labels: bool [N].
      scores: [N]; those out of range fall into the first or last bin.
      collections: of the two histograms; default the local variables.
      check_shape: whether running it checks that the ranks are 1.

    Returns: (area, update_op).

    Raises: ValueError: labels that are not bool.
    """
    with metric_scope(
        "auc_using_histogram", name, "auc_using_histogram", [boolean_labels, scores, score_range]
    ):
        scores, labels, _ = squeezed(scores, boolean_labels)
        if labels.dtype != tf.bool:
            raise ValueError(f"Argument boolean_labels should have dtype bool.  Found: {labels.dtype.name}")
        checks = [_rank_check("boolean_labels", labels), _rank_check("scores", scores)] if check_shape else []
        with tf.control_dependencies(checks):
            chosen = {"true": tf.identity(labels), "false": ~labels}
        with tf.compat.v1.variable_scope(None, "make_auc_histograms"):
            batch = {
                name: tf.histogram_fixed_width(
                    tf.boolean_mask(scores, mask), score_range, nbins, tf.int64, f"hist_{name}"
                )
                for name, mask in chosen.items()
            }
        with tf.compat.v1.variable_scope(None, "hist_accumulate"):
            totals = {name: _histogram(f"hist_{name}_acc", nbins, collections) for name in batch}
            update_op = tf.group(*(totals[x].assign_add(batch[x]) for x in batch), name="update_op")
        return _area(totals["true"], totals["false"]), update_op


def _histogram(name: str, nbins: int, collections: Collections | None) -> tf.Variable:
    return tf.compat.v1.get_variable(
        name,
        shape=[nbins],
        dtype=tf.int64,
        initializer=tf.compat.v1.zeros_initializer(),
        collections=[KEYS.LOCAL_VARIABLES] if collections is None else collections,
        trainable=False,
    )


def _rank_check(name: str, tensor: tf.Tensor) -> tf.Operation:
    words = f"Argument {name} should have rank 1.  Found: "
    return tf.debugging.Assert(tf.equal(1, tf.rank(tensor)), [words, tf.shape(tensor)])


def _area(true: tf.Tensor, false: tf.Tensor) -> tf.Tensor:
    """Returns the area under the curve through the ends of the bins, by trapezoids from the highest score."""
    widths, heights = (
        tf.cast(tf.reverse(tf.truediv(bins, tf.reduce_sum(bins)), [0]), tf.float32) for bins in (false, true)
    )
    ends = _strict_1d_cumsum(heights, tf.size(heights))
    first = widths[0] * ends[0] / 2.0
    return tf.add(first, tf.reduce_sum(widths[1:] * (ends[1:] + ends[:-1]) / 2.0), name="auc")


def _strict_1d_cumsum(tensor: tf.Tensor, len_tensor: TensorLike) -> tf.Tensor:
    """Returns the cumulated sums of the first `len_tensor` values; old tests call it."""
    return tf.cumsum(tensor)[:len_tensor]
