"""How help is laid out: options in groups, and no word broken."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import TracebackType
from typing import Any

import click

from slimzoo.cli.errors import GIVEN


class Grouped(click.Command):
    """A click command with `groups` of options: {title: names, as "--model"}; all others stand first."""

    def __init__(self, *arguments: Any, groups: Mapping[str, Sequence[str]], **others: Any):
        super().__init__(*arguments, **others)
        self.groups = groups

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes the options, a section for each group."""
        shown = {p.opts[0]: row for p in self.get_params(ctx) if (row := p.get_help_record(ctx)) is not None}
        grouped = {name for names in self.groups.values() for name in names}
        sections = {"Options": [name for name in shown if name not in grouped], **self.groups}
        for title, names in sections.items():
            if rows := [shown[name] for name in names if name in shown]:
                with formatter.section(title):
                    formatter.write_dl(rows)


_HYPHEN = "\u2011"  # at which no line is broken


class _Formatter(click.HelpFormatter):
    """Breaks lines between words, and not in multiply-adds."""

    def write_text(self, text: str) -> None:
        """Writes a paragraph."""
        super().write_text(_whole(text))

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        """Writes terms and what they mean."""
        super().write_dl([(term, _whole(text)) for term, text in rows], col_max, col_spacing)

    def getvalue(self) -> str:
        """Returns all of it."""
        return super().getvalue().replace(_HYPHEN, "-")


def _whole(text: str) -> str:
    return re.sub(r"(?<=\w)-(?=\w)", _HYPHEN, text)


class Context(click.Context):
    """The context of a command whose help is laid out so; one that fails leaves its parameters behind."""

    formatter_class = _Formatter

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            self.meta.setdefault(GIVEN, self.params)  # the innermost, which leaves first
        super().__exit__(kind, error, trace)


def every(command: click.Command) -> Iterator[click.Command]:
    """Yields `command` and all commands in it."""
    yield command
    for inner in getattr(command, "commands", {}).values():
        yield from every(inner)
