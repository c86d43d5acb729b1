"""Options and arguments that several commands have."""

import fnmatch
import functools
import json
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem

from slimzoo.cli.imports import IMPORTED, import_networks
from slimzoo.engines import MOST
from slimzoo.errors import SlimzooError
from slimzoo.names import nearest
from slimzoo.registry import TASKS

if TYPE_CHECKING:
    from slimzoo.weights import WeightsRow

POSITIVE = click.IntRange(min=1)
SEED = click.IntRange(0, 2**31 - 1)


def _import_all(context: click.Context, parameter: click.Parameter, sources: tuple[str, ...]) -> None:
    del parameter
    if not context.resilient_parsing:  # a shell completes the line
        for source in dict.fromkeys(sources):
            import_networks(source)
        context.meta[IMPORTED] = tuple(dict.fromkeys(sources))


import_option = click.option(
    "--import",
    "imports",
    multiple=True,
    metavar="FILE|MODULE",
    is_eager=True,  # before anything else of the line is looked at
    expose_value=False,
    callback=_import_all,
    help="Import this first, which registers networks of your own; may be repeated.",
)
ema_option = click.option("--ema", is_flag=True, help="Take the exponential moving averages out of the file.")
exclude_option = click.option(
    "--exclude",
    multiple=True,
    metavar="SCOPE",
    help="Leave this out of the file, by its names or slim's; may be repeated.",
)


def _pairs(example: str) -> Callable:
    """Returns the callback of an option that is given OLD=NEW, with an `example` for a message."""

    def split(
        context: click.Context, parameter: click.Parameter, given: tuple[str, ...]
    ) -> dict[str, str] | None:
        pairs = [text.partition("=") for text in given]
        if wrong := [old for old, sign, _ in pairs if not sign]:
            message = f"{', '.join(map(repr, wrong))}: {parameter.metavar}, as in {example}"
            raise click.BadParameter(message, context, parameter)
        return {old: new for old, _, new in pairs} or None

    return split


def _keep_prefix(context: click.Context, parameter: click.Parameter, given: str | None) -> None:
    """Hands --prefix on to --rename, which it is short for."""
    del parameter
    context.meta[_PREFIX] = given


def _renamed(
    context: click.Context, parameter: click.Parameter, given: tuple[str, ...]
) -> dict[str, str] | None:
    pairs = _pairs("tower_0=, module.= or my_net=vgg_16")(context, parameter, given) or {}
    prefix = context.meta.get(_PREFIX)
    return ({prefix: ""} if prefix else {}) | pairs or None


_PREFIX = "slimzoo.prefix"
prefix_option = click.option(
    "--prefix",
    metavar="OLD",
    is_eager=True,  # before --rename
    expose_value=False,
    callback=_keep_prefix,
    help="Take what the file has below this, as of one of several towers: short for --rename OLD=.",
)
rename_option = click.option(
    "--rename",
    multiple=True,
    metavar="OLD=NEW",
    callback=_renamed,
    help="A name in the file, or the beginning of names, and what it becomes; may be repeated.",
)


def _as_arguments(
    context: click.Context, parameter: click.Parameter, given: tuple[str, ...]
) -> dict[str, Any]:
    """Returns {NAME: VALUE as Python or JSON has it, or the text}."""
    pairs = _pairs("divisible_by=1 or symmetric_pooling=True")(context, parameter, given) or {}
    return {name: _plain(value) for name, value in pairs.items()}


def _plain(text: str) -> Any:
    try:
        return json.loads({"True": "true", "False": "false", "None": "null"}.get(text, text))
    except ValueError:
        return text


arguments_option = click.option(
    "--argument",
    "network_arguments",
    multiple=True,
    metavar="NAME=VALUE",
    callback=_as_arguments,
    help="Of the network function, with which the weights compute, as divisible_by=1; may be repeated.",
)
reading_options = (
    prefix_option,
    rename_option,
    exclude_option,
    ema_option,
)  # of every command that reads weights
loading_options = (*reading_options, arguments_option)  # and makes the network of them
batch_size_option = click.option(
    "--batch-size", type=click.IntRange(1, MOST["batch_size"]), default=32, show_default=True
)
weights_argument = click.argument("names", nargs=-1, metavar="NAME...")


