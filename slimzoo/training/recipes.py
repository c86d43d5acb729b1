"""Fine-tuning recipes, one row for the networks that name it; every field can be overridden by name.

Rows of RECIPES were chosen on 100 Pascal VOC images; they are starting points. The rates of METHODS were
chosen by nested cross-validation; what they gave on photographs and on drawings, in three sizes of a network,
is in tools/site/pages/finetune.md. `slimzoo crossvalidate` measures methods side by side on one's own images.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from slimzoo import facts
from slimzoo.errors import SlimzooError, listing
from slimzoo.facts import tricks
from slimzoo.facts.tricks import Tricks
from slimzoo.registry import CLASSIFICATION, Row

OPTIMIZERS = ("momentum", "adam", "rmsprop", "nesterov", "adamw", "lion", "lamb")
OWN_DECAY = {"adamw": 0.004}  # of an optimizer that is nothing without: Keras's own
SCHEDULES = ("cosine", "constant", "step", "polynomial", "plateau", "one_cycle")


@dataclass(frozen=True, kw_only=True)
class Method:
    """Which part of a network is trained, and how."""

    what: str
    fits: bool = False  # the last layer first, on features that are computed once
    steps: bool = True
    body: bool = True  # all but what is new is trained too
    rate: float = 1.0  # factor on the learning rate of the network's recipe
    rate_of_several: float = 1.0  # that, where an image may show several classes: the loss is their mean
    # Further factors from restored weights, by the network's recipe: an image shows one class, or several.
    restored: Mapping[str, tuple[float, float]] = field(default_factory=dict)


METHODS: dict[str, Method] = {
    "full": Method(what="all layers are trained", restored={"mobilenet_v1": (0.2, 3.0)}),
    "head": Method(
        what="what is new is trained, all else stays",
        body=False,
        rate_of_several=10.0,
        restored={"mobilenet_v1": (0.2, 1.0)},
    ),
    "probe": Method(
        what="the last layer is fitted to what the others give", fits=True, steps=False, body=False
    ),
    "probe-then-full": Method(
        what="the last layer is fitted, then all layers are trained",
        fits=True,
        rate=0.1,
        restored={"mobilenet_v1": (1.0, 25.0)},
    ),
}
ARGUMENTS = "network_arguments"  # a field that asks for no training
OF_STEPS = (  # fields that mean nothing where no step is taken
    "learning_rate",
    "learning_rates",
    "schedule",
    "warmup",
    "optimizer",
    "epochs",
    "freeze",
    "augmentation",
)
FEW = 1000  # images to train on, up to which "probe" is the usual method
AUGMENTATIONS = ("mild", "original")  # of preprocessing.augmentation, which brings TensorFlow
PRECISIONS = ("float32", "mixed_bfloat16", "mixed_float16")
DATA_FORMATS = ("NHWC", "NCHW")


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and math.isfinite(value)


@dataclass(frozen=True, kw_only=True)
class Recipe(Tricks):
    """How a network is trained on another task; what the fields that it has of Tricks do is said there."""

    new: tuple[str, ...] | None = None  # scopes that start anew; None: transfer_heads of the network's row
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
    method: str = "full"  # a name of METHODS

    def __post_init__(self) -> None:
        problems = [
            f"{name} is {value!r}; allowed are {', '.join(allowed)}"
            for name, value, allowed in (
                ("optimizer", self.optimizer, OPTIMIZERS),
                ("schedule", self.schedule, SCHEDULES),
                ("method", self.method, tuple(METHODS)),
            )
            if value not in allowed
        ]
        problems += [
            f"{name} is {getattr(self, name)!r}; it must be a finite number above 0"
            for name in ("learning_rate", "batch_size", "epochs")
            if not (_is_number(getattr(self, name)) and getattr(self, name) > 0)
        ]
        problems += [
            f"the learning rate of {scope} is {factor!r} times the others'; it must be finite, at least 0"
            for scope, factor in self.learning_rates.items()
            if not (_is_number(factor) and factor >= 0)
        ]
        if not isinstance(self.batch_size, int):
            problems.append(f"batch_size is {self.batch_size!r}; it must be a whole number")
        if not (_is_number(self.warmup) and 0 <= self.warmup < 1):
            problems.append(f"warmup is {self.warmup!r}; it is a part of all steps, from 0 up to but not 1")
        if self.learning_rates and self.optimizer != "momentum":
            problems.append(
                f"learning_rates are factors on the gradients, which {self.optimizer} would take out again; "
                "use optimizer='momentum'"
            )
        if self.method in METHODS and not METHODS[self.method].steps:  # what they need or exclude is idle
            on = tricks.switched_on(vars(self))
            problems += [
                f"{name}={value!r} means nothing with method={self.method!r}, which trains by no steps; "
                "another recipe takes it"
                for name, value in on.items()
            ]
        else:
            problems += tricks.problems({row.name: getattr(self, row.name) for row in fields(self)})
        if problems:
            raise SlimzooError(listing("this recipe cannot be used:", problems))

    @property
    def decay(self) -> float | None:
        """What the optimizer takes off kernels by itself; None: the network's own L2 loss is all."""
        return OWN_DECAY.get(self.optimizer) if self.weight_decay is None else self.weight_decay

    def lines(self) -> list[str]:
        """Returns what it says, in words, a line for each part."""
        warms_up = self.warmup and self.schedule != "one_cycle"
        warmup = f", after {self.warmup:.0%} of all steps from 0" if warms_up else ""
        factors = [f"{factor:g} times that for {scope}" for scope, factor in self.learning_rates.items()]
        kept = [f"frozen: {', '.join(self.freeze)}"] if self.freeze else []
        arguments = {**self.scope_arguments, **self.network_arguments}
        if not METHODS[self.method].steps:
            own = [f"{name} {value}" for name, value in self.network_arguments.items()]
            return [METHODS[self.method].what, f"new: {', '.join(self.new or ())}", *own]
        method = [METHODS[self.method].what] if self.method != "full" else []
        return [
            *method,
            f"{self.optimizer}, learning rate {self.learning_rate:g} ({self.schedule}{warmup})",
            *factors,
            f"{self.epochs:g} epochs in batches of {self.batch_size}",
            f"augmentation {self.augmentation or 'none'}",
            f"new: {', '.join(self.new or ())}",
            *kept,
            *(f"{name} {value}" for name, value in arguments.items()),
            *tricks.lines(vars(self)),
        ]

    def override(self, values: Mapping[str, Any]) -> "Recipe":
        """Returns the recipe with `values` in place of its own; arguments of the network are added to its.

        Raises: SlimzooError: an unknown name.
        """
        known = sorted((f.name for f in fields(self)), key=lambda name: name in tricks.ROWS)  # they come last
        unknown = [name for name in values if name not in known]
        if unknown:
            raise SlimzooError(f"no option {', '.join(unknown)}; a recipe has {', '.join(known)}")
        if arguments := values.get(ARGUMENTS):
            values = {**values, ARGUMENTS: {**self.network_arguments, **arguments}}
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
    "deeplab": Recipe(  # as published, but for fewer images and averages that forget sooner
        learning_rate=0.007,
        schedule="polynomial",
        power=0.9,
        warmup=0.0,
        batch_size=8,
        epochs=40,
        network_arguments={"batch_norm_decay": 0.95},
    ),
}


