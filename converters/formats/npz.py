"""NumPy's `.npz`, without pickles: read lazily, written array by array: numpy.savez wants all at once."""

from __future__ import annotations

import json
import math
import zipfile
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import numpy as np

from slimzoo.converters.budget import Budget
from slimzoo.converters.formats import npy
from slimzoo.converters.formats.binary import CHUNK, FileBytes, damaged
from slimzoo.converters.formats.torch_kinds import of_members
from slimzoo.converters.formats.watch import Watch
from slimzoo.converters.formats.zip_archive import is_zip, kept_open, zip_errors
from slimzoo.converters.source import Source, Tensor, as_bytes, empty
from slimzoo.errors import SlimzooError
from slimzoo.files import atomic_write

_MAX_COMMENT = 65_535  # bytes, of the ZIP format; where the metadata are kept
_HEAD = 128  # bytes of an array's head, as NumPy writes it; Python's parser takes its time for longer ones
_NUMBERS = "biufc"  # kinds of dtypes


def sniff(file: FileBytes) -> bool:
    """Says whether `file` is a ZIP archive."""
    return is_zip(file)


def read(path: Path) -> Source:
    """Opens `path`.

    Raises: SlimzooError: the file is damaged, is another kind of ZIP archive, or holds Python objects.
    """
    archive = kept_open(path)  # and closed with the last tensor that is read from it
    with zip_errors(path):
        members = [info for info in archive.infolist() if not info.is_dir()]
        if others := [info.filename for info in members if not info.filename.endswith(".npy")]:
            if kind := of_members(others):
                raise SlimzooError(f"{path} {kind}")
            raise SlimzooError(
                f"{path} is a ZIP archive, but no .npz: it holds {', '.join(others[:5])}. "
                "Unpack it and give the checkpoint in it"
            )
        budget = Budget(path.stat().st_size)
        found = {info.filename[:-4]: _tensor(path, archive, info, budget) for info in members}
        metadata = _metadata(archive.comment)
    tensors = {name: tensor for name, tensor in found.items() if tensor.dtype.kind in _NUMBERS}
    return Source("npz", path, tensors, metadata=metadata, skipped=found.keys() - tensors.keys())


def _tensor(path: Path, archive: zipfile.ZipFile, info: zipfile.ZipInfo, budget: Budget) -> Tensor:
    with archive.open(info) as file:
        shape, fortran, dtype = npy.header(file)
        header = file.tell()
    budget.spend(32 * header * max(header // _HEAD, 1), "the heads of its arrays")
    if dtype.hasobject:
        raise SlimzooError(f"{path} holds Python objects in {info.filename}; only arrays of numbers are read")
    if header + math.prod(shape) * dtype.itemsize != info.file_size:
        raise damaged(path, f"{info.filename} of shape {shape} and type {dtype} in {info.file_size} bytes")
    load = partial(_load, archive, info, header, shape, dtype, fortran)
    return Tensor(tuple(shape), dtype.newbyteorder("<"), load)


def _load(
    archive: zipfile.ZipFile,
    info: zipfile.ZipInfo,
    header: int,
    shape: tuple[int, ...],
    dtype: np.dtype,
    fortran: bool,
) -> np.ndarray:
    array = empty(shape[::-1] if fortran else shape, dtype)
    path = str(archive.filename)
    with zip_errors(path), archive.open(info) as file:
        file.read(header)
        view, done = as_bytes(array).data, 0
        while done < len(view) and (chunk := file.read(min(CHUNK, len(view) - done))):
            view[done : done + len(chunk)] = chunk
            done += len(chunk)
        if done < len(view) or file.read(1):
            raise damaged(path, f"{info.filename} has another size than it states")
    if fortran or dtype != dtype.newbyteorder("<"):
        plain = empty(shape, dtype.newbyteorder("<"))
        plain[...] = array.T if fortran else array
        return plain
    return array


def _npy_header(name: str, tensor: Tensor) -> dict[str, object]:
    if tensor.dtype.kind == "V":
        raise SlimzooError(f"an .npz cannot hold {name} of type {tensor.dtype}; safetensors can")
    descr = np.lib.format.dtype_to_descr(tensor.dtype)
    return {"descr": descr, "fortran_order": False, "shape": tensor.shape}


def _metadata(comment: bytes) -> dict[str, str]:
    try:
        rows = json.loads(comment.decode())
    except ValueError:
        return {}
    return {str(key): str(value) for key, value in rows.items()} if isinstance(rows, dict) else {}


def write(
    path: Path,
    arrays: Source,
    watch: Watch,
    overwrite: bool = False,
    metadata: Mapping[str, str] | None = None,
) -> list[Path]:
    """Writes `arrays` to `path`, array by array; the metadata go into the archive's comment.

    Raises: SlimzooError, FileExistsError: see slimzoo.files.atomic_write.
    """
    comment = json.dumps(dict(metadata)).encode() if metadata else b""
    if len(comment) > _MAX_COMMENT:
        raise SlimzooError(f"{path}: {len(comment)} bytes of metadata; an .npz holds {_MAX_COMMENT}")
    with atomic_write(path, overwrite) as temporary:
        with zipfile.ZipFile(temporary, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
            archive.comment = comment
            for name in arrays:
                tensor = arrays.tensors[name]
                with archive.open(f"{name}.npy", "w", force_zip64=True) as file:
                    np.lib.format.write_array_header_1_0(file, _npy_header(name, tensor))
                    for part in tensor.parts():
                        file.write(part.data)
        with open(temporary, "rb") as file:  # a ZIP archive is written back and forth, so hashed afterwards
            while chunk := file.read(CHUNK):
                watch.update(chunk)
    return [path]
