"""`slimzoo convert` to a whole model: graph and weights."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from slimzoo.cli import int8_options
from slimzoo.cli.output import echo, echo_json
from slimzoo.converters.whole_models import KINDS, WITH_INT8, kind_of
from slimzoo.errors import SlimzooError, listing

if TYPE_CHECKING:
    from slimzoo.model.model import Model


def write(src: str, dst: str, options: dict[str, Any], overwrite: bool, as_json: bool) -> None:
    """Writes the whole model `dst`, and says what it is."""
    kind = kind_of(dst) or ""
    network = _checked(src, dst, options)
    int8_options.check(options, dst, kind in WITH_INT8)
    model = _loaded(src, network, options)
    agreement = None
    if options["int8"]:
        from slimzoo.model.int8 import export_int8

        floor = int8_options.floor(options)
        agreement = export_int8(
            model, dst, options["calibrate"], overwrite=overwrite, argmax=bool(options["argmax"]), **floor
        )
    else:
        from slimzoo.model.exporting import export

        export(model, dst, overwrite, options["inputs"] or "pixels", bool(options["argmax"]))
    path, title = Path(dst), KINDS[kind].title
    files = [path, path.with_suffix(".bin")] if kind == ".xml" else [path, *path.rglob("*")]
    size = sum(file.stat().st_size for file in files if file.is_file())
    if as_json:
        about = {"path": path, "format": title, "bytes": size, "network": network}
        return echo_json(about | ({"int8": asdict(agreement)} if agreement else {}))
    if agreement:
        echo(str(agreement))
    return echo(f"{path}: {title} of {network}, {size:,} bytes")


def network_in(src: str) -> str | None:
    """Returns the network that the file `src` says it is of."""
    from slimzoo.converters import read

    return read(src).metadata.get("network")


def longer(error: SlimzooError, text: str) -> SlimzooError:
    """Returns the same error with more lines."""
    told = SlimzooError(f"{error}\n{text}")
    told.full = error.full and f"{error.full}\n{text}"
    return told


def _checked(src: str, dst: str, options: dict[str, Any]) -> str:
    """Returns the network that `src` is of. Raises: SlimzooError: options that are not of whole models."""
    network = options["network"] or network_in(src)
    others = ("to", "name_map", "map_file", "allow_nonfinite", "prove", "background", "headless")
    unused = [name for name in others if options[name] not in (False, None, "", "keep")]
    if network is None or unused:
        problems = [] if network else ["--network NAME says of which network"]
        flags = {"name_map": "--from", "map_file": "--map"}
        problems += [f"{flags.get(n, '--' + n.replace('_', '-'))} is for weights alone" for n in unused]
        raise SlimzooError(listing(f"{dst} is a whole model:", problems))
    from slimzoo.converters import read

    if Path(dst).resolve() in {file.resolve() for file in read(src).files}:
        raise SlimzooError(f"{dst} is the source itself; name another file")
    return network


def _loaded(src: str, network: str, options: dict[str, Any]) -> "Model":
    from slimzoo.loading.load import load

    reading = {name: options[name] for name in ("ema", "exclude", "rename", "size", "network_arguments")}
    try:
        return load(network, weights=src, input_shape=_input_shape(network, options), **reading)
    except SlimzooError as error:
        raise longer(
            error,
            f"A whole model is made of weights that fit: convert {src} to .safetensors first, which takes "
            "other names, or none of its last layer",
        ) from error


def _input_shape(network: str, options: dict[str, Any]) -> tuple[int, int, int] | None:
    """Returns the shape of images with --channels; None: it is that of the weights' own."""
    from slimzoo.registry import get_row

    if options["channels"] is None:
        return None
    size = options["size"] or get_row(network).image_size
    return (size, size, options["channels"])
