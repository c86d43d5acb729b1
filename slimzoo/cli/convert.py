"""`slimzoo convert`: from any weight file to any other, from and to other libraries' names."""

import contextlib
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from slimzoo.cli import convert_whole
from slimzoo.cli.int8_options import INT8, argmax_option, int8_options
from slimzoo.cli.options import POSITIVE, all_of, import_option, loading_options
from slimzoo.cli.output import echo, echo_json, examples, json_option, progress_option, table
from slimzoo.converters.whole_models import SUFFIXES, kind_of
from slimzoo.errors import SlimzooError, counted, listing
from slimzoo.files import check_writable
from slimzoo.files.locks import writing

if TYPE_CHECKING:
    from slimzoo.converters.plan import Prepared, Unfit
    from slimzoo.converters.proposing import Proposal
    from slimzoo.converters.source import Source


@click.command(
    epilog=examples(
        "slimzoo convert vgg_16.ckpt vgg_16.safetensors --network vgg_16",
        "slimzoo convert model.ckpt-2000 averages.safetensors --ema",
        "slimzoo convert model.ckpt-2000 model.safetensors --exclude part/embedding",
        "slimzoo convert vgg_16.safetensors tf1/vgg_16.ckpt --overwrite",
        "slimzoo convert vgg16_weights.h5 vgg_16.safetensors --network vgg_16",
        "slimzoo convert inception_v4.safetensors their.safetensors --network inception_v4 --to timm",
        "slimzoo convert vgg16_weights.h5 vgg_16.safetensors --network vgg_16 --prove",
        "slimzoo convert vgg_16.ckpt vgg_16.onnx --network vgg_16",
        "slimzoo convert runs/voc voc.tflite --size 160",
        "slimzoo convert runs/voc served/ --inputs jpeg",
        "slimzoo convert runs/voc voc.tflite --int8 --calibrate VOCdevkit",
        "slimzoo convert deeplab.safetensors masks.onnx --argmax",
        "slimzoo convert towers.ckpt vgg_16.safetensors --network vgg_16 --rename tower_0=",
        "slimzoo convert detector.ckpt backbone.safetensors --network mobilenet_v1 --headless",
        "slimzoo convert edge.tflite v2.safetensors --network mobilenet_v2_050 --argument divisible_by=1",
        "slimzoo convert renamed.ckpt resnet.safetensors --network resnet_v1_50 --yes",
    )
)
@click.argument("src")
@click.argument("dst")
@click.option(
    "--network", metavar="NAME", help="Check that it is exactly this network's, and say so in the file."
)
@all_of(loading_options)
@click.option("--headless", is_flag=True, help="Leave out the last layers of the network.")
@click.option(
    "--from", "name_map", metavar="LIBRARY", help="Whose names SRC has (keras, timm, ...).  [default: found]"
)
@click.option("--to", metavar="LIBRARY", help="Whose names and layout DST gets.  [default: slim's]")
@click.option(
    "--background",
    type=click.Choice(["keep", "drop", "synthetic"]),
    default="keep",
    help="ImageNet's class 0: drop makes 1000 classes of 1001, synthetic 1001 of 1000.  [default: keep]",
)
@click.option(
    "--map", "map_file", metavar="FILE", help="Names as FILE says, which an earlier proposal was saved to."
)
@click.option(
    "--prove",
    is_flag=True,
    help="Run the other library's network too, where installed, and keep a certificate in DST.",
)
@click.option("--yes", is_flag=True, help="Take the proposal for names that are not the network's.")
@click.option(
    "--size", type=POSITIVE, help="Of the images of a whole model, pixels.  [default: the weights']"
)
@click.option("--channels", type=POSITIVE, help="Of the images of a whole model.  [default: the weights']")
@click.option(
    "--inputs",
    type=click.Choice(["pixels", "jpeg"]),
    help="What a SavedModel takes: prepared images, or JPEG, PNG and GIF files.  [default: pixels]",
)
@all_of(int8_options)
@argmax_option
@click.option("--overwrite", is_flag=True, help="Replace DST if it is there.")
@click.option("--allow-nonfinite", is_flag=True, help="Convert NaN and infinity too.")
@import_option
@progress_option
@json_option
def convert(
    src: str,
    dst: str,
    map_file: str | None,
    prove: bool,
    yes: bool,
    overwrite: bool,
    allow_nonfinite: bool,
    progress: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Convert weights from any old format to any current one.

    SRC is whatever `slimzoo inspect` reads, or what fine-tuning left, which needs no --network. The suffix
    of DST says the format: .safetensors, .npz, .weights.h5; whole models: .keras, .tflite, .onnx, .xml (of
    OpenVINO), or NAME/ for a SavedModel; .ckpt or none: the prefix of a TensorFlow checkpoint, which TF 1.15
    reads too. What only training needs is left out and counted.

    Where the names of SRC are not those of the network, a table shows which tensor is probably which
    variable, by structure, shape, words and order; it is used after a yes (or --yes), and saved beside DST
    for --map.
    """
    if kind_of(dst) is not None:
        others = {"map_file": map_file, "prove": prove, "allow_nonfinite": allow_nonfinite}
        return convert_whole.write(src, dst, options | others, overwrite, as_json)
    _refuse_for_weights(dst, options)
    if map_file is not None:
        options |= _mapped(Path(map_file), options)
    options["network"] = options["network"] or _said_network(src, options, prove)
    if prove and options["network"] is None:
        raise SlimzooError("--prove runs a network: say which, --network NAME")
    from slimzoo.converters.conversion import open_for, write

    opened = open_for(src, dst, overwrite)
    options |= {"to": options["to"] or "", "metadata": {"source": Path(src).name}}
    map_path = Path(f"{dst}.map.json")
    with writing(dst):
        prepared, proposal = _prepared(opened, options, yes, None if map_file else map_path, overwrite)
        if prove:
            prepared = _proven(prepared)
        with _bar(progress) as show:
            report = write(prepared, dst, overwrite, allow_nonfinite=allow_nonfinite, progress=show)
        if proposal:
            _save_map(map_path, proposal, options["network"])
    return echo_json(report.to_dict()) if as_json else echo(str(report))


def _refuse_for_weights(dst: str, options: dict[str, Any]) -> None:
    """Takes the options of whole models out of `options`. Raises: SlimzooError: one is set."""
    names = ("size", "channels", "inputs", "argmax", *INT8)
    given = [name for name in names if options.pop(name) is not None]
    if given:
        flags = " and ".join(f"--{name}" for name in given)
        verb = "is" if len(given) == 1 else "are"
        raise SlimzooError(f"{flags} {verb} for whole models ({SUFFIXES}); {dst} is of weights alone")


def _said_network(src: str, options: dict[str, Any], needed: bool) -> str | None:
    """Returns the network that SRC says it is of, where an option needs one."""
    if (
        needed
        or options["to"]
        or options["network_arguments"]
        or options["name_map"]
        or options["headless"]
        or options["background"] != "keep"
    ):
        return convert_whole.network_in(src)
    return None


def _mapped(path: Path, options: dict[str, Any]) -> dict[str, Any]:
    """Returns the options that a map file stands for."""
    from slimzoo.converters.proposing import read_map

    rename, left_out, network = read_map(path)
    if options["rename"]:
        raise SlimzooError(f"{path} says what each name becomes; give it or --rename")
    asked = options["network"] or network
    if asked != network:
        raise SlimzooError(f"{path} is a map of {network}, and --network {asked} is asked for")
    return {"rename": rename, "exclude": (*options["exclude"], *left_out), "network": asked}


def _prepared(
    source: "Source", options: dict[str, Any], yes: bool, map_path: Path | None, overwrite: bool
) -> tuple["Prepared", "Proposal | None"]:
    """Returns what is to be written, and the proposal that it took, if any.

    Args:
      options: of prepare().
      map_path: where a proposal will be saved; None: the names are those of a map already.
    Raises: Unfit: they are, and do not fit. SlimzooError: no proposal fits or is taken; or as prepare().
    """
    from slimzoo.converters.plan import Unfit, prepare

    try:
        return prepare(source, **options), None
    except Unfit as error:
        if map_path is None:
            raise
        check_writable(map_path, overwrite)
        proposal = _agreed(error, options["network"], yes)
        proposal = proposal.in_file(error.in_file)
    exclude = (*options["exclude"], *proposal.unused)
    return prepare(source, **options | {"exclude": exclude, "rename": proposal.rename}), proposal


def _proven(prepared: "Prepared") -> "Prepared":
    """Returns what is to be written with the certificate of its proof."""
    from slimzoo.parity.prove import prove

    assert prepared.network, "convert() looked"
    certificate = prove(prepared.variables, prepared.network, prepared.library)
    click.echo(
        f"proven: {certificate['against']} gives the same logits, {certificate['largest_difference']:.2g} "
        f"apart of a range of {certificate['range_between_images']:.3g}",
        err=True,
    )
    return prepared.noting(parity=json.dumps(certificate))


@contextlib.contextmanager
def _bar(shown: bool) -> Iterator[Callable[[int, int], None]]:
    """Yields what moves a progress bar: (bytes written, about how many they will be)."""
    from slimzoo.files.progress import bar

    with bar(desc="convert", unit="B", unit_scale=True, disable=not shown, leave=False, delay=0.5) as drawn:

        def show(written: int, total: int) -> None:
            drawn.total = max(total, written)
            drawn.update(written - drawn.n)

        yield show


def _agreed(error: "Unfit", network: str, yes: bool) -> "Proposal":
    """Returns the proposal that the user takes; raises `error` where there is none that fills the network."""
    from slimzoo.converters.proposing import propose_for

    proposal, _ = propose_for(error.shapes, network)
    if proposal.rivals:
        raise SlimzooError(_which(proposal.rivals, network)) from error
    if proposal.missing or not proposal.pairs:
        raise convert_whole.longer(
            error,
            listing(
                f"By structure and shape {counted(len(proposal.pairs), 'tensor')} can be told; none fits "
                "these variables (--map FILE takes names of your own):",
                list(proposal.missing),
                limit=10,
            ),
        ) from error
    moved = [pair for pair in proposal.pairs if pair.theirs != pair.ours]
    rows = [(pair.theirs, pair.ours, pair.shape, pair.confidence) for pair in moved]
    click.echo(
        table(("in the file", f"in {network}", "shape", "confidence"), rows, spare=("shape",)), err=True
    )
    click.echo(_summary(proposal), err=True)
    if yes:
        return proposal
    if not sys.stdin.isatty():
        raise SlimzooError(
            "the names are not the network's, and nobody is there to ask: --yes takes the table above, "
            "--map FILE one of your own, as --yes leaves it beside DST"
        )
    if not click.confirm("Take it?", err=True):
        raise SlimzooError("nothing was converted. --map FILE takes a table of your own")
    return proposal


def _which(rivals: Sequence[str], network: str) -> str:
    choices = []
    for taken in rivals:
        others = ", ".join(f'"{other.rstrip("/.")}"' for other in rivals if other != taken)
        choices.append(f"exclude=[{others}] takes {taken}")
    return listing(f"{network} is in the file several times; say which is meant:", choices, limit=20)


def _summary(proposal: "Proposal") -> str:
    counts = {
        kind: sum(pair.confidence == kind for pair in proposal.pairs)
        for kind in ("sure", "likely", "by order")
    }
    told = ", ".join(f"{count} {kind}" for kind, count in counts.items() if count)
    unused = f"; left out: {', '.join(proposal.unused)}" if proposal.unused else ""
    return (
        f"{counted(len(proposal.pairs), 'tensor')}: {told}{unused}. Shapes fit, and words or order speak for "
        "it: only the numbers of the network prove it"
    )


def _save_map(path: Path, proposal: "Proposal", network: str) -> None:
    from slimzoo.converters.proposing import write_map

    write_map(path, proposal, network)
    click.echo(f"the names are in {path}, for --map", err=True)
