"""`slimzoo info`: one network in full, or one of its weights."""

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from slimzoo.cli.options import import_option
from slimzoo.cli.output import echo, echo_json, examples, json_option, percent, table
from slimzoo.errors import counted
from slimzoo.weights.manifest import MATHS

if TYPE_CHECKING:
    from slimzoo.catalogue.entries import Description
    from slimzoo.weights.manifest import WeightsRow


@click.command(
    epilog=examples(
        "slimzoo info vgg_16", "slimzoo info mobilenet_v1.slim_in1k_224", "slimzoo info lenet --json"
    )
)
@click.argument("name", metavar="NAME[.TAG]")
@click.option("--variables", is_flag=True, help="Every variable, in place of a line for each layer.")
@import_option
@json_option
def info(name: str, variables: bool, as_json: bool) -> None:
    """Show a network: layers, parameters, multiply-adds, recipe, and its released weights.

    NAME is one that `slimzoo list` shows; with .TAG only these weights are shown, with all that is
    known of them.
    """
    from slimzoo.catalogue.entries import describe
    from slimzoo.registry import get_row
    from slimzoo.training.recipes import recipe_for

    network = describe(name)
    recipe = recipe_for(get_row(network.entry.name))
    if as_json:
        return echo_json({**network.to_dict(), "recipe": asdict(recipe)})
    echo(_layers(network) if not variables else table(("variable", "shape"), network.variables.items()))
    echo(_totals(network))
    echo(f"recipe of fine-tuning: {'; '.join(recipe.lines())}")
    if len(network.weights) == 1:
        echo("\n" + _weights(network.weights[0]))
    elif network.weights:
        echo("\n" + _all_weights(network.weights))
    if not network.weights:
        echo("\nNo released weights are known; give a checkpoint of your own (--weights PATH).")


def _layers(network: "Description") -> str:
    rows = [
        (layer.scope, layer.output_shape, layer.parameters, layer.multiply_adds) for layer in network.layers
    ]
    return table(
        ("scope", "output", "parameters>", "multiply-adds>"),
        rows,
        network.entry.name,
        ("multiply-adds>", "output"),
    )


def _totals(network: "Description") -> str:
    from slimzoo.registry import SEGMENTATION

    entry, more = network.entry, network.training_parameters
    training = f" (and {more:,} of an auxiliary head that exists in training only)" if more else ""
    return "\n".join(
        [
            f"{counted(len(network.variables), 'variable')}, {entry.parameters:,} parameters{training}, "
            f"{entry.multiply_adds:,} multiply-adds",
            f"images {entry.image_size} x {entry.image_size} x {entry.channels}, {entry.num_classes} classes"
            + (" of every pixel" if entry.task == SEGMENTATION else ""),
            f"new for another number of classes: {', '.join(network.heads)}; in fine-tuning: "
            f"{', '.join(network.transfer_heads)}",
        ]
    )


def _all_weights(rows: tuple["WeightsRow", ...]) -> str:
    shown = [
        (
            row.tag,
            percent(row.top1 if row.mean_iou is None else row.mean_iou),
            row.num_classes,
            f"{row.preprocessing['size']} px",
            row.size or None,
            row.maths,
        )
        for row in rows
    ]
    measure = "mIoU>" if any(row.mean_iou is not None for row in rows) else "top-1>"
    columns = ("released weights", measure, "classes>", "image>", "bytes>", "maths")
    text = table(columns, shown, spare=("bytes>", "classes>", "image>"))
    others = [
        f"{maths}: {words}" for maths, words in MATHS.items() if any(row.maths == maths for row in rows)
    ]
    return "\n".join([text, *others, f"`slimzoo info {rows[0]}` shows all that is known of one"])


def _weights(row: "WeightsRow") -> str:
    accuracy = row.accuracy or "no accuracy published"
    digest = next((f"{name} {value}" for name, value in row.published.items()), "no digest published")
    lines = [
        f"weights {row}",
        f"  {accuracy} ({row.accuracy_source})",
        f"  {row.num_classes} classes, label offset {row.label_offset}; {row.provenance}",
        f"  preprocessing: {', '.join(f'{key} {value}' for key, value in row.preprocessing.items())}",
        f"  license {row.license}; {row.citation}",
    ]
    if row.maths != "same":
        lines.append(f"  {MATHS[row.maths]}")
    if row.note:
        lines.append(f"  {row.note}")
    size = f"{row.size:,} bytes" if row.size else "size not published"
    member = f", {row.member} inside" if row.member else ""
    lines += [f"  {row.format}{member}; {size}; {digest}", *(f"  source: {url}" for url in row.sources)]
    return "\n".join(lines)
