"""The options of `slimzoo finetune`, whatever the data, and how its help groups them."""

from types import ModuleType

import click

from slimzoo.cli.cluster_options import cluster_options
from slimzoo.cli.data_options import turn_option
from slimzoo.cli.options import (
    POSITIVE,
    SEED,
    OneOf,
    Place,
    ScopeFactor,
    import_option,
    loading_options,
)
from slimzoo.cli.output import json_option, progress_option
from slimzoo.cli.tricks import trick_options
from slimzoo.facts import tricks


def recipes_module() -> ModuleType:
    """Returns what says which names there are."""
    from slimzoo.training import recipes

    return recipes


def trackers_module() -> ModuleType:
    """Returns what says which trackers there are."""
    from slimzoo.training.followers import trackers

    return trackers


OPTIONS = (
    click.option(
        "--model",
        metavar="M",
        help="A name that `slimzoo list` shows.  [default: mobilenet_v1; for masks deeplab_v3_mobilenet_v2]",
    ),
    click.option(
        "--weights",
        default="pretrained",
        show_default=True,
        metavar="W",
        help="To start from: pretrained (released ones), none (from scratch), a tag, or a file.",
    ),
    *loading_options,
    click.option("--size", type=POSITIVE, help="Of the images, pixels.  [default: the weights' own]"),
    click.option(
        "--out",
        type=Place(),
        metavar="DIR",
        help="Folder of the run.  [default: in runs/, of the data's and the model's name]",
    ),
    click.option(
        "--recipe",
        type=OneOf(lambda: recipes_module().METHODS),
        metavar="NAME",
        help="probe: the last layer, fitted to features that are computed once; head: it alone, by steps; "
        "full: all layers; probe-then-full.  [default: probe for up to 1,000 images, if no option of "
        "training is given]",
    ),
    click.option("--epochs", type=float, help="How often to go through the images.  [default: the recipe's]"),
    click.option("--steps", type=POSITIVE, help="In place of epochs."),
    click.option("--batch-size", type=POSITIVE, help="[default: the recipe's]"),
    click.option("--learning-rate", type=float, help="[default: the recipe's]"),
    click.option(
        "--learning-rates",
        type=ScopeFactor(),
        multiple=True,
        metavar="SCOPE=FACTOR",
        help="Factor on the learning rate of a scope or pattern; may be repeated.",
    ),
    click.option(
        "--new",
        multiple=True,
        metavar="SCOPE",
        help="Starts anew though the weights have it; may be repeated.  [default: the network's last layers]",
    ),
    click.option("--freeze", multiple=True, metavar="SCOPE", help="Stays as it is; may be repeated."),
    click.option(
        "--optimizer",
        type=OneOf(lambda: recipes_module().OPTIMIZERS),
        metavar="NAME",
        help="momentum, nesterov, adam, adamw, lion, lamb or rmsprop.  [default: the recipe's]",
    ),
    click.option(
        "--schedule",
        type=OneOf(lambda: recipes_module().SCHEDULES),
        metavar="NAME",
        help="cosine, constant, step, polynomial, plateau or one_cycle.  [default: the recipe's]",
    ),
    click.option("--warmup", type=float, help="Part of all steps, rising from 0.  [default: the recipe's]"),
    click.option(
        "--augmentation",
        type=OneOf(lambda: recipes_module().AUGMENTATIONS),
        metavar="NAME",
        help="mild or original.  [default: the recipe's]",
    ),
    click.option("--no-augmentation", is_flag=True, help="Train on the images as they are."),
    *trick_options,
    click.option("--seed", type=SEED, default=0, show_default=True),
    click.option("--eval-every", type=POSITIVE, help="Steps between evaluations and checkpoints."),
    click.option(
        "--eval-batch", type=POSITIVE, help="Images measured at once.  [default: those of a training batch]"
    ),
    click.option(
        "--precision",
        type=OneOf(lambda: recipes_module().PRECISIONS),
        default="float32",
        show_default=True,
        metavar="NAME",
        help="float32, mixed_bfloat16 or mixed_float16.",
    ),
    click.option(
        "--data-format",
        type=OneOf(lambda: recipes_module().DATA_FORMATS),
        default="NHWC",
        show_default=True,
        metavar="NAME",
        help="NHWC or NCHW (for GPUs).",
    ),
    click.option("--device", default="auto", show_default=True, help="auto, cpu, gpu, or one as gpu:1."),
    *cluster_options,
    click.option(
        "--deterministic/--no-deterministic",
        default=None,
        help="The same numbers at every run, and after a restart.  [default: on a CPU]",
    ),
    click.option("--dry-run", is_flag=True, help="Only show what would be done: settings, recipe, steps."),
    click.option("--overwrite", is_flag=True, help="Replace what an earlier run left in the folder."),
    click.option(
        "--find-lr",
        "find_rate",
        is_flag=True,
        help="Train nothing: take a range test on the images to train on, and suggest a learning rate.",
    ),
    click.option(
        "--log",
        "tracker",
        type=OneOf(lambda: trackers_module().KINDS),
        metavar="NAME",
        help="Tell the history to wandb or mlflow too, which must be installed.",
    ),
    click.option(
        "--profile", type=POSITIVE, metavar="N", help="Trace N steps for TensorBoard, after the first few."
    ),
    click.option("--no-tensorboard", is_flag=True, help="Write no TensorBoard events."),
    turn_option,
    import_option,
    progress_option,
    json_option,
)
GROUPS = {  # of the help
    "Network and weights": (
        *(
            "--model",
            "--task",
            "--weights",
            "--prefix",
            "--rename",
            "--exclude",
            "--ema",
            "--argument",
            "--size",
            "--new",
            "--freeze",
            "--import",
        ),
    ),
    "Recipe": (
        *(
            "--recipe",
            "--epochs",
            "--steps",
            "--batch-size",
            "--learning-rate",
            "--learning-rates",
            "--optimizer",
        ),
        *("--schedule", "--warmup", "--augmentation", "--no-augmentation"),
    ),
    "Tricks": tuple(row.option for row in tricks.ROWS.values()),
    "Run": (
        *(
            "--out",
            "--overwrite",
            "--dry-run",
            "--eval-every",
            "--eval-batch",
            "--seed",
            "--deterministic",
            "--precision",
        ),
        *("--data-format", "--device", "--cluster", "--cluster-timeout"),
    ),
    "Output": ("--progress", "--find-lr", "--profile", "--log", "--no-tensorboard", "--json", "-h"),
}
