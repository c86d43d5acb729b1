"""The options of `slimzoo finetune` that facts.tricks has a row for."""

from collections.abc import Callable
from typing import Any

import click

from slimzoo.cli.options import OneOf
from slimzoo.facts import tricks
from slimzoo.facts.trick import CHOICE, FLAG, NUMBER, PAIR, WHOLE, Trick

_METAVARS = {NUMBER: "X", WHOLE: "N", PAIR: "LOW HIGH", CHOICE: "NAME"}
_TYPES = {NUMBER: float, WHOLE: int, PAIR: float}


def _option(row: Trick) -> Callable:
    """Returns the option of `row`; whether its value is possible the recipe says, of all of them at once."""
    if row.kind == FLAG:
        return click.option(row.option, is_flag=True, default=None, help=row.what)
    kind: Any = OneOf(lambda: row.choices) if row.kind == CHOICE else _TYPES[row.kind]
    several: dict[str, Any] = {"nargs": 2} if row.kind == PAIR else {}
    return click.option(row.option, type=kind, metavar=_METAVARS[row.kind], help=row.what, **several)


trick_options = tuple(_option(row) for row in tricks.ROWS.values())


def take_tricks(options: dict[str, Any]) -> dict[str, Any]:
    """Takes the tricks out of `options`; returns those that were given."""
    return {name: value for name in tricks.ROWS if (value := options.pop(name)) is not None}
