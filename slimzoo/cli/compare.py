"""`slimzoo compare`: accuracy against multiply-adds, and against speed on this machine."""

import logging
import math
import string
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from slimzoo.cli.engine_options import engine_option, precision_option, settled, threads_option
from slimzoo.cli.options import (
    POSITIVE,
    all_of,
    arguments_option,
    choosing_options,
    import_option,
    patterns_argument,
    sort_option,
)
from slimzoo.cli.output import (
    ACCURACIES,
    accuracy,
    echo,
    echo_json,
    examples,
    json_option,
    percent,
    progress_option,
    short_count,
    short_rate,
    table,
    width,
)
from slimzoo.files import check_writable

if TYPE_CHECKING:
    from slimzoo.catalogue.comparison import Compared

log = logging.getLogger("slimzoo")
KEYS = string.ascii_lowercase + string.ascii_uppercase + string.digits
HEIGHT = 14  # lines of the picture


@click.command(
    epilog=examples(
        "slimzoo compare",
        "slimzoo compare 'mobilenet_*' 'resnet_v1_*' --out accuracy.png",
        "slimzoo compare 'mobilenet_*' --measure --batch-size 1 --out speed.svg --overwrite",
        "slimzoo compare --task segmentation --out masks.svg",
        "slimzoo compare 'mobilenet_*' --measure --engine auto --precision bfloat16",
    )
)
@patterns_argument
@all_of(choosing_options)
@sort_option("multiply-adds")
@import_option
@click.option("--out", metavar="FILE", help="Draw a chart too: a .png or .svg file.")
@click.option("--overwrite", is_flag=True, help="Replace FILE if it is there.")
@click.option(
    "--measure", is_flag=True, help="Measure images per second on this machine; seconds for each network."
)
@click.option(
    "--batch-size",
    type=POSITIVE,
    default=8,
    show_default=True,
    help="Images that --measure gives a network at once.",
)
@arguments_option
@engine_option
@precision_option()
@threads_option
@progress_option
@json_option
def compare(
    patterns: tuple[str, ...],
    pretrained: bool,
    exclude: tuple[str, ...],
    task: str | None,
    sort: str,
    out: str | None,
    overwrite: bool,
    measure: bool,
    batch_size: int,
    network_arguments: dict[str, Any],
    engine: str | None,
    precision: str,
    threads: int | None,
    progress: bool,
    as_json: bool,
) -> None:
    """Compare networks: published accuracy, multiply-adds, and with --measure their speed here.

    PATTERN is a shell pattern as 'mobilenet_*', or a part of the name; without one, all are compared.
    Networks that give masks are compared with each other, where --task or PATTERN chooses them alone; their
    accuracy is mIoU, and the picture has those that were measured on the set that most of them were.
    """
    from slimzoo.catalogue.comparison import Compared, measured
    from slimzoo.catalogue.entries import ORDERS, entries, of_one_task

    if engine is not None and not measure:
        raise click.UsageError("--engine is measured: add --measure")
    if network_arguments and not measure:
        raise click.UsageError("--argument changes what is measured: add --measure")
    settings = settled(engine, precision, threads, batch_size)
    chosen, others = of_one_task(entries(*patterns, pretrained=pretrained, exclude=exclude, task=task))
    if others:
        log.info("left out, being of another task: %s", ", ".join(others))
    if out is not None:  # before anything is measured
        from slimzoo.catalogue.chart import check_scored, check_suffix, draw  # brings matplotlib

        check_suffix(out)
        check_scored(chosen)
        check_writable(out, overwrite)
    rows = (
        measured(chosen, batch_size, progress, settings, network_arguments)
        if measure
        else [Compared(entry) for entry in chosen]
    )
    rows.sort(key=lambda row: ORDERS[sort](row.entry))
    if out is not None:
        draw(rows, out, overwrite)
    if as_json:
        return echo_json({"networks": [row.to_dict() for row in rows], "chart": out})
    echo(_table(rows))
    echo("\n" + (_picture(rows) or "No accuracy is published for any of these."))
    return echo(f"\nchart: {out}") if out is not None else None


def _keys(rows: Sequence["Compared"]) -> dict[str, str]:
    return {row.entry.name: KEYS[i % len(KEYS)] for i, row in enumerate(rows)}


def _table(rows: Sequence["Compared"]) -> str:
    measured = any(row.images_per_second for row in rows)
    keys = _keys(rows)
    columns = [
        "",
        "network",
        "multiply-adds>",
        "parameters>",
        ACCURACIES[rows[0].entry.task],
        *(["images/s>"] if measured else []),
    ]
    lines = []
    for row in rows:
        entry = row.entry
        counts = (short_count(entry.multiply_adds), short_count(entry.parameters))
        speed = [short_rate(row.images_per_second)] if row.images_per_second else []
        lines.append((keys[entry.name], entry.name, *counts, accuracy(entry), *speed))
    return table(columns, lines, spare=("parameters>",))


def _picture(rows: Sequence["Compared"]) -> str:
    """Returns accuracy over multiply-adds, drawn with the letters of the table; "" without any accuracy."""
    from slimzoo.catalogue.comparison import comparable, measure_of

    entries = sorted((row.entry for row in comparable(rows)), key=lambda entry: entry.multiply_adds)
    points = [(entry.multiply_adds, entry.score, entry.name) for entry in entries if entry.score]
    if not points:
        return ""
    columns = min(width(), 100) - 10
    left, right = math.log(points[0][0]), math.log(points[-1][0])
    low, high = min(top for _, top, _ in points), max(top for _, top, _ in points)
    grid = [[" "] * columns for _ in range(HEIGHT)]
    keys = _keys(rows)
    for work, top, name in points:
        line = grid[round((high - top) / ((high - low) or 1) * (HEIGHT - 1))]
        column = round((math.log(work) - left) / ((right - left) or 1) * (columns - 1))
        free = [i for i in sorted(range(columns), key=lambda i: abs(i - column)) if line[i] == " "]
        line[free[0]] = keys[name]
    title = measure_of(comparable(rows))
    said = {0: percent(high), HEIGHT - 1: percent(low)}
    lines = [f"{said.get(i) or '':>7} |{''.join(line)}".rstrip() for i, line in enumerate(grid)]
    begin, end = short_count(points[0][0]), short_count(points[-1][0])
    middle = "multiply-adds".center(columns - len(begin) - len(end))
    return "\n".join([f"  {title}", *lines, f"{'':8}+{'-' * columns}", f"{'':9}{begin}{middle}{end}"])
