"""Options about data that several commands have."""

import os
import stat
from typing import Any

import click

from slimzoo.cli.options import OneOf
from slimzoo.files.reading import is_endless

turn_option = click.option(
    "--exif/--no-exif",
    "turn",
    default=True,
    help="Turn photographs upright as their EXIF says; as in training.  [default: exif]",
)


def _tasks() -> tuple[str, ...]:
    from slimzoo.registry import TASKS

    return TASKS


class ListFile(click.File):
    """A file of lines, a pipe that something writes into, or - for stdin; no device, which need not end."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Returns it, open; of a pipe that nobody writes into, nothing is waited for."""
        name = os.fspath(value) if isinstance(value, str | os.PathLike) else "-"
        if name == "-" or not is_endless(name) or os.path.realpath(name) == os.path.realpath("/dev/stdin"):
            return super().convert(value, param, ctx)
        if not stat.S_ISFIFO(os.stat(name).st_mode):
            self.fail(f"{name} is no file, but a device or a socket", param, ctx)
        handle = os.open(name, os.O_RDONLY | os.O_NONBLOCK)
        os.set_blocking(handle, True)
        return open(handle, encoding="utf-8", errors=self.errors)


class ClassNames(click.ParamType):
    """Names with commas between them, or a file with one a line; a .json is read where the masks are."""

    name = "names"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, ...] | str:
        """Returns the names; a .json is given back as it is."""
        if isinstance(value, tuple) or value.lower().endswith(".json"):
            return value
        if os.path.isfile(value):
            from slimzoo.labels import read_labels

            return read_labels(value)
        names = tuple(name.strip() for name in value.split(","))
        if not all(names):
            self.fail(
                f"{value!r} holds an empty name; give NAME,NAME,... or a file with one a line", param, ctx
            )
        return names


classes_option = click.option(
    "--classes",
    type=ClassNames(),
    metavar="NAMES|FILE",
    help="Names with commas between them, or a file with one a line.  [default: those of the annotations]",
)

shards_option = click.option(
    "--data",
    required=True,
    metavar="DIR|FILE|PATTERN",
    help="Shards of records: their folder, one of them, or a pattern as 'data/train-*'; or tfds:NAME.",
)
split_option = click.option(
    "--split",
    help="Which shards of the folder: a part, a word in their names, or a pattern.  [default: those of train "
    "if they are called after parts, else all]",
)

list_options = (
    click.option(
        "--data",
        required=True,
        metavar="FILE",
        help="A table (CSV, TSV) with an image and its labels a line, | or ; between several.",
    ),
    click.option("--images", metavar="DIR", help="The folder of the images.  [default: that of the list]"),
    click.option("--image-column", metavar="COLUMN", help="By name or number.  [default: the one of images]"),
    click.option(
        "--label-columns",
        type=ClassNames(),
        metavar="COLUMNS",
        help="With commas between them.  [default: those called label or class, or all that hold 0 and 1]",
    ),
    click.option(
        "--split",
        metavar="PART",
        help="A value of the column split.  [default: train if it has that, else all]",
    ),
)

task_option = click.option(
    "--task",
    type=OneOf(_tasks),
    metavar="NAME",
    help="classification: classes of an image; segmentation: of its pixels, which masks say.  [default: the "
    "model's]",
)
images_option = click.option(
    "--images", metavar="DIR", help="The folder of the images.  [default: looked for beside the data]"
)
