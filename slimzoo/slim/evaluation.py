"""Evaluating checkpoints: metrics are updated a number of times, then read, with summaries of them.

slim.evaluation.evaluation_loop("", run_dir, eval_dir, num_evals=100, eval_op=updates, final_op=metrics)
"""

from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf

from slimzoo.slim.training import evaluation
from slimzoo.slim.training.checkpoints import CheckingSaver
from slimzoo.slim.types import FeedDict, VariablesToFill

_USE_DEFAULT = 0

StopAfterNEvalsHook = evaluation.StopAfterNEvalsHook
SummaryAtEndHook = evaluation.SummaryAtEndHook
checkpoints_iterator = evaluation.checkpoints_iterator
evaluate_repeatedly = evaluation.evaluate_repeatedly
get_or_create_eval_step = evaluation.get_or_create_eval_step
wait_for_new_checkpoint = evaluation.wait_for_new_checkpoint


def evaluate_once(
    master: str,
    checkpoint_path: str,
    logdir: str,
    num_evals: int = 1,
    initial_op: tf.Operation | None = None,
    initial_op_feed_dict: FeedDict | None = None,
    eval_op: Any = None,
    eval_op_feed_dict: FeedDict | None = None,
    final_op: Any = None,
    final_op_feed_dict: FeedDict | None = None,
    summary_op: Any = _USE_DEFAULT,
    summary_op_feed_dict: FeedDict | None = None,
    variables_to_restore: VariablesToFill | None = None,
    session_config: tf.compat.v1.ConfigProto | None = None,
    hooks: Sequence[Any] | None = None,
) -> Any:
    """Evaluates one checkpoint; returns the value of `final_op`.

    Args:
      master: the server of a cluster; "" for this process.
      checkpoint_path: the prefix of a checkpoint.
      logdir: the directory of the summaries.
      num_evals: how often `eval_op` is run.
      initial_op: initialises the variables; not run where a checkpoint fills them.
      final_op: a tensor, a list or a dict, run once at the end.
      summary_op: run at the end; None for none; left out, all summaries of the graph.
      variables_to_restore: None: all variables.
      session_config: a tf.compat.v1.ConfigProto.
      hooks: further tf.compat.v1.train.SessionRunHook.

    Raises: ValueError: there is no such checkpoint.
    """
    return evaluation.evaluate_once(
        checkpoint_path,
        master=master,
        scaffold=_scaffold(initial_op, initial_op_feed_dict, None, variables_to_restore),
        eval_ops=eval_op,
        feed_dict=eval_op_feed_dict,
        final_ops=final_op,
        final_ops_feed_dict=final_op_feed_dict,
        hooks=_hooks(num_evals, logdir, summary_op, summary_op_feed_dict, hooks),
        config=session_config,
    )


def evaluation_loop(
    master: str,
    checkpoint_dir: str,
    logdir: str,
    num_evals: int = 1,
    initial_op: tf.Operation | None = None,
    initial_op_feed_dict: FeedDict | None = None,
    init_fn: Callable[[tf.compat.v1.Session], Any] | None = None,
    eval_op: Any = None,
    eval_op_feed_dict: FeedDict | None = None,
    final_op: Any = None,
    final_op_feed_dict: FeedDict | None = None,
    summary_op: Any = _USE_DEFAULT,
    summary_op_feed_dict: FeedDict | None = None,
    variables_to_restore: VariablesToFill | None = None,
    eval_interval_secs: float = 60,
    max_number_of_evaluations: int | None = None,
    session_config: tf.compat.v1.ConfigProto | None = None,
    timeout: float | None = None,
    timeout_fn: Callable[[], bool] | None = None,
    hooks: Sequence[Any] | None = None,
) -> Any:
    """Evaluates the checkpoints of a directory as they appear; returns the last value of `final_op`.

    Args: those of `evaluate_once`, and
      init_fn: called with the session after `initial_op`, where no checkpoint fills the variables.
      eval_interval_secs: seconds between two evaluations, at least.
      max_number_of_evaluations: None: no end.
      timeout: seconds to wait for a new checkpoint; None waits for ever.
      timeout_fn: called after a timeout; True ends, False waits on; None ends.
    """
    return evaluation.evaluate_repeatedly(
        checkpoint_dir,
        master=master,
        scaffold=_scaffold(initial_op, initial_op_feed_dict, init_fn, variables_to_restore),
        eval_ops=eval_op,
        feed_dict=eval_op_feed_dict,
        final_ops=final_op,
        final_ops_feed_dict=final_op_feed_dict,
        eval_interval_secs=eval_interval_secs,
        hooks=_hooks(num_evals, logdir, summary_op, summary_op_feed_dict, hooks),
        config=session_config,
        max_number_of_evaluations=max_number_of_evaluations,
        timeout=timeout,
        timeout_fn=timeout_fn,
    )


def _scaffold(
    init_op: tf.Operation | None,
    init_feed_dict: FeedDict | None,
    init_fn: Callable[[tf.compat.v1.Session], Any] | None,
    variables_to_restore: VariablesToFill | None,
) -> tf.compat.v1.train.Scaffold:
    saver = None if variables_to_restore is None else CheckingSaver(variables_to_restore)
    scaffold = tf.compat.v1.train.Scaffold
    return scaffold(init_op=init_op, init_feed_dict=init_feed_dict, init_fn=init_fn, saver=saver)


def _hooks(
    num_evals: int,
    logdir: str,
    summary_op: Any,
    summary_feed_dict: FeedDict | None,
    further: Sequence[Any] | None,
) -> list[Any]:
    if isinstance(summary_op, int) and summary_op == _USE_DEFAULT:
        summary_op = tf.compat.v1.summary.merge_all()
    hooks = [evaluation.StopAfterNEvalsHook(num_evals)]
    if summary_op is not None:
        hooks.append(evaluation.SummaryAtEndHook(logdir, summary_op=summary_op, feed_dict=summary_feed_dict))
    return [*hooks, *(further or [])]
