"""What a SavedModel says of layers without weights: by Keras's configuration, or by names in its graph."""

from __future__ import annotations

import re
from pathlib import Path

from slimzoo.converters.formats.binary import FileBytes
from slimzoo.converters.formats.keras_layers import WITHOUT_WEIGHTS, by_class, without_weights
from slimzoo.converters.formats.plain_json import parsed
from slimzoo.files.wire import BYTES, fields

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
    try:
        with FileBytes(path) as file:
            first = next(node for node in fields(file) if (node.number, node.wire) == (1, BYTES))
            parts = {p.number: file[p.start : p.stop] for p in fields(file, first.start, first.stop)}
        return without_weights(parsed(parts[5]))
    except (StopIteration, ValueError, TypeError, LookupError, AttributeError, RecursionError):
        return {}


def _of_graph(path: Path) -> dict[str, str]:
    with FileBytes(path) as file:
        found = _IN_GRAPH.finditer(file[0 : min(len(file), _MOST)])
        names = dict.fromkeys(match[1].decode() for match in found)
    return by_class(names)
