"""`slimzoo inspect`: what is in a weight file of any format."""

from typing import TYPE_CHECKING

import click

from slimzoo.cli.options import all_of, import_option, reading_options
from slimzoo.cli.output import echo, echo_json, examples, json_option, table
from slimzoo.errors import counted, shown

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
@all_of(reading_options)
@import_option
@json_option
def inspect(
    ckpt: str,
    pattern: str | None,
    values: bool,
    rename: dict[str, str] | None,
    exclude: tuple[str, ...],
    ema: bool,
    as_json: bool,
) -> None:
    """Show what is in a weight file, and which network it is of.

    CKPT is a TensorFlow checkpoint (folder, prefix or any file of it), a SavedModel, a frozen graph, TFLite;
    Keras .h5, .weights.h5 or .keras; PyTorch .pth, .pt or .bin; safetensors, .npz, .npy; or a .tar.gz that
    holds one of these. Nothing in it is executed. --rename, --exclude and --ema show of which network the
    file is when it is read so.
    """
    from slimzoo.restoring.inspection import inspect as inspect_file

    inspection = inspect_file(ckpt, pattern, values, rename=rename, exclude=exclude, ema=ema)
    if as_json:
        return echo_json(inspection.to_dict())
    rows = [(t.name, t.shape, t.dtype, t.bytes, _note(t.kept, t.nonfinite)) for t in inspection.tensors]
    echo(table(("tensor", "shape", "type", "bytes>", ""), rows, spare=("type", "bytes>")))
    return echo(_findings(inspection))


def _note(kept: bool, nonfinite: int | None) -> str:
    notes = [] if kept else ["for training only"]
    return ", ".join([*notes, *([f"{nonfinite:,} NaN or infinite"] if nonfinite else [])])


def _findings(inspection: "Inspection") -> str:
    files = ", ".join(path.name for path in inspection.files)
    listed = "" if len(inspection.tensors) == inspection.total else f"{len(inspection.tensors)} listed of "
    lines = [
        f"{inspection.path}: {inspection.format}, {inspection.bytes:,} bytes ({files})",
        f"{listed}{counted(inspection.total, 'tensor')}; {inspection.parameters:,} parameters for inference",
    ]
    if inspection.left_out:
        lines.append(
            f"for training only: {', '.join(f'{n} {kind}' for kind, n in inspection.left_out.items())}"
        )
    if "moving averages" in inspection.left_out:
        lines.append("--ema takes the moving averages in place of the plain values")
    lines += [f"not numbers, passed over: {name}" for name in inspection.skipped]
    lines += [f"{shown(key)}: {shown(value, 2000)}" for key, value in inspection.metadata.items()]
    if inspection.nonfinite:
        where = counted(len(inspection.nonfinite), "tensor")
        lines.append(f"NaN or infinity in {where}: {', '.join(inspection.nonfinite)}")
    lines += [_candidate(candidate) for candidate in inspection.candidates] or [_like_none(inspection)]
    return "\n".join(lines)


def _like_none(inspection: "Inspection") -> str:
    if "folded" not in inspection.metadata:
        return "like no registered network"
    return (
        "which network it is of no name tells, as its variables are gone and layers are left: where you know "
        "it, load and convert compare these, layer by layer"
    )


def _candidate(candidate: "Candidate") -> str:
    classes = f" with {candidate.num_classes} classes" if candidate.num_classes else ""
    fit = (
        f"all {candidate.equal} variables fit"
        if candidate.exact
        else f"{candidate.equal} of its {candidate.in_network} variables fit; the file has "
        f"{candidate.in_file}"
    )
    old, new = candidate.rename or ("", "")
    moved = f", after renaming {old} to {new}" if new else f", after --rename {old}=" if old else ""
    names = f", by the names of {candidate.library}" if candidate.library else ""
    return f"looks like {candidate.network}{classes}{names}: {fit}{moved}"
