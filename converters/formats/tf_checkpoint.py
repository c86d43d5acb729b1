"""TensorFlow checkpoints, V1 and V2, under any name people give: folder, prefix, or one of the files."""

from __future__ import annotations

import difflib
import re
from pathlib import Path

from slimzoo.converters.formats import sstable, tf_v1, tf_v2
from slimzoo.converters.formats.binary import FileBytes, damaged, varint
from slimzoo.converters.source import Source
from slimzoo.errors import SlimzooError, listing

_PART = re.compile(r"^(.+)\.(?:index|meta|data-\d{5}-of-\d{5})$")
_STATE = re.compile(rb'^\s*model_checkpoint_path:\s*"((?:[^"\\]|\\.)*)"')
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
    shards = [p for p in _siblings(prefix, "-") if tf_v1.SHARD.match(p.name)]
    if shards or (part and prefix.is_file()):
        return shards[0] if shards else prefix
    if path.is_file() and not _siblings(prefix, ".data-"):
        return path  # a file of another kind that happens to be called so
    if _siblings(prefix, ".data-"):
        raise FileNotFoundError(
            f"{index} is missing beside {prefix.name}.data-*: a checkpoint is all of its files, "
            "the index says what the data mean"
        )
    raise FileNotFoundError(_nothing_there(path))


def _siblings(prefix: Path, mark: str) -> list[Path]:
    start = prefix.name + mark
    folder = prefix.parent
    return sorted(p for p in folder.iterdir() if p.name.startswith(start)) if folder.is_dir() else []


def _nothing_there(path: Path) -> str:
    if not path.parent.is_dir():
        return f"there is no folder {path.parent}, and so no {path.name} in it"
    names = sorted(p.name for p in path.parent.iterdir() if not p.name.startswith("."))
    near = difflib.get_close_matches(path.name, names, 5, 0.4) or names[:10]
    there = f"Nearest: {', '.join(near)}" if near else "The folder is empty"
    return f"there is no file, folder or checkpoint {path}. {there}"


def named_by_state(path: Path) -> Path | None:
    """Returns the checkpoint that `path`, the `checkpoint` file of a folder, names; None for another file."""
    with open(path, "rb") as file:
        match = _STATE.match(file.read(1 << 16))
    if not match:
        return None
    text = match[1].decode("utf-8", "replace").replace('\\"', '"').replace("\\\\", "\\")
    named = Path(text.replace("-?????-of-", "-00000-of-"))
    here = path.parent / named.name
    # A folder that was moved still names its old place; what lies beside the state file comes first.
    return here if not named.is_absolute() or _exists(here) else named


def _exists(path: Path) -> bool:
    return path.is_file() or tf_v2.index_path(path).is_file() or bool(_siblings(path, "-"))


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
    return tf_v2.read(path.with_name(path.name.removesuffix(".index")))


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
    raise FileNotFoundError(f"{folder} holds no checkpoint")