def asked_for(
    network: Row,
    options: Mapping[str, Any],
    recipe: Recipe | str | None = None,
    usual: str = "full",
    several: bool = False,
    restored: bool = True,
) -> Recipe:
    """Returns the recipe to train by, with `options`; what is fitted is new, and nothing else is.

    Args:
      recipe: a whole one, or the method of METHODS that the network's own is used with; None: `usual`.
      several: whether an image may show several classes.
      restored: whether there are weights to start from.
    Raises: SlimzooError: there is no such method or option.
    """
    if isinstance(recipe, Recipe):
        recipe = recipe.override(options)
    else:
        if recipe is not None and recipe not in METHODS:
            raise SlimzooError(f"no recipe {recipe!r}; there are {', '.join(METHODS)}")
        options = {"method": recipe or usual, **options}
        row = METHODS.get(options["method"], METHODS["full"])
        # Of a fit alone, which has no rates that could be named; of others Settings says it beside all else.
        if row.fits and not row.steps and network.task != CLASSIFICATION:
            raise SlimzooError(
                f"method={options['method']!r} fits a layer to one answer an image, and {network.name} gives "
                "masks; 'full' and 'head' train it"
            )
        own = recipe_for(network)
        rate = own.learning_rate * row.rate * (row.rate_of_several if several else 1.0)
        if restored:
            rate *= row.restored.get(network.recipe, (1.0, 1.0))[several]
        recipe = replace(own, learning_rate=rate).override(options)
    if METHODS[recipe.method].fits and "new" not in options:
        return replace(recipe, new=network.heads)
    return recipe


def usual_method(network: Row, images: int, from_scratch: bool, asked: bool) -> str:
    """Returns the method where none is named.

    Args:
      images: to train on.
      from_scratch: there are no weights to start from.
      asked: an option of training is given (steps, a learning rate), so that there must be some.
    """
    known = network.task == CLASSIFICATION and network.name in facts.rows()  # these end in a linear layer
    few = images <= FEW and known
    return "probe" if few and not from_scratch and not asked else "full"


def recipe_for(network: Row) -> Recipe:
    """Returns the recipe that the network's row names, or the plain Recipe.

    Raises: SlimzooError: the row names a recipe that does not exist.
    """
    if network.recipe and network.recipe not in RECIPES:
        raise SlimzooError(
            f"network {network.name!r} is registered with recipe {network.recipe!r}, which does not exist; "
            f"there are {', '.join(RECIPES)}. Name one in its row, or none for the plain recipe"
        )
    recipe = RECIPES[network.recipe] if network.recipe else Recipe()
    if recipe.new is not None:
        return recipe
    # Of masks what lies between backbone and last layer is kept, where the weights have it.
    return replace(recipe, new=network.transfer_heads if network.task == CLASSIFICATION else network.heads)
