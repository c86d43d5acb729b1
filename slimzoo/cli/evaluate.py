"""`slimzoo evaluate`: how good a model is on images of one's own, whatever way they are kept."""

import logging
import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from slimzoo.cli.about import About, about_weights
from slimzoo.cli.data_options import (
    classes_option,
    images_option,
    list_options,
    shards_option,
    task_option,
    turn_option,
)
from slimzoo.cli.group import Group
from slimzoo.cli.mask_options import refuse_views, size_and_views, take_views, view_options
from slimzoo.cli.options import (
    POSITIVE,
    all_of,
    batch_size_option,
    help_alone,
    import_option,
    loading_options,
)
from slimzoo.cli.output import echo, echo_json, examples, json_option, progress_option
from slimzoo.cli.tables import TABLES
from slimzoo.errors import SlimzooError

if TYPE_CHECKING:
    import numpy as np

    from slimzoo.data.dataset import Dataset
    from slimzoo.model.model import Model

log = logging.getLogger("slimzoo")
_MODEL = "A folder that fine-tuning left, a file, or a network's name"
_REST = (
    click.option(
        "--weights", metavar="W", help="With a network's name: a tag, or a file.  [default: released]"
    ),
    *loading_options,
    batch_size_option,
    turn_option,
    import_option,
    progress_option,
    json_option,
)
_OPTIONS = (click.option("--model", required=True, metavar="M", help=f"{_MODEL}."), *_REST)
_FOLDER_OPTIONS = (
    click.option("--model", required=True, multiple=True, metavar="M", help=f"{_MODEL}; may be repeated."),
    *_REST,
)


@click.group(
    cls=Group,
    invoke_without_command=True,
    epilog=examples(
        "slimzoo evaluate voc --data VOCdevkit --model runs/VOCdevkit-mobilenet_v1",
        "slimzoo evaluate folder --data flowers/test --model runs/flowers-mobilenet_v1",
    ),
)
@click.pass_context
def evaluate(context: click.Context) -> None:
    """Measure a model: average precision by class, and accuracy."""
    help_alone(context)


@evaluate.command(
    "voc",
    epilog=examples(
        "slimzoo evaluate voc --data VOCdevkit --model runs/VOCdevkit-mobilenet_v1",
        "slimzoo evaluate voc --data VOCdevkit --year 2007 --split test --model runs/VOCdevkit-vgg_16 --json",
        "slimzoo evaluate voc --data VOCdevkit --model deeplab_v3_mobilenet_v2 --scales 0.75,1,1.25 --flip",
    ),
)
@click.option("--data", required=True, metavar="DIR", help="VOCdevkit, or one year's folder in it.")
@click.option("--year", default="2012", show_default=True)
@click.option("--split", help="The list of images.  [default: those that the run held out, else val]")
@classes_option
@task_option
@all_of(size_and_views)
@all_of(_OPTIONS)
def evaluate_voc(
    data: str, year: str, split: str | None, classes: tuple[str, ...] | str | None, **options: Any
) -> None:
    """Measure a model on Pascal VOC, or a kit like it; the classes are the model's own, if it knows them.

    One that gives masks is measured on those of ImageSets/Segmentation, at the size of the images.
    """
    from slimzoo.data import dense, voc
    from slimzoo.registry import SEGMENTATION
    from slimzoo.training import held_out

    run, task = options["model"], options["task"]

    def read(model: "About | Model | None") -> "Dataset":
        masks = (task if model is None else model.task) == SEGMENTATION
        known = model.labels if masks and model is not None else _trained_on(model)
        names: Any = classes or known
        shown = partial(dense.voc.read, progress=options["progress"])
        read_part = partial(shown if masks else voc.read, data, year)
        if split is None and held_out.images(run, "validation") is not None:
            return held_out.only_held_out(run, read_part(None, names))
        return read_part(split or "val", names)

    _evaluate(data, read, **options)


