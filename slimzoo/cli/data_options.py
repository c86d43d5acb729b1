"""Options about data that several commands have."""

import os
from typing import Any

import click

turn_option = click.option(
    "--exif/--no-exif",
    "turn",
    default=True,
    help="Turn photographs upright as their EXIF says; as in training.  [default: exif]",
)


class ClassNames(click.ParamType):
    """Names with commas between them, or a file with one a line."""

    name = "names"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, ...]:
        """Returns the names."""
        if isinstance(value, tuple):
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

images_option = click.option(
    "--images", metavar="DIR", help="The folder of the images.  [default: looked for beside the data]"
)
