"""From a weight file in any format that is read to one that is written."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from slimzoo.converters.formats import format_for, open_source
from slimzoo.converters.formats.binary import file_chunks
from slimzoo.converters.formats.watch import Watch
from slimzoo.converters.inference import inference_variables
from slimzoo.converters.matching import match, renamed_names
from slimzoo.converters.name_maps import NameMap, fitting, get_name_map
from slimzoo.converters.name_maps.transforms import with_background
from slimzoo.converters.reports import ConversionReport
from slimzoo.converters.source import Source
from slimzoo.converters.verify import nonfinite
from slimzoo.errors import SlimzooError, listing
from slimzoo.files import check_writable
from slimzoo.names import Scopes

# What a reader says of the file that it read; it would mislead in one that is written.
OF_THE_FILE = ("layout", "unwrapped", "not_read", "folded", "keras_layers", "name_map", "differs", "names")


class Unfit(SlimzooError):
    """The tensors of a file are not the variables of a network; `shapes` are the file's, for propose_for."""

    def __init__(self, message: str, shapes: Mapping[str, tuple[int, ...]]):
        super().__init__(message)
        self.shapes = shapes


def read(path: str | os.PathLike) -> Source:
    """Opens the weights at `path` as a lazy mapping from names to arrays; nothing in it is ever executed.

    Args:
      path: a TensorFlow checkpoint (folder, `checkpoint` file, prefix or any file of it), a SavedModel, a
        frozen graph, TFLite; Keras .h5, .weights.h5 or .keras; PyTorch .pth, .pt or .bin; safetensors, .npz,
        caffe-tensorflow's .npy; or a .tar.gz holding one of these; of several, `archive.tgz::member`
        takes one.
    Raises:
      FileNotFoundError: there is nothing, or a part of it is missing.
      SlimzooError: it is damaged, unsafe or of another kind.
    """
    return open_source(path)


def convert(
    source: str | os.PathLike,
    destination: str | os.PathLike,
    network: str | None = None,
    ema: bool = False,
    overwrite: bool = False,
    metadata: Mapping[str, str] | None = None,
    *,
    exclude: Iterable[str] = (),
    allow_nonfinite: bool = False,
    progress: Callable[[int, int], None] | None = None,
    name_map: str | None = None,
    to: str = "",
    rename: Mapping[str, str] | None = None,
    headless: bool = False,
    background: str = "keep",
) -> ConversionReport:
    """Writes the weights of `source` to `destination`, tensor by tensor, without what only training needs.

    Args:
      source: see read().
      destination: its suffix says the format: .safetensors, .npz, else a TensorFlow checkpoint's prefix.
      network: a registered network, whose variables must be exactly these; but for a whole auxiliary head,
        which many files come without.
      ema: take exponential moving averages where there are any.
      exclude: scopes or patterns of tensors to leave out too, as ("part/embedding",).
      metadata: text to keep in the file, beside network, num_classes, source and source_sha256; the last is
        computed where it is not given here.
      allow_nonfinite: write NaN and infinity too.
      progress: called with the bytes written so far, and about how many they will be.
      name_map: the library whose names and layout the source has (name_maps.LIBRARIES; "": slim's own); None:
        found by the names. It needs `network`.
      rename: {whole name in the source: slim's name}; tensors that are not in it keep theirs.
      to: the library whose names and layout the destination gets; "": slim's own.
      background: the class 0 of ImageNet's 1001: "keep"; "drop" makes 1000 classes; "synthetic" makes 1001 of
        1000 by a class that never wins. The metadata say so, and the label_offset. It needs `network`.
      headless: the source is without the last layers of `network`, and so is the destination.
    Raises:
      FileExistsError: `destination` is there and `overwrite` is not set.
      Unfit: the source does not fit `network`. SlimzooError: it cannot be read, or holds NaN; or the
        destination cannot be written.
    """
    if (name_map or to or background != "keep") and not network:
        raise SlimzooError("names of another library, and classes, are those of a network: say network=...")
    path = Path(os.path.expanduser(os.fspath(destination)))
    row = format_for(path)
    if path.is_dir():
        raise FileExistsError(f"{path} is a folder; name a file in it, such as {path / 'model.safetensors'}")
    opened = read(source)
    if {file.resolve() for file in opened.files} & {file.resolve() for file in row.targets(path)}:
        raise SlimzooError(f"{path} is the source itself; name another file")
    for file in row.targets(path):
        check_writable(file, overwrite)
    variables, left_out = inference_variables(opened, ema)
    variables, left_out["excluded"] = _without(variables, exclude)
    if rename is not None:
        names = renamed_names(variables, lambda name: rename.get(name, name))
        variables = variables.with_tensors({new: variables.tensors[old] for new, old in names.items()})
    kept = {"source": Path(source).name, "source_format": opened.format}
    absent: tuple[str, ...] = ()
    if network:
        variables, found = in_slims_names(variables, network, name_map)
        variables, told = _with_classes(variables, network, background)
        kept |= told
        absent, fits = _fitting(variables, network, headless, found.absent if found else ())
        kept |= fits | _notes(found)
    if to:
        variables, target = _in_their_names(variables, to, network or "")
        kept |= {"names": to} | ({"differs": target.note} if target and target.note else {})
    kept |= metadata or {}
    with ThreadPoolExecutor(1) as thread:
        digest = thread.submit(lambda: kept.get("source_sha256") or sha256_of(*opened.files))
        _check_values(opened, variables, allow_nonfinite)
    of_source = {key: value for key, value in opened.metadata.items() if key not in OF_THE_FILE}
    text = {**of_source, **kept, "source_sha256": digest.result()}
    total = sum(tensor.parameters * tensor.dtype.itemsize for tensor in variables.tensors.values())
    watch = Watch(progress, total)
    assert row.write
    files = row.write(path, variables, watch, overwrite, text)
    return ConversionReport(
        tensors=len(variables),
        parameters=sum(tensor.parameters for tensor in variables.tensors.values()),
        left_out={what: count for what, count in left_out.items() if count},
        sha256=watch.sha256,
        path=path,
        bytes=watch.bytes,
        format=row.name,
        files=tuple(files),
        metadata=text,
        absent=absent,
    )