@evaluate.command(
    "folder",
    epilog=examples(
        "slimzoo evaluate folder --data flowers/test --model runs/flowers-mobilenet_v1 --batch-size 8",
        "slimzoo evaluate folder --data imagenet/val --labels imagenet --model mobilenet_v1 --model vgg_16 "
        "--out results.csv",
        "slimzoo evaluate folder --data val --labels imagenet --model resnet_v1_50 --size 320 --crop 1",
    ),
)
@click.option(
    "--data",
    required=True,
    metavar="DIR",
    help="A folder with one sub-folder of images a class; of masks one with images/ and masks/.",
)
@task_option
@click.option(
    "--labels",
    type=click.Choice(["imagenet"]),
    help="Sub-folders are WordNet ids or names of ImageNet's classes.  [default: the model's classes]",
)
@click.option("--size", type=POSITIVE, help="Of the images, pixels, in place of the weights' own.")
@click.option(
    "--crop",
    type=click.FloatRange(0.1, 1),
    metavar="PART",
    help="How much of an image is looked at, in place of the weights' own; 1: up to the edge.",
)
@click.option(
    "--out",
    metavar="FILE",
    help="Add a line for each model to this .csv; what stands there is not measured again.",
)
@all_of(view_options("Of masks"))
@all_of(_FOLDER_OPTIONS)
def evaluate_folder(task: str | None, **options: Any) -> None:
    """Measure models on a folder of images with one sub-folder a class: top-1, top-5, loss, intervals.

    One that gives masks is measured on a folder with images/ and masks/, at the size of the images.
    """
    from slimzoo.registry import SEGMENTATION

    models, weights = options["model"], options["weights"]
    if (task or _task_of(models[0])) == SEGMENTATION:
        return _evaluate_masks_in_folder(**options)
    refuse_views(models[0], take_views(options))
    if weights is not None and len(models) > 1:
        raise click.UsageError("--weights is of one model; of several each names its own: --model NAME/TAG")
    _check_names(models)
    of_imagenet = _read(options["data"], options["labels"])  # what is wrong is said before TensorFlow starts
    from slimzoo.cli import evaluate_many

    return evaluate_many.evaluate(evaluate_many.Asked(**options), of_imagenet)


def _task_of(model: str) -> str:
    """Returns what a model is for, as far as its name or file says; what is wrong with it is said later."""
    from slimzoo.loading.source import find
    from slimzoo.registry import CLASSIFICATION, get_row, is_network

    network = model.partition("/")[0].partition(".")[0]
    if is_network(network) and not os.path.exists(model):
        return get_row(network).task
    try:
        return find(model, False, None)[0].task if os.path.exists(model) else CLASSIFICATION
    except (SlimzooError, OSError):
        return CLASSIFICATION


def _evaluate_masks_in_folder(data: str, model: Sequence[str], **options: Any) -> None:
    """Measures the one model on images/ and masks/ of a folder. Raises UsageError: options of others."""
    from slimzoo.data import dense

    progress = options["progress"]

    def read(loaded: "About | Model | None") -> "Dataset":
        named = loaded is None or dense.folder.names_classes(data)
        return dense.folder.read(data, None if named or loaded is None else loaded.labels, progress=progress)

    others = [f"--{name}" for name in ("labels", "crop", "out") if options.pop(name) is not None]
    if others or len(model) > 1:
        wrong = ", ".join([*others, *(["several --model"] if len(model) > 1 else [])])
        raise click.UsageError(f"{wrong}: for networks that give classes of an image, not masks")
    _evaluate(data, read, model=model[0], **options)


def _read(data: str, labels: str | None) -> "tuple[Dataset, np.ndarray] | None":
    """Returns the images of ImageNet's classes and the class of each; None: the classes are a model's own."""
    from slimzoo.data import folder
    from slimzoo.labels.folders import imagenet_classes

    if labels is not None:
        return folder.read_numbered(data, imagenet_classes)
    if not os.path.exists(data):
        folder.read(data)
    return None


def _check_names(models: Sequence[str]) -> None:
    """Raises SlimzooError with every model that cannot be there, before the first is measured for an hour."""
    from slimzoo.loading.source import check_name
    from slimzoo.registry import CLASSIFICATION

    problems = []
    for name in models:
        try:
            check_name(name, CLASSIFICATION)
        except (SlimzooError, FileNotFoundError) as error:
            if len(models) == 1:
                raise
            problems.append(str(error))
    if problems:
        raise SlimzooError("\n".join(problems))


@evaluate.command(
    "boxes",
    epilog=examples("slimzoo evaluate boxes --data yolo/val --model runs/yolo-mobilenet_v1"),
)
@click.option(
    "--data", required=True, metavar="FILE|DIR", help="COCO's .json, or YOLO's folder of images and labels."
)
@images_option
@classes_option
@all_of(_OPTIONS)
def evaluate_boxes(data: str, images: str | None, classes: tuple[str, ...] | None, **options: Any) -> None:
    """Measure a model on images with boxes as COCO or YOLO keep them."""
    from slimzoo.data import boxes

    _evaluate(data, lambda model: boxes.read(data, images, classes or _trained_on(model)), **options)


