"""Training in a session: an op that trains, and the loop that runs it, saves it and goes on where it was.

train_op = slim.learning.create_train_op(total_loss, tf.compat.v1.train.MomentumOptimizer(0.01, 0.9))
slim.learning.train(train_op, logdir, number_of_steps=10_000)
"""

import os
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import tensorflow as tf

from slimzoo.errors import listing
from slimzoo.slim import gradients as on_pairs
from slimzoo.slim.training import training
from slimzoo.slim.training.checkpoints import CheckingSaver
from slimzoo.slim.training.chrome_trace import chrome_trace
from slimzoo.slim.training.loop import Loop
from slimzoo.slim.training.stopping import stops_on_sigterm
from slimzoo.slim.types import FeedDict, GradientsAndVariables

LOG = tf.compat.v1.logging
_USE_GLOBAL_STEP = 0
_USE_DEFAULT = 0

clip_gradient_norms = on_pairs.clip_gradient_norms
multiply_gradients = on_pairs.multiply_gradients


def add_gradients_summaries(grads_and_vars: GradientsAndVariables) -> list[tf.Tensor]:
    """Returns new summaries of the gradients: `<variable>/gradient` and `<variable>/gradient_norm`."""
    return on_pairs.summarize_gradients(grads_and_vars, "/")


def create_train_op(
    total_loss: tf.Tensor,
    optimizer: tf.compat.v1.train.Optimizer,
    global_step: Any = _USE_GLOBAL_STEP,
    update_ops: Iterable[Any] | None = None,
    variables_to_train: Sequence[tf.Variable] | None = None,
    clip_gradient_norm: float = 0,
    summarize_gradients: bool = False,
    gate_gradients: int = tf.compat.v1.train.Optimizer.GATE_OP,
    aggregation_method: int | None = None,
    colocate_gradients_with_ops: bool = False,
    gradient_multipliers: Mapping[Any, Any] | None = None,
    check_numerics: bool = True,
) -> tf.Tensor:
    """Returns a tensor that trains for one step when it is run, and is the loss before that step.

    Args: those of `slim.training.create_train_op`, and
      gradient_multipliers: {variable or its op name: factor}; applied before clipping.
      clip_gradient_norm: the largest norm of the gradient of each variable; 0 clips none.
    """

    def transform(gradients: GradientsAndVariables) -> GradientsAndVariables:
        if gradient_multipliers:
            with tf.compat.v1.name_scope("multiply_grads"):
                gradients = multiply_gradients(gradients, gradient_multipliers)
        if clip_gradient_norm > 0:
            with tf.compat.v1.name_scope("clip_grads"):
                gradients = clip_gradient_norms(gradients, clip_gradient_norm)
        return gradients

    return training.create_train_op(
        total_loss,
        optimizer,
        global_step=global_step,
        update_ops=update_ops,
        variables_to_train=variables_to_train,
        transform_grads_fn=transform,
        summarize_gradients=summarize_gradients,
        gate_gradients=gate_gradients,
        aggregation_method=aggregation_method,
        colocate_gradients_with_ops=colocate_gradients_with_ops,
        check_numerics=check_numerics,
    )


def train_step(
    sess: tf.compat.v1.Session,
    train_op: tf.Tensor,
    global_step: tf.Variable,
    train_step_kwargs: Mapping[str, Any],
) -> tuple[Any, bool]:
    """Takes one step; returns (loss, whether training is at its end).

    Args:
      train_step_kwargs: scalar bool tensors, each of which may be missing: "should_stop" and "should_log",
        looked at after the step; "should_trace", looked at before it, which needs "logdir" and writes
        `tf_trace-<step>.json` there, and to "summary_writer" if there is one.

    Raises: ValueError: "should_trace" without "logdir".
    """
    start = time.time()
    metadata = _new_trace(sess, train_step_kwargs)
    options = metadata and tf.compat.v1.RunOptions(trace_level=tf.compat.v1.RunOptions.FULL_TRACE)
    total_loss = sess.run(train_op, options=options, run_metadata=metadata)
    elapsed = time.time() - start
    asked = {
        name: train_step_kwargs[name] for name in ("should_log", "should_stop") if name in train_step_kwargs
    }
    if not (asked or metadata):
        return total_loss, False
    answers = sess.run({**asked, "step": global_step})
    if metadata:
        _write_trace(metadata, answers["step"], train_step_kwargs)
    if answers.get("should_log"):
        LOG.info("global step %d: loss = %.4f (%.3f sec/step)", answers["step"], total_loss, elapsed)
    return total_loss, answers.get("should_stop", False)


