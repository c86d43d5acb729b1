"""`slimzoo crossvalidate`: recipes side by side on one's own images."""

import contextlib
from collections import Counter
from typing import TYPE_CHECKING, Any

import click

from slimzoo.cli.data_options import (
    classes_option,
    images_option,
    list_options,
    shards_option,
    split_option,
    turn_option,
)
from slimzoo.cli.group import Group
from slimzoo.cli.options import POSITIVE, Place, all_of, arguments_option, help_alone, import_option
from slimzoo.cli.output import echo, echo_json, examples, json_option, progress_option, table
from slimzoo.errors import counted
from slimzoo.facts import tricks
from slimzoo.facts.trick import FLAG, PAIR

if TYPE_CHECKING:
    from slimzoo.training.folds.crossvalidation import Figures
    from slimzoo.training.folds.training import Plan


OFF = ("none", "off")  # of a setting that a recipe can be without


class Candidates(click.ParamType):
    """NAME=X,X: a field of a recipe, and values of it."""

    name = "name=x,x"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, tuple[Any, ...]]:
        """Returns (field, values), each as the field's kind has it."""
        if isinstance(value, tuple):
            return value
        name, _, listed = value.partition("=")
        parts = [part.strip() for part in listed.split(",") if part.strip()]
        if not name.strip() or not parts:
            self.fail(f"{value!r} is not NAME=X,X, as in learning_rate=0.01,0.03", param, ctx)
        name = name.strip().replace("-", "_")
        return name, tuple(_value(name, part) for part in parts)


def _value(name: str, text: str) -> Any:
    """Returns the value of the field `name` that `text` says; text itself where it says none."""
    row = tricks.ROWS.get(name)
    if text.lower() in OFF and (row is not None or name == "augmentation"):
        return None if row is None else row.default
    if row is not None and row.kind == FLAG:
        return {"true": True, "false": False}.get(text.lower(), text)
    numbers = [_number(part) for part in text.split()]
    return tuple(numbers) if row is not None and row.kind == PAIR and len(numbers) > 1 else _number(text)


def _number(text: str) -> Any:
    for kind in (int, float):
        with contextlib.suppress(ValueError):
            return kind(text)
    return text


_OPTIONS = (
    click.option("--model", default="mobilenet_v1", show_default=True, metavar="M", help="A network's name."),
    click.option(
        "--weights",
        default="pretrained",
        show_default=True,
        metavar="W",
        help="To start from: pretrained (released ones), none, a tag, or a file.",
    ),
    click.option(
        "--recipes",
        default="full,probe",
        show_default=True,
        metavar="NAMES",
        help="Of probe, head, full, probe-then-full and scratch; the others are compared to the first.",
    ),
    click.option(
        "--folds", type=POSITIVE, default=5, show_default=True, help="Parts that are held out in turn."
    ),
    click.option("--seeds", type=POSITIVE, default=3, show_default=True, help="How often all is done."),
    arguments_option,
    click.option("--size", type=POSITIVE, help="Of the images, pixels.  [default: the weights' own]"),
    click.option("--epochs", type=float, help="Of the recipes that train.  [default: the recipe's]"),
    click.option(
        "--choose",
        type=Candidates(),
        multiple=True,
        metavar="NAME=X,X",
        help="A setting of the recipes, as learning_rate, that each training chooses among these on its own "
        "images; one value is set in all that train, none is without. May be repeated.",
    ),
    click.option(
        "--out", type=Place(), required=True, metavar="DIR", help="Keeps the scores: given again, it goes on."
    ),
    click.option("--chart", metavar="FILE", help="Also draw the table, as .png or .svg."),
    turn_option,
    import_option,
    progress_option,
    json_option,
)
_VOC = "slimzoo crossvalidate voc --data VOCdevkit --model mobilenet_v1_025 --weights slim_in1k_128"


@click.group(
    cls=Group,
    invoke_without_command=True,
    epilog=examples(f"{_VOC} --recipes full,probe,head --out cv"),
)
@click.pass_context
def crossvalidate(context: click.Context) -> None:
    """Compare recipes on your images: each is scored by models that never saw it.

    For data sets so small that one held-out part says little. Mean average precision over all folds, with
    intervals by a paired bootstrap over the images.
    """
    help_alone(context)


@crossvalidate.command(
    "voc",
    epilog=examples(
        f"{_VOC} --out cv",
        f"{_VOC} --recipes full,scratch --out cv",
        f"{_VOC} --recipes probe,probe-then-full --choose learning_rate=0.0005,0.002,0.01 --out cv",
    ),
)
@click.option("--data", required=True, metavar="DIR", help="VOCdevkit, or one year's folder in it.")
@click.option("--year", default="2012", show_default=True)
@click.option("--split", default="trainval", show_default=True, help="The list of images, or all.")
@classes_option
@all_of(_OPTIONS)
def crossvalidate_voc(**options: Any) -> None:
    """Compare recipes on Pascal VOC, or a kit like it."""
    _crossvalidate("voc", **options)


