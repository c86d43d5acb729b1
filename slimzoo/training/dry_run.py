"""What finetune() would do: its settings, checked; nothing is written, fetched or started."""

import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

from slimzoo.data.dataset import Dataset
from slimzoo.errors import Faults, SlimzooError, listing
from slimzoo.facts import tricks
from slimzoo.facts.trick import LARGEST
from slimzoo.loading.source import find
from slimzoo.registry import CLASSIFICATION, get_row
from slimzoo.training.followers.following import Following
from slimzoo.training.recipes import ARGUMENTS, METHODS, OF_STEPS, Recipe, asked_for, usual_method
from slimzoo.training.run_folder import check_free
from slimzoo.training.settings import Settings
from slimzoo.training.together.machines import Machines
from slimzoo.training.together.machines import find as find_machines
from slimzoo.weights import manifest


def dry_run(
    train: Dataset,
    validation: Dataset,
    out: str | os.PathLike,
    *,
    model: str,
    weights: str | None,
    options: Mapping[str, Any],
    recipe: Recipe | str | None = None,
    overwrite: bool = False,
    deterministic: bool | None = None,
    cluster: str = "none",
    following: Following | None = None,
    **settings: Any,
) -> tuple[Settings, Machines | None]:
    """Returns the settings that finetune() would train with on one device of each machine, and the machines.

    The arguments are finetune()'s.
    Raises: what finetune() raises of them, but for what shows only as the network is built.
    """
    machines = find_machines(cluster)
    settings_of = partial(
        Settings,
        train=train,
        validation=validation,
        model=model,
        weights=weights,
        keep_best=True,
        deterministic=deterministic is not False,
        replicas=len(machines or "1"),
        **settings,
    )
    asked = Asked(recipe, options, model, train, weights, settings.get("steps"), machines)
    return planned(asked, settings_of, following or Following(), out, overwrite), machines


@dataclass(frozen=True)
class Asked:
    """What decides the recipe that finetune() trains by: its arguments, and the machines it trains on."""

    recipe: Recipe | str | None
    options: Mapping[str, Any]
    model: str
    train: Dataset
    weights: str | os.PathLike | None
    steps: int | None
    machines: Machines | None = None

    def chosen(self) -> Recipe:
        """Returns the recipe. Raises: SlimzooError: there is no such recipe, network or option."""
        return chosen_recipe(**vars(self))

    def as_far_as_it_holds(self) -> Recipe:
        """Returns a recipe like it, without what is refused: of the others there may be more to say."""
        row, several = get_row(self.model), self.train.multi_label
        named: Recipe | str = "full"
        kept: dict[str, Any] = {}
        with suppress(SlimzooError):
            asked_for(row, {}, self.recipe, "full", several)
            named = self.recipe or named
        for name, value in self.options.items():
            with suppress(SlimzooError):
                if not tricks.problems_of_task({name: value}, row.task):
                    asked_for(row, {**kept, name: value}, named, several=several)
                    kept[name] = value
        return asked_for(row, kept, named, several=several)


def planned(
    asked: Asked,
    settings_of: Callable[..., Settings],
    following: Following,
    out: str | os.PathLike,
    overwrite: bool,
) -> Settings:
    """Returns the settings, of `settings_of(recipe=...)`, that finetune() trains with; it fetches nothing.

    Args:
      out: where this process keeps the run.
    Raises: everything that is wrong and shows before TensorFlow starts, at once. FileExistsError: no run can
      be in `out`. SlimzooError, FileNotFoundError: all else.
    """
    get_row(asked.model)  # without which nothing else can be told
    faults = Faults()
    with faults.noted():
        recipe = asked.chosen()
    if faults.found:
        recipe = asked.as_far_as_it_holds()
    last_step = asked.steps if isinstance(asked.steps, int) else LARGEST
    with faults.noted():
        settings = settings_of(recipe=recipe)
        last_step = settings.last_step
    with faults.noted():
        following.check(recipe, last_step)
    with faults.noted():
        check_free(out, overwrite)
    with faults.noted():
        check_weights(asked.model, asked.weights, asked.train.task)
    faults.raise_all()
    return settings


def chosen_recipe(
    recipe: Recipe | str | None,
    options: Mapping[str, Any],
    model: str,
    train: Dataset,
    weights: str | os.PathLike | None,
    steps: int | None,
    machines: Machines | None = None,
) -> Recipe:
    """Returns the recipe that finetune() trains by, from its arguments.

    Args:
      machines: on which it trains: who brings several asks for training.
    Raises: SlimzooError: there is no such recipe, network or option.
    """
    row = get_row(model)
    asked = steps is not None or bool(options.keys() - {ARGUMENTS}) or machines is not None
    usual = usual_method(row, len(train), weights is None, asked)
    idle = _idle(recipe, options, steps)
    try:
        chosen = asked_for(row, options, recipe, usual, train.multi_label, weights is not None)
    except SlimzooError as error:
        beside = [
            *idle,
            *tricks.problems_of_task(options, row.task),
        ]  # Settings say these of one that is made
        raise SlimzooError("\n  ".join([error.full, *beside])) from error
    if idle:
        raise SlimzooError(listing("this recipe cannot be used:", idle))
    return chosen


def _idle(recipe: Recipe | str | None, options: Mapping[str, Any], steps: int | None) -> list[str]:
    """Returns which of the arguments would do nothing."""
    length = {} if steps is None else {"steps": steps}
    if isinstance(recipe, str) and recipe in METHODS and not METHODS[recipe].steps:
        given = {**length, **{name: options[name] for name in OF_STEPS if name in options}}
        why = f"means nothing with method={recipe!r}, which trains by no steps; another recipe takes it"
        return [f"{name}={value!r} {why}" for name, value in given.items()]
    if length and "epochs" in options:
        return [f"steps={steps} and epochs={options['epochs']!r} both say how long the run is; leave one out"]
    return []


def check_weights(model: str, weights: str | os.PathLike | None, task: str = CLASSIFICATION) -> None:
    """Raises SlimzooError, FileNotFoundError where there are no such weights; fetches nothing."""
    get_row(model).require(task)
    if weights == "pretrained":
        manifest.get_row(model)
    elif weights is not None and weights not in manifest.tags_of(model):
        find(model, False, weights)
