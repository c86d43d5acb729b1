"""What a SavedModel says of layers without weights: by Keras's configuration, or by names in its graph."""

from __future__ import annotations

import json
import re
from pathlib import Path

from slimzoo.converters.formats.binary import BYTES, FileBytes, fields
from slimzoo.converters.formats.keras_layers import WITHOUT_WEIGHTS, by_class, without_weights

_CONFIGURATION = "keras_metadata.pb"  # beside the graph, of Keras 2
_MOST = 64 << 20  # bytes that are looked at
_IN_GRAPH = re.compile(
    rb"/(" + "|".join(WITHOUT_WEIGHTS).encode() + rb")(?:_\d+)*/"
)  # by the names that Keras gives


def said_of_layers(path: Path) -> dict[str, str]:
    """Returns the metadata that say what without_weights() tells of the SavedModel whose graph is `path`."""
    return _of_configuration(path.with_name(_CONFIGURATION)) or _of_graph(path)


def _of_configuration(path: Path) -> dict[str, str]:
    """Reads what is there as plain data; what is wrong with it costs the note, not the weights."""
    if not path.is_file() or path.stat().st_size > _MOST:
        return {}
    data = path.read_bytes()
    try:
        first = next(node for node in fields(data) if (node.number, node.wire) == (1, BYTES))
        parts = {part.number: data[part.start : part.stop] for part in fields(data, first.start, first.stop)}
        return without_weights(json.loads(parts[5]))
    except (StopIteration, ValueError, TypeError, LookupError, AttributeError, RecursionError):
        return {}


def _of_graph(path: Path) -> dict[str, str]:
    with FileBytes(path) as file:
        found = dict.fromkeys(_IN_GRAPH.findall(bytes(file[0 : min(len(file), _MOST)])))
    return by_class(name.decode() for name in found)
