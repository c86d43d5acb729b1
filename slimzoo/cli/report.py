"""`slimzoo report`: the page of a run, drawn again; or several runs side by side."""

import click

from slimzoo.cli.output import echo, examples


@click.command(
    epilog=examples(
        "slimzoo report runs/VOCdevkit-mobilenet_v1",
        "slimzoo report runs/VOCdevkit-mobilenet_v1 runs/VOCdevkit-vgg_16",
        "slimzoo report runs/a runs/b runs/c --out three.html --overwrite",
    )
)
@click.argument("runs", nargs=-1, required=True, metavar="RUN...")
@click.option("--out", metavar="FILE", help="The page of several runs.  [default: comparison.html]")
@click.option("--overwrite", is_flag=True, help="Replace FILE if it is there.")
def report(runs: tuple[str, ...], out: str | None, overwrite: bool) -> None:
    """Draw report.html of one RUN again, or a page with several side by side.

    RUN is a folder that `slimzoo finetune` left. The page of one is written into it.
    """
    from slimzoo.report import redraw_report, write_comparison
    from slimzoo.report.comparing import COMPARISON

    if len(runs) > 1:
        return echo(str(write_comparison(runs, out or COMPARISON, overwrite)))
    if out is not None or overwrite:
        raise click.UsageError(
            "--out and --overwrite are for several runs; the page of one goes into its folder"
        )
    return echo(str(redraw_report(runs[0])))