@crossvalidate.command(
    "folder", epilog=examples("slimzoo crossvalidate folder --data flowers --recipes probe,full --out cv")
)
@click.option("--data", required=True, metavar="DIR", help="A folder with one sub-folder of images a class.")
@all_of(_OPTIONS)
def crossvalidate_folder(**options: Any) -> None:
    """Compare recipes on a folder of images with one sub-folder a class."""
    _crossvalidate("folder", **options)


@crossvalidate.command(
    "boxes", epilog=examples("slimzoo crossvalidate boxes --data train.json --images train --out cv")
)
@click.option(
    "--data", required=True, metavar="FILE|DIR", help="COCO's .json, or YOLO's folder of images and labels."
)
@images_option
@classes_option
@all_of(_OPTIONS)
def crossvalidate_boxes(**options: Any) -> None:
    """Compare recipes on images with boxes as COCO or YOLO keep them."""
    _crossvalidate("boxes", **options)


@crossvalidate.command(
    "tfrecord", epilog=examples("slimzoo crossvalidate tfrecord --data 'flowers/*_train_*' --out cv")
)
@shards_option
@split_option
@classes_option
@all_of(_OPTIONS)
def crossvalidate_tfrecord(**options: Any) -> None:
    """Compare recipes on shards of records, as TF-Slim's datasets and `slimzoo pack` write them."""
    _crossvalidate("tfrecord", **options)


@crossvalidate.command("list", epilog=examples("slimzoo crossvalidate list --data labels.csv --out cv"))
@all_of(list_options)
@classes_option
@all_of(_OPTIONS)
def crossvalidate_list(**options: Any) -> None:
    """Compare recipes on a list of images and their labels: CSV or TSV."""
    _crossvalidate("list", **options)


def _crossvalidate(
    kind: str,
    *,
    data: str,
    model: str,
    weights: str,
    recipes: str,
    folds: int,
    seeds: int,
    size: int | None,
    epochs: float | None,
    network_arguments: dict[str, Any],
    choose: tuple[tuple[str, tuple[Any, ...]], ...],
    out: str,
    chart: str | None,
    progress: bool,
    as_json: bool,
    **where: Any,
) -> None:
    from slimzoo.data.opening import open_all
    from slimzoo.training.dry_run import check_weights
    from slimzoo.training.folds.crossvalidation import check_free, crossvalidate, names
    from slimzoo.training.folds.training import Plan

    if chart is not None:
        from slimzoo.files.charts import check_suffix

        check_suffix(chart)
    if len(dict(choose)) < len(choose):
        raise click.UsageError("--choose names a setting twice; give all of its values at once: NAME=X,X,X")
    check_free(out)
    check_weights(model, None if weights == "none" else weights)
    plan = Plan(
        data=open_all(kind, data, progress=progress, **where),
        model=model,
        weights=None if weights == "none" else weights,
        recipes=tuple(names(recipes)),
        folds=folds,
        seeds=seeds,
        size=size,
        options={} if epochs is None else {"epochs": epochs},
        network_arguments=network_arguments,
        choose=dict(choose),
    )
    figures = crossvalidate(plan, out, progress)
    if chart is not None:
        from slimzoo.report.recipes_chart import draw

        draw(figures, chart, _title(plan))
    if as_json:
        return echo_json({"folder": out, "images": len(plan.data), **figures.to_dict()})
    return echo(shown(plan, figures))


def _title(plan: "Plan") -> str:
    return (
        f"{plan.model} on {plan.data.name}: {counted(len(plan.data), 'image')}, {plan.folds} folds, "
        f"{counted(plan.seeds, 'seed')}"
    )


def shown(plan: "Plan", figures: "Figures") -> str:
    """Returns the figures as a table, the best recipe first."""
    first = plan.recipes[0]
    rows = [
        (
            recipe,
            f"{sum(values) / len(values):.3f}",
            _range(figures.interval[recipe]),
            "-" if recipe == first else f"{figures.difference[recipe]:+.3f}",
            "-" if recipe == first else _range(figures.difference_interval[recipe], "+"),
            f"{figures.seconds[recipe]:.0f}",
        )
        for recipe, values in sorted(figures.map.items(), key=lambda item: -sum(item[1]))
    ]
    columns = ("recipe", "mAP>", "95 % interval>", f"to {first}>", "interval of that>", "s a training>")
    text = table(columns, rows, _title(plan), ("s a training>", "95 % interval>"))
    return "\n".join([text, *(_chosen(recipe, figures) for recipe in figures.chosen)])


def _chosen(recipe: str, figures: "Figures") -> str:
    """Returns what the trainings of `recipe` chose, most often first."""
    made = Counter(
        ", ".join(f"{name} {OFF[0] if value is None else value}" for name, value in options.items())
        for options in figures.chosen[recipe]
    )
    told = (f"{said} ({counted(times, 'time')})" for said, times in made.most_common())
    return f"{recipe} chose {'; '.join(told)}"


def _range(bounds: tuple[float, float], sign: str = "") -> str:
    return f"{bounds[0]:{sign}.3f} to {bounds[1]:{sign}.3f}"
