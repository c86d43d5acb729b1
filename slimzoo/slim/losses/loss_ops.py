"""Losses that list themselves in the collection "losses": predictions first, then labels, then weights."""

from typing import Any

import tensorflow as tf

from slimzoo.slim.arg_scope import add_arg_scope
from slimzoo.slim.types import TensorLike

KEYS = tf.compat.v1.GraphKeys


def compute_weighted_loss(
    losses: TensorLike, weights: TensorLike = 1.0, scope: str | None = None
) -> tf.Tensor:
    """Returns the sum of `losses` times `weights`, divided by the number of losses whose weight is not 0.

    Args:
      losses: [N, d1, ... dK].
      weights: a scalar, [N], or [N, d1, ... dJ]; a last dimension of 1 is dropped.

    Raises: ValueError: a rank is unknown.
    """
    with tf.compat.v1.name_scope(scope, "weighted_loss", [losses, weights]):
        losses = tf.convert_to_tensor(losses)
        dtype = losses.dtype
        losses, weights = _floats(losses), _floats(weights)
        _check_ranks(losses, weights)
        if weights.shape.rank > 1 and weights.shape.as_list()[-1] in (None, 1):
            weights = tf.squeeze(weights, [-1])
        if weights.shape.rank > losses.shape.rank:
            raise ValueError(
                f"weights of shape {weights.shape} are of higher rank than losses {losses.shape}"
            )
        total, present = _scaled_sum(losses, weights), tf.reduce_sum(_present(losses, weights))
        loss = tf.cast(tf.math.divide_no_nan(total, present, name="value"), dtype)
        add_loss(loss)
        return loss


@add_arg_scope
def add_loss(loss: tf.Tensor, loss_collection: str | None = KEYS.LOSSES) -> None:
    """Lists `loss` in a collection of the graph; None lists it nowhere."""
    if loss_collection and not tf.executing_eagerly():
        tf.compat.v1.add_to_collection(loss_collection, loss)


def get_losses(scope: str | None = None, loss_collection: str = KEYS.LOSSES) -> list[tf.Tensor]:
    """Returns the losses listed so far whose names start with `scope`."""
    return tf.compat.v1.get_collection(loss_collection, scope)


def get_regularization_losses(scope: str | None = None) -> list[tf.Tensor]:
    """Returns the penalties of the regularizers whose names start with `scope`."""
    return tf.compat.v1.get_collection(KEYS.REGULARIZATION_LOSSES, scope)


def get_total_loss(add_regularization_losses: bool = True, name: str = "total_loss") -> tf.Tensor:
    """Returns the sum of all listed losses, with the regularization losses if wanted.

    Raises: ValueError: there are none.
    """
    losses = get_losses() + (get_regularization_losses() if add_regularization_losses else [])
    if not losses:
        raise ValueError("there are no losses to add up: no slim.losses function was called in this graph")
    return tf.add_n(losses, name=name)


def absolute_difference(
    predictions: TensorLike,
    labels: TensorLike | None = None,
    weights: TensorLike = 1.0,
    scope: str | None = None,
) -> tf.Tensor:
    """Returns the mean of |predictions - labels|."""
    with tf.compat.v1.name_scope(scope, "absolute_difference", [predictions, labels, weights]) as name:
        predictions, labels = _pair(predictions, labels)
        return compute_weighted_loss(tf.abs(predictions - labels), weights, scope=name)


def mean_squared_error(
    predictions: TensorLike,
    labels: TensorLike | None = None,
    weights: TensorLike = 1.0,
    scope: str | None = None,
) -> tf.Tensor:
    """Returns the mean of (predictions - labels) ** 2."""
    with tf.compat.v1.name_scope(scope, "mean_squared_error", [predictions, labels, weights]) as name:
        predictions, labels = _pair(predictions, labels)
        return compute_weighted_loss(tf.math.squared_difference(predictions, labels), weights, scope=name)


