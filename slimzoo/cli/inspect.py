"""`slimzoo inspect`: what is in a weight file of any format."""

from typing import TYPE_CHECKING

import click

from slimzoo.cli.output import echo, echo_json, examples, json_option, table
from slimzoo.cli.quiet import import_tensorflow

if TYPE_CHECKING:
    from slimzoo.restoring.identify import Candidate
    from slimzoo.restoring.inspection import Inspection


@click.command(
    epilog=examples(
        "slimzoo inspect vgg_16.ckpt",
        "slimzoo inspect model.ckpt-2000.index --filter '*/BatchNorm/*'",
        "slimzoo inspect mobilenet_v1_1.0_224.tgz --json",
    )
)
@click.argument("ckpt")
@click.option("--filter", "pattern", metavar="GLOB", help="List only tensors of this scope or shell pattern.")
@click.option(
    "--values/--no-values", default=True, help="Read the values, to find NaN and infinity.  [default: values]"
)
@json_option
def inspect(ckpt: str, pattern: str | None, values: bool, as_json: bool) -> None:
    """Show what is in a weight file, and which network it is of.

    CKPT is a TensorFlow checkpoint (folder, prefix or any file of it), a SavedModel, a frozen graph, TFLite;
    Keras .h5, .weights.h5 or .keras; PyTorch .pth, .pt or .bin; safetensors, .npz, .npy; or a .tar.gz that
    holds one of these. Nothing in it is executed.
    """
    import_tensorflow()
    from slimzoo.restoring.inspection import inspect as inspect_file

    found = inspect_file(ckpt, pattern, values)
    if as_json:
        return echo_json(found.to_dict())
    rows = [(t.name, t.shape, t.dtype, t.bytes, _note(t.kept, t.nonfinite)) for t in found.tensors]
    echo(table(("tensor", "shape", "type", "bytes>", ""), rows))
    return echo(_findings(found))


def _note(kept: bool, nonfinite: int | None) -> str:
    notes = [] if kept else ["for training only"]
    return ", ".join([*notes, *([f"{nonfinite:,} NaN or infinite"] if nonfinite else [])])


def _findings(found: "Inspection") -> str:
    listed = "" if len(found.tensors) == found.total else f"{len(found.tensors)} listed of "
    lines = [
        f"{found.path}: {found.format}, {found.bytes:,} bytes ({', '.join(p.name for p in found.files)})",
        f"{listed}{found.total} tensors; {found.parameters:,} parameters for inference",
    ]
    if found.left_out:
        lines.append(f"for training only: {', '.join(f'{n} {kind}' for kind, n in found.left_out.items())}")
    if "moving averages" in found.left_out:
        lines.append("--ema takes the moving averages in place of the plain values")
    lines += [f"not numbers, passed over: {name}" for name in found.skipped]
    lines += [f"{key}: {value}" for key, value in found.metadata.items()]
    if found.nonfinite:
        lines.append(f"NaN or infinity in {len(found.nonfinite)} tensors: {', '.join(found.nonfinite)}")
    lines += [_candidate(candidate) for candidate in found.candidates] or ["like no registered network"]
    return "\n".join(lines)


def _candidate(found: "Candidate") -> str:
    classes = f" with {found.num_classes} classes" if found.num_classes else ""
    fit = (
        f"all {found.equal} variables fit"
        if found.exact
        else f"{found.equal} of its {found.in_network} variables fit; the file has {found.in_file}"
    )
    moved = f", after renaming {found.rename[0]} to {found.rename[1]}" if found.rename else ""
    names = f", by the names of {found.library}" if found.library else ""
    return f"looks like {found.network}{classes}{names}: {fit}{moved}"
