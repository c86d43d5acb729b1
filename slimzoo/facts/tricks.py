"""What a recipe can have switched on beside its optimizer and its schedule: one row each.

From these rows come the fields of a Recipe, the options of `slimzoo finetune` and their help, what is
refused, what a run's folder notes, and what the report says was on. No TensorFlow is needed for it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from slimzoo.facts.trick import CHOICE, FLAG, NUMBER, OF_IMAGES, OF_PIXELS, PAIR, WHOLE, Trick


def _row(default: Any, kind: str, what: str, said: str, **row: Any) -> Any:
    return field(default=default, metadata={"row": Trick(kind=kind, what=what, said=said, **row)})


AUGMENTED = ("mild", "original")
_IMAGES_ALONE = (OF_IMAGES,)
_NEEDS_VIEWS = ("augmentation", AUGMENTED)


@dataclass(frozen=True, kw_only=True)
class Tricks:
    """The fields that a Recipe has of them; None, or the default, is without."""

    # The weights, and how they are stepped.
    average_weights: float | None = _row(
        None,
        NUMBER,
        "Measure and keep an exponential moving average of the weights, with this decay a step; the weights "
        "themselves are kept beside it, as model-raw.safetensors.",
        "averaged weights, decay {}",
        high=1.0,
        open="both",
    )
    weight_decay: float | None = _row(
        None,
        NUMBER,
        "Decay of kernels by the optimizer (a step takes learning rate times this off them), not of norm and "
        "biases, in place of the network's own L2 loss.",
        "decoupled weight decay {}, not of norm and biases",
    )
    clip_norm: float | None = _row(
        None,
        NUMBER,
        "Longest that the gradient of all weights may be.",
        "gradients cut to norm {}",
        open="low",
    )
    accumulate: int = _row(
        1,
        WHOLE,
        "Steps whose gradients are averaged for one update.",
        "gradients of {} steps an update",
        low=1,
    )
    layer_decay: float = _row(
        1.0,
        NUMBER,
        "Factor on the learning rate from each scope of the network to the one before it; the new one has 1.",
        "learning rates fall by {} a scope towards the input",
        high=1.0,
        open="low",
    )
    # The learning rate over the run, and how long that is.
    step_every: float | None = _row(
        None,
        NUMBER,
        "Of the schedule step: the part of all steps after which the rate falls.  [default: 0.3]",
        "the rate falls after every {} of all steps",
        high=1.0,
        open="both",
        needs=("schedule", ("step",)),
    )
    step_factor: float | None = _row(
        None,
        NUMBER,
        "Of the schedules step and plateau: what the rate is multiplied by.  [default: 0.1]",
        "the rate falls by a factor of {}",
        high=1.0,
        open="both",
        needs=("schedule", ("step", "plateau")),
    )
    power: float | None = _row(
        None,
        NUMBER,
        "Of the schedule polynomial: the exponent.  [default: 1]",
        "the rate falls with exponent {}",
        open="low",
        needs=("schedule", ("polynomial",)),
    )
    rise: float | None = _row(
        None,
        NUMBER,
        "Of the schedule one_cycle: the part of all steps in which the rate rises.  [default: 0.3]",
        "the rate rises over {} of all steps",
        high=1.0,
        open="both",
        needs=("schedule", ("one_cycle",)),
    )
    plateau_patience: int | None = _row(
        None,
        WHOLE,
        "Of the schedule plateau: evaluations without a better one before the rate falls.  [default: 3]",
        "the rate falls after {} evaluations without a better one",
        low=1,
        needs=("schedule", ("plateau",)),
    )
    early_stopping: int | None = _row(
        None,
        WHOLE,
        "End the run after so many evaluations without a better one.",
        "the run ends after {} evaluations without a better one",
        low=1,
    )
    # The loss.
    label_smoothing: float = _row(
        0.0,
        NUMBER,
        "Part of a label that goes to all classes alike.",
        "label smoothing {}",
        high=1.0,
        open="high",
        tasks=_IMAGES_ALONE,
    )
    class_weights: str = _row(
        "equal",
        CHOICE,
        "balanced: rare classes weigh more in the loss, so that each has the same share.",
        "class weights: {}",
        choices=("equal", "balanced"),
        excludes=("balanced", "sampling", "balanced", "both make up for rare classes"),
    )
    sampling: str = _row(
        "shuffled",
        CHOICE,
        "balanced: images of rare classes are drawn more often.",
        "sampling: {}",
        choices=("shuffled", "balanced"),
    )
    hard_pixels: float = _row(
        1.0,
        NUMBER,
        "Of masks: the part of each image's pixels, those with the highest loss, that the loss is of.",
        "the loss is of the hardest {} of each image's pixels",
        high=1.0,
        open="low",
        tasks=(OF_PIXELS,),
    )
    loss_stride: int = _row(
        1,
        WHOLE,
        "Of masks: the loss looks at every so many-th row and column of pixels. At the output stride that is "
        "DeepLab's loss without enlarged logits.",
        "the loss looks at every {}th row and column",
        low=1,
        tasks=(OF_PIXELS,),
    )
    # The images.
    random_scale: tuple[float, float] | None = _row(
        None,
        PAIR,
        "Of masks: least and most that an image and its mask are scaled by before a crop, in steps of 0.25.  "
        "[default: the augmentation's]",
        "images scaled by {} to {} before a crop",
        low=0.1,
        high=10.0,
        needs=_NEEDS_VIEWS,
        tasks=(OF_PIXELS,),
    )
    resolution: str = _row(
        "fitted",
        CHOICE,
        "Of masks: fitted: images are shrunk to --size first, as the network will see them; full: crops of "
        "--size pixels are cut out of images as they are, which are measured whole.",
        "resolution: {}",
        choices=("fitted", "full"),
        tasks=(OF_PIXELS,),
    )
    crop_area: tuple[float, float] | None = _row(
        None,
        PAIR,
        "Least and most of the image's area that a random resized crop cuts out.",
        "random resized crops of {} to {} of the area",
        high=1.0,
        open="low",
        needs=_NEEDS_VIEWS,
        tasks=_IMAGES_ALONE,
    )
    crop_aspect: tuple[float, float] | None = _row(
        None,
        PAIR,
        "Least and most of a random resized crop's width divided by its height.",
        "random resized crops, width {} to {} times the height",
        open="low",
        needs=_NEEDS_VIEWS,
        tasks=_IMAGES_ALONE,
    )
    rand_augment: int = _row(
        0,
        WHOLE,
        "RandAugment: so many changes of each image, drawn from eleven.",
        "RandAugment, {} changes an image",
        high=10,
        needs=_NEEDS_VIEWS,
        tasks=_IMAGES_ALONE,
    )
    rand_augment_magnitude: float | None = _row(
        None,
        NUMBER,
        "How far RandAugment's changes go at most, 1 as far as its paper.  [default: 0.5]",
        "RandAugment, magnitude {}",
        high=1.0,
        open="low",
        needs=("rand_augment", tuple(range(1, 11))),
        tasks=_IMAGES_ALONE,
    )
    random_erasing: float = _row(
        0.0,
        NUMBER,
        "Part of the images in which a rectangle is noise.",
        "random erasing in {} of the images",
        high=1.0,
        needs=_NEEDS_VIEWS,
        tasks=_IMAGES_ALONE,
    )
    mixup: float | None = _row(
        None,
        NUMBER,
        "Mix images with others of their batch, by weights of Beta(this, this).",
        "mixup, Beta({0}, {0})",
        high=10.0,
        open="low",
        tasks=_IMAGES_ALONE,
    )
    cutmix: float | None = _row(
        None,
        NUMBER,
        "Paste a rectangle of another image of the batch, its area by Beta(this, this). With --mixup a batch "
        "has the one or the other.",
        "cutmix, Beta({0}, {0})",
        high=1.0,
        open="low",
        tasks=_IMAGES_ALONE,
    )
    grow_from: int | None = _row(
        None,
        WHOLE,
        "Pixels of the images at the beginning; they grow to --size in four stages.",
        "images grow from {} pixels",
        low=8,
        tasks=_IMAGES_ALONE,
    )
    # The network in training.
    dropout: float | None = _row(
        None,
        NUMBER,
        "Part that dropout leaves out, in place of the network's own.",
        "dropout {}",
        high=1.0,
        open="high",
    )
    drop_path: float | None = _row(
        None,
        NUMBER,
        "Part of the paths that are left out at the last cell (NASNet, PNASNet).",
        "drop path {}",
        high=1.0,
        open="high",
    )
    batch_norm: str = _row(
        "train",
        CHOICE,
        "frozen: as the weights bring it. reestimated: its averages are taken anew over training images "
        "before each evaluation.",
        "batch norm: {}",
        choices=("train", "frozen", "reestimated"),
        excludes=("frozen", "sync_batch_norm", True, "what is frozen has nothing to share"),
    )
    sync_batch_norm: bool = _row(
        False, FLAG, "Batch norm over the images of all devices.", "batch norm over all devices"
    )
    gradient_checkpointing: bool = _row(
        False,
        FLAG,
        "Forget what the network's blocks compute inside, and run each again for its gradients: less memory, "
        "longer steps, the same numbers.",
        "blocks run again for their gradients",
        needs=("method", ("full", "probe-then-full")),
    )


def _named() -> dict[str, Trick]:
    found = {}
    for each in fields(Tricks):
        row = each.metadata["row"]
        object.__setattr__(row, "name", each.name)
        object.__setattr__(row, "default", each.default)
        found[each.name] = row
    return found


ROWS: Mapping[str, Trick] = _named()


def problems_of_task(values: Mapping[str, Any], task: str) -> list[str]:
    """Returns which of `values` are on that mean nothing for networks of `task`."""
    return [
        f"{name}={value!r} is for networks of the task {' or '.join(ROWS[name].tasks)}; this is {task}"
        for name, value in switched_on(values).items()
        if task not in ROWS[name].tasks
    ]


def switched_on(values: Mapping[str, Any]) -> dict[str, Any]:
    """Returns those of `values`, of a recipe or of a run's settings, that are tricks and on."""
    return {name: values[name] for name, row in ROWS.items() if name in values and row.is_on(values[name])}


