"""Evaluating checkpoints as they appear, in a tf.compat.v1.train.MonitoredSession."""

import math
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import tensorflow as tf

from slimzoo.slim.training.checkpoints import check_default_saver
from slimzoo.slim.types import FeedDict

v1 = tf.compat.v1
LOG = tf.compat.v1.logging
KEYS = tf.compat.v1.GraphKeys


def get_or_create_eval_step() -> tf.Variable:
    """Returns the local variable that counts the evaluations of a session, int64 [], made if it is not there.

    Raises: ValueError: the collection "eval_step" holds several.
    """
    steps = v1.get_collection(KEYS.EVAL_STEP)
    if len(steps) > 1:
        raise ValueError(
            f"Multiple tensors added to tf.GraphKeys.EVAL_STEP: {', '.join(step.name for step in steps)}; "
            "there may be one"
        )
    return (
        steps[0]
        if steps
        else v1.get_variable(
            "eval_step",
            shape=[],
            dtype=tf.int64,
            initializer=v1.zeros_initializer(),
            trainable=False,
            collections=[KEYS.LOCAL_VARIABLES, KEYS.EVAL_STEP],
        )
    )


class StopAfterNEvalsHook(tf.compat.v1.train.SessionRunHook):
    """Ends an evaluation after a number of runs of its `eval_ops`.

    Args:
      num_evals: None: when the input is at its end.
      log_progress: log every run, or every tenth of them if there are 20 or more.
    """

    def __init__(self, num_evals: int | None, log_progress: bool = True):
        self._num_evals = num_evals
        self._log_every = math.floor(num_evals / 10) if num_evals and num_evals >= 20 else 1
        self._log_progress = log_progress
        self._completed = None

    def count_with(self, evals_completed: tf.Tensor) -> None:
        """Takes the tensor that counts the runs."""
        self._completed = evals_completed

    def before_run(self, run_context: Any) -> Any:
        """Asks for the count."""
        return v1.train.SessionRunArgs({"evals_completed": self._completed})

    def after_run(self, run_context: Any, run_values: Any) -> None:
        """Logs the count, and ends the evaluation if it is reached."""
        done, wanted = run_values.results["evals_completed"], self._num_evals
        if self._log_progress and (done % self._log_every == 0 or done == wanted):
            LOG.info("Evaluation [%s]", done if wanted is None else f"{done}/{wanted}")
        if wanted is not None and done >= wanted:
            run_context.request_stop()


class SummaryAtEndHook(tf.compat.v1.train.SessionRunHook):
    """Writes summaries once, when an evaluation is done, at the global step of the checkpoint.

    Args:
      log_dir: the directory to write to, if there is no `summary_writer`.
      summary_op: None: all summaries of the graph.
      feed_dict: for `summary_op`.

    Raises: ValueError: neither `log_dir` nor `summary_writer` is given.
    """

    def __init__(
        self,
        log_dir: str | None = None,
        summary_writer: Any = None,
        summary_op: Any = None,
        feed_dict: FeedDict | None = None,
    ):
        if log_dir is None and summary_writer is None:
            raise ValueError("One of log_dir or summary_writer should be used; both are None")
        self._log_dir, self._writer = log_dir, summary_writer
        self._summary_op, self._feed_dict = summary_op, feed_dict

    def begin(self) -> None:
        """Finds the summaries and the global step."""
        if self._summary_op is None:  # once: the second evaluation meets a finalized graph
            self._summary_op = v1.summary.merge_all()
        self._global_step = v1.train.get_or_create_global_step()

    def after_create_session(self, session: tf.compat.v1.Session, coord: Any) -> None:
        """Opens the file."""
        if self._writer is None and self._log_dir:
            self._writer = v1.summary.FileWriterCache.get(self._log_dir)

    def end(self, session: tf.compat.v1.Session) -> None:
        """Writes."""
        if self._writer is None:
            return
        if self._summary_op is not None:
            step = v1.train.global_step(session, self._global_step)
            self._writer.add_summary(session.run(self._summary_op, self._feed_dict), step)
        self._writer.flush()


def wait_for_new_checkpoint(
    checkpoint_dir: str,
    last_checkpoint: str | None = None,
    seconds_to_sleep: float = 1,
    timeout: float | None = None,
) -> str | None:
    """Returns the newest checkpoint of a directory as soon as it is another than `last_checkpoint`.

    Args:
      seconds_to_sleep: between two looks at the directory.
      timeout: seconds, after which None is returned; None waits for ever.
    """
    LOG.info("Waiting for new checkpoint at %s", checkpoint_dir)
    end = math.inf if timeout is None else time.time() + timeout
    while True:
        path = tf.train.latest_checkpoint(checkpoint_dir)
        if path is not None and path != last_checkpoint:
            LOG.info("Found new checkpoint at %s", path)
            return path
        if time.time() + seconds_to_sleep > end:
            return None
        time.sleep(seconds_to_sleep)


