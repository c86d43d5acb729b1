"""finetune(): data, model and recipe brought together; leaves a folder that slimzoo.load opens."""

import functools
import json
import logging
import math
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from tqdm import tqdm

from slimzoo import loading
from slimzoo.data import folder, splits, voc
from slimzoo.data.dataset import Dataset
from slimzoo.data.pipeline import batches
from slimzoo.errors import SlimzooError
from slimzoo.files import write_text
from slimzoo.model import Model
from slimzoo.registry import get_network
from slimzoo.training import run_report
from slimzoo.training.evaluation import Evaluation, evaluate
from slimzoo.training.interrupt import Stopped, watch
from slimzoo.training.loop import Trainer, make_strategy, uses_gpu
from slimzoo.training.optimisation import gradient_factors, make_optimizer
from slimzoo.training.recipes import Recipe, recipe_for
from slimzoo.training.run_folder import RunFolder, fingerprint
from slimzoo.training.state import TrainingState

log = logging.getLogger("slimzoo")
PRECISIONS = ("float32", "mixed_bfloat16", "mixed_float16")


@dataclass
class Result:
    """What finetune() leaves: the folder, its best model, and how good that is."""

    folder: Path
    model: Model
    evaluation: Evaluation
    best_step: int
    steps: int
    report: Path
    history: list[dict[str, Any]]


def open_data(
    kind: str,
    data: str | os.PathLike,
    *,
    year: str | int = "2012",
    split: str = "trainval",
    validation: float | str = 0.2,
    seed: int = 0,
) -> tuple[Dataset, Dataset]:
    """Returns (training, validation) data.

    Args:
      kind: "voc", or "folder" with one sub-folder of images a class.
      data: VOCdevkit, or the folder.
      split: of VOC: the list to train on.
      validation: the part held out of it (0.2), or where else it is: a list of VOC ("val"), another folder.
    """
    read = {
        "voc": lambda: voc.read(data, year, split),
        "folder": lambda: folder.read(data),
    }
    if kind not in read:
        raise SlimzooError(f"kind of data is {kind!r}; there are {', '.join(read)}")
    train = read[kind]()
    if isinstance(validation, (int, float)):
        return splits.split(train, float(validation), seed)
    if kind == "voc":
        return train, voc.read(data, year, validation)
    return train, folder.read(validation, train.classes)


def finetune(
    train: Dataset,
    validation: Dataset,
    out: str | os.PathLike,
    *,
    model: str = "mobilenet_v1",
    weights: str | os.PathLike | None = "pretrained",
    ema: bool = False,
    size: int | None = None,
    recipe: Recipe | None = None,
    options: Mapping[str, Any] | None = None,
    steps: int | None = None,
    seed: int = 0,
    eval_every: int | None = None,
    precision: str = "float32",
    data_format: str = "NHWC",
    device: str = "auto",
    strategy: tf.distribute.Strategy | None = None,
    deterministic: bool | None = None,
    overwrite: bool = False,
    progress: bool = False,
    tensorboard: bool = True,
    command: str = "",
    title: str | None = None,
    comparison: Iterable = (),
) -> Result:
    """Trains a network on `train`, keeping the best model by mean average precision on `validation`.

    A run that was killed goes on from its last checkpoint when called again with the same arguments.

    Args:
      out: folder of the run; afterwards slimzoo.load(out) opens it.
      model: name of a registered network.
      weights: "pretrained" for the released ones, a tag, a file, or None to start from scratch.
      ema: takes the moving averages out of a checkpoint.
      size: of the images, pixels; None takes the weights' own.
      recipe: None takes the row of the network's family.
      options: fields of the recipe to replace: {"learning_rate": 0.1, "freeze": ("vgg_16/conv1",)}.
      steps: in place of the recipe's epochs.
      eval_every: steps between evaluations and checkpoints; None: an epoch, or a tenth of the run if longer.
      precision: "float32", "mixed_bfloat16" or "mixed_float16".
      deterministic: the same numbers at every run, and after a restart; None: on a CPU.
      strategy: in place of what `device` ("auto", "cpu", "gpu", "gpu:1") would give.
      command, title, comparison: for the report.
    Raises:
      SlimzooError: arguments, weights or data that do not fit together. FileExistsError: `out` holds something.
      Stopped: SIGTERM or Ctrl-C came; everything is saved.
    """
    network = get_network(model)
    recipe = (recipe or recipe_for(network)).override(options or {})
    _check_arguments(train, validation, precision, steps)
    strategy = strategy or make_strategy(device)
    deterministic = not uses_gpu(strategy) if deterministic is None else deterministic
    if deterministic:
        tf.config.experimental.enable_op_determinism()
    keras.utils.set_random_seed(seed)
    steps = steps or math.ceil(recipe.epochs * len(train) / recipe.batch_size)
    eval_every = eval_every or max(math.ceil(len(train) / recipe.batch_size), math.ceil(steps / 10))
    settings = {
        "model": model,
        "weights": None if weights is None else os.fspath(weights),
        "ema": ema,
        "size": size,
        **asdict(recipe),
        "steps": steps,
        "seed": seed,
        "eval_every": eval_every,
        "precision": precision,
        "data_format": data_format,
        "deterministic": deterministic,
        "replicas": strategy.num_replicas_in_sync,
        "train": f"{train.name}, {len(train)} images",
        "validation": f"{validation.name}, {len(validation)} images",
        "data": f"{fingerprint(train)} {fingerprint(validation)}",
    }
    with strategy.scope():
        built = _build(network, weights, ema, size, recipe, train, precision, data_format, seed)
    run = _Run(built, RunFolder(out, settings, overwrite), train, validation, strategy, recipe, steps, eval_every, seed)
    run.train(progress, tensorboard)
    return run.finish(command, title, comparison, progress)


