"""Keras 3's `.keras`: a ZIP archive, of which the weights are read, and the names of layers as plain data."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path
from typing import Any

from slimzoo.converters.formats import keras_h5
from slimzoo.converters.formats.binary import FileBytes, damaged
from slimzoo.converters.formats.keras_layers import layers_of
from slimzoo.converters.formats.plain_json import parsed
from slimzoo.converters.formats.zip_archive import first_member, open_zip
from slimzoo.converters.source import Source, TemporaryFolder
from slimzoo.errors import SlimzooError

_WEIGHTS, _CONFIG = "model.weights.h5", "config.json"
_MEMBERS = ("metadata.json", _CONFIG, _WEIGHTS)
_MAX_CONFIG = 64 << 20  # bytes


def sniff(file: FileBytes) -> bool:
    """Says whether `file` is a ZIP archive that begins with one of Keras's files."""
    return first_member(file) in _MEMBERS


def read(path: Path) -> Source:
    """Opens the weights in `path`; tensors go by "<layer name>/<variable>". The configuration is not run.

    Raises: SlimzooError: the archive is damaged or unsafe, or has no weights.
    """
    folder = TemporaryFolder()
    try:
        with open_zip(path) as archive:
            names = archive.namelist()
            if _WEIGHTS not in names:
                raise SlimzooError(f"{path} has no {_WEIGHTS} in it; it holds {', '.join(names[:5])}")
            config = _config(path, archive) if _CONFIG in names else None
            file = _unpacked(archive, folder.path)
        source = keras_h5.read(file, config)
    except SlimzooError as error:
        folder.remove()
        raise SlimzooError(str(error).replace(str(folder.path / _WEIGHTS), str(path))) from error
    except OSError:
        folder.remove()
        raise
    return Source(
        "keras_archive",
        path,
        source.tensors,
        metadata=source.metadata,
        skipped=source.skipped,
        owner=folder,
    )


def _config(path: Path, archive: zipfile.ZipFile) -> Any:
    """Returns the configuration of the model, as plain data."""
    if archive.getinfo(_CONFIG).file_size > _MAX_CONFIG:
        raise damaged(path, f"{_CONFIG} takes {archive.getinfo(_CONFIG).file_size:,} bytes")
    try:
        config = parsed(archive.read(_CONFIG))
        list(layers_of(config))
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
        raise damaged(path, f"{_CONFIG} is wrong: {error}") from error
    return config


def _unpacked(archive: zipfile.ZipFile, folder: Path) -> Path:
    """Writes the weights to `folder`, as HDF5 is read from files, and returns where."""
    size, free = archive.getinfo(_WEIGHTS).file_size, shutil.disk_usage(folder).free
    if size > free:
        raise SlimzooError(
            f"the weights in {archive.filename} take {size:,} bytes, {folder.parent} has {free:,}: "
            "free some, or set TMPDIR to another folder"
        )
    target = folder / _WEIGHTS
    with archive.open(_WEIGHTS) as member, open(target, "wb") as file:
        shutil.copyfileobj(member, file, 1 << 20)
    return target
