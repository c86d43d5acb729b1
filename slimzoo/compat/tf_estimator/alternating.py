"""tf.estimator.train_and_evaluate: training, with an evaluation after each checkpoint."""

import os
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import tensorflow as tf

from slimzoo.compat.tf_estimator import inputs
from slimzoo.compat.tf_estimator.calling import LOG, check_hooks, check_positive
from slimzoo.compat.tf_estimator.estimator import Estimator
from slimzoo.compat.tf_estimator.evaluation import GLOBAL_STEP
from slimzoo.compat.tf_estimator.exporters import Exporter
from slimzoo.errors import shown

v1 = tf.compat.v1


class _TrainFields(NamedTuple):
    input_fn: Any
    max_steps: Any = None
    hooks: Any = None


class TrainSpec(_TrainFields):
    """How to train: the input, the global step to end at, hooks.

    Raises: TypeError: `input_fn` cannot be called, a hook is none. ValueError: `max_steps` is not above 0.
    """

    __slots__ = ()

    def __new__(
        cls, input_fn: Callable[..., Any], max_steps: int | None = None, hooks: Sequence[Any] | None = None
    ) -> "TrainSpec":
        """Checks all parts."""
        inputs.check(input_fn)
        check_positive(max_steps, "max_steps")
        return super().__new__(cls, input_fn, max_steps, check_hooks(hooks))


class _EvalFields(NamedTuple):
    input_fn: Any
    steps: Any = 100
    name: Any = None
    hooks: Any = None
    exporters: Any = None
    start_delay_secs: Any = 120
    throttle_secs: Any = 600


class EvalSpec(_EvalFields):
    """How to evaluate.

    Args:
      steps: batches; None: until the input ends.
      name: of the evaluation.
      exporters: one Exporter or several, called after each evaluation.
      start_delay_secs: of clusters.
      throttle_secs: between two evaluations, at least.

    Raises: TypeError: something is of another kind. ValueError: a number is too small, a name is there twice.
    """

    __slots__ = ()

    def __new__(
        cls,
        input_fn: Callable[..., Any],
        steps: int | None = 100,
        name: str | None = None,
        hooks: Sequence[Any] | None = None,
        exporters: Any = None,
        start_delay_secs: float = 120,
        throttle_secs: float = 600,
    ) -> "EvalSpec":
        """Checks all parts."""
        inputs.check(input_fn)
        check_positive(steps, "steps")
        if name is not None and not isinstance(name, str):
            raise TypeError(f"`name` must be string, given: {shown(name)}")
        for called, number in (("start_delay_secs", start_delay_secs), ("throttle_secs", throttle_secs)):
            if number < 0:
                raise ValueError(f"Must specify {called} >= 0, given: {number}")
        return super().__new__(
            cls,
            input_fn,
            steps,
            name,
            check_hooks(hooks),
            _checked_exporters(exporters),
            start_delay_secs,
            throttle_secs,
        )


def _checked_exporters(given: Any) -> tuple[Exporter, ...]:
    exporters = () if given is None else (given,) if isinstance(given, Exporter) else tuple(given)
    wrong = [exporter for exporter in exporters if not isinstance(exporter, Exporter)]
    if wrong:
        raise TypeError(f"`exporters` must be of tf.estimator.Exporter, given: {shown(wrong)}")
    names = [exporter.name for exporter in exporters]
    if None in names or "" in names or len(set(names)) < len(names):
        raise ValueError(f"`exporters` must have unique names that are not empty, given: {names}")
    return exporters


class _Evaluating(tf.compat.v1.train.CheckpointSaverListener):
    """Evaluates and exports the checkpoints of a training as they are saved."""

    def __init__(self, estimator: Estimator, train_spec: TrainSpec, eval_spec: EvalSpec):
        self._estimator, self._end, self._spec = estimator, train_spec.max_steps, eval_spec
        self._first = True
        self._evaluated: str | None = None
        self.metrics: dict[str, Any] | None = None
        self.exported: list[Any] | None = None

    def begin(self) -> None:
        """Starts the time between two evaluations."""
        self._timer = v1.train.SecondOrStepTimer(every_secs=self._spec.throttle_secs)

    def after_save(self, session: tf.compat.v1.Session, global_step_value: int) -> None:
        """Evaluates, unless this is the first checkpoint or the last evaluation was a moment ago."""
        if self._first:
            self._first = False
        elif self._timer.should_trigger_for_step(global_step_value):
            self._evaluate(global_step_value)
        else:
            LOG.info(
                "Skip the current checkpoint eval due to throttle secs (%s secs).", self._spec.throttle_secs
            )

    def end(self, session: tf.compat.v1.Session, global_step_value: int) -> None:
        """Evaluates the last checkpoint, if that is not done yet."""
        if global_step_value != self._timer.last_triggered_step():
            self._evaluate(global_step_value)

    def _evaluate(self, step: int) -> None:
        self._timer.update_last_triggered_step(step)
        path = self._estimator.latest_checkpoint()
        if path is None or path == self._evaluated:
            LOG.warning(
                "Estimator is not trained yet, or has no new checkpoint. Will start an evaluation later."
            )
            return
        self._evaluated, spec = path, self._spec
        metrics = self._estimator.evaluate(
            spec.input_fn, spec.steps, spec.hooks, checkpoint_path=path, name=spec.name
        )
        final = self._end is not None and metrics[GLOBAL_STEP] >= self._end
        self.metrics = metrics
        self.exported = [self._export(exporter, path, metrics, final) for exporter in spec.exporters]

    def _export(self, exporter: Exporter, path: str, metrics: dict[str, Any], final: bool) -> Any:
        folder = os.path.join(os.fspath(self._estimator.model_dir), "export", exporter.name)
        return exporter.export(
            estimator=self._estimator,
            export_path=folder,
            checkpoint_path=path,
            eval_result=metrics,
            is_the_final_export=final,
        )


def train_and_evaluate(estimator: Estimator, train_spec: TrainSpec, eval_spec: EvalSpec) -> tuple[Any, Any]:
    """Trains to the end, evaluating as checkpoints are saved; returns the last results and what was exported.

    Where `max_steps` was reached before, nothing is done, and it returns (None, None).

    Raises: TypeError: an argument is of another kind.
    """
    for name, given, kind in (
        ("estimator", estimator, Estimator),
        ("train_spec", train_spec, TrainSpec),
        ("eval_spec", eval_spec, EvalSpec),
    ):
        if not isinstance(given, kind):
            raise TypeError(f"`{name}` must have type `tf.estimator.{kind.__name__}`, given {shown(given)}")
    config = estimator.config
    LOG.info("Running training and evaluation locally (non-distributed).")
    LOG.info(
        "Start train and evaluate loop. The evaluate will happen after every checkpoint. Checkpoint "
        "frequency is determined based on RunConfig arguments: save_checkpoints_steps %s or "
        "save_checkpoints_secs %s.",
        config.save_checkpoints_steps,
        config.save_checkpoints_secs,
    )
    listener = _Evaluating(estimator, train_spec, eval_spec)
    estimator.train(
        train_spec.input_fn,
        hooks=train_spec.hooks,
        max_steps=train_spec.max_steps,
        saving_listeners=[listener],
    )
    return listener.metrics, listener.exported
