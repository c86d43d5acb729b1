"""One training run: steps, evaluations and checkpoints, so ordered that it can be killed at any moment."""

import functools
import logging
import math
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from slimzoo.errors import SlimzooError, listing
from slimzoo.files import MODEL, schema
from slimzoo.files.progress import bar
from slimzoo.files.schema import Damaged
from slimzoo.model.model import Model
from slimzoo.tracing.layers import Row
from slimzoo.training.beside import Beside
from slimzoo.training.broken_images import naming_broken_images
from slimzoo.training.clock import Clock
from slimzoo.training.followers.following import Followers, Following
from slimzoo.training.interrupt import BrokenOff, Stopped, Watch, watch
from slimzoo.training.kept_models import as_rank, is_there, keep
from slimzoo.training.loop import Loss, Trainer, evaluation_device
from slimzoo.training.losses import Batch
from slimzoo.training.measured import Measured
from slimzoo.training.optimisation import gradient_factors, make_optimizer
from slimzoo.training.probe import fit_together, forget
from slimzoo.training.recipes import METHODS
from slimzoo.training.run_folder import RAW, RunFolder
from slimzoo.training.schedules import left_of, make_schedule, plateau_of, waited
from slimzoo.training.settings import Settings
from slimzoo.training.state import PROGRESS, TrainingState, checkpoints, digest_of, settings_in
from slimzoo.training.tasks import TASKS, Evaluated
from slimzoo.training.together.cluster import Alone
from slimzoo.training.together.many_machines import share_of
from slimzoo.training.values import copy_values

log = logging.getLogger("slimzoo")
BreakingOff = Callable[[], AbstractContextManager]


