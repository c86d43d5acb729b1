"""Options of how images are looked at where every pixel gets a class."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from slimzoo.cli.options import POSITIVE, Several

if TYPE_CHECKING:
    from slimzoo.preprocessing.views import Views


def view_options(of: str = "") -> tuple[Callable, ...]:
    """Returns --scales, --flip and --tile; `of`: what stands before their help."""

    def said(text: str) -> str:
        return f"{of}: {text[0].lower()}{text[1:]}" if of else text

    return (
        click.option(
            "--scales",
            type=Several(click.FLOAT, "numbers"),
            default="1",
            show_default=True,
            metavar="S,...",
            help=said("Average over the network's input at these scales, as 0.75,1,1.25."),
        ),
        click.option("--flip", is_flag=True, help=said("Average with the mirror image.")),
        click.option(
            "--tile",
            type=click.IntRange(min=0),
            metavar="PIXELS",
            help=said(
                "Look at an image that is larger than --size in squares that share so many pixels, in place "
                "of shrinking it."
            ),
        ),
    )


size_and_views = (
    click.option("--size", type=POSITIVE, help="Of the images, pixels, in place of the weights' own."),
    *view_options("Of masks"),
)


def take_views(options: dict[str, Any]) -> "Views":
    """Takes what view_options gave out of `options`. Raises SlimzooError: it cannot be."""
    from slimzoo.preprocessing.views import Views

    scales, flip, tile = options.pop("scales", (1.0,)), options.pop("flip", False), options.pop("tile", None)
    return Views(scales=scales, flip=flip, tile=tile)


def refuse_views(name: str, views: "Views") -> None:
    """Raises UsageError where a network that gives no masks is to look at images otherwise than once."""
    if not views.single or views.tile is not None:
        raise click.UsageError(f"--scales, --flip and --tile are for networks that give masks, unlike {name}")
