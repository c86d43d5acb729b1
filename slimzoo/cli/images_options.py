"""The options of what is looked at with which model, alike in predict and segment."""

import click

from slimzoo.cli.data_options import ListFile

images_and_model = (
    click.argument("images", nargs=-1, metavar="IMAGE..."),
    click.option(
        "--list",
        "listed",
        type=ListFile(errors="surrogateescape"),
        metavar="FILE",
        help="Of more images, one a line; - is stdin.",
    ),
    click.option(
        "--model",
        required=True,
        metavar="M",
        help="A network's name, name/tag, a folder that fine-tuning left, or a .safetensors file.",
    ),
    click.option(
        "--weights",
        metavar="W",
        help="A tag of the network, or a file in any readable format.  [default: released]",
    ),
    click.option(
        "--labels", metavar="FILE", help="Names of the classes, one a line.  [default: the weights' own]"
    ),
)
