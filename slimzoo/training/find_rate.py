"""The learning-rate finder: a range test. Smith 2017, arXiv:1506.01186.

From the run's own start, steps are taken while the rate rises from very small to far too large: on the first
batches, gone through again and again, so that the mean over a round shows the rate alone and not which images
there were. The rate where it falls fastest is suggested. Nothing that was learnt is kept.
"""

import csv
import io
import itertools
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from slimzoo.data.dataset import Dataset
from slimzoo.errors import SlimzooError
from slimzoo.files import write_text
from slimzoo.files.progress import bar
from slimzoo.training.dry_run import dry_run
from slimzoo.training.finetune import built_for
from slimzoo.training.recipes import METHODS, Recipe
from slimzoo.training.run_folder import RATE_CHART, RATE_TABLE, alone_in_run
from slimzoo.training.settings import Settings, in_words

if TYPE_CHECKING:  # brings TensorFlow, which waits until there is something to train
    import tensorflow as tf

LOWEST, HIGHEST = 1e-6, 10.0  # of the rates, of the recipe's own optimizer
STEPS = 100
ROUND = 8  # batches: a smooth loss is the mean over them
DIVERGED = 1.5  # times the first smooth loss: there it ends
_DEFAULTS: Mapping[str, Any] = {  # finetune()'s own
    "model": "mobilenet_v1",
    "weights": "pretrained",
    "ema": False,
    "size": None,
    "steps": None,
    "seed": 0,
    "eval_every": None,
    "precision": "float32",
    "data_format": "NHWC",
}


@dataclass(frozen=True)
class Rates:
    """What a range test found.

    Attributes:
      rates, losses: of each step that was taken.
      smooth: the losses, each the mean over the round around it.
      suggested: the rate where `smooth` falls fastest; None where it falls nowhere.
    """

    rates: list[float]
    losses: list[float]
    smooth: list[float]
    suggested: float | None

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return dict(vars(self))


def find_learning_rate(
    train: Dataset,
    validation: Dataset,
    out: str | os.PathLike,
    *,
    recipe: Recipe | str | None = None,
    options: Mapping[str, Any] | None = None,
    device: str = "auto",
    progress: bool = False,
    **arguments: Any,
) -> Rates:
    """Takes a range test with the arguments of finetune(); writes lr.csv and lr.svg into `out`.

    It begins where finetune() would: the same weights, batches, augmentation and optimizer; where none is
    named, the recipe is "full". The same arguments give the same figures. A run can follow in the folder.

    Raises: SlimzooError: the recipe trains by no steps. What finetune() raises of its arguments.
    """
    method = recipe.method if isinstance(recipe, Recipe) else recipe or "full"
    method = (options or {}).get("method", method)
    if method in METHODS and not METHODS[method].steps:  # before what else means nothing with it
        raise SlimzooError(f"method={method!r} trains by no steps, so there is no learning rate to find")
    settings, _ = dry_run(
        train,
        validation,
        out,
        recipe=recipe or "full",
        options=options or {},
        **{**_DEFAULTS, **arguments},
    )
    from slimzoo.report.rates_chart import draw
    from slimzoo.training.loop import make_strategy

    with alone_in_run(out) as folder:
        rates = _tested(settings, make_strategy(device), folder, progress)
        write_text(folder / RATE_TABLE, _table(rates))
        draw(
            rates, folder / RATE_CHART, f"{settings.model} on {in_words(train)}, {settings.recipe.optimizer}"
        )
    return rates


def _tested(settings: Settings, strategy: "tf.distribute.Strategy", folder: Path, progress: bool) -> Rates:
    from slimzoo.training.broken_images import naming_broken_images
    from slimzoo.training.loop import Loss, Trainer
    from slimzoo.training.optimisation import gradient_factors, make_optimizer
    from slimzoo.training.probe import fit_head, forget
    from slimzoo.training.schedules import Rising
    from slimzoo.training.tasks import TASKS

    recipe, task = settings.recipe, TASKS[settings.train.task]
    model = built_for(settings, strategy)
    assert model.preprocessing is not None, "load() gives every registered network one"
    if METHODS[recipe.method].fits:
        fit_head(model, settings.train, folder, settings.to_dict(), progress)
        forget(folder)
    with strategy.scope():
        scaled, replicas = model.dtype_policy.name == "mixed_float16", strategy.num_replicas_in_sync
        optimizer = make_optimizer(recipe, Rising(LOWEST, HIGHEST, STEPS), scaled, model, replicas)
    loss = Loss.of(recipe, task.loss(settings))
    trainer = Trainer(model, optimizer, strategy, gradient_factors(recipe, model), loss)
    feed = trainer.distribute(task.feed(settings, model.preprocessing).batches(0))
    with naming_broken_images(settings.train):
        batches = [*itertools.islice(feed, ROUND)]
    total = STEPS * recipe.accumulate
    rates, losses = [], []
    with bar(total=total, desc="find the rate", unit="step", disable=not progress) as shown:
        for batch in itertools.islice(itertools.cycle(batches), total):
            rates.append(float(optimizer.learning_rate))
            losses.append(float(trainer.step(batch)["loss"]))
            shown.update()
            if not _goes_on(losses):
                break
    return of_losses(rates, losses)


def _goes_on(losses: Sequence[float]) -> bool:
    """Whether the last loss is not yet that of a training that diverged."""
    whole = len(losses) >= ROUND
    return math.isfinite(losses[-1]) and not (
        whole and np.mean(losses[-ROUND:]) > DIVERGED * np.mean(losses[:ROUND])
    )


def of_losses(rates: Sequence[float], losses: Sequence[float]) -> Rates:
    """Returns what the losses of steps at these rates, which rise, say; one that is not finite ends them."""
    count = next((i for i, loss in enumerate(losses) if not math.isfinite(loss)), len(losses))
    rates, losses = [*rates[:count]], [*losses[:count]]
    smooth = _smooth(losses)
    return Rates(rates, losses, smooth, _steepest(rates, smooth))


def _smooth(losses: Sequence[float]) -> list[float]:
    last = max(len(losses) - ROUND, 0)  # where the last whole round begins
    begins = [min(max(i - ROUND // 2, 0), last) for i in range(len(losses))]
    return [float(np.mean(losses[begin : begin + ROUND])) for begin in begins]


def _steepest(rates: Sequence[float], smooth: Sequence[float]) -> float | None:
    """Returns the rate where the loss falls fastest on its way down, over the logarithm of the rate."""
    least = int(np.argmin(smooth)) if smooth else 0
    if least < ROUND:
        return None
    slopes = np.gradient(smooth[: least + 1], np.log10(rates[: least + 1]))
    return float(f"{rates[int(np.argmin(slopes))]:.2g}")


def _table(rates: Rates) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(("learning_rate", "loss", "smooth"))
    writer.writerows(
        tuple(f"{value:.6g}" for value in row)
        for row in zip(rates.rates, rates.losses, rates.smooth, strict=True)
    )
    return out.getvalue()