def chosen_rows(names: Sequence[str], everything: bool = False) -> list["WeightsRow"]:
    """Returns the manifest rows that `names` stand for, each once; or all that can be loaded."""
    from slimzoo import weights

    if everything == bool(names):
        raise click.UsageError("name weights, or give --all")
    loadable = [row for row in weights.rows() if row.maths != "other"]
    chosen = loadable if everything else [row for name in names for row in _rows_of(name, loadable)]
    return list({str(row): row for row in chosen}.values())


def _rows_of(name: str, loadable: list["WeightsRow"]) -> list["WeightsRow"]:
    from slimzoo import weights

    if not any(sign in name for sign in "*?["):
        return [weights.get_row(name)]
    network, tag = weights.split_name(name)
    first = {row.network: row.tag for row in reversed(loadable)}
    rows = [
        row
        for row in loadable
        if fnmatch.fnmatch(row.network, network) and fnmatch.fnmatch(row.tag, tag or first[row.network])
    ]
    if not rows:
        raise SlimzooError(f"no released weights match {name!r}; `slimzoo list` shows what there is")
    return rows


class OneOf(click.ParamType):
    """One of some names, which are looked up when they are asked for; a shell completes them."""

    name = "name"

    def __init__(self, names: Callable[[], Iterable[str]]):
        self._names = names

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Returns `value`, which is one of them."""
        names = list(self._names())
        if value not in names:
            self.fail(
                f"{value!r} is not known.{nearest(value, names)} There are {', '.join(names)}", param, ctx
            )
        return value

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Returns those that begin so."""
        return [CompletionItem(name) for name in self._names() if name.startswith(incomplete)]


def _orders() -> Iterable[str]:
    from slimzoo.catalogue.entries import ORDERS

    return ORDERS


patterns_argument = click.argument("patterns", nargs=-1, metavar="[PATTERN]...")
choosing_options = (  # of networks, for the commands that show several
    click.option("--with-weights", "pretrained", is_flag=True, help="Only those with released weights."),
    click.option("--exclude", multiple=True, metavar="PATTERN", help="Leave these out; may be repeated."),
    click.option("--task", type=click.Choice(TASKS), help="Only those that give classes so."),
)


def sort_option(default: str) -> Callable:
    """Returns --sort, with its `default`."""
    return click.option(
        "--sort",
        type=OneOf(_orders),
        default=default,
        show_default=True,
        metavar="KEY",
        help="name, parameters, multiply-adds, top-1 or mIoU.",
    )


class Place(click.types.StringParamType):
    """A file or a folder: "", as of a variable that a shell does not have, would be the current one."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Returns `value`, which is not empty."""
        text = str(super().convert(value, param, ctx))
        if not text.strip():
            self.fail("it is empty; name a place, or . for the current folder", param, ctx)
        return text


class Several(click.ParamType):
    """Values with commas between them."""

    def __init__(self, one: click.ParamType, name: str):
        self.one, self.name = one, name

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[Any, ...]:
        """Returns the values, each once."""
        if isinstance(value, tuple):
            return value
        parts = [part.strip() for part in str(value).split(",")]
        return tuple(dict.fromkeys(self.one.convert(part, param, ctx) for part in parts))


class Validation(click.ParamType):
    """A number is the part to hold out, anything else says where the images are."""

    name = "validation"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float | str:
        """Returns the number, or `value` itself."""
        try:
            part = float(value)
        except ValueError:
            return value
        if not 0 < part < 1:
            self.fail(f"{value} is no part; it lies between 0 and 1: 0.2 holds a fifth apart", param, ctx)
        return part


class ScopeFactor(click.ParamType):
    """SCOPE=FACTOR."""

    name = "scope=factor"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, float]:
        """Returns (scope, factor)."""
        if isinstance(value, tuple):
            return value
        scope, _, factor = value.rpartition("=")
        try:
            return scope, float(factor)
        except ValueError:
            self.fail(f"{value!r} is not SCOPE=FACTOR, as in 'vgg_16/conv*=0.1'", param, ctx)


def all_of(options: tuple[Callable, ...]) -> Callable:
    """Returns a decorator that gives a command all `options`, in their order."""
    return lambda command: functools.reduce(lambda inner, option: option(inner), reversed(options), command)


def help_alone(context: click.Context) -> None:
    """Shows the help of a group of commands where none of them is called."""
    if context.invoked_subcommand is None:
        click.echo(context.get_help())
