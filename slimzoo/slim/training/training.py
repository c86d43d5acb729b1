"""From a loss to an op that trains, and the loop that runs it."""

import logging
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import tensorflow as tf

from slimzoo.errors import listing
from slimzoo.slim import gradients as on_pairs
from slimzoo.slim.framework_ops import require_graph, with_dependencies
from slimzoo.slim.training.checkpoints import check_default_saver
from slimzoo.slim.training.stopping import stops_on_sigterm
from slimzoo.slim.types import GradientsAndVariables

KEYS = tf.compat.v1.GraphKeys
log = logging.getLogger("slimzoo")
_USE_GLOBAL_STEP = 0

clip_gradient_norms = on_pairs.clip_gradient_norms
multiply_gradients = on_pairs.multiply_gradients


def add_gradients_summaries(grads_and_vars: GradientsAndVariables) -> list[tf.Tensor]:
    """Returns new summaries of the gradients: `<variable>_gradient` and `<variable>_gradient_norm`."""
    return on_pairs.summarize_gradients(grads_and_vars, "_")


def clip_gradient_norms_fn(max_norm: float) -> Callable[[GradientsAndVariables], GradientsAndVariables]:
    """Returns a function that clips each gradient of (gradient, variable) pairs to a norm of `max_norm`."""
    return lambda gradients_to_variables: clip_gradient_norms(gradients_to_variables, max_norm)


def create_train_op(
    total_loss: tf.Tensor,
    optimizer: tf.compat.v1.train.Optimizer,
    global_step: Any = _USE_GLOBAL_STEP,
    update_ops: Iterable[Any] | None = None,
    variables_to_train: Sequence[tf.Variable] | None = None,
    transform_grads_fn: Callable[[GradientsAndVariables], GradientsAndVariables] | None = None,
    summarize_gradients: bool = False,
    gate_gradients: int = tf.compat.v1.train.Optimizer.GATE_OP,
    aggregation_method: int | None = None,
    colocate_gradients_with_ops: bool = False,
    check_numerics: bool = True,
) -> tf.Tensor:
    """Returns a tensor that trains for one step when it is run, and is the loss before that step.

    Args:
      optimizer: a tf.compat.v1.train.Optimizer.
      global_step: the variable that counts the steps; None counts none; left out, it is that of the graph,
        made if there is none.
      update_ops: what runs before the loss is computed; None: the collection "update_ops", which is where
        batch_norm lists its averages.
      variables_to_train: None: all trainable variables.
      transform_grads_fn: a function of the list of (gradient, variable) that returns it changed.
      gate_gradients, aggregation_method, colocate_gradients_with_ops: as `optimizer.compute_gradients` takes.
      check_numerics: fail with InvalidArgumentError at a loss that is infinite or NaN.

    Raises: ValueError: there is nothing to train, or a variable is not trainable. RuntimeError: not in a
      graph.
    """
    require_graph("create_train_op")
    if isinstance(global_step, int) and global_step == _USE_GLOBAL_STEP:
        global_step = tf.compat.v1.train.get_or_create_global_step()
    variables = _trained(variables_to_train)
    total_loss = _after_updates(total_loss, update_ops)
    gradients = optimizer.compute_gradients(
        total_loss,
        variables,
        gate_gradients=gate_gradients,
        aggregation_method=aggregation_method,
        colocate_gradients_with_ops=colocate_gradients_with_ops,
    )
    if transform_grads_fn:
        gradients = transform_grads_fn(gradients)
    if summarize_gradients:
        with tf.compat.v1.name_scope("summarize_grads"):
            add_gradients_summaries(gradients)
    applied = optimizer.apply_gradients(gradients, global_step=global_step)
    with tf.compat.v1.name_scope("train_op"):
        if check_numerics:
            total_loss = tf.debugging.check_numerics(total_loss, "LossTensor is inf or nan")
        train_op = with_dependencies([applied], total_loss)
    tf.compat.v1.add_to_collection(KEYS.TRAIN_OP, train_op)
    return train_op