def in_slims_names(
    variables: Source, network: str, library: str | None = None
) -> tuple[Source, NameMap | None]:
    """Returns `variables` under slim's names, and the map that led there, if any.

    Args:
      library: whose names they have, "" for slim's; None: it is found, where no name is one of slim's.
    Raises: SlimzooError: `library` has no map of `network`, or they are not what it is for.
    """
    found = get_name_map(library, network) if library is not None else fitting(variables, network)
    found = found.fitted(variables) or found if found else None
    return (found.apply(variables), found) if found else (variables, None)


def _notes(found: NameMap | None) -> dict[str, str]:
    if found is None:
        return {}
    return {"name_map": str(found)} | ({"differs": found.note} if found.note else {})


def _with_classes(variables: Source, network: str, background: str) -> tuple[Source, dict[str, str]]:
    """Returns `variables` with or without ImageNet's class 0, and what to note of it."""
    from slimzoo.registry import get_network

    changed = with_background(variables, get_network(network).heads, background)
    if background == "keep":
        return changed, {}
    return changed, {"background": background, "label_offset": "0" if background == "drop" else "1"}


def _in_their_names(variables: Source, library: str, network: str) -> tuple[Source, NameMap | None]:
    found = get_name_map(library, network)
    return (found.to_theirs(variables), found) if found else (variables, None)


def _check_values(opened: Source, variables: Source, allow_nonfinite: bool) -> None:
    """Reads every tensor once, comparing checksums. Raises SlimzooError: one is damaged or not finite."""
    found = nonfinite(variables)
    if found and not allow_nonfinite:
        raise SlimzooError(
            listing(
                f"{opened.path} holds NaN or infinity (a training run that diverged?); "
                "allow_nonfinite=True converts it all the same:",
                [f"{name}: {count} values" for name, count in found.items()],
            )
        )


def _without(variables: Source, exclude: Iterable[str]) -> tuple[Source, int]:
    """Returns `variables` without those in `exclude`, and how many those were."""
    left_out = Scopes(exclude)
    left_out.check(variables)
    kept = {name: tensor for name, tensor in variables.tensors.items() if name not in left_out}
    return variables.with_tensors(kept), len(variables) - len(kept)


def sha256_of(*paths: Path) -> str:
    """Returns the sha256 of the files at `paths`, one after another (as `cat FILES | sha256sum` does)."""
    digest = hashlib.sha256()
    for path in paths:
        for chunk in file_chunks(path, 0, path.stat().st_size):
            digest.update(chunk.data)
    return digest.hexdigest()


def _fitting(
    variables: Source, network: str, headless: bool, known_absent: Iterable[str]
) -> tuple[tuple[str, ...], dict[str, str]]:
    """Checks that `variables` are those of `network`.

    Args:
      known_absent: scopes that a name map says the source is without.
    Returns: the scopes that they are without, and the metadata that say what they are of.
    """
    from slimzoo.registry import get_network
    from slimzoo.tracing.parts import network_shapes

    heads = get_network(network)
    headless = headless or variables.metadata.get("num_classes") == "0"
    headless = headless or bool(Scopes(heads.main_heads).of(known_absent))
    classes = 0 if headless else heads.classes_in(variables.shapes)
    wanted = network_shapes(network, classes)
    absent = tuple(
        scope
        for scope in dict.fromkeys((*heads.side_heads, *known_absent))
        if Scopes(scope).of(wanted) and not Scopes(scope).of(variables)
    )
    try:
        match(variables.shapes, wanted, exclude=absent, what=f"{variables.path} and {network}")
    except SlimzooError as error:
        folded = variables.metadata.get("folded")
        raise Unfit(f"{error}" + (f"\nFolded: {folded}" if folded else ""), variables.shapes) from None
    about = {"network": network} | ({"num_classes": str(classes)} if classes is not None else {})
    return absent, about | ({"absent": json.dumps(absent)} if absent else {})


def check_fit(variables: Source, network: str) -> None:
    """Raises Unfit if `variables` are not those of `network`."""
    _fitting(variables, network, False, ())