@evaluate.command(
    "tfrecord",
    epilog=examples(
        "slimzoo evaluate tfrecord --data flowers_tfrecords --model runs/flowers_tfrecords-mobilenet_v1",
        "slimzoo evaluate tfrecord --data flowers_tfrecords --split validation --model runs/flowers",
    ),
)
@shards_option
@click.option(
    "--split",
    help="Which shards of the folder.  [default: the images that the run held out, else the shards of "
    "validation, else all]",
)
@classes_option
@all_of(_OPTIONS)
def evaluate_tfrecord(data: str, split: str | None, classes: tuple[str, ...] | None, **options: Any) -> None:
    """Measure a model on shards of records, as TF-Slim's datasets and `slimzoo pack` write them."""
    from slimzoo.data.opening import read_shards, shard_parts
    from slimzoo.training import held_out

    run, progress = options["model"], options["progress"]

    def read(model: "About | Model | None") -> "Dataset":
        names = classes or (model.labels if model is not None else None)
        if split is None and held_out.images(run, "validation") is not None:
            return held_out.only_held_out(run, read_shards(data, None, names, progress))
        return read_shards(data, split or shard_parts(data).get("val"), names, progress)

    _evaluate(data, read, **options)


@evaluate.command(
    "list",
    epilog=examples("slimzoo evaluate list --data test.csv --model runs/train-mobilenet_v1"),
)
@all_of(list_options)
@classes_option
@all_of(_OPTIONS)
def evaluate_list(
    data: str,
    images: str | None,
    image_column: str | None,
    label_columns: tuple[str, ...] | None,
    split: str | None,
    classes: tuple[str, ...] | None,
    **options: Any,
) -> None:
    """Measure a model on a list of images and their labels: CSV or TSV."""
    from slimzoo.data import lists
    from slimzoo.data.columns import Wanted
    from slimzoo.training import held_out

    run, wanted = options["model"], Wanted(image_column, label_columns)

    def read(model: "About | Model | None") -> "Dataset":
        names = classes or (model.labels if model is not None else None)
        if split is None and held_out.images(run, "validation") is not None:
            return held_out.only_held_out(run, lists.read(data, images, names, None, wanted))
        return lists.read(data, images, names, split, wanted)

    _evaluate(data, read, **options)


def _trained_on(model: "About | Model | None") -> tuple[str, ...] | None:
    """Returns the classes of a model for several labels an image; ImageNet's are no annotation's."""
    from slimzoo.labels import VOC

    if model is None:
        return None
    labels = model.labels or ()
    return labels if labels and (model.multi_label or set(labels) <= set(VOC)) else None


def _evaluate(
    where: str,
    read: Callable[["About | Model | None"], "Dataset"],
    *,
    model: str,
    weights: str | None,
    rename: dict[str, str] | None,
    exclude: tuple[str, ...],
    ema: bool,
    network_arguments: dict[str, Any],
    batch_size: int,
    turn: bool,
    progress: bool,
    as_json: bool,
    task: str | None = None,
    size: int | None = None,
    **views_asked: Any,
) -> None:
    from slimzoo.loading.load import load
    from slimzoo.registry import SEGMENTATION, check_task
    from slimzoo.training import held_out

    views = take_views(views_asked)
    about = about_weights(model, weights)
    if about is not None:
        check_task(model, about.task, task or about.task)
        if about.task != SEGMENTATION:
            refuse_views(model, views)
    early = None  # what is wrong with the data is said before TensorFlow starts
    if not os.path.exists(where) or (about is not None and about.labels):
        early = read(about)
    loaded = load(
        model,
        pretrained=weights is None,
        weights=weights,
        rename=rename,
        exclude=exclude,
        ema=ema,
        size=size,
        network_arguments=network_arguments,
    )
    check_task(loaded.name, loaded.task, task or loaded.task)
    if loaded.task != SEGMENTATION:
        refuse_views(loaded.name, views)
    if early is None or about != About.of(loaded):
        early = read(loaded)
    data = replace(early, turn=turn)
    if seen := held_out.count_trained_on(model, data):
        log.warning("%d of these %d images are among those that %s was trained on", seen, len(data), model)
    if loaded.task == SEGMENTATION:
        from slimzoo.training.masks.evaluation import evaluate_masks

        found = evaluate_masks(loaded, data, batch_size, progress, views).to_dict()
    else:
        from slimzoo.training import evaluate as measure

        found = measure(loaded, data, batch_size, progress=progress).to_dict()
    return echo_json(found) if as_json else echo(TABLES[loaded.task](found))