def train(
    train_op: Any,
    logdir: str | None,
    master: str = "",
    is_chief: bool = True,
    scaffold: tf.compat.v1.train.Scaffold | None = None,
    hooks: Sequence[Any] | None = None,
    chief_only_hooks: Sequence[Any] | None = None,
    save_checkpoint_secs: float | None = 600,
    save_summaries_steps: int | None = 100,
    config: tf.compat.v1.ConfigProto | None = None,
    max_wait_secs: int = 7200,
    run_metadata: tf.compat.v1.RunMetadata | None = None,
) -> Any:
    """Runs `train_op` in a tf.compat.v1.train.MonitoredTrainingSession until a hook stops it.

    SIGTERM ends it after a step, with a checkpoint, if it runs in the main thread of a program that does
    not handle SIGTERM itself.

    Args:
      logdir: the directory of checkpoints and summaries, from which an earlier run goes on; None with
        save_checkpoint_secs=None and save_summaries_steps=None.
      hooks: tf.compat.v1.train.SessionRunHook; a StopAtStepHook ends the loop.
      save_checkpoint_secs: seconds; None: no checkpoints.
      save_summaries_steps: steps; None: no summaries.
      max_wait_secs: how long another worker than the chief waits for a session.
      run_metadata: a tf.compat.v1.RunMetadata to fill.

    Returns: the last value of `train_op`; None if not one step was taken.
    Raises: ValueError: something is to be saved, but `logdir` is None.
    """
    if logdir is None and is_chief:
        _check_nothing_saved(
            save_summaries_steps=save_summaries_steps, save_checkpoint_secs=save_checkpoint_secs
        )
    if is_chief and logdir is not None and (path := tf.train.latest_checkpoint(logdir)):
        check_default_saver(path, scaffold)
    loss = None
    with (
        stops_on_sigterm() as stop,
        tf.compat.v1.train.MonitoredTrainingSession(
            master=master,
            is_chief=is_chief,
            checkpoint_dir=logdir,
            scaffold=scaffold,
            hooks=hooks,
            chief_only_hooks=chief_only_hooks,
            save_checkpoint_secs=save_checkpoint_secs,
            save_summaries_steps=save_summaries_steps,
            config=config,
            max_wait_secs=max_wait_secs,
        ) as session,
    ):
        while not (stop.asked or session.should_stop()):
            loss = session.run(train_op, run_metadata=run_metadata)
    return loss


def _trained(variables_to_train: Sequence[tf.Variable] | None) -> list[tf.Variable]:
    """Returns the variables to train; ValueError if there are none or some are not trainable."""
    trainable = tf.compat.v1.trainable_variables()
    if variables_to_train is None:
        variables_to_train = trainable
    known = {id(variable) for variable in trainable}
    frozen = [v.op.name for v in variables_to_train if not (v.trainable or id(v) in known)]
    if frozen:
        raise ValueError(listing("variables_to_train holds variables made with trainable=False:", frozen))
    if not variables_to_train:
        raise ValueError(
            "there is no variable to train: variables_to_train is empty, or the graph has no trainable one"
        )
    return list(variables_to_train)


def _after_updates(total_loss: tf.Tensor, update_ops: Iterable[Any] | None) -> tf.Tensor:
    """Returns the loss, computed after the update ops; None takes those of the graph."""
    listed = tf.compat.v1.get_collection(KEYS.UPDATE_OPS)
    update_ops = listed if update_ops is None else list(update_ops)
    given = {id(op) for op in update_ops}
    if any(id(op) not in given for op in listed):
        log.warning(
            "update_ops in create_train_op does not contain all the update_ops in GraphKeys.UPDATE_OPS: the "
            "others (batch_norm's moving averages are among them by default) will not run"
        )
    if not update_ops:
        return total_loss
    with tf.control_dependencies(update_ops):
        barrier = tf.no_op(name="update_barrier")
    return with_dependencies([barrier], total_loss)


def _check_nothing_saved(**settings: Any) -> None:
    problems = [
        f"logdir cannot be None when {name} is not None, but {value!r}"
        for name, value in settings.items()
        if value
    ]
    if problems:
        raise ValueError(listing("nowhere to save to; give a logdir or turn saving off:", problems))