def log_loss(
    predictions: TensorLike,
    labels: TensorLike | None = None,
    weights: TensorLike = 1.0,
    epsilon: float = 1e-7,
    scope: str | None = None,
) -> tf.Tensor:
    """Returns the mean of -labels * log(predictions) - (1 - labels) * log(1 - predictions)."""
    with tf.compat.v1.name_scope(scope, "log_loss", [predictions, labels, weights]) as name:
        p, y = _pair(predictions, labels)
        losses = -y * tf.math.log(p + epsilon) - (1 - y) * tf.math.log(1 - p + epsilon)
        return compute_weighted_loss(losses, weights, scope=name)


def hinge_loss(logits: TensorLike, labels: TensorLike | None = None, scope: str | None = None) -> tf.Tensor:
    """Returns the hinge losses, one for each logit and listed nowhere; labels are 0 or 1."""
    with tf.compat.v1.name_scope(scope, "hinge_loss", [logits, labels]):
        logits, labels = _compatible(logits, labels)
        signs = 2 * tf.cast(labels, tf.float32) - 1
        return tf.nn.relu(1 - signs * logits)


def sigmoid_cross_entropy(
    logits: TensorLike,
    multi_class_labels: TensorLike,
    weights: TensorLike = 1.0,
    label_smoothing: float = 0,
    scope: str | None = None,
) -> tf.Tensor:
    """Returns the mean cross entropy of independent classes.

    Args:
      logits, multi_class_labels: [N, classes]; labels between 0 and 1.
      weights: a scalar, [N] or [N, classes].
      label_smoothing: moves the labels by this fraction towards 1/2.
    """
    values = [logits, multi_class_labels, weights]
    with tf.compat.v1.name_scope(scope, "sigmoid_cross_entropy_loss", values) as name:
        logits, labels = _compatible(logits, multi_class_labels)
        labels = tf.cast(labels, logits.dtype)
        if label_smoothing > 0:
            labels = labels * (1 - label_smoothing) + 0.5 * label_smoothing
        losses = tf.nn.sigmoid_cross_entropy_with_logits(labels=labels, logits=logits, name="xentropy")
        return compute_weighted_loss(losses, weights, scope=name)


def softmax_cross_entropy(
    logits: TensorLike,
    onehot_labels: TensorLike,
    weights: TensorLike = 1.0,
    label_smoothing: float = 0,
    scope: str | None = None,
) -> tf.Tensor:
    """Returns the mean cross entropy of one class out of several; no gradient goes to the labels.

    Args:
      logits, onehot_labels: [N, classes].
      weights: a scalar or [N].
      label_smoothing: moves the labels by this fraction towards 1 / classes.
    """
    with tf.compat.v1.name_scope(
        scope, "softmax_cross_entropy_loss", [logits, onehot_labels, weights]
    ) as name:
        logits, labels = _compatible(logits, onehot_labels)
        labels = tf.cast(labels, logits.dtype)
        if label_smoothing > 0:
            classes = tf.cast(tf.shape(labels)[1], logits.dtype)
            labels = labels * (1.0 - label_smoothing) + label_smoothing / classes
        losses = tf.nn.softmax_cross_entropy_with_logits(tf.stop_gradient(labels), logits, name="xentropy")
        return compute_weighted_loss(losses, weights, scope=name)


def sparse_softmax_cross_entropy(
    logits: TensorLike, labels: TensorLike, weights: TensorLike = 1.0, scope: str | None = None
) -> tf.Tensor:
    """Returns the mean cross entropy of one class out of several, given by its number.

    Args:
      logits: [N, classes].
      labels: int32 or int64 [N] or [N, 1].
      weights: a scalar, [N] or [N, 1].
    """
    with tf.compat.v1.name_scope(
        scope, "sparse_softmax_cross_entropy_loss", [logits, labels, weights]
    ) as name:
        labels = tf.reshape(labels, [tf.shape(labels)[0]])
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits, name="xentropy")
        return compute_weighted_loss(losses, weights, scope=name)


