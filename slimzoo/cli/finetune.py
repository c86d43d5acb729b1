"""`slimzoo finetune`: a network trained on images of one's own, whatever way they are kept."""

import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from slimzoo.cli.cluster_options import machines_told
from slimzoo.cli.data_options import (
    classes_option,
    images_option,
    list_options,
    shards_option,
    split_option,
    task_option,
)
from slimzoo.cli.finetune_options import GROUPS, OPTIONS, recipes_module
from slimzoo.cli.group import Group
from slimzoo.cli.helping import Grouped
from slimzoo.cli.options import (
    Validation,
    all_of,
    help_alone,
)
from slimzoo.cli.output import echo, echo_json, examples
from slimzoo.cli.tables import TABLES
from slimzoo.cli.tricks import take_tricks
from slimzoo.errors import counted, some

if TYPE_CHECKING:
    from slimzoo.data.dataset import Dataset
    from slimzoo.training.settings import Settings


PARTS = ("train", "training", "trainval", "images", "annotations", "data")  # which say nothing of the data
_MODELS = {"classification": "mobilenet_v1", "segmentation": "deeplab_v3_mobilenet_v2"}  # by task
_WHERE = (
    "year",
    "split",
    "classes",
    "images",
    "image_column",
    "label_columns",
    "turn",
)  # the data is, and how it is read
_ONLY_RUN = ("no_tensorboard", "tracker", "profile", "cluster_timeout")  # means nothing where none is trained
_RECIPE = (
    "epochs",
    "batch_size",
    "learning_rate",
    "optimizer",
    "schedule",
    "warmup",
    "augmentation",
)


@click.group(
    cls=Group,
    invoke_without_command=True,
    epilog=examples(
        "slimzoo finetune voc --data VOCdevkit --year 2012 --model mobilenet_v1",
        "slimzoo finetune folder --train flowers --model vgg_16 --weights vgg_16.ckpt",
    ),
)
@click.pass_context
def finetune(context: click.Context) -> None:
    """Train a network on your images, from restored weights.

    Leaves a folder with the best model, its labels and preprocessing, the history and report.html; --model of
    predict and evaluate takes it. A run that was stopped goes on when the same command is given again.
    """
    help_alone(context)


@finetune.command(
    "voc",
    cls=Grouped,
    groups=GROUPS,
    epilog=examples(
        "slimzoo finetune voc --data VOCdevkit --year 2012 --model mobilenet_v1_025 --weights slim_in1k_128",
        "slimzoo finetune voc --data VOCdevkit --split train --validation val --model vgg_16",
        "slimzoo finetune voc --data VOCdevkit --model vgg_16 --new vgg_16/fc8 --freeze vgg_16/conv1"
        " --learning-rates 'vgg_16/conv*=0.1'",
        "slimzoo finetune voc --data VOCdevkit --weights none --epochs 5 --out runs/scratch --overwrite",
        "slimzoo finetune voc --data my_kit --split all --classes helmet,vest",
        "slimzoo finetune voc --data VOCdevkit --task segmentation --size 257 --resolution full",
    ),
)
@click.option("--data", required=True, metavar="DIR", help="VOCdevkit, or one year's folder in it.")
@click.option("--year", default="2012", show_default=True)
@click.option(
    "--split",
    default="trainval",
    show_default=True,
    help="The list of images to train on, or all there are: all.",
)
@classes_option
@click.option(
    "--validation",
    type=Validation(),
    default="0.2",
    show_default=True,
    metavar="PART|SPLIT",
    help="The part of them to hold out, or another list.",
)
@task_option
@all_of(OPTIONS)
@click.pass_context
def finetune_voc(context: click.Context, **options: Any) -> None:
    """Fine-tune on Pascal VOC, or a kit like it.

    Several classes an image, difficult objects ignored; or masks, of ImageSets/Segmentation.
    """
    _finetune("voc", context, **options)


