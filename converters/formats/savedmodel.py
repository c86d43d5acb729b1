"""SavedModel folders: the checkpoint in variables/, under its variables' names; the graph is never run.

An object-based checkpoint stores by path (`layer-1/kernel/.ATTRIBUTES/VARIABLE_VALUE`) and keeps, as one text
among the tensors, the graph of objects that says which variable had which name. Keras's export numbers the
variables; slimzoo's exports say them in `assets.extra/`, a place that the format leaves to libraries.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

from slimzoo.converters.formats import tf_v2
from slimzoo.converters.formats.binary import BYTES, Field, FileBytes, damaged, fields
from slimzoo.converters.source import Source, Tensor
from slimzoo.errors import SlimzooError

GRAPH = "_CHECKPOINTABLE_OBJECT_GRAPH"
_FILE = "saved_model.pb"
_ATTRIBUTE = "/.ATTRIBUTES/VARIABLE_VALUE"
_AGAIN = "_all_variables/"
_EXTRA = Path("assets.extra", "slimzoo.json")
_MAX_EXTRA = 10_000_000  # bytes
_MAX_NODES = 200_000


def sniff(file: FileBytes) -> bool:
    """Says whether `file` is the graph of a SavedModel: a version, then a graph with its tags."""
    return file[0:3] == b"\x08\x01\x12"


def find(folder: Path) -> Path | None:
    """Returns the file to open if `folder` is a SavedModel."""
    return folder / _FILE if (folder / _FILE).is_file() else None


def read(path: Path) -> Source:
    """Opens the variables of the SavedModel whose graph is `path`.

    Raises: SlimzooError: it has none, or they are damaged. FileNotFoundError: a file of them is missing.
    """
    prefix = path.parent / "variables" / "variables"
    if not tf_v2.index_path(prefix).is_file():
        raise SlimzooError(
            f"{path.parent} is a SavedModel without variables: {prefix}.index is missing, or its weights are "
            "constants of its graph. Give the checkpoint or the frozen graph that it was made from"
        )
    found = tf_v2.read(prefix)
    if (path.parent / _EXTRA).is_file() and (own := _read_own(path, found)):
        return own
    text = tf_v2.read_text(prefix, GRAPH) if GRAPH in found.skipped else b""
    try:
        names = _variable_names(text)
    except ValueError as error:
        raise damaged(tf_v2.index_path(prefix), f"its graph of objects is wrong: {error}") from error
    keys = _without_copies(found, names, prefix)
    tensors = _renamed(found, keys, names)
    copies = len(found) - len(keys)
    said = {"not_read": f"{copies} copies of tensors under another path"} if copies else {}
    return Source(
        "savedmodel",
        path,
        tensors,
        files=[*found.files, path],
        metadata=said,
        skipped=[name for name in found.skipped if name != GRAPH],
    )


def write_names(folder: Path, names: Mapping[str, str], metadata: Mapping[str, str]) -> None:
    """Keeps {path of a variable in the checkpoint: its name} and `metadata` in the SavedModel `folder`."""
    (folder / _EXTRA).parent.mkdir(exist_ok=True)
    note = {"index": _index(folder), "variables": dict(names), "metadata": dict(metadata)}
    (folder / _EXTRA).write_text(json.dumps(note, indent=1))


def _index(folder: Path) -> str:
    """Returns the digest of the checkpoint's index, which holds a checksum of every tensor."""
    return hashlib.sha256(tf_v2.index_path(folder / "variables" / "variables").read_bytes()).hexdigest()


def _read_own(path: Path, found: Source) -> Source | None:
    """Returns the variables that slimzoo's note names, and the metadata; None if it is of another export."""
    note = path.parent / _EXTRA
    if note.stat().st_size > _MAX_EXTRA:
        raise damaged(note, f"more than {_MAX_EXTRA:,} bytes")
    try:
        said = json.loads(note.read_text(encoding="utf-8"))
        index, names, metadata = said["index"], said["variables"], said["metadata"]
        texts = [*names, *names.values(), *metadata, *metadata.values()]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise damaged(note, f"it is no note of slimzoo: {error!r}") from error
    if not all(isinstance(text, str) for text in texts) or len(set(names.values())) < len(names):
        raise damaged(note, "names that are no text, or one name for two variables")
    if index != _index(path.parent):
        return None
    tensors = {names[place]: found.tensors.get(place + _ATTRIBUTE) for place in names}
    if lost := [name for name, tensor in tensors.items() if tensor is None]:
        raise damaged(note, f"the checkpoint has no {', '.join(lost)}")
    return Source(
        "savedmodel",
        path,
        {name: tensor for name, tensor in tensors.items() if tensor},
        files=[*found.files, path, note],
        metadata=metadata,
    )


def _variable_names(text: bytes) -> dict[str, str]:
    """Returns {key in the checkpoint: the variable's name} of a graph of objects."""
    names: dict[str, str] = {}
    for count, node in enumerate(fields(text)):
        if count > _MAX_NODES:
            raise ValueError(f"more than {_MAX_NODES:,} objects")
        if (node.number, node.wire) != (1, BYTES):
            continue
        for attribute in fields(text, node.start, node.stop):
            if (attribute.number, attribute.wire) == (2, BYTES):
                row = {f.number: text[f.start : f.stop].decode() for f in _texts(text, attribute)}
                names[row.get(3, "")] = row.get(2, "")
    return names


def _texts(text: bytes, attribute: Field) -> list[Field]:
    return [f for f in fields(text, attribute.start, attribute.stop) if f.wire == BYTES]


def _without_copies(keys: Iterable[str], names: Mapping[str, str], prefix: Path) -> list[str]:
    """Returns the keys, without those that Keras's export stores a second time."""
    again = [key for key in keys if key.startswith(_AGAIN)]
    if not again:
        return list(keys)
    sums = tf_v2.checksums(prefix)
    first = {(names.get(key), sums[key]) for key in keys if not key.startswith(_AGAIN)}
    copies = {key for key in again if (names.get(key), sums[key]) in first}
    return [key for key in keys if key not in copies]


def _renamed(found: Source, keys: list[str], names: Mapping[str, str]) -> dict[str, Tensor]:
    """Returns the tensors under their variables' names; those of one name, or of none, keep their paths."""
    tensors: dict[str, Tensor] = {}
    count = Counter(names.get(key) for key in keys)
    place = {key: i for i, key in enumerate(names)}
    for key in sorted(keys, key=lambda key: place.get(key, len(place))):
        name = names.get(key, "")
        name = name if name and count[name] == 1 else key.removesuffix(_ATTRIBUTE)
        tensors[key if name in tensors else name] = found.tensors[key]
    return tensors
