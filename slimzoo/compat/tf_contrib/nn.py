"""tf.contrib.nn: dropout for SELU, losses over sampled classes, a softplus with a scale."""

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

v1 = tf.compat.v1
_LEAST = -1.7580993408473766  # what SELU goes to for small values


def alpha_dropout(
    x: Any, keep_prob: Any, noise_shape: Any = None, seed: int | None = None, name: str | None = None
) -> tf.Tensor:
    """Returns `x` with values dropped to where SELU ends, mean and variance kept. arXiv:1706.02515."""
    with v1.name_scope(name, "alpha_dropout", [x]):
        x = tf.convert_to_tensor(x, name="x")
        if not tf.is_tensor(keep_prob) and not 0 < keep_prob <= 1:
            raise ValueError(
                f"keep_prob must be a scalar tensor or a float in the range (0, 1], got {keep_prob}"
            )
        if tf.get_static_value(keep_prob) == 1:
            return x
        keep_prob = tf.cast(keep_prob, x.dtype)
        shape = tf.shape(x) if noise_shape is None else noise_shape
        kept = tf.cast(v1.random_uniform(shape, seed=seed, dtype=x.dtype) >= 1 - keep_prob, x.dtype)
        scale = (keep_prob + keep_prob * (1 - keep_prob) * _LEAST**2) ** -0.5
        return scale * (x * kept + _LEAST * (1 - kept)) - scale * _LEAST * (1 - keep_prob)


def deprecated_flipped_softmax_cross_entropy_with_logits(
    logits: Any, labels: Any, dim: int = -1, name: str | None = None
) -> tf.Tensor:
    """tf.nn.softmax_cross_entropy_with_logits, arguments the other way about."""
    return v1.nn.softmax_cross_entropy_with_logits(labels=labels, logits=logits, dim=dim, name=name)


def deprecated_flipped_sparse_softmax_cross_entropy_with_logits(
    logits: Any, labels: Any, name: str | None = None
) -> tf.Tensor:
    """tf.nn.sparse_softmax_cross_entropy_with_logits, arguments the other way about."""
    return v1.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits, name=name)


def deprecated_flipped_sigmoid_cross_entropy_with_logits(
    logits: Any, targets: Any, name: str | None = None
) -> tf.Tensor:
    """tf.nn.sigmoid_cross_entropy_with_logits, arguments the other way about."""
    return v1.nn.sigmoid_cross_entropy_with_logits(labels=targets, logits=logits, name=name)


def scaled_softplus(x: Any, alpha: Any, clip: Any = None, name: str | None = None) -> tf.Tensor:
    """Returns alpha * log(1 + exp(x / alpha)), `clip` at most."""
    with v1.name_scope(name, "scaled_softplus", [x, alpha]):
        x = tf.convert_to_tensor(x, name="x")
        alpha = tf.convert_to_tensor(alpha, x.dtype, name="alpha")
        y = alpha * tf.nn.softplus(x / alpha)
        return y if clip is None else tf.minimum(y, tf.convert_to_tensor(clip, x.dtype, name="clip"))


def nth_element(input: Any, n: Any, reverse: bool = False, name: str | None = None) -> tf.Tensor:
    """Returns the n-th smallest value of each row, from 0; the n-th largest if `reverse`."""
    return tf.raw_ops.NthElement(input=input, n=n, reverse=reverse, name=name)


def fwd_gradients(
    ys: Sequence[tf.Tensor], xs: Sequence[tf.Tensor], grad_xs: Any = None, assert_unused: bool = False
) -> list[tf.Tensor]:
    """Returns how `ys` change as `xs` change by `grad_xs`: the product of the Jacobian and a vector."""
    del assert_unused  # the stand-ins below are not looked at
    anything = [tf.zeros_like(y) + float("nan") for y in ys]
    none = tf.UnconnectedGradients.ZERO
    back = v1.gradients(ys, xs, grad_ys=anything, unconnected_gradients=none)
    back = [tf.convert_to_tensor(gradient) for gradient in back]
    return v1.gradients(back, anything, grad_ys=grad_xs)


def sampled_sparse_softmax_loss(
    weights: Any,
    biases: Any,
    labels: Any,
    inputs: Any,
    num_sampled: int,
    num_classes: int,
    sampled_values: Any = None,
    remove_accidental_hits: bool = True,
    partition_strategy: str = "mod",
    name: str = "sampled_sparse_softmax_loss",
) -> tf.Tensor:
    """tf.nn.sampled_softmax_loss of one true class each."""
    return v1.nn.sampled_softmax_loss(
        weights,
        biases,
        labels,
        inputs,
        num_sampled,
        num_classes,
        sampled_values=sampled_values,
        remove_accidental_hits=remove_accidental_hits,
        partition_strategy=partition_strategy,
        name=name,
    )


def rank_sampled_softmax_loss(
    weights: Any,
    biases: Any,
    labels: Any,
    inputs: Any,
    num_sampled: int,
    num_resampled: int,
    num_classes: int,
    num_true: int,
    sampled_values: Any,
    resampling_temperature: Any,
    remove_accidental_hits: bool,
    partition_strategy: str,
    name: str | None = None,
) -> tf.Tensor:
    """tf.nn.sampled_softmax_loss over those `num_resampled` of the sampled classes that are mistaken most.

    Raises: ValueError: more samples than classes, more resamples than samples, an unknown strategy.
    """
    problems = {
        f"num_sampled ({num_sampled}) cannot be greater than num_classes ({num_classes})": num_sampled
        > num_classes,
        f"num_resampled ({num_resampled}) must be less than num_sampled ({num_sampled})": num_sampled
        <= num_resampled,
        f"unsupported partition_strategy ({partition_strategy})": partition_strategy not in ("div", "mod"),
    }
    if any(problems.values()):
        raise ValueError("; ".join(problem for problem, is_one in problems.items() if is_one))
    sampled, true_count, counts = map(
        tf.stop_gradient,
        sampled_values
        or tf.random.learned_unigram_candidate_sampler(labels, num_true, num_sampled, True, num_classes),
    )
    sampled = tf.cast(sampled, tf.int64)
    rows = v1.nn.embedding_lookup(weights, sampled, partition_strategy)
    offsets = tf.reshape(v1.nn.embedding_lookup(biases, sampled, partition_strategy), [-1])
    logits = tf.matmul(rows, inputs / resampling_temperature, transpose_b=True)
    ranks = tf.reduce_logsumexp(logits, axis=1) + offsets / resampling_temperature
    _, best = tf.math.top_k(ranks, num_resampled, sorted=False)
    return v1.nn.sampled_softmax_loss(
        weights,
        biases,
        labels,
        inputs,
        num_resampled,
        num_classes,
        num_true,
        sampled_values=(tf.gather(sampled, best), true_count, tf.gather(counts, best)),
        remove_accidental_hits=remove_accidental_hits,
        partition_strategy=partition_strategy,
        name=name or "rank_sampled_softmax_loss",
    )
