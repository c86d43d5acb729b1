"""`slimzoo predict`: what is on these images?"""

import os

import click

from slimzoo.cli.data_options import turn_option
from slimzoo.cli.options import POSITIVE, all_of, batch_size_option, import_option, reading_options
from slimzoo.cli.output import echo, echo_json, examples, json_option
from slimzoo.errors import SlimzooError


@click.command(
    epilog=examples(
        "slimzoo predict --model mobilenet_v1 cat.jpg dog.png",
        "slimzoo predict --model mobilenet_v1_025.slim_in1k_128 --top 1 --json cat.jpg",
        "slimzoo predict --model vgg_16 --weights vgg_16.ckpt --labels labels.txt cat.jpg",
        "slimzoo predict --model runs/VOCdevkit-mobilenet_v1 cat.jpg",
        "slimzoo predict --import my_nets.py --model runs/flowers-my_net cat.jpg",
    )
)
@click.argument("images", nargs=-1, required=True, metavar="IMAGE...")
@click.option(
    "--model",
    required=True,
    metavar="M",
    help="A network's name, name/tag, a folder that fine-tuning left, or a .safetensors file.",
)
@click.option(
    "--weights",
    metavar="W",
    help="A tag of the network, or a file in any readable format.  [default: released]",
)
@click.option(
    "--labels", metavar="FILE", help="Names of the classes, one a line.  [default: the weights' own]"
)
@all_of(reading_options)
@click.option("--size", type=POSITIVE, help="Of the images, pixels, in place of the weights' own.")
@click.option("--top", type=POSITIVE, default=5, show_default=True, help="Classes an image.")
@batch_size_option
@turn_option
@import_option
@json_option
def predict(
    images: tuple[str, ...],
    model: str,
    weights: str | None,
    labels: str | None,
    rename: dict[str, str] | None,
    exclude: tuple[str, ...],
    ema: bool,
    size: int | None,
    top: int,
    batch_size: int,
    turn: bool,
    as_json: bool,
) -> None:
    """Name what is on each IMAGE (JPEG, PNG, GIF or BMP), with probabilities."""
    from slimzoo.labels import read_labels
    from slimzoo.loading.load import load
    from slimzoo.loading.predict import predict as predict_images
    from slimzoo.loading.source import find

    if not any(os.path.exists(image) for image in images):  # said before TensorFlow starts
        find(model, weights is None, weights)
        raise SlimzooError("\n".join(f"there is no image {image}" for image in images))
    names = None if labels is None else read_labels(labels)
    loaded = load(
        model,
        pretrained=weights is None,
        weights=weights,
        labels=names,
        rename=rename,
        exclude=exclude,
        ema=ema,
        size=size,
    )
    predictions = predict_images(loaded, list(images), top, batch_size, turn=turn)
    if as_json:
        keys = ("class", "name", "probability")
        rows = [[dict(zip(keys, row, strict=True)) for row in best] for best in predictions]
        return echo_json([{"image": i, "predictions": p} for i, p in zip(images, rows, strict=True)])
    for image, best in zip(images, predictions, strict=True):
        echo("\n".join([image, *(f"  {100 * score:6.2f} %  {name}" for _, name, score in best)]))
    return None
