"""`slimzoo predict`: what is on these images?"""

import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import click

from slimzoo.cli import predictions as formats
from slimzoo.cli.data_options import turn_option
from slimzoo.cli.engine_options import (
    calibration_options,
    engine_arguments,
    engine_option,
    precision_option,
    settled,
    threads_option,
)
from slimzoo.cli.errors import Failure
from slimzoo.cli.images_options import images_and_model
from slimzoo.cli.options import POSITIVE, Place, all_of, batch_size_option, import_option, loading_options
from slimzoo.cli.output import echo, echo_json, examples, json_option, progress_option
from slimzoo.cli.predict_many import Asked, check_alone, many_options, predict_many, recipe_of
from slimzoo.errors import listing, shown
from slimzoo.files import check_writable

_LONGEST_NAME = 60  # columns of an image's name before its classes


@click.command(
    epilog=examples(
        "slimzoo predict --model mobilenet_v1 cat.jpg dog.png",
        "slimzoo predict --model mobilenet_v1_025.slim_in1k_128 --top 1 --json cat.jpg",
        "slimzoo predict --model vgg_16 --weights vgg_16.ckpt --labels labels.txt cat.jpg",
        "slimzoo predict --model runs/VOCdevkit-mobilenet_v1 photos/ --threshold 0.5 --out found.csv",
        "slimzoo predict --model mobilenet_v1 'photos/**/*.jpg' --flip --out found.parquet",
        "slimzoo predict --model mobilenet_v1 photos/ --engine auto --precision bfloat16",
        "slimzoo predict --model mobilenet_v1 photos/ --engine auto --precision int8 --calibrate some/",
        "slimzoo predict --model mobilenet_v1 --list - --top 1 < names_of_images.txt",
        "slimzoo predict --import my_nets.py --model runs/flowers-my_net cat.jpg",
        "slimzoo predict --model mobilenet_v1 --images photos/ --out predictions.parquet",
        "slimzoo predict --model vgg_16 --images 's3://bucket/*.tar' --features vgg_16/fc7 --out found/",
    )
)
@all_of(images_and_model)
@all_of(loading_options)
@click.option("--size", type=POSITIVE, help="Of the images, pixels, in place of the weights' own.")
@click.option("--top", type=POSITIVE, help="Classes an image at most.  [default: 5; with --threshold all]")
@click.option(
    "--threshold",
    type=click.FloatRange(0, 1),
    default=0.0,
    metavar="P",
    help="Name only classes of this probability or more, 0 to 1.",
)
@click.option("--flip", is_flag=True, help="Average the probabilities with those of the mirror image.")
@click.option(
    "--out",
    type=Place(),
    metavar="FILE",
    help="Write a .csv, .jsonl or .parquet file instead; of --images a folder too.",
)
@click.option("--overwrite", is_flag=True, help="Replace what --out names.")
@all_of(many_options)
@batch_size_option
@engine_option
@precision_option()
@threads_option
@all_of(calibration_options)
@turn_option
@import_option
@progress_option
@json_option
def predict(
    images: tuple[str, ...],
    listed: Iterable[str] | None,
    model: str,
    weights: str | None,
    labels: str | None,
    rename: dict[str, str] | None,
    exclude: tuple[str, ...],
    ema: bool,
    network_arguments: dict[str, Any],
    size: int | None,
    top: int | None,
    threshold: float,
    flip: bool,
    out: str | None,
    overwrite: bool,
    batch_size: int,
    engine: str | None,
    precision: str,
    threads: int | None,
    calibrate: str | None,
    floor: float | None,
    turn: bool,
    progress: bool,
    as_json: bool,
    **many: Any,
) -> None:
    """Name what is on each IMAGE, with probabilities.

    IMAGE is a JPEG, PNG, GIF or BMP file, a folder (every image below it) or a pattern in quotes. Images that
    cannot be read are named at the end, and the exit code is 1.

    With --images, results go to files, a row an image; one that cannot be read is a row with an error. A job
    that was stopped, or killed, goes on with the same command.
    """
    from slimzoo.labels import read_labels

    how: dict[str, Any] = {
        "pretrained": weights is None,
        "weights": weights,
        "labels": None if labels is None else read_labels(labels),
        "rename": rename,
        "exclude": exclude,
        "ema": ema,
        "network_arguments": network_arguments,
        "size": size,
        **engine_arguments(settled(engine, precision, threads), calibrate, floor),
    }
    wanted: dict[str, Any] = {
        "top": top or (None if threshold else 5),
        "threshold": threshold,
        "batch_size": batch_size,
        "flip": flip,
        "turn": turn,
    }
    if check_alone(many, bool(images or listed)):
        recipe = recipe_of(model, how, features=many.pop("features") or "", **wanted)
        asked = Asked(out=out, overwrite=overwrite, progress=progress, as_json=as_json, **many)
        return predict_many(asked, recipe)
    names = [*images, *(line.rstrip("\r\n") for line in listed or () if line.strip())]
    return _predict_each(names, model, how, wanted, Output(out, overwrite, progress, as_json))


@dataclass(frozen=True)
class Output:
    """Where the predictions of named images go."""

    out: str | None
    overwrite: bool
    progress: bool
    as_json: bool


def _predict_each(
    names: list[str], model: str, how: dict[str, Any], wanted: dict[str, Any], to: Output
) -> None:
    """Predicts, prints or writes, and names at the end what cannot be read."""
    if not names:
        raise click.UsageError("name an IMAGE, a folder or a pattern, or give --list")
    if to.out is not None:
        formats.check_file(to.out)
        check_writable(to.out, to.overwrite)
    from slimzoo.data.finding import check_some_there, image_files
    from slimzoo.loading.load import load
    from slimzoo.loading.predict import predictions
    from slimzoo.loading.source import find
    from slimzoo.registry import CLASSIFICATION

    files = image_files(names)
    find(model, how["pretrained"], how["weights"], CLASSIFICATION)  # said before TensorFlow starts
    check_some_there(files)
    shows = to.progress and (to.out is not None or not sys.stdout.isatty())
    found = predictions(
        load(model, **how), files, progress=shows and len(files) > wanted["batch_size"], **wanted
    )
    problems: list[str] = []
    readable = _noting(found, len(files), problems)
    if to.out is not None:
        formats.write(to.out, readable, to.overwrite)
        echo(f"{len(files) - len(problems)} of {len(files)} images are in {to.out}")
    elif to.as_json:
        echo_json([formats.as_dict(prediction) for prediction in readable])
    else:
        _echo_each(readable, files)
    if problems:
        raise Failure(listing(_unreadable(problems, len(files)), problems), 1)


def _echo_each(found: Iterable[Any], files: Sequence[str]) -> None:
    longest = min(max(len(shown(file)) for file in files), _LONGEST_NAME)
    for prediction in found:
        if not prediction.problem:
            echo(formats.lines(prediction, longest))


def _noting(found: Iterable[Any], total: int, problems: list[str]) -> Iterator[Any]:
    """Yields each of `found` and notes the problems; raises Failure where there is nothing else."""
    for prediction in found:
        if prediction.problem:
            problems.append(prediction.problem)
        yield prediction
        if len(problems) == total:
            raise Failure(problems[0] if total == 1 else listing(_unreadable(problems, total), problems))


def _unreadable(problems: list[str], total: int) -> str:
    return f"{len(problems)} of {total} images cannot be used:"
