"""finetune(): data, model and recipe brought together; leaves a folder that slimzoo.load opens."""

import functools
import logging
import math
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import tensorflow as tf

from slimzoo.data.dataset import Dataset
from slimzoo.errors import SlimzooError, listing
from slimzoo.loading.load import load
from slimzoo.model.model import Model
from slimzoo.names import Scopes
from slimzoo.registry import get_network
from slimzoo.training import held_out
from slimzoo.training.evaluation import Evaluation
from slimzoo.training.loop import make_strategy, uses_gpu
from slimzoo.training.optimisation import gradient_factors
from slimzoo.training.recipes import Recipe, recipe_for
from slimzoo.training.run import Run
from slimzoo.training.run_folder import RunFolder, fingerprint

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
    keep_best: bool = True,
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

    It sets TensorFlow's global seed and, with `deterministic`, op determinism, which TensorFlow cannot
    turn off again: both last for the process.

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
      keep_best: False keeps the last model: for cross-validation, where `validation` must choose nothing.
      precision: "float32", "mixed_bfloat16" or "mixed_float16".
      deterministic: the same numbers at every run, and after a restart; None: on a CPU.
      strategy: in place of what `device` ("auto", "cpu", "gpu", "gpu:1") would give.
      command, title, comparison: for the report.
    Raises:
      SlimzooError: arguments, weights or data that do not fit together; training diverged.
      FileExistsError: `out` holds something.
      Stopped: SIGTERM or Ctrl-C came; everything is saved.
    """
    network = get_network(model)
    recipe = (recipe or recipe_for(network)).override(options or {})
    strategy = strategy or make_strategy(device)
    replicas = strategy.num_replicas_in_sync
    problems = _problems(train, validation, precision, steps, seed, eval_every, recipe.batch_size, replicas)
    if problems:
        raise SlimzooError(listing("nothing can be trained so:", problems))
    deterministic = not uses_gpu(strategy) if deterministic is None else deterministic
    tf.random.set_seed(seed)
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
        "keep_best": keep_best,
        "precision": precision,
        "data_format": data_format,
        "deterministic": deterministic,
        "replicas": replicas,
        "train": f"{train.name}, {len(train)} images",
        "validation": f"{validation.name}, {len(validation)} images",
        "data": f"{fingerprint(train)} {fingerprint(validation)}",
    }
    run_folder = RunFolder(out, settings, overwrite)
    try:
        with strategy.scope():
            built = _build(network, weights, ema, size, recipe, train, precision, data_format, seed)
        _check_trains(built, recipe, train)
    except Exception:
        run_folder.give_up()
        raise
    if deterministic:
        tf.config.experimental.enable_op_determinism()
    run_folder.start()
    held_out.remember(run_folder.path, train, validation)
    run = Run(built, run_folder, train, validation, strategy, recipe)
    run.train(progress, tensorboard)
    evaluation, report = run.finish(command, title, comparison, progress)
    return Result(
        folder=run_folder.path,
        model=built,
        evaluation=evaluation,
        best_step=run.best["step"],
        steps=steps,
        report=report,
        history=run_folder.history,
    )


def _check_trains(model: Model, recipe: Recipe, train: Dataset) -> None:
    """Raises SlimzooError if nothing is left to train, or a scope of the recipe's is none; warns of
    empty classes.
    """
    gradient_factors(recipe, model)
    if not any(variable.trainable for variable in model.variables_by_name.values()):
        raise SlimzooError(
            f"freeze={list(recipe.freeze)} leaves nothing of {model.name} to train; leave a scope out"
        )
    empty = [name for name, count in train.counts.items() if not count]
    if empty:
        log.warning("no image to train on shows %s: their scores will mean nothing", ", ".join(empty))


def _problems(train, validation, precision, steps, seed, eval_every, batch_size, replicas) -> list[str]:
    problems = [f"{data.name} holds no image" for data in (train, validation) if not len(data)]
    if train.classes != validation.classes:
        problems.append(
            f"{train.name} has classes {', '.join(train.classes)}; {validation.name} has "
            f"{', '.join(validation.classes)}: they must be the same, in the same order"
        )
    if train.multi_label != validation.multi_label:
        problems.append(
            f"one of {train.name} and {validation.name} has several labels an image, the other one"
        )
    if precision not in PRECISIONS:
        problems.append(f"precision is {precision!r}; allowed are {', '.join(PRECISIONS)}")
    for name, value in (("steps", steps), ("eval_every", eval_every)):
        if value is not None and (not isinstance(value, int) or value < 1):
            problems.append(f"{name} is {value!r}; it must be a whole number, at least 1")
    if not 0 <= seed < 2**31:
        problems.append(f"seed is {seed}; it must lie between 0 and {2**31 - 1}")
    if batch_size < replicas:
        problems.append(f"batch_size is {batch_size}; {replicas} devices need at least an image each")
    return problems


def _build(network, weights, ema, size, recipe, train, precision, data_format, seed) -> Model:
    arguments, new = dict(recipe.network_arguments), Scopes(recipe.new or (), "new")
    if recipe.scope_arguments:
        arguments["arg_scope"] = functools.partial(network.arg_scope, **recipe.scope_arguments)
    model = load(
        network.name,
        pretrained=weights == "pretrained",
        weights=None if weights in (None, "pretrained") else weights,
        num_classes=len(train.classes),
        size=size,
        exclude=() if weights is None else new,
        ema=ema,
        labels=train.classes,
        multi_label=train.multi_label,
        data_format=data_format,
        dtype=precision,
        seed=seed,
        quiet=True,
        **arguments,
    )
    new.check(
        model.variables_by_name
    )  # without weights all is new; a name that is nothing is a mistake still
    if recipe.freeze:
        model.freeze(recipe.freeze)
    return model
