"""The formats of weight files: one table. A format knows nothing of networks.

Libraries read most of these, and their readers are not used here, for one reason: a weight file comes from
anywhere. TensorFlow's end the process where a damaged file makes no sense, and take seconds to import;
unpickling, PyTorch's way and NumPy's, runs what the file names. Ours compare each position with the file's
size before they use it, read a tensor when it is asked for, and execute nothing. Where the work is left to a
library (h5py, zipfile, tarfile), the module says what is checked before.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from slimzoo.converters.formats import (
    archive,
    frozen_graph,
    keras_archive,
    keras_h5,
    npy,
    npz,
    safetensors,
    savedmodel,
    split_files,
    tf_checkpoint,
    tf_v2,
    tflite,
    tflite_graph,
    torch_file,
)
from slimzoo.converters.formats.binary import POINTER, POINTER_START, FileBytes, is_pointer
from slimzoo.converters.formats.boundary import boundary, guarded
from slimzoo.converters.source import Source
from slimzoo.converters.whole_models import SUFFIXES
from slimzoo.errors import SlimzooError, not_there


@dataclass(frozen=True, kw_only=True)
class Format:
    """How files of one kind are told from others, read and written."""

    name: str
    title: str
    suffixes: tuple[str, ...]  # that ask for this format when writing
    sniff: Callable[[FileBytes], bool]
    read: Callable[[Path], Source]
    write: Callable[..., list[Path]] | None  # (path, source, watch, overwrite, metadata)
    targets: Callable[[Path], list[Path]] = lambda path: [path]  # the files that `write` makes
    keeps_metadata: bool = True  # when written


FORMATS = {
    row.name: row
    for row in (
        Format(
            name="safetensors",
            title="safetensors",
            suffixes=(".safetensors",),
            sniff=safetensors.sniff,
            read=safetensors.read,
            write=safetensors.write,
        ),
        Format(
            name="keras_archive",  # before npz: both are ZIP archives
            title="Keras .keras",
            suffixes=(),
            sniff=keras_archive.sniff,
            read=keras_archive.read,
            write=None,
        ),
        Format(
            name="torch",  # before npz, too
            title="PyTorch .pth, .pt and .bin",
            suffixes=(),
            sniff=torch_file.sniff,
            read=torch_file.read,
            write=None,
        ),
        Format(
            name="npz",
            title="NumPy .npz",
            suffixes=(".npz",),
            sniff=npz.sniff,
            read=npz.read,
            write=npz.write,
        ),
        Format(
            name="tf_checkpoint",
            title="TensorFlow checkpoint (V1 or V2)",
            suffixes=(".ckpt", ".index", ""),
            sniff=tf_checkpoint.sniff,
            read=tf_checkpoint.read,
            write=tf_v2.write,
            targets=tf_v2.targets,
            keeps_metadata=False,
        ),
        Format(
            name="keras_h5",
            title="Keras .h5 and .weights.h5",
            suffixes=(keras_h5.SUFFIX,),
            sniff=keras_h5.sniff,
            read=keras_h5.read,
            write=keras_h5.write,
        ),
        Format(
            name="npy",
            title="caffe-tensorflow .npy",
            suffixes=(),
            sniff=npy.sniff,
            read=npy.read,
            write=None,
        ),
        Format(
            name="tflite",
            title="TensorFlow Lite",
            suffixes=(),
            sniff=tflite.sniff,
            read=tflite_graph.read,
            write=None,
        ),
        Format(
            name="savedmodel",
            title="SavedModel",
            suffixes=(),
            sniff=savedmodel.sniff,
            read=savedmodel.read,
            write=None,
        ),
        Format(
            name="frozen_graph",
            title="frozen graph (.pb)",
            suffixes=(),
            sniff=frozen_graph.sniff,
            read=frozen_graph.read,
            write=None,
        ),
    )
}
_KNOWN_OTHERS = (  # first bytes: what to say
    (POINTER_START, POINTER),
    (
        b"\x80",
        "is a Python pickle, which could run any code. Of pickles only the tensors that torch.save and "
        "numpy.save wrote are read; save the arrays with numpy.savez",
    ),
    (
        b'<?xml version="1.0"?>\n<net ',
        "is a model of OpenVINO's, which is written and not read: read the file that it was made of",
    ),
    (b"<", "is a web page or XML, not weights: a download that failed?"),
)

_OF_OTHERS = {  # suffix: whose files have it, where their content is of no kind that is read
    ".caffemodel": "Caffe",
    ".gguf": "llama.cpp",
    ".mlmodel": "Core ML",
    ".msgpack": "Flax",
    ".onnx": "ONNX",
    ".params": "MXNet",
    ".pdparams": "PaddlePaddle",
    ".weights": "Darknet",
}


def open_source(path: str | os.PathLike) -> Source:
    """Opens whatever weights `path` names: a folder, a prefix, any file of a set, `archive.tgz::member`.

    Raises: FileNotFoundError: nothing is there, or a part is missing. SlimzooError: it cannot be read.
    """
    text = os.path.expanduser(os.fspath(path))
    with boundary(Path(text)):
        return _open(text)


def _open(text: str) -> Source:
    if archive.SEPARATOR in text and not os.path.exists(text):
        text, _, member = text.partition(archive.SEPARATOR)
        return _open_archive(_file(Path(text)), member)
    file = _file(Path(text))
    with FileBytes(file) as content:
        packed = archive.sniff(content)
    return _open_archive(file) if packed else _open_file(file)


def _open_archive(path: Path, member: str = "") -> Source:
    with boundary(path):
        return archive.read(path, _open_member, member)


def _file(path: Path) -> Path:
    """Returns the file to sniff for what the user gave."""
    if path.is_dir():
        return _in_folder(path)
    found = tf_checkpoint.find(path)
    return tf_checkpoint.find(named) if (named := tf_checkpoint.named_by_state(found)) else found


def _in_folder(folder: Path) -> Path:
    """A TensorFlow checkpoint of the folder, or else its only file that looks like weights."""
    result = folder / "model.safetensors"
    if result.is_file():
        return result
    if not (folder / "checkpoint").is_file() and (graph := savedmodel.find(folder)):
        return graph
    try:
        return tf_checkpoint.in_folder(folder)
    except FileNotFoundError:
        if tf_checkpoint.is_state(folder / "checkpoint"):
            raise
    files = [path for path in sorted(folder.iterdir()) if path.is_file() and format_of(path)]
    heads = {path.name.split("-of-")[0][:-5] if "-of-" in path.name else path.name: path for path in files}
    if len(heads) == 1:
        return next(iter(heads.values()))
    if files:
        raise SlimzooError(f"{folder} holds several weight files; name one: {', '.join(heads)}")
    if pointers := [path.name for path in sorted(folder.iterdir()) if is_pointer(path)]:
        raise SlimzooError(f"{folder}: {', '.join(pointers[:10])} {POINTER}")
    there = ", ".join(sorted(path.name for path in folder.iterdir())[:10]) or "nothing"
    raise not_there(f"no weights in the folder {folder}: it holds {there}. {_readable()}")


def format_of(path: Path) -> Format | None:
    """Returns the format of the file `path` by its content, or None."""
    with FileBytes(path) as content:
        return next((row for row in FORMATS.values() if row.sniff(content)), None)


def _open_member(path: Path) -> Source:
    return _open_file(tf_checkpoint.find(path))


def _open_file(path: Path) -> Source:
    with boundary(path):
        parts = split_files.parts_of(path)
    return _open_one(path) if len(parts) == 1 else split_files.joined(path, [*map(_open_one, parts)])


def _open_one(path: Path) -> Source:
    with boundary(path):
        row = format_of(path)
        if row is None:
            raise SlimzooError(_unknown(path))
        return guarded(row.read(path), path)


def _unknown(path: Path) -> str:
    with FileBytes(path) as content:
        head, size = content[0:64], len(content)
    if not size:
        return f"{path} is empty: a download or a save that failed?"
    for start, message in _KNOWN_OTHERS:
        if head.lstrip().startswith(start):
            return f"{path} {message}"
    if path.name.endswith(split_files.INDEX):
        return f"{path} says what is in the files of a set: give one of these, or their folder"
    if path.suffix == ".meta":
        return (
            f"{path} is the graph of a checkpoint without its values; it wants .index and .data-* beside it"
        )
    if other := _OF_OTHERS.get(path.suffix.lower()):
        return f"{path} is a file of {other}, by its name; these are not read. {_readable()}"
    return f"{path} is no weight file, or is damaged (its first bytes: {head[:8].hex(' ')}). {_readable()}"


def _readable() -> str:
    titles = ", ".join(row.title for row in FORMATS.values())
    return f"Read are: {titles}; also in a .tar.gz"


_SUFFIX = re.compile(r"\.(?:7z|[A-Za-z][\w-]*)")  # ".0_224", of mobilenet_v1_1.0_224, is none
_OF_STEP = re.compile(r"\.ckpt-\d+")


def format_for(path: Path) -> Format:
    """Returns the format that the suffix of a destination asks for; without one it is a checkpoint's prefix.

    Raises: SlimzooError: nothing of that suffix is written.
    """
    written = {suffix: row for row in FORMATS.values() if row.write for suffix in row.suffixes if suffix}
    for suffix, row in written.items():
        if path.name.endswith(suffix):
            return row
    if _SUFFIX.fullmatch(path.suffix) and not _OF_STEP.fullmatch(path.suffix):
        raise SlimzooError(
            f"{path}: {path.suffix} is not written. Choose {', '.join(written)}, .ckpt-STEP or no suffix (a "
            f"TensorFlow checkpoint); whole models, by `slimzoo convert`: {SUFFIXES}"
        )
    return FORMATS["tf_checkpoint"]