def train(
    train_op: Any,
    logdir: str | None,
    train_step_fn: Callable[..., tuple[Any, bool]] = train_step,
    train_step_kwargs: Any = _USE_DEFAULT,
    log_every_n_steps: int = 1,
    graph: tf.Graph | None = None,
    master: str = "",
    is_chief: bool = True,
    global_step: tf.Variable | None = None,
    number_of_steps: int | None = None,
    init_op: Any = _USE_DEFAULT,
    init_feed_dict: FeedDict | None = None,
    local_init_op: Any = _USE_DEFAULT,
    init_fn: Callable[[tf.compat.v1.Session], Any] | None = None,
    ready_op: Any = _USE_DEFAULT,
    summary_op: Any = _USE_DEFAULT,
    save_summaries_secs: float = 600,
    summary_writer: Any = _USE_DEFAULT,
    startup_delay_steps: int = 0,
    saver: tf.compat.v1.train.Saver | None = None,
    save_interval_secs: float = 600,
    sync_optimizer: Any = None,
    session_config: tf.compat.v1.ConfigProto | None = None,
    session_wrapper: Callable[[Any], Any] | None = None,
    trace_every_n_steps: int | None = None,
    ignore_live_threads: bool = False,
) -> Any:
    """Trains until `number_of_steps`, the end of the input, or a signal; returns the last loss.

    A run whose `logdir` holds a checkpoint goes on from there, and does not call `init_op` and `init_fn`.
    Checkpoints are written between two steps: where the batch depends on the global step alone, a run that
    was killed and started again has the losses of one that was not. Ctrl-C and SIGTERM save first; SIGTERM
    is caught in the main thread only, and only where the program does not handle it itself.

    Args:
      train_op: what `create_train_op` returns; anything that `train_step_fn` knows to run.
      logdir: the directory of checkpoints, graph, summaries and traces; None writes none of them.
      train_step_fn: (session, train_op, global_step, train_step_kwargs) -> (loss, stop).
      train_step_kwargs: handed to `train_step_fn`; left out, what `train_step` knows.
      log_every_n_steps: 0 logs none.
      graph: None: the default graph. It is finalized.
      master, is_chief: for a cluster: the server, and whether this worker saves and initialises. A worker
        starts when every task of the cluster answers; one that may have ended is not waited for with
        session_config=tf.compat.v1.ConfigProto(device_filters=["/job:ps", "/job:worker/task:1"]).
      global_step: None: that of the graph.
      number_of_steps: as counted by the global step, steps of earlier runs included; None: no end.
      init_op, local_init_op, ready_op: None for nothing; left out, all variables and tables.
      init_fn: called with the session once `init_op` has run, as `assign_from_checkpoint_fn` makes one.
      summary_op: None for no summaries; left out, all of the graph.
      save_summaries_secs, save_interval_secs: seconds; 0 writes none on the way.
      summary_writer: None for none; left out, one that writes to `logdir`.
      startup_delay_steps: workers other than the chief start when the global step is there.
      saver: None: one of all variables.
      sync_optimizer: the tf.compat.v1.train.SyncReplicasOptimizer of `train_op`, or a list of them.
      session_config: a tf.compat.v1.ConfigProto.
      session_wrapper: session -> the session in which the steps run, for a debugger.
      trace_every_n_steps: write the times of the ops of every n-th step to `logdir`; None: of none.
      ignore_live_threads: end without an error though threads of the input do not.

    Raises: ValueError: arguments contradict each other; all that is wrong is listed.
      tf.errors.NotFoundError, InvalidArgumentError: `logdir` holds a checkpoint of other variables.
    """
    sync = _as_list(sync_optimizer)
    graph = graph or tf.compat.v1.get_default_graph()
    _check_train(train_op, graph, number_of_steps, sync, startup_delay_steps)
    if logdir is None:
        _check_nothing_written(summary_op, saver, trace_every_n_steps)
    with graph.as_default():
        if global_step is None:
            global_step = tf.compat.v1.train.get_or_create_global_step()
        saver = saver or CheckingSaver()
        initial = _init_ops(init_op, ready_op, local_init_op, sync, is_chief)
        if _is_default(summary_op):
            summary_op = tf.compat.v1.summary.merge_all()
        chief = sync if is_chief else []
        tokens = [optimizer.get_init_tokens_op() for optimizer in chief]
        queue_runners = [optimizer.get_chief_queue_runner() for optimizer in chief]
        if _is_default(train_step_kwargs):
            trace = trace_every_n_steps if is_chief else None
            train_step_kwargs = _step_kwargs(global_step, number_of_steps, log_every_n_steps, trace, logdir)
        supervisor = tf.compat.v1.train.Supervisor(
            graph=graph,
            is_chief=is_chief,
            logdir=logdir,
            init_feed_dict=init_feed_dict,
            summary_op=summary_op,
            summary_writer=summary_writer,
            global_step=global_step,
            saver=saver,
            save_summaries_secs=save_summaries_secs,
            save_model_secs=0,  # the loop saves, between two steps
            init_fn=init_fn,
            **initial,
        )
        if summary_writer is not None:
            train_step_kwargs["summary_writer"] = supervisor.summary_writer
        with stops_on_sigterm() as stop:
            return Loop(
                supervisor=supervisor,
                step=lambda session: train_step_fn(session, train_op, global_step, train_step_kwargs),
                stop=stop,
                save_interval_secs=save_interval_secs,
                startup_step=min(startup_delay_steps, number_of_steps or sys.maxsize),
                chief_queue_runners=queue_runners,
                init_tokens=tokens,
                wrap=session_wrapper,
                ignore_live_threads=ignore_live_threads,
            ).run(master, session_config)


