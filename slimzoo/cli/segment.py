"""`slimzoo segment`: which pixels of these images show what?"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

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
from slimzoo.cli.mask_options import view_options
from slimzoo.cli.options import (
    POSITIVE,
    Place,
    all_of,
    import_option,
    loading_options,
)
from slimzoo.cli.output import echo, echo_json, examples, json_option, percent, progress_option, table
from slimzoo.engines import MOST
from slimzoo.errors import listing


@click.command(
    epilog=examples(
        "slimzoo segment street.jpg --model deeplab_v3_mobilenet_v2 --out masks",
        "slimzoo segment photos/ --model runs/voc --overlay 0.6 --out masks",
        "slimzoo segment 'photos/**/*.jpg' --model deeplab_v3_plus_xception_65 --scales 0.75,1,1.25 --flip "
        "--out masks",
        "slimzoo segment map.png --model runs/roads --tile 64 --out roads",
        "slimzoo segment a.jpg --model deeplab_v3_mobilenet_v2_050 --weights old.tflite "
        "--argument output_stride=8 --out masks",
        "slimzoo segment photos/ --model fcn_8s --engine auto --size 257 --out masks --json",
    )
)
@all_of(images_and_model)
@all_of(loading_options)
@click.option(
    "--out", type=Place(), required=True, metavar="DIR", help="A new folder, or that of the same job before."
)
@click.option("--overwrite", is_flag=True, help="Start anew: remove the masks in DIR.")
@click.option(
    "--overlay",
    "opacity",
    type=click.FloatRange(0, 1),
    metavar="OPACITY",
    help="Lay the mask over each image too, as NAME.overlay.jpg: 0 to 1, as 0.6.",
)
@click.option("--size", type=POSITIVE, help="Of the network's input, pixels, in place of the weights' own.")
@all_of(view_options())
@click.option("--batch-size", type=click.IntRange(1, MOST["batch_size"]), default=1, show_default=True)
@engine_option
@precision_option()
@threads_option
@all_of(calibration_options)
@turn_option
@import_option
@progress_option
@json_option
def segment(
    images: tuple[str, ...],
    listed: Iterable[str] | None,
    model: str,
    weights: str | None,
    labels: str | None,
    out: str,
    overwrite: bool,
    opacity: float | None,
    scales: tuple[float, ...],
    flip: bool,
    tile: int | None,
    batch_size: int,
    engine: str | None,
    precision: str,
    threads: int | None,
    calibrate: str | None,
    floor: float | None,
    turn: bool,
    progress: bool,
    as_json: bool,
    **reading: Any,
) -> None:
    """Give every pixel of each IMAGE a class.

    IMAGE is a JPEG, PNG, GIF or BMP file, a folder (every image below it) or a pattern in quotes. DIR gets of
    each image its mask NAME.png, class numbers with a palette, and NAME.json, how much of it each class
    takes; and once legend.png and segment.json, what colour each class has. An image that is done is not done
    again, so a job that was stopped, or killed, goes on with the same command. Images that cannot be read are
    named at the end, and the exit code is 1.
    """
    from slimzoo.labels import read_labels
    from slimzoo.preprocessing.views import Views

    names = [*images, *(line.rstrip("\r\n") for line in listed or () if line.strip())]
    if not names:
        raise click.UsageError("name an IMAGE, a folder or a pattern, or give --list")
    views = Views(scales=scales, flip=flip, tile=tile)
    settings = settled(engine, precision, threads, batch_size if engine else None)
    how: dict[str, Any] = {
        "pretrained": weights is None,
        "weights": weights,
        "labels": None if labels is None else read_labels(labels),
        **reading,
        **engine_arguments(settings, calibrate, floor),
    }
    files = _files(names, model, how, out)
    from slimzoo.loading.load import load
    from slimzoo.streaming import mask_folder, segmenting

    looking = segmenting.looking_at(load(model, **how), views)
    given: dict[str, Any] = {"opacity": opacity, "turn": turn, "arguments": reading["network_arguments"]}
    given |= {"calibrate": calibrate} if calibrate is not None else {}  # which 8 bits hang on
    job = segmenting.job_of(looking, given)
    classes = segmenting.classes_of(looking.network)
    with mask_folder.opened(Path(out), job, classes, opacity, overwrite) as folder:
        rows = segmenting.segment(looking, files, folder, batch_size, turn, progress)
        kept = [row for row in rows if as_json]
    if as_json:
        echo_json({"out": out, **folder.summary(), "results": kept})
    else:
        _echo(folder, out)
    if folder.problems:
        unusable = f"{len(folder.problems)} of {folder.images} images cannot be used:"
        code = 1 if len(folder.problems) < folder.images else 2
        raise Failure(listing(unusable, folder.problems), code)


def _files(names: list[str], model: str, how: dict[str, Any], out: str) -> dict[str, str]:
    """Returns {image: how its mask is called}. Raises what shows before TensorFlow starts."""
    from slimzoo.data.finding import check_some_there, image_files
    from slimzoo.loading.source import find
    from slimzoo.registry import SEGMENTATION
    from slimzoo.streaming.mask_names import check_place, named, outside

    check_place(Path(out))
    found = image_files(names)
    files = named(outside(found, out))
    find(model, how["pretrained"], how["weights"], SEGMENTATION)
    check_some_there(found)
    return files


def _echo(folder: Any, out: str) -> None:
    summary = folder.summary()
    lines = [(area["name"], area["images"], percent(area["percent"])) for area in summary["areas"]]
    if lines:
        echo(table(("class", "images>", "area>"), lines))
    there = folder.images - folder.fresh
    before = f", {there:,} from before" if there else ""
    echo(f"{folder.images - len(folder.problems):,} of {folder.images:,} images are in {out}{before}")
