"""`slimzoo report`: the page of a run, drawn again."""

import click

from slimzoo.cli.output import echo, examples


@click.command(epilog=examples("slimzoo report runs/VOCdevkit-mobilenet_v1"))
@click.argument("folder")
def report(folder: str) -> None:
    """Draw report.html again from the data in FOLDER, which a training run left."""
    from slimzoo.report import redraw_report

    echo(str(redraw_report(folder)))
