"""Clones of one network on several devices: variables shared, losses averaged, gradients summed.

config = DeploymentConfig(num_clones=2, clone_on_cpu=True)
model = deploy(config, model_fn, [inputs_queue], optimizer=optimizer)
slim.learning.train(model.train_op, logdir, summary_op=model.summary_op)
"""

import collections
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import tensorflow as tf

from slimzoo import slim
from slimzoo.compat.deployment.config import DeploymentConfig

__all__ = ["Clone", "DeployedModel", "DeploymentConfig", "create_clones", "deploy", "optimize_clones"]

v1 = tf.compat.v1
KEYS = v1.GraphKeys

Gradients = list[tuple[tf.Tensor, tf.Variable]]
Clone = collections.namedtuple("Clone", ["outputs", "scope", "device"])
DeployedModel = collections.namedtuple("DeployedModel", ["train_op", "summary_op", "total_loss", "clones"])


def create_clones(
    config: DeploymentConfig,
    model_fn: Callable,
    args: Sequence | None = None,
    kwargs: Mapping[str, Any] | None = None,
) -> list[Clone]:
    """Returns a list of Clone(outputs, scope, device): what `model_fn` returned for each, and where it is.

    All but the first reuse its variables. Losses, summaries and update ops of a clone are found by its scope:
    tf.compat.v1.get_collection("losses", clone.scope).

    Args:
      model_fn: called as model_fn(*args, **kwargs), config.num_clones times.
    """
    clones = []
    with slim.arg_scope([slim.model_variable, slim.variable], device=config.variables_device()):
        for index in range(config.num_clones):
            device = config.clone_device(index)
            with v1.name_scope(config.clone_scope(index)) as scope, v1.device(device):
                with v1.variable_scope(v1.get_variable_scope(), reuse=True if index else None):
                    outputs = model_fn(*(args or ()), **(kwargs or {}))
                clones.append(Clone(outputs, scope, device))
    return clones


def optimize_clones(
    clones: Sequence[Clone],
    optimizer: tf.compat.v1.train.Optimizer,
    regularization_losses: Sequence[tf.Tensor] | None = None,
    **kwargs: Any,
) -> tuple[tf.Tensor, Gradients]:
    """Returns the mean loss of the clones, and (gradient of it, variable) pairs.

    Args:
      optimizer: a tf.compat.v1.train.Optimizer.
      regularization_losses: added once, to the first clone; None: those of the graph.
      **kwargs: for optimizer.compute_gradients.
    Raises: ValueError: no clone has a loss.
    """
    losses, gradients = [], []
    for clone, loss in _losses(clones, regularization_losses):
        losses.append(loss)
        with v1.name_scope(clone.scope), v1.device(clone.device):
            gradients.append(optimizer.compute_gradients(loss, **kwargs))
    if not losses:
        raise ValueError(
            f"none of the {len(clones)} clones has a loss, so there is nothing to optimize; add one in "
            "model_fn by slim.losses or tf.compat.v1.losses, or deploy without an optimizer"
        )
    return tf.add_n(losses, name="total_loss"), _sum_clones_gradients(gradients)


