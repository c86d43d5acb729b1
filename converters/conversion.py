"""From a weight file in any format that is read to one that is written."""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import MappingProxyType
from typing import Any

from slimzoo.converters.formats import Format, format_for, open_source
from slimzoo.converters.formats.binary import file_chunks
from slimzoo.converters.formats.watch import Watch
from slimzoo.converters.matching import Rename
from slimzoo.converters.name_maps import worded
from slimzoo.converters.plan import Prepared, prepare
from slimzoo.converters.reports import ConversionReport
from slimzoo.converters.source import Source
from slimzoo.converters.verify import nonfinite
from slimzoo.errors import SlimzooError, counted, listing
from slimzoo.files import check_writable

log = logging.getLogger("slimzoo")


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
    rename: Rename = None,
    headless: bool = False,
    background: str = "keep",
    network_arguments: Mapping[str, Any] = MappingProxyType({}),
) -> ConversionReport:
    """Writes the weights of `source` to `destination`, tensor by tensor, without what only training needs.

    Args:
      source: see read().
      destination: its suffix says the format: .safetensors, .npz, else a TensorFlow checkpoint's prefix.
      network: a registered network, whose variables must be exactly these; but for a whole auxiliary head,
        which many files come without.
      ema: take exponential moving averages where there are any.
      exclude: scopes or patterns of tensors to leave out too, by their names in the source (after `rename`)
        or slim's, as ("part/embedding",).
      metadata: text to keep in the file, beside network, num_classes, source and source_sha256; the last is
        computed where it is not given here.
      allow_nonfinite: write NaN and infinity too.
      progress: called with the bytes written so far, and about how many they will be.
      name_map: the library whose names and layout the source has (name_maps.LIBRARIES; "": slim's own); None:
        found by the names. It needs `network`.
      rename: {prefix or whole name in the source: what it becomes}, or a function of the name; before names
        of another library are recognised.
      to: the library whose names and layout the destination gets; "": slim's own.
      background: the class 0 of ImageNet's 1001: "keep"; "drop" makes 1000 classes; "synthetic" makes 1001 of
        1000 by a class that never wins. The metadata say so, and the label_offset. It needs `network`.
      network_arguments: with which the weights compute, as {"divisible_by": 1}, for load() to know; those of
        a file of slimzoo's, and of a name map, are known without. They need `network`.
      headless: the destination is without the last layers of `network`; so it is, too, if the source is.
    Raises:
      FileExistsError: `destination` is there and `overwrite` is not set.
      Unfit: the source does not fit `network`. SlimzooError: it cannot be read, or holds NaN; or the
        destination cannot be written.
    """
    opened = open_for(source, destination, overwrite)
    prepared = prepare(
        opened,
        network,
        ema=ema,
        metadata={"source": Path(source).name, **(metadata or {})},
        exclude=exclude,
        name_map=name_map,
        to=to,
        rename=rename,
        headless=headless,
        background=background,
        network_arguments=network_arguments,
    )
    return write(prepared, destination, overwrite, allow_nonfinite=allow_nonfinite, progress=progress)


def open_for(source: str | os.PathLike, destination: str | os.PathLike, overwrite: bool = False) -> Source:
    """Opens `source`, whose weights are to be written to `destination`, if they can be.

    Raises: FileExistsError, SlimzooError: `destination` cannot be written, or is `source`; or as read().
    """
    path = _path(destination)
    written_as = format_for(path)
    if path.is_dir():
        raise FileExistsError(f"{path} is a folder; name a file in it, such as {path / 'model.safetensors'}")
    opened = read(source)
    targets = written_as.targets(path)
    if {file.resolve() for file in opened.files} & {file.resolve() for file in targets}:
        raise SlimzooError(f"{path} is the source itself; name another file")
    for file in targets:
        check_writable(file, overwrite)
    return opened


def write(
    prepared: Prepared,
    destination: str | os.PathLike,
    overwrite: bool = False,
    *,
    allow_nonfinite: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> ConversionReport:
    """Writes what was prepared; arguments and errors are those of convert().

    Before, every tensor is read once: a damaged one, or NaN, costs no file that was there.
    """
    path, variables = _path(destination), prepared.written
    written_as = format_for(path)
    with ThreadPoolExecutor(1) as thread:
        digest = thread.submit(_source_digest, prepared)
        _check_values(variables, allow_nonfinite)
    metadata = {**prepared.metadata, "source_sha256": digest.result()}
    tensors = variables.tensors.values()
    watch = Watch(progress, sum(tensor.parameters * tensor.dtype.itemsize for tensor in tensors))
    assert written_as.write, "format_for() looked"
    files = written_as.write(path, variables, watch, overwrite, metadata)
    _warn_of_lost(prepared, written_as)
    return ConversionReport(
        tensors=len(variables),
        parameters=sum(tensor.parameters for tensor in tensors),
        left_out=prepared.left_out,
        sha256=watch.sha256,
        path=path,
        bytes=watch.bytes,
        format=written_as.name,
        files=tuple(files),
        metadata=metadata,
        absent=prepared.absent,
    )


def _warn_of_lost(prepared: Prepared, written_as: Format) -> None:
    """Says what load() must be told of weights in a format that keeps no more than their values."""
    if prepared.target or written_as.keeps_metadata:
        return
    lost = [worded(prepared.arguments)] if prepared.arguments else []
    if prepared.name_map and prepared.name_map.preprocessing:
        about = json.loads(prepared.metadata["preprocessing"])
        lost.append(f"preprocessing=slimzoo.preprocessing.of_kind({about['kind']!r}, {about['size']})")
    if lost:
        log.warning(
            "%s keeps no more than values: load() computes what %s does if it is given %s",
            *(written_as.title, prepared.library or "the source", ", ".join(lost)),
        )


def _path(destination: str | os.PathLike) -> Path:
    return Path(os.path.expanduser(os.fspath(destination)))


def _source_digest(prepared: Prepared) -> str:
    return prepared.metadata.get("source_sha256") or sha256_of(*prepared.source.files)


def _check_values(variables: Source, allow_nonfinite: bool) -> None:
    """Reads every tensor once, comparing checksums. Raises SlimzooError: one is damaged or not finite."""
    counts = nonfinite(variables)
    if counts and not allow_nonfinite:
        raise SlimzooError(
            listing(
                f"{variables.path} holds NaN or infinity (a training run that diverged?); "
                "allow_nonfinite=True converts it all the same:",
                [f"{name}: {counted(count, 'value')}" for name, count in counts.items()],
            )
        )


def sha256_of(*paths: Path) -> str:
    """Returns the sha256 of the files at `paths`, one after another (as `cat FILES | sha256sum` does)."""
    digest = hashlib.sha256()
    for path in paths:
        for chunk in file_chunks(path, 0, path.stat().st_size):
            digest.update(chunk.data)
    return digest.hexdigest()
