"""`slimzoo pack`: images and labels of any kind written as shards of TFRecords."""

from typing import TYPE_CHECKING, Any

import click

from slimzoo.cli.data_options import (
    classes_option,
    images_option,
    list_options,
    shards_option,
    split_option,
)
from slimzoo.cli.group import Group
from slimzoo.cli.options import POSITIVE, SEED, Place, Validation, all_of, help_alone
from slimzoo.cli.output import echo, echo_json, examples, json_option, progress_option
from slimzoo.errors import counted
from slimzoo.files import check_folder

if TYPE_CHECKING:
    from slimzoo.data.dataset import Dataset

_OUT = click.option("--out", type=Place(), required=True, metavar="DIR", help="The folder of the shards.")
_OPTIONS = (
    click.option("--shards", type=POSITIVE, help="Of each part.  [default: of about 128 MB each]"),
    click.option(
        "--validation",
        type=Validation(),
        metavar="PART|WHERE",
        help="Also a second part: so much of the images, or where others are.  [default: val beside train, "
        "else none]",
    ),
    click.option("--part", default="train", show_default=True, help="What its shards are called."),
    click.option("--seed", type=SEED, default=0, show_default=True, help="Of the order there."),
    click.option("--in-order", is_flag=True, help="On disk as they come, not shuffled."),
    click.option("--overwrite", is_flag=True, help="Replace what was packed there."),
    progress_option,
    json_option,
)


@click.group(
    cls=Group,
    invoke_without_command=True,
    epilog=examples(
        "slimzoo pack folder --data flowers --out packed --shards 8",
        "slimzoo pack verify --data packed",
    ),
)
@click.pass_context
def pack(context: click.Context) -> None:
    """Write images and labels as shards of TFRecords, for data sets of any size.

    Images stay as their files' bytes; labels, weights and names of classes lie beside them. What is read
    back is the same data in the same order, so that training sees the same batches. A command that was
    stopped goes on when it is given again.
    """
    help_alone(context)


@pack.command(
    "voc", epilog=examples("slimzoo pack voc --data VOCdevkit --split train --validation val --out packed")
)
@click.option("--data", required=True, metavar="DIR", help="VOCdevkit, or one year's folder in it.")
@click.option("--year", default="2012", show_default=True)
@click.option("--split", default="trainval", show_default=True, help="The list of images, or all.")
@classes_option
@_OUT
@all_of(_OPTIONS)
def pack_voc(**options: Any) -> None:
    """Pack Pascal VOC, or a kit like it; difficult objects stay ignored."""
    _pack("voc", **options)


@pack.command("folder", epilog=examples("slimzoo pack folder --data flowers --out packed --shards 8"))
@click.option("--data", required=True, metavar="DIR", help="A folder with one sub-folder of images a class.")
@_OUT
@all_of(_OPTIONS)
def pack_folder(**options: Any) -> None:
    """Pack a folder of images with one sub-folder a class."""
    _pack("folder", **options)


@pack.command("boxes", epilog=examples("slimzoo pack boxes --data train.json --images train --out packed"))
@click.option(
    "--data", required=True, metavar="FILE|DIR", help="COCO's .json, or YOLO's folder of images and labels."
)
@images_option
@classes_option
@_OUT
@all_of(_OPTIONS)
def pack_boxes(**options: Any) -> None:
    """Pack images with boxes as COCO or YOLO keep them: a class shows where it has a box."""
    _pack("boxes", **options)


@pack.command(
    "tfrecord", epilog=examples("slimzoo pack tfrecord --data 'old/train-*' --out packed --shards 16")
)
@shards_option
@split_option
@classes_option
@_OUT
@all_of(_OPTIONS)
def pack_tfrecord(**options: Any) -> None:
    """Pack shards of records anew: into more or fewer, in another order, checked."""
    _pack("tfrecord", **options)


@pack.command("list", epilog=examples("slimzoo pack list --data labels.csv --out packed --shards 8"))
@all_of(list_options)
@classes_option
@_OUT
@all_of(_OPTIONS)
def pack_list(**options: Any) -> None:
    """Pack a list of images and their labels: CSV or TSV."""
    _pack("list", **options)


@pack.command("verify", epilog=examples("slimzoo pack verify --data packed"))
@click.option("--data", required=True, metavar="DIR", help="A folder that was packed.")
@progress_option
@json_option
def verify(data: str, progress: bool, as_json: bool) -> None:
    """Read every record of what was packed: checksums, images, labels, and that none is missing."""
    from slimzoo.data.packed import verify as read_all

    _show(data, read_all(data, progress), as_json, "is whole")


def _pack(
    kind: str,
    *,
    data: str,
    out: str,
    shards: int | None,
    validation: float | str | None,
    part: str,
    seed: int,
    in_order: bool,
    overwrite: bool,
    progress: bool,
    as_json: bool,
    **where: Any,
) -> None:
    from slimzoo.data.opening import open_parts
    from slimzoo.data.packing import pack as write
    from slimzoo.data.packing import plan

    check_folder(out)
    found = open_parts(kind, data, validation=validation, progress=progress, **where)
    named: dict[str, Dataset] = {part if name == "train" else name: one for name, one in found.items()}
    plans = [plan(one, name, shards, None if in_order else seed) for name, one in named.items()]
    _show(out, [write(one, out, overwrite, progress) for one in plans], as_json, "is packed")


def _show(folder: str, manifests: list[dict], as_json: bool, done: str) -> None:
    if as_json:
        return echo_json({"folder": folder, "parts": manifests})
    for one in manifests:
        about = f"{counted(one['images'], 'image')} of {len(one['classes'])} classes"
        echo(f"{folder}: {one['part']} {done}, {about} in {counted(len(one['shards']), 'shard')}")
    return None
