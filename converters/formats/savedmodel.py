"""SavedModel folders: the checkpoint in variables/, under its variables' names; the graph is never run.

Its variables are an object-based checkpoint, see object_graph.py. Keras's export numbers the
variables; slimzoo's exports say them in `assets.extra/`, a place that the format leaves to libraries.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from slimzoo.converters.formats import keras_graph, object_graph, tf_v2
from slimzoo.converters.formats.binary import FileBytes, damaged
from slimzoo.converters.formats.object_graph import ATTRIBUTE, GRAPH
from slimzoo.converters.formats.plain_json import parsed
from slimzoo.converters.source import Source
from slimzoo.errors import SlimzooError

_FILE = "saved_model.pb"
_AGAIN = "_all_variables/"
_EXTRA = Path("assets.extra", "slimzoo.json")
_MAX_EXTRA = 10_000_000  # bytes


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
    names = object_graph.names_in(prefix) if GRAPH in found.skipped else {}
    there = {key: None for key in names if key in found} or dict.fromkeys(found)
    aside = [key for key in found if key not in there]
    keys = _without_copies(there, names, prefix)
    return Source(
        "savedmodel",
        path,
        object_graph.renamed(found, keys, names),
        files=[*found.files, path],
        metadata=object_graph.said_aside(aside, len(there) - len(keys)) | keras_graph.said_of_layers(path),
        skipped=[*(name for name in found.skipped if name != GRAPH), *aside],
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
        said = parsed(note.read_bytes())
        index, names, metadata = said["index"], said["variables"], said["metadata"]
        texts = [*names, *names.values(), *metadata, *metadata.values()]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise damaged(note, f"it is no note of slimzoo: {error!r}") from error
    if not all(isinstance(text, str) for text in texts) or len(set(names.values())) < len(names):
        raise damaged(note, "names that are no text, or one name for two variables")
    if index != _index(path.parent):
        return None
    tensors = {names[place]: found.tensors.get(place + ATTRIBUTE) for place in names}
    if lost := [name for name, tensor in tensors.items() if tensor is None]:
        raise damaged(note, f"the checkpoint has no {', '.join(lost)}")
    return Source(
        "savedmodel",
        path,
        {name: tensor for name, tensor in tensors.items() if tensor},
        files=[*found.files, path, note],
        metadata=metadata,
    )


def _without_copies(keys: Iterable[str], names: Mapping[str, str], prefix: Path) -> list[str]:
    """Returns the keys, without those that Keras's export stores a second time."""
    again = [key for key in keys if key.startswith(_AGAIN)]
    if not again:
        return list(keys)
    sums = tf_v2.checksums(prefix)
    first = {(names.get(key), sums[key]) for key in keys if not key.startswith(_AGAIN)}
    copies = {key for key in again if (names.get(key), sums[key]) in first}
    return [key for key in keys if key not in copies]
