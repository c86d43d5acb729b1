"""TODO"""

import functools
import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from slimzoo.cli.errors import Failure
from slimzoo.cli.output import table

if TYPE_CHECKING:
    from slimzoo.weights.manifest import WeightsRow


names = click.argument("names", nargs=-1, metavar="NAME...")


def rows_named(names: tuple[str, ...], everything: bool) -> list["WeightsRow"]:
    """Returns the manifest rows that `names` stand for, each once."""
    import fnmatch

    from slimzoo import weights

    if everything == bool(names):
        raise click.UsageError("name weights, or give --all")
    if everything:
        return [row for row in weights.rows() if row.maths != "other"]
    found: dict[str, WeightsRow] = {}
    for name in names:
        if not any(sign in name for sign in "*?["):
            found |= {str(row := weights.get_row(name)): row}
            continue
        rows = [row for row in weights.rows() if row.maths != "other"]
        network, tag = weights.split_name(name)
        if tag:
            matching = [
                r for r in rows if fnmatch.fnmatch(r.network, network) and fnmatch.fnmatch(r.tag, tag)
            ]
        else:
            firsts = {row.network: row for row in reversed(rows)}
            matching = [
                row for row in rows if fnmatch.fnmatch(row.network, name) and firsts[row.network] is row
            ]
        if not matching:
            raise Failure(f"no released weights match {name!r}; `slimzoo list` shows what there is")
        found |= {str(row): row for row in matching}
    return list(found.values())


POSITIVE = click.IntRange(min=1)


class Validation(click.ParamType):
    """A number is the part to hold out, anything else says where the images are."""

    name = "validation"

    def convert(self, value, param, ctx):
        try:
            return float(value)
        except ValueError:
            return value


class ScopeFactor(click.ParamType):
    """SCOPE=FACTOR."""

    name = "scope=factor"

    def convert(self, value, param, ctx):
        if isinstance(value, tuple):
            return value
        scope, _, factor = value.rpartition("=")
        try:
            return scope, float(factor)
        except ValueError:
            self.fail(f"{value!r} is not SCOPE=FACTOR, as in 'vgg_16/conv*=0.1'", param, ctx)


def with_options_of(options: tuple[Callable, ...]) -> Callable:
    """Returns a decorator that adds all `options`, in their order."""
    return lambda command: functools.reduce(lambda inner, option: option(inner), reversed(options), command)


def show_help(context: click.Context) -> None:
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


def scores_table(found: dict[str, Any]) -> str:
    """Returns the table of average precisions, and the means below it."""
    rows = [
        (name, found["positives"][name], ap, found["ap_11point"][name]) for name, ap in found["ap"].items()
    ]
    lines = [
        table(
            ("class", "images>", "AP>", "AP, 11 points>"),
            rows,
            title=f"{found['data']}, {found['images']} images",
        ),
        f"mAP {found['map']:.4f} (all points), {found['map_11point']:.4f} (11 points)",
        f"loss {found['loss']:.4f}",
    ]
    if not math.isnan(found["accuracy"]):
        lines.append(f"accuracy {found['accuracy']:.4f}")
    return "\n".join(lines)
