"""Hooks that look at evaluations: those that stop a training, and one that evaluates in its process."""

import operator
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import tensorflow as tf

from slimzoo.compat.tf_estimator import evaluation
from slimzoo.compat.tf_estimator.calling import LOG, check_callable, check_hooks
from slimzoo.errors import shown

v1 = tf.compat.v1


class _StopWhen(tf.compat.v1.train.SessionRunHook):
    """Stops a training when a function says so."""

    def __init__(self, should_stop: Callable[[], bool], every_secs: float | None, every_steps: int | None):
        self._should_stop = should_stop
        self._timer = v1.train.SecondOrStepTimer(every_secs=every_secs, every_steps=every_steps)

    def begin(self) -> None:
        """Finds the global step, makes the variable that tells of the end; checkpoints have it."""
        self._step = v1.train.get_global_step()
        self._timer.reset()
        with v1.variable_scope("signal_early_stopping"):
            self._stopped = v1.get_variable("STOP", [], tf.bool, v1.zeros_initializer(), trainable=False)
            self._stop = self._stopped.assign(True)

    def before_run(self, run_context: Any) -> Any:
        """Asks for both."""
        return v1.train.SessionRunArgs([self._step, self._stopped])

    def after_run(self, run_context: Any, run_values: Any) -> None:
        """Asks the function, when it is time."""
        step, stopped = run_values.results
        if stopped:
            run_context.request_stop()
        elif self._timer.should_trigger_for_step(step):
            self._timer.update_last_triggered_step(step)
            if self._should_stop():
                LOG.info("Requesting early stopping at global step %d", step)
                run_context.session.run(self._stop)
                run_context.request_stop()


def make_early_stopping_hook(
    estimator: Any,
    should_stop_fn: Callable[[], bool],
    run_every_secs: float | None = 60,
    run_every_steps: int | None = None,
) -> Any:
    """Returns a hook that stops a training when `should_stop_fn` returns True.

    Args:
      run_every_secs, run_every_steps: how often it is asked; one of them is None.

    Raises: TypeError: `should_stop_fn` cannot be called. ValueError: both intervals are given, or none.
    """
    if not hasattr(estimator, "model_dir") or not hasattr(estimator, "train"):
        raise TypeError(f"`estimator` must have type `tf.estimator.Estimator`. Got: {shown(estimator)}")
    check_callable(should_stop_fn, "`should_stop_fn`")
    if (run_every_secs is None) == (run_every_steps is None):
        raise ValueError(
            "Only one of `run_every_secs` and `run_every_steps` must be set, given: "
            f"{run_every_secs} and {run_every_steps}"
        )
    return _StopWhen(should_stop_fn, run_every_secs, run_every_steps)


def _stop_if(
    estimator: Any,
    check: Callable[[list[tuple[int, float]]], bool],
    metric_name: str,
    eval_dir: str | None,
    min_steps: int,
    run_every_secs: float | None,
    run_every_steps: int | None,
) -> Any:
    """Returns a hook that stops when `check` is true of [(step, value)] from `min_steps` on."""
    folder = eval_dir or estimator.eval_dir()

    def should_stop() -> bool:
        return check([pair for pair in read_metric(folder, metric_name) if pair[0] >= min_steps])

    return make_early_stopping_hook(estimator, should_stop, run_every_secs, run_every_steps)


def _threshold_hook(
    passed: Callable[[float, float], bool],
    estimator: Any,
    metric_name: str,
    threshold: float,
    eval_dir: str | None = None,
    min_steps: int = 0,
    run_every_secs: float | None = 60,
    run_every_steps: int | None = None,
) -> Any:
    def check(values: list[tuple[int, float]]) -> bool:
        for step, value in values:
            if passed(value, threshold):
                LOG.info(
                    "At step %d, metric %r has value %s: %s is passed.", step, metric_name, value, threshold
                )
                return True
        return False

    return _stop_if(estimator, check, metric_name, eval_dir, min_steps, run_every_secs, run_every_steps)


