"""Fine-tuning recipes, one row for the networks that name it; every field can be overridden by name.

Rows of RECIPES were chosen on 100 Pascal VOC images; they are starting points. Rows of WAYS say what of the
network learns; `slimzoo crossvalidate` measures them side by side on images of one's own.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from slimzoo import facts
from slimzoo.errors import SlimzooError, listing
from slimzoo.registry import Row

OPTIMIZERS = ("momentum", "adam", "rmsprop")
SCHEDULES = ("cosine", "constant")
AUGMENTATIONS = ("mild", "original")  # of preprocessing.augmentation, which brings TensorFlow
PRECISIONS = ("float32", "mixed_bfloat16", "mixed_float16")
DATA_FORMATS = ("NHWC", "NCHW")


@dataclass(frozen=True, kw_only=True)
class Way:
    """What of a network learns, and from where it starts."""

    about: str
    probes: bool = False  # the last layer is fitted to features before anything else: training.last_layer
    trains: str = "all"  # all | head | nothing
    heads_alone: bool = True  # only what depends on the number of classes is new, not all transfer_heads
    rate: float = 1.0  # factor on the learning rate of the network's recipe
    epochs: float | None = None  # in place of the recipe's


WAYS: dict[str, Way] = {
    "probe": Way(
        about="the last layer alone, fitted to features that are computed once",
        probes=True,
        trains="nothing",
    ),
    "head": Way(about="the last layer alone, by gradient steps on augmented images", trains="head"),
    "full": Way(about="all of the network, its last layers new", heads_alone=False),
    "probe-then-full": Way(
        about="first probe, then all of the network in small steps", probes=True, rate=0.1
    ),
}
FEW = 1000  # images to train on: up to here the last layer alone is the better part, as far as was measured


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How a network is trained on another task."""

    way: str = "full"  # a name of WAYS
    new: tuple[str, ...] | None = None  # scopes that start anew; None takes the network's transfer_heads
    freeze: tuple[str, ...] = ()  # scopes that stay as they are, batch norm included
    learning_rate: float = 0.01
    learning_rates: Mapping[str, float] = field(default_factory=dict)  # scope: factor on learning_rate
    schedule: str = "cosine"
    warmup: float = 0.05  # part of all steps, rising from 0
    optimizer: str = "momentum"
    batch_size: int = 16
    epochs: float = 30.0
    augmentation: str | None = "mild"
    # Of the network's arg_scope, as weight_decay, and of the network itself, as dropout_keep_prob.
    scope_arguments: Mapping[str, Any] = field(default_factory=dict)
    network_arguments: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        problems = [
            f"{name} is {value!r}; allowed are {', '.join(allowed)}"
            for name, value, allowed in (
                ("way", self.way, WAYS),
                ("optimizer", self.optimizer, OPTIMIZERS),
                ("schedule", self.schedule, SCHEDULES),
            )
            if value not in allowed
        ]
        problems += [
            f"{name} is {getattr(self, name)!r}; it must be above 0"
            for name in ("learning_rate", "batch_size", "epochs")
            if not getattr(self, name) > 0
        ]
        problems += [
            f"the learning rate of {scope} is {factor!r} times the others'; it must be at least 0"
            for scope, factor in self.learning_rates.items()
            if not factor >= 0
        ]
        if not isinstance(self.batch_size, int):
            problems.append(f"batch_size is {self.batch_size!r}; it must be a whole number")
        if not 0 <= self.warmup < 1:
            problems.append(f"warmup is {self.warmup!r}; it is a part of all steps, from 0 up to but not 1")
        if self.learning_rates and self.optimizer != "momentum":
            problems.append(
                f"learning_rates are factors on the gradients, which {self.optimizer} would take out again; "
                "use optimizer='momentum'"
            )
        if problems:
            raise SlimzooError(listing("this recipe cannot be used:", problems))

    def lines(self) -> list[str]:
        """Returns what it says, in words, a line for each part."""
        if WAYS[self.way].trains == "nothing":
            return [f"recipe {self.way}: {WAYS[self.way].about}", f"new: {', '.join(self.new or ())}"]
        way = [] if self.way == "full" else [f"recipe {self.way}: {WAYS[self.way].about}"]
        warmup = f", after {self.warmup:.0%} of all steps from 0" if self.warmup else ""
        factors = [f"{factor:g} times that for {scope}" for scope, factor in self.learning_rates.items()]
        kept = [f"frozen: {', '.join(self.freeze)}"] if self.freeze else []
        arguments = {**self.scope_arguments, **self.network_arguments}
        return [
            *way,
            f"{self.optimizer}, learning rate {self.learning_rate:g} ({self.schedule}{warmup})",
            *factors,
            f"{self.epochs:g} epochs in batches of {self.batch_size}",
            f"augmentation {self.augmentation or 'none'}",
            f"new: {', '.join(self.new or ())}",
            *kept,
            *(f"{name} {value}" for name, value in arguments.items()),
        ]

    def override(self, values: Mapping[str, Any]) -> "Recipe":
        """Returns the recipe with `values` in place of its own; raises SlimzooError on an unknown name."""
        known = [f.name for f in fields(self)]
        unknown = [name for name in values if name not in known]
        if unknown:
            raise SlimzooError(f"no option {', '.join(unknown)}; a recipe has {', '.join(known)}")
        return replace(self, **values)


RECIPES: dict[str, Recipe] = {  # what a network's row names
    "vgg": Recipe(
        learning_rate=0.001,
        learning_rates={"*/conv*": 0.1},  # restored; fc6, fc7 and fc8 are new, as the seed document has it
        batch_size=16,
        epochs=20,
        scope_arguments={"weight_decay": 0.0005},
    ),
    "mobilenet_v1": Recipe(
        learning_rate=0.02,
        epochs=40,
        # 0.9997 remembers 3,000 steps: far more than a small data set has.
        scope_arguments={"weight_decay": 0.00004, "batch_norm_decay": 0.95},
    ),
    "lenet": Recipe(learning_rate=0.01, scope_arguments={"weight_decay": 0.0005}),
    "cifarnet": Recipe(learning_rate=0.01),
}


def recipe_for(network: Row, way: str = "full") -> Recipe:
    """Returns the recipe that the network's row names, or the plain Recipe, in the given way of WAYS.

    Raises: SlimzooError: the row names a recipe that does not exist, or there is no such way.
    """
    if network.recipe and network.recipe not in RECIPES:
        raise SlimzooError(
            f"network {network.name!r} is registered with recipe {network.recipe!r}, which does not exist; "
            f"there are {', '.join(RECIPES)}. Name one in its row, or none for the plain recipe"
        )
    recipe = RECIPES[network.recipe] if network.recipe else Recipe()
    recipe = replace(recipe, way=way)
    row = WAYS[way]
    if row.heads_alone:
        recipe = replace(recipe, new=network.heads)
    if row.rate != 1.0:
        recipe = replace(recipe, learning_rate=recipe.learning_rate * row.rate)
    if row.epochs is not None:
        recipe = replace(recipe, epochs=row.epochs)
    return recipe if recipe.new is not None else replace(recipe, new=network.transfer_heads)


def usual_way(network: Row, images: int, from_scratch: bool, asked: bool) -> str:
    """Returns the way of WAYS where none is named.

    Args:
      images: to train on.
      from_scratch: there are no weights to start from.
      asked: an option of training is given (steps, a learning rate), so that there must be some.
    """
    few = images <= FEW and network.name in facts.rows()  # whose last layers are known to be linear
    return "probe" if few and not from_scratch and not asked else "full"
