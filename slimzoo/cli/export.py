"""`slimzoo export`: a model in the folders that servers read."""

from typing import Any

import click

from slimzoo.cli import int8_options
from slimzoo.cli.options import POSITIVE, Place, all_of, import_option, loading_options
from slimzoo.cli.output import echo, echo_json, examples, json_option
from slimzoo.converters.whole_models import TARGETS, WITH_INT8, missing, target_called
from slimzoo.errors import SlimzooError
from slimzoo.files import check_folder


@click.command(
    epilog=examples(
        "slimzoo export mobilenet_v1_025.drawn --for tf-serving --out models",
        "slimzoo export runs/flowers --for triton --out model_repository --name flowers",
        "slimzoo export vgg_16.ckpt --network vgg_16 --for triton-openvino --out model_repository",
        "slimzoo export runs/flowers --for openvino --out served",
        "slimzoo export runs/flowers --for triton-openvino --out models --int8 --calibrate flowers",
    )
)
@click.argument("src")
@click.option(
    "--for",
    "target",
    required=True,
    type=click.Choice([*TARGETS]),
    help="Who will serve it, which says what is written and how it is laid out.",
)
@click.option(
    "--out", type=Place(), required=True, metavar="FOLDER", help="The folder that holds the server's models."
)
@click.option("--name", help="Of the model there.  [default: its network's]")
@click.option("--version", type=POSITIVE, help="Its number.  [default: the next free one]")
@click.option("--network", metavar="NAME", help="Which network SRC is of, where it does not say so.")
@all_of(loading_options)
@click.option("--size", type=POSITIVE, help="Of the images, pixels, in place of the weights' own.")
@all_of(int8_options.int8_options)
@int8_options.argmax_option
@import_option
@json_option
def export(
    src: str,
    target: str,
    out: str,
    name: str | None,
    version: int | None,
    network: str | None,
    int8: bool | None,
    calibrate: str | None,
    floor: float | None,
    argmax: bool | None,
    as_json: bool,
    **options: Any,
) -> None:
    """Write a model as a server wants to find it.

    SRC is what fine-tuning left, a network's name with its released weights, or a file that `slimzoo inspect`
    reads. tf-serving: NAME/1/ with a SavedModel that has the signatures images, jpeg and features, and the
    names of classes in assets/. triton: NAME/config.pbtxt, NAME/labels.txt and NAME/1/model.onnx;
    triton-openvino: the same with model.xml and model.bin. openvino: NAME.xml and NAME.bin. Where NAME is
    there already, the next version is added; nothing is ever overwritten.
    """
    kind = target_called(target).kind
    if absent := missing(kind):
        raise SlimzooError(absent)
    of_int8: dict[str, Any] = {"int8": int8, "calibrate": calibrate, "floor": floor}
    int8_options.check(of_int8, f"a model for {target}", kind in WITH_INT8)
    check_folder(out)
    from slimzoo.loading.load import load
    from slimzoo.loading.source import find

    where: dict[str, Any] = {"name": network, "weights": src} if network else {"name": src}
    find(where["name"], network is None, where.get("weights"))  # said before TensorFlow starts
    model = load(pretrained=network is None, **where, **options)
    from slimzoo.model.deploying import export_for

    of_int8 = {name: value for name, value in of_int8.items() if value is not None}
    made = export_for(model, target, out, name=name, version=version, argmax=bool(argmax), **of_int8)
    return echo_json(made) if as_json else echo(str(made))