class Run:
    """Trains from where the folder stands to the last step, then reports.

    Args:
      cluster: the processes that train together: all run the same, on their own rows of each batch; the
        folder of the first is that of the run.
      plain: the same network as one process alone can run it, where `model` needs all of them: it is
        measured and saved, with the values of `model`.
    """

    def __init__(
        self,
        model: Model,
        folder: RunFolder,
        settings: Settings,
        strategy: tf.distribute.Strategy,
        beside: Beside,
        cluster: Alone | None = None,
        plain: Model | None = None,
    ):
        self.model, self.folder, self.settings, self.strategy = model, folder, settings, strategy
        self._beside, self.cluster, self.plain = beside, cluster or Alone(), plain or model
        assert model.preprocessing is not None, "load() gives every registered network one"
        self._task, recipe = TASKS[settings.train.task], settings.recipe
        share = [share_of(strategy, self.cluster.index, recipe.batch_size)] if self.cluster.count > 1 else []
        self._feed = self._task.feed(settings, model.preprocessing, *share)
        with strategy.scope():
            self._schedule = make_schedule(recipe, settings.last_step)
            scaled, replicas = model.dtype_policy.name == "mixed_float16", strategy.num_replicas_in_sync
            self.optimizer = make_optimizer(recipe, self._schedule, scaled, model, replicas)
        loss = Loss.of(recipe, self._task.loss(settings))
        self.trainer = Trainer(model, self.optimizer, strategy, gradient_factors(recipe, model), loss)
        steps = math.ceil(len(settings.train) / recipe.batch_size)
        self._measured = Measured(model, self.optimizer, recipe, self._feed.unmixed, steps, strategy)
        self.state = TrainingState(model, self.optimizer)
        self.step = 0
        self.best: dict[str, Any] = {"step": 0, "score": None}
        self._saved = 0  # the step of the newest checkpoint
        self._losses: list[dict[str, Any]] = []  # of the steps since the last row of the history
        self._followers = Followers()
        self._clock = Clock()
        self._resume()
        for trained in {id(each): each for each in (model, self.plain)}.values():
            trained.note_training()

    def _resume(self) -> None:
        progress = self._restored() if self.cluster.is_chief else self._given()
        if progress is None:
            return
        self.best, self._losses, self._saved = progress["best"], [*progress["losses"]], self.step
        self._clock = Clock(**progress.get("clock", {"complete": False}))
        self.folder.rewind(progress["history"])
        self._heed_plateau()
        self._make_up_for_the_model()

    def _restored(self) -> dict[str, Any] | None:
        """Takes up the newest checkpoint that can be; returns its progress, None where there is none.

        Raises: SlimzooError: there are some and none is whole, or they are of another model.
        """
        problems: list[str] = []
        for path in reversed(checkpoints(self.folder.checkpoint_folder)):
            try:
                if settings_in(path) not in ({}, self.folder.settings):
                    raise Damaged(f"{path} is of another run, with other settings")
                self.step, progress = self.state.restore(path)
                log.warning("going on from step %d of %d (%s)", self.step, self.settings.last_step, path)
                progress = schema.take(progress, PROGRESS, path)
                self.cluster.hand_on(path, path.parent)
                return progress
            except Damaged as error:
                log.warning("%s\nIt is passed over, and the one before it taken", error)
                problems.append(str(error))
        if problems:
            headline = (
                f"no checkpoint in {self.folder.checkpoint_folder} can be read; overwrite=True begins anew:"
            )
            raise SlimzooError(listing(headline, problems))
        self.cluster.hand_on(None, self.folder.checkpoint_folder)
        return None

    def _given(self) -> dict[str, Any] | None:
        """Takes up the checkpoint of the first process, where that took one up; returns its progress."""
        path = self.cluster.hand_on(None, self.folder.checkpoint_folder)
        if path is None:
            return None
        self.step, progress = self.state.restore(path)
        path.unlink()  # that of the first stays
        return schema.take(progress, PROGRESS, path)

    def _make_up_for_the_model(self) -> None:
        """Writes the best model again where that of the folder is damaged, gone, or of another step.

        Its values are still known at its own step; else the model as it stands is measured and is the best.
        """
        whole = self.best["step"] == 0 or (
            is_there(self.folder, self.best) and not self._raw_can_be_made_up_for()
        )
        if self.cluster.decide(whole):
            return
        if self.best["step"] != self.step:
            log.warning(
                "%s is damaged, or not the model of step %d, the best so far: that one is lost, and the best "
                "from step %d on is kept in its place",
                *(self.folder.path / MODEL, self.best["step"], self.step),
            )
            with self._measured.in_place():
                self._is_best(self._evaluation().rank)
            self.save()
        self._save_models()

    def _raw_can_be_made_up_for(self) -> bool:
        """Whether the raw weights beside averaged ones are gone, and the run stands where they were."""
        gone = self._measured.averaged and not (self.folder.path / RAW).is_file()
        return gone and self.best["step"] == self.step

    def _is_best(self, score: list[float]) -> None:
        values = {name: variable.numpy() for name, variable in self.plain.variables_by_name.items()}
        self.best = {"step": self.step, "score": score, "values": digest_of(values)}

    def train(self, progress: bool, following: Following) -> None:
        """Goes from where the run stands to its last step.

        Raises: Stopped: SIGTERM or Ctrl-C came. SlimzooError: training diverged, an image cannot be read.
        """
        last = self.settings.last_step
        if (self.step >= last or self._stops_early) and not self._evaluation_is_due:
            return
        shown = bar(total=last, initial=self.step, desc="train", unit="step", disable=not progress)
        wanted = following if self.cluster.is_chief else Following(tensorboard=False)
        with wanted.begun(self.folder, self.title) as self._followers, watch() as watcher, shown:
            self._go(watcher, shown)

    @property
    def title(self) -> str:
        """What the run is called where nobody calls it otherwise."""
        return f"{self.plain.name} on {self.settings.train.name}"

    def _go(self, watcher: Watch, bar: Any) -> None:
        batches = self._batches()
        last, log_every = self.settings.last_step, max(1, self.settings.last_step // 100)
        counted = 0  # the first step builds its graph: that is no measure of the others
        self._clock.begin()
        self._fit(bar, watcher)
        if self._evaluation_is_due:  # it was broken off
            self._evaluate(bar, watcher)
        signal = self.cluster.agree(watcher.signal)
        while self.step < last and signal is None and not self._stops_early:
            with naming_broken_images(self.settings.train):
                batch = next(batches)
            self._followers.before_step()
            self._losses.append(self.trainer.step(batch))
            self.step += 1
            bar.update()
            if self._is_interval or self.step % log_every == 0:
                self._log_losses(bar)
            self._clock.lap(counted)
            counted = self.settings.recipe.batch_size
            if self._is_interval:
                self._evaluate(bar, watcher)
            signal = self.cluster.agree(watcher.signal)
        if signal is not None:
            if self._saved != self.step:
                self.save()
            self._beside.wait()
            raise self._stopped(signal)

    def _fit(self, bar: Any, watcher: Watch) -> None:
        """Fits the last layer where the recipe begins with that; where that is all, it is the only step."""
        method = METHODS[self.settings.recipe.method]
        if self.step > 0 or not method.fits:
            return
        models, place = (self.model, self.plain), (self.folder.path, self.folder.settings)
        try:
            loss = fit_together(*models, self.settings.train, *place, self.cluster, watcher.breaking_off)
        except BrokenOff:
            return
        if not method.steps:
            self.step, self._losses = 1, [{"loss": loss, "regularization": 0.0}]
            bar.update()
            self._log_losses(bar)

    @property
    def _is_interval(self) -> bool:
        return self.step % self.settings.interval == 0 or self.step == self.settings.last_step

    @property
    def _evaluation_is_due(self) -> bool:
        """Whether this step should have been evaluated and was not."""
        done = any(row["kind"] == "eval" and row["step"] == self.step for row in self.folder.history)
        return self.step > 0 and self._is_interval and not done

    def _stopped(self, signal: int) -> Stopped:
        return Stopped(
            f"stopped after step {self.step} of {self.settings.last_step}; all is saved in "
            f"{self.cluster.keeps(self.folder.path)}. The same command goes on from there.",
            signal,
        )

    @property
    def _ranks(self) -> list[list[float]]:
        """The ranks of the evaluations so far, the oldest first."""
        return [self._task.rank(row) for row in self.folder.history if row["kind"] == "eval"]

    @property
    def _stops_early(self) -> bool:
        patience = self.settings.recipe.early_stopping
        return patience is not None and waited(self._ranks) >= patience

    def _heed_plateau(self) -> None:
        """Gives the learning rate what the evaluations so far leave of it."""
        if (plateau := plateau_of(self._schedule)) is not None:
            plateau.left.assign(left_of(self.settings.recipe, self._ranks))

    def _batches(self) -> Iterator[Batch]:
        """Yields the batch of each step, after whatever step the run is when it is asked."""
        while True:
            size = self._feed.size_at(self.step)
            for batch in self.trainer.distribute(self._feed.batches(self.step)):
                yield batch
                if self._feed.size_at(self.step) != size:
                    break

    def save(self) -> None:
        """Copies everything the next step depends on, to be written beside training as a checkpoint."""
        self._beside.wait()  # no more than these copies are held at a time
        losses = [{name: float(value) for name, value in row.items()} for row in self._losses]
        progress = {"best": self.best, "history": self.folder.history, "losses": losses}
        progress["settings"] = self.folder.settings  # where config.json is damaged
        progress["clock"] = self._clock.to_dict()
        copy = self.state.copied(self.step, progress)
        if self.cluster.is_chief:
            self._beside.do(functools.partial(copy.write, self.folder.checkpoint_folder))
        self._saved = self.step

    @property
    def epoch(self) -> float:
        """How often the training data was gone through."""
        return self.step * self.settings.recipe.batch_size / len(self.settings.train)

    def _log_losses(self, bar: Any) -> None:
        rows, self._losses = self._losses, []
        means = {name: float(np.mean([float(row[name]) for row in rows])) for name in rows[0]}
        if not all(math.isfinite(mean) for mean in means.values()):
            raise SlimzooError(
                f"training diverged: the loss is {means['loss']} and the regularization "
                f"{means['regularization']} after step {self.step}. Lower the learning rate (it is "
                f"{self.settings.recipe.learning_rate}); earlier checkpoints are in "
                f"{self.folder.checkpoint_folder}"
            )
        rate = float(tf.convert_to_tensor(self.optimizer.learning_rate))
        bar.set_postfix(loss=f"{means['loss']:.3f}", refresh=False)
        self._record("train", **means, learning_rate=rate)

    def _evaluate(self, bar: Any, watcher: Watch) -> None:
        """Measures the model and saves everything; what a signal breaks off begins anew in the next part."""
        try:
            raw = self._evaluation(watcher.breaking_off) if self._measured.averaged else None
            with self._measured.in_place():  # nothing breaks off putting the weights back
                evaluation = self._evaluation(watcher.breaking_off)
                score, best = evaluation.rank, self.best["score"]
                better = best is None or score > as_rank(best) or not self.settings.keep_best
                if better:
                    self._is_best(score)
        except BrokenOff:
            return
        name, figure = self._task.shown
        bar.set_postfix({name: f"{evaluation.figures[figure]:.3f}"}, refresh=False)
        if raw is not None:
            self._record("raw", **raw.figures)
        self._record("eval", **evaluation.figures)
        self._heed_plateau()
        self._clock.lap()
        self.save()  # first the checkpoint: it knows of the model, and _resume() makes up for a missing one
        if better:
            self._save_models()

    def _evaluation(self, breaking_off: BreakingOff = nullcontext) -> Evaluated:
        copy_values(self.model, self.plain)
        return self._measure(breaking_off)

    def _measure(self, breaking_off: BreakingOff = nullcontext, progress: bool = False) -> Evaluated:
        size, data = self.settings.eval_size, self.settings.validation
        with evaluation_device(self.strategy):
            given = (self.plain, data, size, progress, self._held_out)
            if self.cluster.count > 1:
                return self._task.together(*given, self.cluster, breaking_off)
            with breaking_off():
                return self._task.evaluate(*given)

    @functools.cached_property
    def _held_out(self) -> Any:
        size, data = self.settings.eval_size, self.settings.validation
        return self._task.held_out(self.plain, self.cluster.part_of(data, size), self.settings)

    def _record(self, kind: str, **values: float) -> None:
        row = {"step": self.step, "epoch": self.epoch, "kind": kind, **values}
        self._beside.renew("history", self.folder.noted(row))
        self._followers.record(row)

    def _save_models(self) -> None:
        """Writes the model as it is measured; before, where that is of averaged weights, as it is trained."""
        if self._measured.averaged:
            self._save_model(RAW)
        with self._measured.in_place():
            self._save_model(MODEL)

    def _save_model(self, name: str) -> None:
        copy_values(self.model, self.plain)
        if not self.cluster.is_chief:
            return
        keep(self.plain, self.folder, name, self.step, self.settings.train.classes, self._beside)

    def finish(
        self, command: str, title: str | None, comparison: Iterable, progress: bool, report: bool
    ) -> tuple[Evaluated, Path | None]:
        """Evaluates the best model once more, writes predictions and report; returns it and the report.

        Args:
          report: False writes neither.
        """
        rows = self.plain.summary_rows() if report else []
        self._beside.wait()
        self._make_up_for_the_model()
        self._beside.wait()
        self.cluster.share(self.folder.path / MODEL)
        self.plain.restore(self.folder.path / MODEL)
        evaluation = self._measure(progress=progress)
        page = self.folder.path / "report.html" if report else None
        if not self.cluster.is_chief:
            return evaluation, page
        if report:
            page = self._reported(evaluation, rows, command, title, comparison)
        forget(self.folder.path)
        self.folder.finish()
        return evaluation, page

    def _reported(
        self, evaluation: Evaluated, rows: list[Row], command: str, title: str | None, comparison: Iterable
    ) -> Path:
        return self._task.report(
            self.folder,
            self.settings,
            evaluation,
            self.plain,
            rows,
            clock=self._clock,
            best_step=self.best["step"],
            command=command,
            title=title or self.title,
            comparison=comparison,
        )
