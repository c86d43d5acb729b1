"""The loop of slim.learning.train: steps in a session that a tf.compat.v1.train.Supervisor looks after."""

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import tensorflow as tf

from slimzoo.slim.training.stopping import Stop

LOG = tf.compat.v1.logging
SessionLog = tf.compat.v1.SessionLog


@dataclass
class StepCounter:
    """Steps per second since it was last asked."""

    time: float  # seconds
    step: int

    def speed(self, now: float, step: int) -> float:
        """Returns the steps per second from the last call to `now`, 0 at no time."""
        seconds, steps = now - self.time, step - self.step
        self.time, self.step = now, step
        return steps / seconds if seconds > 0 else 0.0


@dataclass
class Loop:
    """Runs steps until the train_step_fn, the input, a signal or another worker says stop.

    Checkpoints are written between two steps, never beside one: a checkpoint that a thread writes while a
    step runs may hold some variables of before it and some of after it.
    """

    supervisor: Any
    step: Callable  # session -> (loss, stop)
    stop: Stop
    save_interval_secs: float = 0
    startup_step: int = 0  # another worker than the chief starts when the global step is there
    chief_queue_runners: list = field(default_factory=list)
    init_tokens: list = field(default_factory=list)
    wrap: Callable | None = None
    ignore_live_threads: bool = False
    loss: Any = None

    def run(self, master: str, config: tf.compat.v1.ConfigProto | None) -> Any:
        """Returns the last loss; starts again where a server of a cluster was restarted."""
        while True:
            try:
                self._run_session(master, config)
                return self.loss
            except tf.errors.AbortedError:
                LOG.info("Retrying training!")

    @property
    def _saves(self) -> bool:
        return self.supervisor.is_chief and self.supervisor.save_path is not None

    def _run_session(self, master: str, config: tf.compat.v1.ConfigProto | None) -> None:
        managed = self.supervisor.managed_session(master, start_standard_services=False, config=config)
        with managed as session:
            LOG.info("Starting Session.")
            threads = self._start(session)
            try:
                self._steps(session)
            except tf.errors.OutOfRangeError as error:  # the input has come to its end
                LOG.info("Caught OutOfRangeError. Stopping Training. %s", error)
            except (KeyboardInterrupt, SystemExit):
                self._finish(session, threads, "Interrupted!")
                raise
            self._finish(session, threads, "Finished training!")

    def _start(self, session: tf.compat.v1.Session) -> list[Any]:
        """Starts the services and the queues; returns the threads of the queues."""
        supervisor = self.supervisor
        if self._saves:
            self._start_services(session)
        elif not supervisor.is_chief:
            self._wait_for_startup_step(session)
        threads = supervisor.start_queue_runners(session)
        LOG.info("Starting Queues.")
        if supervisor.is_chief and self.init_tokens:
            supervisor.start_queue_runners(session, self.chief_queue_runners)
            session.run(self.init_tokens)
        return threads

    def _start_services(self, session: tf.compat.v1.Session) -> None:
        """Starts the threads that write summaries; those of the Supervisor know no graph unless eager
        execution is disabled in the whole process.
        """
        supervisor = self.supervisor
        writer, seconds = supervisor.summary_writer, supervisor.save_summaries_secs
        if not writer:
            return
        writer.add_session_log(SessionLog(status=SessionLog.START), self._global_step(session))
        if not seconds:
            return
        if supervisor.summary_op is not None:
            supervisor.loop(seconds, self._summarize, (session,))
        count = StepCounter(time.time(), self._global_step(session))
        supervisor.loop(seconds, self._report_speed, (session, count))

    def _summarize(self, session: tf.compat.v1.Session) -> None:
        supervisor = self.supervisor
        summary, step = session.run([supervisor.summary_op, supervisor.global_step])
        LOG.info("Recording summary at step %s.", step)
        supervisor.summary_writer.add_summary(summary, step)

    def _report_speed(self, session: tf.compat.v1.Session, count: StepCounter) -> None:
        step = self._global_step(session)
        speed, tag = count.speed(time.time(), step), f"{self.supervisor.global_step.op.name}/sec"
        LOG.info("%s: %g", tag, speed)
        value = tf.compat.v1.Summary.Value(tag=tag, simple_value=speed)
        self.supervisor.summary_writer.add_summary(tf.compat.v1.Summary(value=[value]), step)

    def _global_step(self, session: tf.compat.v1.Session) -> int:
        return int(session.run(self.supervisor.global_step))

    def _wait_for_startup_step(self, session: tf.compat.v1.Session) -> None:
        while self.startup_step and self._global_step(session) < self.startup_step:
            time.sleep(1.0)

    def _steps(self, session: tf.compat.v1.Session) -> None:
        stepped = self._wrapped(session)
        due = time.monotonic() if self._saves and self.save_interval_secs else float("inf")
        while not (self.stop.asked or self.supervisor.should_stop()):
            if time.monotonic() >= due:
                self._save(session)
                due = time.monotonic() + self.save_interval_secs
            self.loss, finished = self.step(stepped)
            if finished:
                LOG.info("Stopping Training.")
                self.supervisor.request_stop()

    def _wrapped(self, session: tf.compat.v1.Session) -> Any:
        if self.wrap is None:
            return session
        LOG.info("Wrapping session with wrapper function: %s", self.wrap)
        return self.wrap(session)

    def _save(self, session: tf.compat.v1.Session) -> None:
        supervisor = self.supervisor
        LOG.info("Saving checkpoint to path %s", supervisor.save_path)
        supervisor.saver.save(session, supervisor.save_path, global_step=supervisor.global_step)
        if supervisor.summary_writer:
            log = SessionLog(status=SessionLog.CHECKPOINT, checkpoint_path=supervisor.save_path)
            supervisor.summary_writer.add_session_log(log, self._global_step(session))

    def _finish(self, session: tf.compat.v1.Session, threads: list[Any], why: str) -> None:
        supervisor = self.supervisor
        if self._saves:
            LOG.info("%s Saving model to disk.", why)
            supervisor.saver.save(session, supervisor.save_path, global_step=supervisor.global_step)
        if self.init_tokens:
            self._end_token_queues(session)
        if self._saves:
            supervisor.stop(threads, close_summary_writer=False, ignore_live_threads=self.ignore_live_threads)

    def _end_token_queues(self, session: tf.compat.v1.Session) -> None:
        """Ends the queues of SyncReplicasOptimizers: each waits for gradients that no step will send, and the
        other workers for its tokens.
        """
        with contextlib.suppress(tf.errors.CancelledError):  # closed before
            session.run([runner.cancel_op for runner in self.chief_queue_runners])
        self.supervisor.request_stop()
        session.close()
