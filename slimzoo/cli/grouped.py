"""A command whose help shows its options in groups."""

from collections.abc import Mapping, Sequence
from typing import Any

import click


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