def _check_train(
    train_op: Any, graph: tf.Graph, number_of_steps: int | None, sync: list[Any], startup_delay_steps: int
) -> None:
    problems = []
    if train_op is None:
        problems.append("train_op cannot be None; create_train_op(total_loss, optimizer) returns one")
    if isinstance(train_op, tf.Tensor) and getattr(train_op, "graph", graph) is not graph:
        problems.append(
            f"train_op {train_op.name} is of another graph than is trained; pass graph=train_op.graph"
        )
    if number_of_steps is not None and number_of_steps <= 0:
        problems.append(
            f"`number_of_steps` must be either None or a positive number, not {number_of_steps!r}; None "
            "trains until it is stopped"
        )
    if sync and startup_delay_steps > 0:
        problems.append(
            f"startup_delay_steps must be zero when sync_optimizer is supplied, not {startup_delay_steps!r}"
        )
    known = tf.compat.v1.train.SyncReplicasOptimizer
    problems += [
        f"`sync_optimizer` must be a tf.train.SyncReplicasOptimizer or a list of them, not {optimizer!r}"
        for optimizer in sync
        if not isinstance(optimizer, known)
    ]
    if problems:
        raise ValueError(listing("slim.learning.train cannot start:", problems))


def _check_nothing_written(summary_op: Any, saver: Any, trace_every_n_steps: int | None) -> None:
    given = {
        "summary_op": not _is_default(summary_op),
        "saver": saver is not None,
        "trace_every_n_steps": trace_every_n_steps is not None,
    }
    problems = [f"Cannot provide {name} because logdir=None" for name, is_given in given.items() if is_given]
    if problems:
        raise ValueError(listing("there is nowhere to write to; give a logdir or leave these out:", problems))


def _init_ops(
    init_op: Any, ready_op: Any, local_init_op: Any, sync: list[Any], is_chief: bool
) -> dict[str, Any]:
    """Returns the arguments of the Supervisor that make variables ready."""
    ready_for_local_init_op = None
    with tf.compat.v1.name_scope("init_ops"):
        if _is_default(init_op):
            init_op = tf.compat.v1.global_variables_initializer()
        if _is_default(ready_op):
            ready_op = tf.compat.v1.report_uninitialized_variables()
        if _is_default(local_init_op):
            local_init_op = tf.group(
                tf.compat.v1.local_variables_initializer(), tf.compat.v1.tables_initializer()
            )
        if sync:
            with tf.control_dependencies([] if local_init_op is None else [local_init_op]):
                local_init_op = tf.group(
                    *[opt.chief_init_op if is_chief else opt.local_step_init_op for opt in sync]
                )
            ready_for_local_init_op = tf.concat([opt.ready_for_local_init_op for opt in sync], axis=0)
    return {
        "init_op": init_op,
        "ready_op": ready_op,
        "local_init_op": local_init_op,
        "ready_for_local_init_op": ready_for_local_init_op,
    }


def _step_kwargs(
    global_step: tf.Variable,
    number_of_steps: int | None,
    log_every: int,
    trace_every: int | None,
    logdir: str | None,
) -> dict[str, Any]:
    """Returns what `train_step` asks before and after a step."""

    def every(steps: int) -> tf.Tensor:
        return tf.equal(tf.math.floormod(global_step, steps), 0)

    with tf.compat.v1.name_scope("train_step"):
        stop = tf.greater_equal(global_step, number_of_steps) if number_of_steps else tf.constant(False)
        kwargs = {"should_stop": stop}
        if log_every > 0:
            kwargs["should_log"] = every(log_every)
        if trace_every is not None:
            kwargs |= {"should_trace": every(trace_every), "logdir": logdir}
    return kwargs


def _new_trace(
    session: tf.compat.v1.Session, train_step_kwargs: Mapping[str, Any]
) -> tf.compat.v1.RunMetadata | None:
    """Returns the RunMetadata for the trace of the coming step; None if it is not to be traced."""
    if "should_trace" not in train_step_kwargs:
        return None
    if "logdir" not in train_step_kwargs:
        raise ValueError(
            "logdir must be present in train_step_kwargs when should_trace is present: the trace goes there"
        )
    return tf.compat.v1.RunMetadata() if session.run(train_step_kwargs["should_trace"]) else None


def _write_trace(metadata: tf.compat.v1.RunMetadata, step: int, train_step_kwargs: Mapping[str, Any]) -> None:
    path = os.path.join(train_step_kwargs["logdir"], f"tf_trace-{step}.json")
    LOG.info("Writing trace to %s", path)
    with tf.io.gfile.GFile(path, "w") as file:
        file.write(chrome_trace(metadata.step_stats))
    if writer := train_step_kwargs.get("summary_writer"):
        writer.add_run_metadata(metadata, f"run_metadata-{step}")


def _as_list(sync_optimizer: Any) -> list[Any]:
    if sync_optimizer is None:
        return []
    return list(sync_optimizer) if isinstance(sync_optimizer, (list, tuple)) else [sync_optimizer]


def _is_default(value: Any) -> bool:
    return isinstance(value, int) and value == _USE_DEFAULT