@finetune.command(
    "folder",
    cls=Grouped,
    groups=GROUPS,
    epilog=examples(
        "slimzoo finetune folder --train flowers",
        "slimzoo finetune folder --train flowers/train --validation flowers/test --model mobilenet_v1_025",
        "slimzoo finetune folder --train flowers --recipe full --find-lr",
        "slimzoo finetune folder --train flowers --optimizer adam --learning-rate 0.001 --no-augmentation",
        "slimzoo finetune folder --train flowers --optimizer adamw --weight-decay 0.05 --layer-decay 0.75"
        " --mixup 0.2 --label-smoothing 0.1 --average-weights 0.99",
        "slimzoo finetune folder --train flowers --import my_nets.py --model my_net --weights none",
        "slimzoo finetune folder --train roads --task segmentation --classes roads/classes.json --size 257",
    ),
)
@click.option(
    "--train",
    "--data",
    "data",
    required=True,
    metavar="DIR",
    help="A folder with one sub-folder of images a class; of masks one with images/ and masks/.",
)
@classes_option
@task_option
@click.option(
    "--validation",
    type=Validation(),
    metavar="PART|DIR",
    help="The part of them to hold out, or another such folder.  [default: val/ beside train/, else 0.2]",
)
@all_of(OPTIONS)
@click.pass_context
def finetune_folder(context: click.Context, **options: Any) -> None:
    """Fine-tune on a folder of images with one sub-folder a class, or with images/ and masks/."""
    _finetune("folder", context, **options)


@finetune.command(
    "boxes",
    cls=Grouped,
    groups=GROUPS,
    epilog=examples(
        "slimzoo finetune boxes --data annotations/instances_train.json --images train",
        "slimzoo finetune boxes --data yolo/train --validation yolo/val --classes helmet,vest",
    ),
)
@click.option(
    "--data", required=True, metavar="FILE|DIR", help="COCO's .json, or YOLO's folder of images and labels."
)
@images_option
@classes_option
@click.option(
    "--validation",
    type=Validation(),
    metavar="PART|FILE|DIR",
    help="The part of them to hold out, or other data of that kind.  [default: val/ beside train/, else 0.2]",
)
@all_of(OPTIONS)
@click.pass_context
def finetune_boxes(context: click.Context, **options: Any) -> None:
    """Fine-tune on images with boxes as COCO or YOLO keep them: a class shows where it has a box."""
    _finetune("boxes", context, **options)


@finetune.command(
    "tfrecord",
    cls=Grouped,
    groups=GROUPS,
    epilog=examples(
        "slimzoo finetune tfrecord --data flowers_tfrecords --model mobilenet_v1_025",
        "slimzoo finetune tfrecord --data 'imagenet/train-*' --validation 'imagenet/validation-*'",
    ),
)
@shards_option
@split_option
@classes_option
@click.option(
    "--validation",
    type=Validation(),
    metavar="PART|SPLIT|PATTERN",
    help="The part of them to hold out, or other shards.  [default: those of validation, else 0.2]",
)
@all_of(OPTIONS)
@click.pass_context
def finetune_tfrecord(context: click.Context, **options: Any) -> None:
    """Fine-tune on shards of records, as TF-Slim's datasets and `slimzoo pack` write them."""
    _finetune("tfrecord", context, **options)


@finetune.command(
    "list",
    cls=Grouped,
    groups=GROUPS,
    epilog=examples(
        "slimzoo finetune list --data train.csv --validation val.csv",
        "slimzoo finetune list --data labels.tsv --images photos --label-columns species",
    ),
)
@all_of(list_options)
@classes_option
@click.option(
    "--validation",
    type=Validation(),
    metavar="PART|FILE",
    help="The part of them to hold out, or another list.  [default: val of the column split, else 0.2]",
)
@all_of(OPTIONS)
@click.pass_context
def finetune_list(context: click.Context, **options: Any) -> None:
    """Fine-tune on a list of images and their labels: CSV or TSV, with names of the columns or without."""
    _finetune("list", context, **options)


def _finetune(
    kind: str,
    context: click.Context,
    *,
    data: str,
    validation: float | str | None,
    out: str | None,
    as_json: bool,
    dry_run: bool,
    find_rate: bool,
    task: str | None = None,
    **options: Any,
) -> None:
    from slimzoo.data.opening import open_data
    from slimzoo.training.finetune import finetune as run

    if find_rate:
        _find_rate_alone(dry_run, options)
    options["model"], task = _model_and_task(options["model"], task)
    where = {name: options.pop(name) for name in _WHERE if name in options}
    how = {"seed": options["seed"], "progress": options["progress"], "task": task}
    train, held_out = open_data(kind, data, validation=validation, **how, **where)
    out = out or f"runs/{_called(data)}-{options['model']}"
    options |= {"options": _take_recipe(options), "weights": _weights(options)}
    if dry_run:
        return _show_plan(train, held_out, out, as_json, options)
    if find_rate:
        return _show_rate(train, held_out, out, as_json, options)
    result = run(
        train,
        held_out,
        out,
        tensorboard=not options.pop("no_tensorboard"),
        profile=options.pop("profile") or 0,
        command=shlex.join(["slimzoo", *(context.obj or ())]),
        **options,
    )
    evaluation = result.evaluation.to_dict()
    if as_json:
        about = {"folder": result.folder, "report": result.report, "best_step": result.best_step}
        return echo_json({**about, "steps": result.steps, **evaluation})
    echo(TABLES[task](evaluation))
    best = f"best after step {result.best_step} of {result.steps}"
    if result.keeper:
        return echo(f"{best}: model and report are kept by {result.keeper}")
    echo(f"{best}: slimzoo.load({str(result.folder)!r}) opens it")
    return echo(f"report: {result.report}")


