"""The graph of objects in an object-based checkpoint: whose value each key is, in the order of layers.

tf.train.Checkpoint, tf.keras's save_weights("ckpt") and every SavedModel of TensorFlow 2 store by path,
as `layer-1/kernel/.ATTRIBUTES/VARIABLE_VALUE`, and keep, as one text among the tensors, which objects there
were, what they held, and the names of the variables.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from slimzoo.converters.budget import Budget
from slimzoo.converters.formats import tf_v2
from slimzoo.converters.formats.binary import HeldBytes, damaged
from slimzoo.converters.source import Source, Tensor
from slimzoo.errors import counted
from slimzoo.files.wire import BYTES, VARINT, Field, fields

GRAPH = "_CHECKPOINTABLE_OBJECT_GRAPH"
ATTRIBUTE = "/.ATTRIBUTES/VARIABLE_VALUE"
_MAX_OBJECTS = 200_000
_TRAINING = re.compile(
    r"_?optimizer|save_counter|keras_api|.*_?metrics?|.*loss_tracker|.*seed_generators?|_random_generator"
)
_LAYERS = re.compile(r"_?layers|_operations|layer-\d+|layer_with_weights-\d+|\d+")
_LISTS = re.compile(r".*variables|.*weights|regularization_losses")  # of what has another place, too


@dataclass
class _Object:
    children: dict[str, int] = field(default_factory=dict)  # {name: number of the object}
    values: dict[str, str] = field(default_factory=dict)  # {key in the checkpoint: full name of the variable}


def names_in(prefix: Path) -> dict[str, str]:
    """Returns {key: full name} of the variables of the checkpoint `prefix` that are not for training only.

    They stand in the order of the model's layers. Raises: SlimzooError: the graph is damaged.
    """
    try:
        objects = _objects(HeldBytes(text := tf_v2.read_text(prefix, GRAPH), Budget(len(text))))
        return {key: name for number in _in_order(objects) for key, name in objects[number].values.items()}
    except (ValueError, IndexError) as error:
        raise damaged(tf_v2.index_path(prefix), f"its graph of objects is wrong: {error}") from error


def _objects(text: HeldBytes) -> list[_Object]:
    nodes = [node for node in fields(text) if (node.number, node.wire) == (1, BYTES)]
    if len(nodes) > _MAX_OBJECTS:
        raise ValueError(f"more than {_MAX_OBJECTS:,} objects")
    return [_object(text, node) for node in nodes]


def _object(text: HeldBytes, node: Field) -> _Object:
    found = _Object()
    for part in fields(text, node.start, node.stop):
        if part.wire != BYTES or part.number not in (1, 2):
            continue
        row = {f.number: f for f in fields(text, part.start, part.stop)}
        if part.number == 1:
            number = row[1].value if 1 in row and row[1].wire == VARINT else 0
            found.children[_text(text, row.get(2))] = number or 0
        else:
            found.values[_text(text, row.get(3))] = _text(text, row.get(2))
    return found


def _text(text: HeldBytes, part: Field | None) -> str:
    return text[part.start : part.stop].decode() if part and part.wire == BYTES else ""


def _in_order(objects: list[_Object]) -> Iterator[int]:
    """Yields the objects that the first one leads to, layers before what else holds their parts."""
    seen: set[int] = set()
    stack = [0] if objects else []
    while stack:
        number = stack.pop()
        if number in seen:
            continue
        seen.add(number)
        yield number
        children = objects[number].children
        kept = [name for name in children if not _TRAINING.fullmatch(name)]
        stack += [children[name] for name in sorted(kept, key=_rank)][::-1]


def _rank(name: str) -> tuple[int, int]:
    """A sorting key: layers by their number, then what else there is, last the lists of all variables."""
    if _LAYERS.fullmatch(name):
        return (0, int(name.rpartition("-")[2]) if name[-1].isdigit() else 0)
    return (2 if _LISTS.fullmatch(name) else 1, 0)


def renamed(found: Source, keys: Iterable[str], names: Mapping[str, str]) -> dict[str, Tensor]:
    """Returns the tensors under their variables' names; those of one name, or of none, keep their paths."""
    tensors: dict[str, Tensor] = {}
    keys = list(keys)
    count = Counter(names.get(key) for key in keys)
    for key in keys:
        name = names.get(key, "")
        name = name if name and count[name] == 1 else key.removesuffix(ATTRIBUTE)
        tensors[key if name in tensors else name] = found.tensors[key]
    return tensors


def read(found: Source) -> Source:
    """Returns `found`, an object-based checkpoint, under its variables' names, without what trains them.

    A name that is not "<layer>/<variable>" says less than the path does, which stays then.
    """
    names = {key: name * ("/" in name) for key, name in names_in(found.path).items() if key in found}
    if not any(names.values()):
        return found
    aside = [key for key in found if key not in names]
    return Source(
        found.format,
        found.path,
        renamed(found, names, names),
        files=found.files,
        metadata=said_aside(aside),
        skipped=[*(name for name in found.skipped if name != GRAPH), *aside],
    )


def said_aside(aside: list[str], copies: int = 0) -> dict[str, str]:
    """Returns the metadata that say what was not read."""
    said = [f"{counted(len(aside), 'tensor')} that only training needs"] if aside else []
    said += [f"{copies} copies of tensors under another path"] if copies else []
    return {"not_read": ", ".join(said)} if said else {}
