"""TensorFlow checkpoints, V1 and V2, under any name people give: folder, prefix, or one of the files."""

from __future__ import annotations

import logging
import re
from pathlib import Path

from slimzoo.converters.formats import object_graph, sstable, tf_v1, tf_v2
from slimzoo.converters.formats.binary import FileBytes, damaged
from slimzoo.converters.source import Source
from slimzoo.errors import SlimzooError, listing, not_there, shown, some
from slimzoo.files.wire import varint
from slimzoo.names import near

log = logging.getLogger("slimzoo")
_PART = re.compile(r"^(.+)\.(?:index|meta|data-\d{5}-of-\d{5})$")
_STATE = re.compile(rb'^\s*model_checkpoint_path:\s*"((?:[^"\\]|\\.)*)"')
_MAX_NAME, _MAX_PATH = 230, 4_000  # bytes, so that ".data-00000-of-00001" may follow
_FIRST_BLOCK = b"\x00\x00"  # the first entry of a table of ours shares nothing and has an empty key


def find(path: Path) -> Path:
    """Returns the file to open for `path`: itself, or the one that the prefix or file name `path` stands for.

    Raises: FileNotFoundError: there is nothing of that name; the message names what is near.
    """
    part = _PART.match(path.name)
    prefix = path.with_name(part[1]) if part else path
    if path.is_file() and not part:
        return path
    index = tf_v2.index_path(prefix)
    if index.is_file():
        return index
    shards = _shards(prefix)
    if shards or (part and prefix.is_file()):
        return shards[0] if shards else prefix
    if path.is_file() and not _siblings(prefix, ".data-"):
        return path  # a file of another kind that happens to be called so
    if _siblings(prefix, ".data-"):
        raise not_there(
            f"{index} is missing beside {prefix.name}.data-*: a checkpoint is all of its files, "
            "the index says what the data mean"
        )
    raise not_there(_nothing_there(path))


def _siblings(prefix: Path, mark: str) -> list[Path]:
    start = prefix.name + mark
    folder = prefix.parent
    return sorted(p for p in folder.iterdir() if p.name.startswith(start)) if folder.is_dir() else []


def _shards(prefix: Path) -> list[Path]:
    """Returns the files of the V1 set `prefix`; `model.ckpt-7-00000-of-00002` is none of `model.ckpt`."""
    found = [(path, tf_v1.SHARD.match(path.name)) for path in _siblings(prefix, "-")]
    return [path for path, match in found if match and match[1] == prefix.name]


def _nothing_there(path: Path) -> str:
    if not path.parent.is_dir():
        return f"there is no folder {path.parent}, and so no {path.name} in it"
    names = sorted(p.name for p in path.parent.iterdir() if not p.name.startswith("."))
    if likely := near(path.name, names, 5):
        there = f"Nearest: {', '.join(likely)}"
    else:
        there = f"In that folder: {some(names, 10)}" if names else "The folder is empty"
    return f"there is no file, folder or checkpoint {path}. {there}"


def named_by_state(path: Path) -> Path | None:
    """Returns the checkpoint that `path`, the `checkpoint` file of a folder, names; None for another file.

    Where that one's files are gone, the only other one of the folder is taken, which is said.
    Raises: FileNotFoundError: they are gone, and there is no other one, or there are several.
    """
    named = _named(path)
    if named is None or _exists(named):
        return named
    left = _prefixes(path.parent)
    if len(left) != 1:
        there = f"name one that is there: {', '.join(left)}" if left else "no other checkpoint is beside it"
        raise not_there(f"{path} names {named.name}, whose files are gone; {there}")
    log.warning("%s names %s, whose files are gone: %s is taken in its place", path, named.name, left[0])
    return path.parent / left[0]


def is_state(path: Path) -> bool:
    """Says whether there is a file `path` that names the checkpoints of its folder."""
    return path.is_file() and _named(path) is not None


def _named(state: Path) -> Path | None:
    with open(state, "rb") as file:
        match = _STATE.match(file.read(1 << 16))
    if not match:
        return None
    text = match[1].decode("utf-8", "replace").replace('\\"', '"').replace("\\\\", "\\")
    named = Path(re.sub(r"-\?{5}-of-\d{5}$", "", text))
    if not named.name or "\0" in text:
        raise damaged(state, f"it names no checkpoint, but {shown(text)}")
    if len(text.encode()) > _MAX_PATH or any(len(part.encode()) > _MAX_NAME for part in named.parts):
        raise damaged(state, f"it names a checkpoint by {len(text):,} characters")
    # A folder that was moved still names its old place; what lies beside the state file comes first.
    places = (state.parent / named.name, state.parent / named)
    return next((place for place in places if _exists(place)), places[-1])


def _exists(prefix: Path) -> bool:
    return prefix.is_file() or tf_v2.index_path(prefix).is_file() or bool(_shards(prefix))


def _prefixes(folder: Path) -> list[str]:
    """Returns the names of the checkpoints in `folder`."""
    found = set()
    for path in folder.iterdir():
        shard = tf_v1.SHARD.match(path.name)
        if path.name.endswith(".index"):
            found.add(path.name.removesuffix(".index"))
        elif path.is_file() and ".data-" not in path.name and _is_v1(path):
            found.add(shard[1] if shard else path.name)
    return sorted(found)


def _is_v1(path: Path) -> bool:
    with FileBytes(path) as file:
        return sniff(file)


def sniff(file: FileBytes) -> bool:
    """Says whether `file` is a table as TensorFlow writes it, whole or cut short."""
    return sstable.is_table(file) or _first_tag(file) is not None


def _first_tag(file: FileBytes) -> int | None:
    head = file[0:16]
    if not head.startswith(_FIRST_BLOCK):
        return None
    try:
        _, position = varint(head, len(_FIRST_BLOCK))
    except ValueError:
        return None
    return head[position] if head[position : position + 1] in (b"\x0a", b"\x08") else None


def read(path: Path) -> Source:
    """Opens the checkpoint that `path`, a V2 index or a V1 file, belongs to.

    Raises: FileNotFoundError: a file of the set is missing. SlimzooError: a file is damaged.
    """
    with FileBytes(path) as file:
        whole = sstable.is_table(file)
        first = next(sstable.entries(file, check=False), None) if whole else None
        if whole and first is None:
            raise damaged(path, "it is a table without any entry")
        tag = first.value[0] if first and not first.key and first.stop > first.start else _first_tag(file)
    if tag == tf_v1.META_TAG:
        return tf_v1.read(path)
    if not path.name.endswith(".index"):
        raise SlimzooError(f"{path} is the index of a TensorFlow checkpoint: its name must end in .index")
    found = tf_v2.read(path.with_name(path.name.removesuffix(".index")))
    return object_graph.read(found) if object_graph.GRAPH in found.skipped else found


def in_folder(folder: Path) -> Path:
    """Returns what to open for `folder`: what its `checkpoint` file names, or its only checkpoint.

    Raises: FileNotFoundError: it holds none. SlimzooError: it holds several.
    """
    state = folder / "checkpoint"
    if state.is_file() and (named := named_by_state(state)):
        return find(named)
    variables = folder / "variables"  # of a SavedModel
    indices = sorted(folder.glob("*.index")) or sorted(variables.glob("*.index"))
    if len(indices) == 1:
        return indices[0]
    if indices:
        names = [path.name.removesuffix(".index") for path in indices]
        raise SlimzooError(listing(f"{folder} holds several checkpoints; name one of them:", names))
    raise not_there(f"{folder} holds no checkpoint")