def _find_rate_alone(dry_run: bool, options: dict[str, Any]) -> None:
    """Raises UsageError where an option is given that a range test does not look at."""
    others = {"--dry-run": dry_run, "--profile": options["profile"], "--log": options["tracker"]}
    if idle := [flag for flag, value in others.items() if value]:
        raise click.UsageError(f"--find-lr takes a test and trains nothing; leave out {', '.join(idle)}")


def _model_and_task(model: str | None, task: str | None) -> tuple[str, str]:
    """Returns the network and what it is for. Raises SlimzooError: `model` is for another task."""
    from slimzoo.registry import CLASSIFICATION, get_row

    model = model or _MODELS[task or CLASSIFICATION]
    row = get_row(model)
    row.require(task or row.task)
    return model, row.task


def _called(data: str) -> str:
    """Returns what the data is called: by its file or folder, or the one that this is a part of."""
    path = Path(data).resolve()
    path = path.parent if path.name in PARTS and path.parent.name else path
    return re.sub(r"[^\w.-]+", "-", path.stem if path.is_file() else path.name) or "data"


def _weights(options: dict[str, Any]) -> str | None:
    return None if options["weights"] == "none" else options["weights"]


def _steps(settings: "Settings") -> str:
    """Returns how many steps there are, and after how many it is measured; "" where nothing is trained."""
    if not recipes_module().METHODS[settings.recipe.method].steps:
        return ""
    return f"{counted(settings.last_step, 'step')}, measured every {settings.interval}; "


def _show_plan(
    train: "Dataset", held_out: "Dataset", out: str, as_json: bool, options: dict[str, Any]
) -> None:
    """Prints what would be done with the `options` of finetune()."""
    from slimzoo.training.dry_run import dry_run
    from slimzoo.training.followers.following import Following

    given = {name: value for name, value in options.items() if name not in ("device", "progress", *_ONLY_RUN)}
    following = Following(tracker=options["tracker"], profile=options["profile"] or 0)
    settings, machines = dry_run(train, held_out, out, following=following, **given)
    if as_json:
        named = {"machines": machines.addresses, "machine": machines.index} if machines else {}
        return echo_json({"folder": out, **settings.to_dict(), **named})
    told = [
        f"train {settings.model} on {train.name}, {counted(len(train), 'image')}; held out: {len(held_out)}",
        f"classes: {some(train.classes, 20)}",
        f"weights: {settings.weights or 'none, from scratch'}",
        *settings.recipe.lines(),
        f"{_steps(settings)}{settings.precision}, seed {settings.seed}",
        *machines_told(settings, machines),
        f"folder: {out}",
    ]
    return echo("\n".join([*told, "nothing was done: without --dry-run it is"]))


def _show_rate(
    train: "Dataset", held_out: "Dataset", out: str, as_json: bool, options: dict[str, Any]
) -> None:
    """Finds a learning rate with the `options` of finetune(), and prints it."""
    from slimzoo.training.find_rate import find_learning_rate

    given = {name: value for name, value in options.items() if name not in (*_ONLY_RUN, "cluster")}
    found = find_learning_rate(train, held_out, out, **given)
    if as_json:
        return echo_json({"folder": out, **found.to_dict()})
    if found.suggested is None:
        said = "the loss falls at no rate: look at the chart, and at the data"
    else:
        said = f"the loss falls fastest at --learning-rate {found.suggested:g}; nothing was trained"
    return echo(f"{said}\nthe loss over the rate: {out}/lr.svg, {out}/lr.csv")


def _take_recipe(options: dict[str, Any]) -> dict[str, Any]:
    """Takes the recipe's fields out of `options`; returns those that were set."""
    recipe = {name: value for name in _RECIPE if (value := options.pop(name)) is not None}
    recipe |= take_tricks(options)
    recipe |= {name: value for name in ("new", "freeze") if (value := options.pop(name))}
    if arguments := options.pop("network_arguments"):
        recipe["network_arguments"] = arguments
    if rates := options.pop("learning_rates"):
        recipe["learning_rates"] = dict(rates)
    if options.pop("no_augmentation"):
        recipe["augmentation"] = None
    return recipe