def _check_arguments(train: Dataset, validation: Dataset, precision: str, steps: int | None) -> None:
    if train.classes != validation.classes:
        raise SlimzooError(
            f"{train.name} has classes {', '.join(train.classes)}; {validation.name} has "
            f"{', '.join(validation.classes)}: they must be the same"
        )
    if precision not in PRECISIONS:
        raise SlimzooError(f"precision is {precision!r}; allowed are {', '.join(PRECISIONS)}")
    if steps is not None and steps < 1:
        raise SlimzooError(f"steps is {steps}; it must be at least 1")


def _build(network, weights, ema, size, recipe, train, precision, data_format, seed) -> Model:
    arguments = dict(recipe.network_arguments)
    if recipe.scope_arguments:
        arguments["arg_scope"] = functools.partial(network.arg_scope, **recipe.scope_arguments)
    model = loading.load(
        network.name,
        pretrained=weights == "pretrained",
        weights=None if weights in (None, "pretrained") else weights,
        num_classes=len(train.classes),
        size=size,
        exclude=() if weights is None else recipe.new,
        ema=ema,
        labels=train.classes,
        multi_label=train.multi_label,
        data_format=data_format,
        dtype=precision,
        seed=seed,
        quiet=True,
        **arguments,
    )
    if recipe.freeze:
        model.freeze(recipe.freeze)
    return model


