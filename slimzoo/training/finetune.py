"""finetune(): data, model and recipe brought together; leaves a folder that slimzoo.load opens."""

import functools
import logging
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

import numpy as np

from slimzoo.data.dataset import Dataset
from slimzoo.errors import SlimzooError, counted, some
from slimzoo.loading.load import load
from slimzoo.names import Scopes, scopes_without, top_scopes
from slimzoo.registry import CLASSIFICATION, SEGMENTATION, get_network, get_row
from slimzoo.training import held_out, image_files, rates
from slimzoo.training.beside import Beside
from slimzoo.training.dry_run import Asked, planned
from slimzoo.training.followers.following import Following
from slimzoo.training.recipes import METHODS, Recipe
from slimzoo.training.run_folder import RunFolder, alone_in_run
from slimzoo.training.settings import Settings
from slimzoo.training.sizes import grid_of, on_grid
from slimzoo.training.together.cluster import TIMEOUT, Alone, joined, place_for
from slimzoo.training.together.machines import find as find_machines

if TYPE_CHECKING:  # these bring TensorFlow, which waits until there is something to train
    import tensorflow as tf

    from slimzoo.model.model import Model
    from slimzoo.training.evaluation import Evaluation
    from slimzoo.training.run import Run

log = logging.getLogger("slimzoo")


@dataclass
class Result:
    """What finetune() leaves: the folder, its best model, and how good that is."""

    folder: Path
    model: "Model"
    evaluation: "Evaluation"
    best_step: int
    steps: int
    report: Path | None  # None: report=False
    history: list[dict[str, Any]]
    keeper: str = ""  # the worker that has the folder, where that is not this process

    def __repr__(self) -> str:
        return (
            f"<Result in {self.folder}: best at step {self.best_step} of {self.steps}; {self.evaluation!r}>"
        )