def deploy(
    config: DeploymentConfig,
    model_fn: Callable,
    args: Sequence | None = None,
    kwargs: Mapping[str, Any] | None = None,
    optimizer: tf.compat.v1.train.Optimizer | None = None,
    summarize_gradients: bool = False,
) -> DeployedModel:
    """Returns a DeployedModel(train_op, summary_op, total_loss, clones) of the clones of `model_fn`.

    The train_op also runs the update ops of the first clone, and gives the total loss. Whatever does not
    exist (train_op without an optimizer, total_loss without losses) is None.

    Args:
      model_fn: called as model_fn(*args, **kwargs), config.num_clones times.
      optimizer: a tf.compat.v1.train.Optimizer.
      summarize_gradients: add a histogram of each gradient.
    """
    summaries = v1.get_collection(KEYS.SUMMARIES)
    clones = create_clones(config, model_fn, args, kwargs)
    train_op = None
    with v1.device(config.optimizer_device()):
        if optimizer:
            with v1.device(config.variables_device()):
                global_step = slim.get_or_create_global_step()
            total_loss, gradients = optimize_clones(clones, optimizer)
            if gradients:
                summaries += _add_gradients_summaries(gradients) if summarize_gradients else []
                updates = v1.get_collection(KEYS.UPDATE_OPS, clones[0].scope)
                updates.append(optimizer.apply_gradients(gradients, global_step=global_step))
                with tf.control_dependencies([tf.group(*updates)]):
                    train_op = tf.identity(total_loss, name="train_op")
        else:
            losses = [loss for _, loss in _losses(clones, None)]
            total_loss = tf.add_n(losses, name="total_loss") if losses else None
        summary_op = _summary_op(summaries, clones[0], total_loss)
    return DeployedModel(train_op, summary_op, total_loss, clones)


def _losses(
    clones: Sequence[Clone], regularization_losses: Sequence[tf.Tensor] | None
) -> Iterator[tuple[Clone, tf.Tensor]]:
    """Yields (clone, its part of the total loss) of each clone that has one, entering its scopes."""
    if regularization_losses is None:
        regularization_losses = v1.get_collection(KEYS.REGULARIZATION_LOSSES)
    for clone in clones:
        with v1.name_scope(clone.scope):
            loss = _gather_clone_loss(clone, len(clones), regularization_losses)
        if loss is not None:
            yield clone, loss
        regularization_losses = ()


def _gather_clone_loss(
    clone: Clone, num_clones: int, regularization_losses: Sequence[tf.Tensor]
) -> tf.Tensor | None:
    parts = {}
    with v1.device(clone.device):
        losses = v1.get_collection(KEYS.LOSSES, clone.scope)
        if losses:
            clone_loss = tf.add_n(losses, name="clone_loss")
            if num_clones > 1:
                clone_loss = tf.truediv(clone_loss, float(num_clones), name="scaled_clone_loss")
            parts[f"{clone.scope}/clone_loss"] = clone_loss
        if regularization_losses:
            parts["regularization_loss"] = tf.add_n(regularization_losses, name="regularization_loss")
        total = tf.add_n(list(parts.values())) if parts else None
    for name, part in parts.items():  # outside of the device: summaries run on the CPU
        v1.summary.scalar(name, part)
    return total


def _sum_clones_gradients(clone_grads: list[Gradients]) -> Gradients:
    """Returns (gradient summed over the clones, variable) of each variable that has one."""
    sums = []
    for pairs in zip(*clone_grads, strict=True):
        variable = pairs[0][1]
        assert all(other is variable for _, other in pairs)
        grads = [grad for grad, _ in pairs if grad is not None]
        if len(grads) > 1:
            grads = [tf.add_n(grads, name=f"{variable.op.name}/sum_grads")]
        sums += [(grad, variable) for grad in grads]
    return sums


def _add_gradients_summaries(grads_and_vars: Gradients) -> list[tf.Tensor]:
    summaries = []
    for grad, variable in grads_and_vars:
        values = grad.values if isinstance(grad, tf.IndexedSlices) else grad
        summaries.append(v1.summary.histogram(f"{variable.op.name}:gradient", values))
        norm = tf.linalg.global_norm([values])
        summaries.append(v1.summary.histogram(f"{variable.op.name}:gradient_norm", norm))
    return summaries


def _summary_op(
    summaries: list[tf.Tensor], first_clone: Clone, total_loss: tf.Tensor | None
) -> tf.Tensor | None:
    summaries = [*summaries, *v1.get_collection(KEYS.SUMMARIES, first_clone.scope)]
    if total_loss is not None:
        summaries.append(v1.summary.scalar("total_loss", total_loss))
    once = {summary.name: summary for summary in summaries}
    return v1.summary.merge(list(once.values()), name="summary_op") if once else None