def without_those_off(values: Mapping[str, Any]) -> dict[str, Any]:
    """Returns `values` but for the tricks that are off."""
    on = switched_on(values)
    return {name: value for name, value in values.items() if name not in ROWS or name in on}


def lines(values: Mapping[str, Any]) -> list[str]:
    """Returns what was on, a line each, in words; what cannot be, in a damaged file, is passed over."""
    on = switched_on(values)
    return [ROWS[name].says(value) for name, value in on.items() if ROWS[name].takes(value)]


def problems(values: Mapping[str, Any]) -> list[str]:
    """Returns everything that is wrong with the tricks among `values`, the fields of a recipe."""
    found = []
    for name, row in ROWS.items():
        value = values[name]
        if not row.takes(value):
            found.append(f"{name}={value!r} is not possible; {row.allowed}")
        elif row.is_on(value):
            found += _clashes(row, value, values)
    return found


def _clashes(row: Trick, value: Any, values: Mapping[str, Any]) -> list[str]:
    found = []
    if row.needs is not None:
        other, allowed = row.needs
        if values[other] not in allowed:
            found.append(f"{row.name}={value!r} means nothing {_without(other, values[other], allowed)}")
    if row.excludes is not None:
        own, other, theirs, why = row.excludes
        if value == own and values[other] == theirs:
            both = f"{row.name}={value!r} and {other}={theirs!r}"
            found.append(f"{both} exclude each other: {why}; leave one out")
    return found


def _without(other: str, value: Any, allowed: tuple[Any, ...]) -> str:
    if other not in ROWS and value is None:
        return "without augmentation; leave one out"
    if other in ROWS:
        return f"with {other}={value!r}; give {other}={allowed[1]!r}, for example"
    named = " or ".join(f"{other}={one!r}" for one in allowed)
    return f"with {other}={value!r}; use {named}"
