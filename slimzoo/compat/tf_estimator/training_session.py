"""One run of training: hooks that save and log, and the loop."""

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from slimzoo.compat.tf_estimator.calling import LOG
from slimzoo.compat.tf_estimator.config import RunConfig
from slimzoo.compat.tf_estimator.spec import EstimatorSpec
from slimzoo.errors import shown

v1 = tf.compat.v1
KEYS = tf.compat.v1.GraphKeys


class ListenersHook(tf.compat.v1.train.SessionRunHook):
    """Calls listeners for the checkpoints that another hook, of the program's, saves before it.

    Args:
      folder: where they appear.
      listeners: of tf.train.CheckpointSaverListener.
    """

    def __init__(self, folder: str, listeners: Sequence[Any]):
        self._folder, self._listeners = folder, listeners
        self._seen: str | None = None

    def begin(self) -> None:
        """Begins all of them."""
        self._step = v1.train.get_global_step()
        for listener in self._listeners:
            listener.begin()

    def after_create_session(self, session: tf.compat.v1.Session, coord: Any) -> None:
        """Tells of the first checkpoint."""
        self._tell(session)

    def after_run(self, run_context: Any, run_values: Any) -> None:
        """Tells of a new checkpoint; a listener that returns True ends the training."""
        if self._tell(run_context.session):
            run_context.request_stop()

    def end(self, session: tf.compat.v1.Session) -> None:
        """Tells of the last one, and ends all of them."""
        self._tell(session)
        for listener in self._listeners:
            listener.end(session, int(session.run(self._step)))

    def _tell(self, session: tf.compat.v1.Session) -> bool:
        newest = tf.train.latest_checkpoint(self._folder)
        if newest is None or newest == self._seen:
            return False
        self._seen, step = newest, int(session.run(self._step))
        for listener in self._listeners:
            listener.before_save(session, step)
        told = [listener.after_save(session, step) for listener in self._listeners]
        return any(told)


def check_listeners(listeners: Any) -> tuple[Any, ...]:
    """Returns listeners as a tuple. Raises: TypeError: some are none."""
    wrong = [one for one in listeners or () if not isinstance(one, v1.train.CheckpointSaverListener)]
    if wrong:
        raise TypeError(
            f"saving_listeners must be a list of CheckpointSaverListener instances, given: {shown(wrong)}"
        )
    return tuple(listeners or ())


def reached(folder: str) -> int:
    """Returns the global step of the newest checkpoint of a folder, or 0."""
    path = tf.train.latest_checkpoint(folder)
    if path is None:
        return 0
    reader = tf.train.load_checkpoint(path)
    name = KEYS.GLOBAL_STEP
    return int(reader.get_tensor(name)) if reader.has_tensor(name) else 0


def summarize(loss: Any, graph: tf.Graph) -> None:
    """Puts the loss among the losses, and among the summaries if there is none called so."""
    if not any(summary.op.name == "loss" for summary in graph.get_collection(KEYS.SUMMARIES)):
        v1.summary.scalar("loss", loss)
    v1.losses.add_loss(loss)


def run(
    spec: EstimatorSpec, hooks: Sequence[Any], listeners: Sequence[Any], config: RunConfig, session: Any
) -> Any:
    """Runs steps until a hook or the end of the input stops it; returns the last loss, or None.

    Args:
      hooks: those of the input and of the caller.
      listeners: called as checkpoints are saved.
      config: how often to save and to log.
      session: the tf.ConfigProto.

    Raises: ValueError: there are listeners and nothing saves.
    """
    hooks = _with_logs(spec, hooks, config)
    _keep_a_saver(spec, config)
    chief_hooks = [*spec.training_chief_hooks]
    savers = [h for h in (*hooks, *chief_hooks) if isinstance(h, v1.train.CheckpointSaverHook)]
    if not savers and (config.save_checkpoints_secs or config.save_checkpoints_steps):
        savers = [
            v1.train.CheckpointSaverHook(
                config.model_dir,
                save_secs=config.save_checkpoints_secs,
                save_steps=config.save_checkpoints_steps,
                scaffold=spec.scaffold,
                listeners=list(listeners),
            )
        ]
        chief_hooks = [*savers, *chief_hooks]
    elif savers and listeners:
        for place in (hooks, chief_hooks):
            if savers[0] in place:
                place.insert(place.index(savers[0]) + 1, ListenersHook(config.model_dir, listeners))
    elif listeners:
        raise ValueError(
            "There should be a CheckpointSaverHook to use saving_listeners. Please set one of the "
            "RunConfig.save_checkpoints_steps or RunConfig.save_checkpoints_secs."
        )
    creating = v1.train.MonitoredTrainingSession(
        checkpoint_dir=config.model_dir,
        scaffold=spec.scaffold,
        hooks=hooks,
        chief_only_hooks=chief_hooks,
        save_checkpoint_secs=0,
        save_summaries_steps=config.save_summary_steps,
        config=session,
        log_step_count_steps=config.log_step_count_steps,
        max_wait_secs=config.session_creation_timeout_secs,
    )
    return _loop(spec, creating)


def _loop(spec: EstimatorSpec, creating: Any) -> Any:
    loss, stepped = None, False
    with creating as session:
        while not session.should_stop():
            _, loss = session.run([spec.train_op, spec.loss])
            stepped = True
    if not stepped:
        LOG.warning("Training with estimator made no steps. Perhaps input is empty or misspecified.")
    return loss


def _with_logs(spec: EstimatorSpec, hooks: Sequence[Any], config: RunConfig) -> list[Any]:
    logs = [v1.train.NanTensorHook(spec.loss)]
    if config.log_step_count_steps is not None:
        logged = {"loss": spec.loss, "step": v1.train.get_global_step()}
        logs.append(v1.train.LoggingTensorHook(logged, every_n_iter=config.log_step_count_steps))
    return [*hooks, *logs, *spec.training_hooks]


def _keep_a_saver(spec: EstimatorSpec, config: RunConfig) -> None:
    """Adds the Saver of the config where the model has none."""
    if spec.scaffold.saver is None and not v1.get_collection(KEYS.SAVERS):
        saver = v1.train.Saver(
            sharded=True,
            max_to_keep=config.keep_checkpoint_max,
            keep_checkpoint_every_n_hours=config.keep_checkpoint_every_n_hours,
            defer_build=True,
            save_relative_paths=True,
        )
        v1.add_to_collection(KEYS.SAVERS, saver)
