"""`slimzoo list`: the networks there are, a line each."""

import click

from slimzoo.cli.options import all_of, choosing_options, import_option, patterns_argument, sort_option
from slimzoo.cli.output import (
    ACCURACIES,
    accuracy,
    echo,
    echo_json,
    examples,
    json_option,
    short_count,
    table,
)


@click.command(
    "list",
    epilog=examples(
        "slimzoo list",
        "slimzoo list vgg 'mobilenet_v?' --sort top-1",
        "slimzoo list --with-weights --exclude mobilenet",
        "slimzoo list --task segmentation --sort mIoU",
        "slimzoo list 'mobilenet_*' --json",
    ),
)
@patterns_argument
@all_of(choosing_options)
@sort_option("name")
@import_option
@json_option
def list_networks(
    patterns: tuple[str, ...],
    pretrained: bool,
    exclude: tuple[str, ...],
    task: str | None,
    sort: str,
    as_json: bool,
) -> None:
    """List the networks: their size, what they compute, their accuracy, and their released weights.

    PATTERN is a shell pattern as 'mobilenet_*', or a part of the name; without one, all are listed.
    Multiply-adds are of one image; of the task segmentation, classes are of its pixels. Top-1 is the accuracy
    that was published for the first of the weights, in percent; of masks that is mIoU, of the set that is
    named.
    """
    from slimzoo.catalogue.entries import ORDERS, entries

    listed = sorted(entries(*patterns, pretrained=pretrained, exclude=exclude, task=task), key=ORDERS[sort])
    if as_json:
        return echo_json([entry.to_dict() for entry in listed])
    sizes = ("parameters>", "multiply-adds>", "image>", "classes>")
    accuracies = {entry.task: ACCURACIES[entry.task] for entry in listed}
    columns = ("network", "task", *sizes, *accuracies.values(), "released weights")
    rows = [
        (
            entry.name,
            entry.task,
            entry.parameters,
            short_count(entry.multiply_adds),
            f"{entry.image_size} px",
            entry.num_classes,
            *(accuracy(entry) if entry.task == task else None for task in accuracies),
            _first(entry.weights),
        )
        for entry in listed
    ]
    spare = ("task", "classes>", "image>", "parameters>", "released weights", "multiply-adds>")
    return echo(table(columns, rows, spare=spare))


def _first(tags: tuple[str, ...]) -> str:
    if len(tags) < 2:
        return "".join(tags) or "-"
    return f"{tags[0]} and {len(tags) - 1} more"