class _Run:
    """One run: steps, evaluations, checkpoints."""

    def __init__(self, model, folder, train, validation, strategy, recipe, steps, eval_every, seed):
        self.model, self.folder, self.train_data, self.validation = model, folder, train, validation
        self.strategy, self.recipe, self.steps, self.eval_every, self.seed = strategy, recipe, steps, eval_every, seed
        scaled = model.dtype_policy.name == "mixed_float16"
        with strategy.scope():
            self.optimizer = make_optimizer(recipe, steps, scaled)
        self.trainer = Trainer(model, self.optimizer, strategy, gradient_factors(recipe, model))
        self.state = TrainingState(model, self.optimizer)
        self.step = 0
        self.best: dict[str, Any] = {"step": 0, "score": None}
        self._writer: Any = None
        self._resume()

    def _resume(self) -> None:
        path = self.folder.newest_checkpoint
        if path is None:
            return
        self.step, progress = self.state.restore(path)
        self.best = progress["best"]
        self.folder.rewind(progress["history"])
        log.warning("going on from step %d of %d (%s)", self.step, self.steps, path)

    def train(self, progress: bool, tensorboard: bool) -> None:
        """Goes from where the run stands to its last step."""
        if self.step >= self.steps:
            return
        if tensorboard:
            self._writer = tf.summary.create_file_writer(str(self.folder.path / "tensorboard"))
        data = batches(
            self.train_data,
            self.model.preprocessing,
            self.recipe.batch_size,
            seed=self.seed,
            start_step=self.step,
            augmentation=self.recipe.augmentation,
        )
        iterator = self.trainer.distribute(data)
        log_every = max(1, self.steps // 100)
        losses: list[dict[str, float]] = []
        bar = tqdm(total=self.steps, initial=self.step, desc="train", unit="step", disable=not progress)
        with watch() as watcher, bar:
            while self.step < self.steps:
                losses.append(self.trainer.step(next(iterator)))
                self.step += 1
                bar.update()
                due = self.step % self.eval_every == 0 or self.step == self.steps
                if due or self.step % log_every == 0 or watcher.signal is not None:
                    self._log_losses(losses, bar)
                    losses = []
                if due:
                    self._evaluate(bar)
                if due or watcher.signal is not None:
                    self.save()
                if watcher.signal is not None and self.step < self.steps:
                    raise Stopped(
                        f"stopped after step {self.step} of {self.steps}; all is saved in {self.folder.path}. The "
                        "same command goes on from there.",
                        watcher.signal,
                    )

    def save(self) -> None:
        """Writes a checkpoint of everything the next step depends on."""
        self.state.save(self.folder.checkpoint_folder, self.step, {"best": self.best, "history": self.folder.history})

    @property
    def epoch(self) -> float:
        """How often the training data was gone through."""
        return self.step * self.recipe.batch_size / len(self.train_data)

    def _log_losses(self, losses, bar) -> None:
        means = {name: float(np.mean([row[name] for row in losses])) for name in losses[0]}
        if not math.isfinite(means["loss"]):
            raise SlimzooError(
                f"the loss is {means['loss']} after step {self.step}: training diverged. Lower the learning rate "
                f"(it is {self.recipe.learning_rate}); the last checkpoint is in {self.folder.checkpoint_folder}"
            )
        rate = float(tf.convert_to_tensor(self.optimizer.learning_rate))
        bar.set_postfix(loss=f"{means['loss']:.3f}", refresh=False)
        self._record("train", **means, learning_rate=rate)

    def _evaluate(self, bar) -> None:
        found = evaluate(self.model, self.validation, self.recipe.batch_size)
        bar.set_postfix(mAP=f"{found.map:.3f}", refresh=False)
        measured = {"loss": found.loss, "map": found.map, "map_11point": found.map_11point}
        if not math.isnan(found.accuracy):
            measured["accuracy"] = found.accuracy
        self._record("eval", **measured)
        score = -found.loss if math.isnan(found.map) else found.map
        if self.best["score"] is None or score > self.best["score"]:
            self.best = {"step": self.step, "score": score}
            self._save_model()

    def _record(self, kind: str, **values: float) -> None:
        self.folder.record(step=self.step, epoch=self.epoch, kind=kind, **values)
        if self._writer is not None:
            with self._writer.as_default(step=self.step):
                for name, value in values.items():
                    tf.summary.scalar(f"{kind}/{name}", value)
            self._writer.flush()

    def _save_model(self) -> None:
        report = self.model.restore_report
        about = {"trained_steps": str(self.step), "slimzoo_settings": json.dumps(self.folder.settings)}
        if report is not None:
            about["restored_fraction"] = f"{report.fraction:.4f}"
        loading.save(self.model, self.folder.path / loading.RESULT_FILE, overwrite=True, **about)
        write_text(self.folder.path / "labels.txt", "".join(f"{name}\n" for name in self.train_data.classes))

    def finish(self, command: str, title: str | None, comparison, progress: bool) -> Result:
        """Evaluates the best model once more and writes the report."""
        rows = self.model.summary_rows()
        self.model.restore(self.folder.path / loading.RESULT_FILE)
        found = evaluate(self.model, self.validation, self.recipe.batch_size, progress=progress)
        run_report.save_predictions(self.folder.path, found)
        report = run_report.write(
            self.folder,
            found,
            rows,
            best_step=self.best["step"],
            command=command,
            title=title or f"{self.model.network.name} on {self.train_data.name}",
            comparison=comparison,
        )
        self.folder.finish()
        return Result(
            folder=self.folder.path,
            model=self.model,
            evaluation=found,
            best_step=self.best["step"],
            steps=self.steps,
            report=report,
            history=self.folder.history,
        )