def _no_progress_hook(
    better: Callable[[float, float], bool],
    most: str,
    estimator: Any,
    metric_name: str,
    *args: Any,
    **kwargs: Any,
) -> Any:
    """Returns a hook that stops when a metric was never better for `most` (an argument's name) steps."""
    names = (most, "eval_dir", "min_steps", "run_every_secs", "run_every_steps")
    given = {"eval_dir": None, "min_steps": 0, "run_every_secs": 60, "run_every_steps": None}
    given |= {**dict(zip(names, args, strict=False)), **kwargs}
    if unknown := [name for name in (*given, most) if name not in names or name not in given]:
        raise TypeError(f"not understood or missing: {', '.join(unknown)}. It takes {', '.join(names)}")
    patience: Any = given.pop(most)

    def check(values: list[tuple[int, float]]) -> bool:
        best, best_step = None, None
        for step, value in values:
            if best is None or better(value, best):
                best, best_step = value, step
            if best_step is not None and step - best_step >= patience:
                LOG.info(
                    "No progress of metric %r for %s steps: %s at step %d, now %d.",
                    metric_name,
                    patience,
                    best,
                    best_step,
                    step,
                )
                return True
        return False

    return _stop_if(estimator, check, metric_name, **given)  # type: ignore[arg-type]


stop_if_higher_hook = partial(_threshold_hook, operator.gt)
stop_if_lower_hook = partial(_threshold_hook, operator.lt)
stop_if_no_increase_hook = partial(_no_progress_hook, operator.gt, "max_steps_without_increase")
stop_if_no_decrease_hook = partial(_no_progress_hook, operator.lt, "max_steps_without_decrease")


def read_metric(folder: str, name: str) -> Iterator[tuple[int, float]]:
    """Yields (step, value) of a metric in the event files of a folder, by step."""
    found: dict[int, float] = {}
    for file in sorted(tf.io.gfile.glob(os.path.join(folder, "*.tfevents.*"))):
        for event in v1.train.summary_iterator(file):
            for value in event.summary.value:
                if value.tag == name and value.HasField("simple_value"):
                    found[event.step] = value.simple_value
    yield from sorted(found.items())


class _StopAtCheckpoint(tf.compat.v1.train.SessionRunHook):
    def __init__(self, folder: str, last_step: int, wait_secs: float):
        self._folder, self._last, self._wait = folder, last_step, wait_secs
        self._looked = 0.0

    def after_run(self, run_context: Any, run_values: Any) -> None:
        """Stops if there is a checkpoint of that step."""
        if time.time() - self._looked < self._wait:
            return
        self._looked = time.time()
        path = tf.train.latest_checkpoint(self._folder)
        if path is not None and tf.train.load_variable(path, v1.GraphKeys.GLOBAL_STEP) >= self._last:
            run_context.request_stop()


def make_stop_at_checkpoint_step_hook(
    estimator: Any, last_step: int, wait_after_file_check_secs: float = 30
) -> Any:
    """Returns a hook that stops a training when there is a checkpoint of `last_step` or later.

    Args:
      wait_after_file_check_secs: between two looks.
    """
    return _StopAtCheckpoint(estimator.model_dir, last_step, wait_after_file_check_secs)


class InMemoryEvaluatorHook(tf.compat.v1.train.SessionRunHook):
    """Evaluates a model while it is trained, every so many steps and at the end.

    Args:
      estimator: the Estimator that is trained.
      input_fn, steps, hooks, name: of Estimator.evaluate.
      every_n_iter: steps between two evaluations.

    Raises: ValueError: `every_n_iter` is not above 0.
    """

    def __init__(
        self,
        estimator: Any,
        input_fn: Callable[..., Any],
        steps: int | None = None,
        hooks: Sequence[Any] | None = None,
        name: str | None = None,
        every_n_iter: int = 100,
    ):
        if every_n_iter is None or every_n_iter <= 0:
            raise ValueError(f"invalid every_n_iter={every_n_iter}. Must be above 0")
        self._estimator = estimator
        self._input_fn, self._steps, self._hooks = input_fn, steps, check_hooks(hooks)
        self._folder = estimator.eval_dir(name)
        self._every, self._count = every_n_iter, 0

    def begin(self) -> None:
        """Makes a Saver for the values."""
        self._saver = v1.train.Saver(v1.global_variables(), save_relative_paths=True)

    def after_create_session(self, session: tf.compat.v1.Session, coord: Any) -> None:
        """Evaluates what a training starts from."""
        self._evaluate(session)

    def after_run(self, run_context: Any, run_values: Any) -> None:
        """Evaluates every so many steps."""
        self._count += 1
        if self._count % self._every == 0:
            self._evaluate(run_context.session)

    def end(self, session: tf.compat.v1.Session) -> None:
        """Evaluates the last values."""
        self._evaluate(session)

    def _evaluate(self, session: tf.compat.v1.Session) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = self._saver.save(
                session, os.path.join(folder, "model.ckpt"), write_meta_graph=False, write_state=False
            )
            results = self._estimator.measure(self._input_fn, self._steps, self._hooks, path)
        evaluation.write(self._folder, results, None)