def finetune(
    train: Dataset,
    validation: Dataset,
    out: str | os.PathLike,
    *,
    model: str = "mobilenet_v1",
    weights: str | os.PathLike | None = "pretrained",
    ema: bool = False,
    rename: Mapping[str, str] | None = None,
    exclude: Iterable[str] = (),
    size: int | None = None,
    recipe: Recipe | str | None = None,
    options: Mapping[str, Any] | None = None,
    steps: int | None = None,
    seed: int = 0,
    eval_every: int | None = None,
    eval_batch: int | None = None,
    keep_best: bool = True,
    precision: str = "float32",
    data_format: Literal["NHWC", "NCHW"] = "NHWC",
    device: str = "auto",
    strategy: "tf.distribute.Strategy | None" = None,
    cluster: str = "none",
    cluster_timeout: float = TIMEOUT,
    deterministic: bool | None = None,
    overwrite: bool = False,
    progress: bool = False,
    tensorboard: bool = True,
    tracker: str | None = None,
    profile: int = 0,
    command: str = "",
    title: str | None = None,
    comparison: Iterable = (),
    report: bool = True,
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
      rename, exclude: of the weights' names, as slimzoo.load() takes them.
      size: of the images, pixels; None takes the weights' own.
      recipe: "probe" fits the last layer alone to features that are computed once, "head" trains it by
        steps, "full" trains all of the network, "probe-then-full" does the one and then the other, each with
        the row of the network's family; or a Recipe. None: "probe" where weights are restored, there are few
        images to train on (recipes.FEW) and neither `options` nor `steps` ask for training; else "full".
      options: fields of the recipe to replace: {"learning_rate": 0.1, "freeze": ("vgg_16/conv1",)}.
      steps: in place of the recipe's epochs.
      eval_every: steps between evaluations and checkpoints; None: an epoch, or a tenth of the run if longer.
      eval_batch: images that are measured at once; None: the recipe's batch_size. It decides nothing but
        speed, and the last digits of what is measured.
      keep_best: False keeps the last model: for cross-validation, where `validation` must choose nothing.
      precision: "float32", "mixed_bfloat16" or "mixed_float16".
      deterministic: the same numbers at every run, and after a restart; None: on a CPU.
      strategy: in place of what `device` ("auto", "cpu", "gpu", "gpu:1") would give.
      cluster: what names the machines that train together, each of which calls this alike: "tf_config" (the
        variable TF_CONFIG), "slurm" (srun), "auto" (TF_CONFIG where it is set), or "none". Each reads its
        part of the images; the first keeps the run in `out`, which no other looks at.
      cluster_timeout: seconds in which all of them must be there.
      tracker: "wandb" or "mlflow", which is told the history too; its package must be installed.
      profile: steps that are traced for TensorBoard, after the first few; 0: none.
      command, title, comparison: for the report.
      report: False writes none, and no predictions: for who wants the figures alone, of many short runs.
    Raises:
      SlimzooError: arguments, weights or data that do not fit together; training diverged.
      FileExistsError: `out` holds something, and nothing else is wrong.
      SlimzooError: another process trains in `out`.
      Stopped: SIGTERM or Ctrl-C came; everything is saved.
    """
    machines = find_machines(cluster if strategy is None else "none")
    asked = Asked(recipe, options or {}, model, train, weights, steps, machines)
    settings_of = functools.partial(
        Settings,
        train=train,
        validation=validation,
        model=model,
        weights=None if weights is None else os.fspath(weights),
        ema=ema,
        rename=None if rename is None else dict(rename),
        exclude=tuple(Scopes(exclude)),
        size=size,
        steps=steps,
        seed=seed,
        eval_every=eval_every,
        eval_batch=eval_batch,
        keep_best=keep_best,
        precision=precision,
        data_format=data_format,
    )
    alone = functools.partial(
        settings_of, deterministic=deterministic is not False, replicas=len(machines or "1")
    )
    following = Following(tensorboard, tracker, profile)
    with place_for(machines, out) as folder:
        plan = planned(asked, alone, following, folder, overwrite)
        with joined(machines, cluster_timeout, plan.to_compare, {"data": plan.images}) as together:
            strategy = strategy or _strategy(together, device)
            settings = _settled(functools.partial(settings_of, recipe=plan.recipe), strategy, deterministic)
            with alone_in_run(folder), Beside() as beside:
                there = RunFolder(folder, settings.to_dict(), overwrite)
                run = _begun(together, there, settings, strategy, beside)
                run.train(progress, following)
                evaluation, page = run.finish(command, title, comparison, progress, report)
    keeper = machines.name(0) if machines and machines.index else ""
    best, place = run.best["step"], page and Path(out) / page.name
    measured = cast("Evaluation", evaluation)  # or what the data's task has for it
    return Result(Path(out), run.plain, measured, best, run.step, place, run.folder.history, keeper)


def _strategy(together: Alone, device: str) -> "tf.distribute.Strategy":
    from slimzoo.training.loop import make_strategy

    return together.strategy(device) or make_strategy(device)


def _settled(
    settings_of: Callable[..., Settings], strategy: "tf.distribute.Strategy", deterministic: bool | None
) -> Settings:
    """Returns the settings, now that the devices are known."""
    from slimzoo.training.loop import uses_gpu

    same = not uses_gpu(strategy) if deterministic is None else deterministic
    return settings_of(deterministic=same, replicas=strategy.num_replicas_in_sync)


def _begun(
    together: Alone,
    folder: RunFolder,
    settings: Settings,
    strategy: "tf.distribute.Strategy",
    beside: Beside,
) -> "Run":
    """Returns the run as it begins, or goes on."""
    from slimzoo.training.run import Run

    parts = {"train": settings.train, "validation": settings.validation}
    if folder.goes_on:
        image_files.check(folder.path, parts)
    network = built_for(settings, strategy)
    plain = network if together.count == 1 else _build(settings)
    if together.count > 1:
        together.compare("the weights that they begin with", {"values": _restored(plain)})
    folder.start()
    if together.is_chief:
        held_out.remember(folder.path, settings.train, settings.validation)
        if not folder.goes_on:
            image_files.remember(folder.path, parts)
    return Run(network, folder, settings, strategy, beside, together, plain)


def _restored(model: "Model") -> str:
    """Returns a digest of what the weights brought, "" of none; what is new may differ in its last bits."""
    report = model.restore_report
    if report is None:
        return ""
    from slimzoo.training.state import digest_of

    new, held = {*report.reinitialised, *report.missing}, model.variables_by_name
    return digest_of({name: held[name].numpy() for name in held if name not in new})[:16]


def built_for(settings: Settings, strategy: "tf.distribute.Strategy") -> "Model":
    """Returns the model as training begins with it, checked."""
    import tensorflow as tf

    with strategy.scope():
        network = _build(settings)
        _check_trains(network, settings)
    if settings.deterministic:
        tf.config.experimental.enable_op_determinism()
    return network


def _build(settings: Settings) -> "Model":
    """Returns the model as training begins with it; what is frozen is frozen."""
    new = Scopes(settings.recipe.new or (), "new")
    model = _loaded(settings, new, settings.size)
    if settings.train.task == SEGMENTATION and settings.size is None:
        assert model.preprocessing is not None, "load() gives every registered network one"
        size = model.preprocessing.size
        fitting = on_grid(size, grid_of(get_row(settings.model), model.parts.arguments))
        if fitting != size:  # the weights of a classifier are of another size
            log.warning(
                "images of %d pixels, the weights' own, do not fit %s: %d", size, settings.model, fitting
            )
            model = _loaded(settings, new, fitting)
    new.check(
        model.variables_by_name
    )  # without weights all is new, and a name that is nothing a mistake still
    if settings.train.task == SEGMENTATION and (report := model.restore_report) is not None:
        new = Scopes((*new, *report.reinitialised, *report.missing), "new")  # as a classifier has no ASPP
        scopes = dict.fromkeys(name.rpartition("/")[0] for name in new.of(model.variables_by_name))
        log.warning("new in %s: %s", settings.model, some(list(scopes), 8))
    if settings.train.task == CLASSIFICATION:
        _start_at_zero(model)
    if settings.recipe.freeze:
        model.freeze(settings.recipe.freeze)
    if not METHODS[settings.recipe.method].body:
        names = model.variables_by_name
        model.freeze(scopes_without(top_scopes(names), new.of(names), names))
    if settings.recipe.batch_norm == "frozen":
        model.freeze(_batch_norm(model, new))
    model.together = settings.recipe.sync_batch_norm
    model.recompute = settings.recipe.gradient_checkpointing
    return model


def _start_at_zero(model: "Model") -> None:
    """Gives the kernels of a new last layer 0: on features that are restored its first logits are noise, the
    more the wider the network is, which a recipe's few steps do not unlearn.
    """
    report = model.restore_report
    if report is None or model.network is None:  # from scratch its features are noise too
        return
    new, held = {*report.reinitialised, *report.missing}, model.variables_by_name
    for name in Scopes(model.network.main_heads).of(held):
        if name in new and len(held[name].shape) > 1:
            held[name].assign(np.zeros(held[name].shape, np.float32))


def _loaded(settings: Settings, new: Scopes, size: int | None) -> "Model":
    import tensorflow as tf

    tf.random.set_seed(settings.seed)
    weights = settings.weights
    return load(
        settings.model,
        pretrained=weights == "pretrained",
        weights=None if weights == "pretrained" else weights,
        num_classes=len(settings.train.classes),
        size=size,
        exclude=()
        if weights is None
        else Scopes((*new, *settings.exclude), "exclude" if settings.exclude else "new"),
        rename=settings.rename,
        ema=settings.ema,
        labels=settings.train.classes,
        multi_label=settings.train.multi_label,
        data_format=settings.data_format,
        dtype=settings.precision,
        seed=settings.seed,
        quiet=True,
        **_network_arguments(settings),
    )


def _batch_norm(model: "Model", new: Scopes) -> list[str]:
    """Returns the scopes of batch norm that the weights bring.

    Raises: SlimzooError: there are none.
    """
    ending = "/moving_mean"
    names = [name for name in model.variables_by_name if name.endswith(ending) and name not in new]
    if not names:
        raise SlimzooError(
            f"batch_norm='frozen' freezes nothing: {model.name} has no batch norm that is not new"
        )
    return [name.removesuffix(ending) for name in names]


def _network_arguments(settings: Settings) -> dict[str, Any]:
    """Returns what the recipe sets of the network function, and of its arg_scope."""
    arguments = rates.arguments(settings.recipe, get_network(settings.model).build, settings.model)
    if settings.recipe.scope_arguments:
        arg_scope = get_network(settings.model).arg_scope
        arguments["arg_scope"] = functools.partial(arg_scope, **settings.recipe.scope_arguments)
    return arguments


def _check_grows(model: "Model", pixels: int) -> None:
    import tensorflow as tf

    assert model.preprocessing is not None, "load() gives every registered network one"
    if pixels >= model.preprocessing.size:
        raise SlimzooError(
            f"grow_from={pixels} is not smaller than the images are in the end: {model.preprocessing.size}"
        )
    try:
        model(tf.zeros([1, pixels, pixels, model.input_shape[-1]]), training=False)
    except ValueError as error:
        raise SlimzooError(
            f"grow_from={pixels}: {model.name} cannot take images of {pixels} pixels. {error}"
        ) from error


def _check_trains(model: "Model", settings: Settings) -> None:
    """Warns of empty classes.

    Raises: SlimzooError: nothing is left to train, or a scope of the recipe's is none.
    """
    from slimzoo.training.optimisation import gradient_factors

    recipe = settings.recipe
    gradient_factors(recipe, model)
    if recipe.grow_from is not None:
        _check_grows(model, recipe.grow_from)
    if recipe.rand_augment and model.input_shape[-1] != 3:
        raise SlimzooError(
            f"rand_augment={recipe.rand_augment} changes colours; {model.name} takes gray images"
        )
    if not any(variable.trainable for variable in model.variables_by_name.values()):
        frozen = ", ".join(f'freeze=["{scope}"]' for scope in recipe.freeze)
        raise SlimzooError(f"{frozen} leaves nothing of {model.name} to train; leave a scope out")
    empty, unmeasured = (
        some([name for name, count in data.counts.items() if not count], 10)
        for data in (settings.train, settings.validation)
    )
    if recipe.batch_size > len(settings.train):
        count = counted(len(settings.train), "image")
        log.warning("a batch of %d holds some of the %s to train on several times", recipe.batch_size, count)
    if empty:
        log.warning("no image to train on shows %s: their scores will mean nothing", empty)
    if unmeasured:
        log.warning(
            "no held-out image shows %s: nothing is measured of them, mAP leaves them out", unmeasured
        )