def checkpoints_iterator(
    checkpoint_dir: str,
    min_interval_secs: float = 0,
    timeout: float | None = None,
    timeout_fn: Callable[[], bool] | None = None,
) -> Iterator[str]:
    """Yields the newest checkpoint of a directory, again and again as it is replaced.

    Args:
      min_interval_secs: seconds between two of them, at least; those that come and go meanwhile are missed.
      timeout: seconds to wait for a new one; None waits for ever.
      timeout_fn: called after a timeout; True ends, False waits on; None ends.
    """
    path = None
    while True:
        found = wait_for_new_checkpoint(checkpoint_dir, path, timeout=timeout)
        if found is None:
            if timeout_fn is None:
                LOG.info("Timed-out waiting for a checkpoint.")
            if timeout_fn is None or timeout_fn():
                return
            continue
        path, start = found, time.time()
        yield path
        time.sleep(max(start + min_interval_secs - time.time(), 0))


def evaluate_once(
    checkpoint_path: str | None,
    master: str = "",
    scaffold: tf.compat.v1.train.Scaffold | None = None,
    eval_ops: Any = None,
    feed_dict: FeedDict | None = None,
    final_ops: Any = None,
    final_ops_feed_dict: FeedDict | None = None,
    hooks: Sequence[Any] | None = None,
    config: tf.compat.v1.ConfigProto | None = None,
) -> Any:
    """Evaluates one checkpoint; returns the values of `final_ops`.

    Args:
      checkpoint_path: the prefix of a checkpoint; None restores none.
      scaffold: a tf.compat.v1.train.Scaffold. A local_init_op of its own must initialise the eval step too.
      eval_ops: a tensor, a list or a dict of tensors, run until a hook or the end of the input stops it.
      final_ops: a tensor, a list or a dict, run once afterwards.
      hooks: tf.compat.v1.train.SessionRunHook; StopAfterNEvalsHook ends the evaluation.

    Raises: ValueError: there is no such checkpoint.
    """
    eval_ops = _counted(eval_ops, hooks)
    final = v1.train.FinalOpsHook(final_ops, final_ops_feed_dict)
    _evaluate(checkpoint_path, master, scaffold, eval_ops, feed_dict, [*(hooks or []), final], config)
    return final.final_ops_values


def evaluate_repeatedly(
    checkpoint_dir: str,
    master: str = "",
    scaffold: tf.compat.v1.train.Scaffold | None = None,
    eval_ops: Any = None,
    feed_dict: FeedDict | None = None,
    final_ops: Any = None,
    final_ops_feed_dict: FeedDict | None = None,
    eval_interval_secs: float = 60,
    hooks: Sequence[Any] | None = None,
    config: tf.compat.v1.ConfigProto | None = None,
    max_number_of_evaluations: int | None = None,
    timeout: float | None = None,
    timeout_fn: Callable[[], bool] | None = None,
) -> Any:
    """Evaluates the checkpoints of a directory as they appear; returns the last values of `final_ops`.

    Args: those of `evaluate_once` and of `checkpoints_iterator`, and
      eval_interval_secs: the `min_interval_secs` of the latter.
      max_number_of_evaluations: None: no end.
    """
    eval_ops = _counted(eval_ops, hooks)
    final = v1.train.FinalOpsHook(final_ops, final_ops_feed_dict)
    paths = checkpoints_iterator(checkpoint_dir, eval_interval_secs, timeout, timeout_fn)
    for number, path in enumerate(paths, start=1):
        _evaluate(path, master, scaffold, eval_ops, feed_dict, [*(hooks or []), final], config)
        if number == max_number_of_evaluations:
            break
    return final.final_ops_values


def _counted(eval_ops: Any, hooks: Sequence[Any] | None) -> Any:
    """Returns `eval_ops` with an op that counts their runs, which the hooks are told of."""
    step = get_or_create_eval_step()
    if eval_ops is None:
        return None
    completed = v1.assign_add(step, 1, use_locking=True)
    for hook in hooks or []:
        if isinstance(hook, StopAfterNEvalsHook):
            hook.count_with(completed)
    if isinstance(eval_ops, dict):
        return {**eval_ops, "update_eval_step": completed}
    return [*(eval_ops if isinstance(eval_ops, (list, tuple)) else [eval_ops]), completed]


def _evaluate(
    path: str | None,
    master: str,
    scaffold: tf.compat.v1.train.Scaffold | None,
    eval_ops: Any,
    feed_dict: FeedDict | None,
    hooks: Sequence[Any],
    config: tf.compat.v1.ConfigProto | None,
) -> None:
    if path is not None:
        check_default_saver(path, scaffold)
    creator = v1.train.ChiefSessionCreator(
        scaffold=scaffold, checkpoint_filename_with_path=path, master=master, config=config
    )
    LOG.info("Starting evaluation at %s", time.strftime("%Y-%m-%d-%H:%M:%S", time.gmtime()))
    with v1.train.MonitoredSession(session_creator=creator, hooks=hooks) as session:
        while eval_ops is not None and not session.should_stop():
            session.run(eval_ops, feed_dict)
    LOG.info("Finished evaluation at %s", time.strftime("%Y-%m-%d-%H:%M:%S", time.gmtime()))