def mean_pairwise_squared_error(
    predictions: TensorLike,
    labels: TensorLike | None = None,
    weights: TensorLike = 1.0,
    scope: str | None = None,
) -> tf.Tensor:
    """Returns how much the differences between pairs of predictions of one sample miss those of the labels.

    Args:
      predictions, labels: [N, d1, ... dK]; pairs are taken inside each of the N.
      weights: a scalar, [N], or the shape of `predictions`.
    """
    with tf.compat.v1.name_scope(scope, "mean_pairwise_squared_error", [predictions, labels, weights]):
        predictions, labels = _pair(predictions, labels)
        weights = _floats(weights)
        errors = predictions - labels
        _check_ranks(errors, weights)
        axes = list(range(1, errors.shape.rank))
        present = _present(errors, weights)
        squares = tf.math.divide_no_nan(tf.reduce_sum(tf.square(errors), axes), present, name="value")
        means = tf.math.divide_no_nan(
            tf.square(tf.reduce_sum(errors, axes)), tf.square(present), name="value"
        )
        loss = _scaled_sum(2.0 * squares - 2.0 * means, weights)
        loss = tf.where(tf.reduce_sum(present) > 0, loss, tf.zeros_like(loss), name="value")
        add_loss(loss)
        return loss


def cosine_distance(
    predictions: TensorLike,
    labels: TensorLike | None = None,
    axis: int | None = None,
    weights: TensorLike = 1.0,
    scope: str | None = None,
    dim: int | None = None,
) -> tf.Tensor:
    """Returns the mean of 1 - sum(predictions * labels) along `axis`, both being of length 1 there.

    Args:
      dim: the old name of `axis`.

    Raises: ValueError: neither `axis` nor `dim` is given, or both are.
    """
    if (axis is None) == (dim is None):
        raise ValueError(
            f"You must specify 'axis' (or its old name 'dim'), one of them; axis={axis}, dim={dim}"
        )
    axis = dim if axis is None else axis
    with tf.compat.v1.name_scope(scope, "cosine_distance_loss", [predictions, labels, weights]) as name:
        predictions, labels = _pair(predictions, labels)
        losses = 1 - tf.reduce_sum(predictions * labels, axis=[axis])
        return compute_weighted_loss(losses, weights, scope=name)


def _compatible(predictions: Any, labels: Any) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns both as tensors; ValueError if one is None or their shapes differ."""
    if predictions is None or labels is None:
        raise ValueError("the loss needs predictions and labels; one of them is None")
    predictions, labels = tf.convert_to_tensor(predictions), tf.convert_to_tensor(labels)
    if not predictions.shape.is_compatible_with(labels.shape):
        raise ValueError(
            f"predictions and labels are incompatible: shapes {predictions.shape} and {labels.shape}"
        )
    return predictions, labels


def _pair(predictions: Any, labels: Any) -> tuple[tf.Tensor, tf.Tensor]:
    predictions, labels = _compatible(predictions, labels)
    return tf.cast(predictions, tf.float32), tf.cast(labels, tf.float32)


def _floats(values: TensorLike | None) -> tf.Tensor:
    if values is None:
        raise ValueError("weights cannot be None; 1.0 weighs all alike")
    return tf.cast(tf.convert_to_tensor(values), tf.float32)


def _check_ranks(losses: tf.Tensor, weights: tf.Tensor) -> None:
    if losses.shape.rank is None or weights.shape.rank is None:
        raise ValueError(
            f"the ranks of the losses and of the weights must be known; shapes {losses.shape} and "
            f"{weights.shape}; call set_shape on the unknown one first"
        )


def _scaled_sum(losses: tf.Tensor, weights: tf.Tensor) -> tf.Tensor:
    """Returns the sum of losses [N, d1, ... dK] times weights [N, d1, ... dJ], J <= K, or times a scalar."""
    inner = list(range(weights.shape.rank, losses.shape.rank))
    return tf.reduce_sum(tf.reduce_sum(losses, inner) * weights)


def _present(losses: tf.Tensor, weights: tf.Tensor) -> tf.Tensor:
    """Returns [N], the number of losses of each sample whose weight is not 0."""
    if weights.shape.rank == 0:
        samples = tf.shape(losses)[0]
        each = tf.cast(tf.size(losses), tf.float32) / tf.cast(samples, tf.float32)
        return tf.fill([samples], tf.where(tf.equal(weights, 0), 0.0, each))
    inner = list(range(1, weights.shape.rank))
    weighted = tf.reduce_sum(tf.cast(tf.not_equal(weights, 0), tf.float32), inner)
    covered = tf.cast(tf.reduce_prod(tf.shape(losses)[weights.shape.rank :]), tf.float32)
    return weighted * covered
