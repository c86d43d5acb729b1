"""What became of a dotted name, read from the tables: no TensorFlow is imported for it."""

import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any

from slimzoo.compat import recorded, tf_names
from slimzoo.compat.faces import MODULES
from slimzoo.compat.tf_rows import DIFFERS, INSTEAD

_V1 = "tensorflow.compat.v1"
_V2 = "tensorflow.compat.v2"
_CONTRIB = "tensorflow.contrib"
_PEER = "tf_slim"
_SLIM = "tensorflow.contrib.slim"
_NEVER = "no name of TensorFlow 1.15, nor of today's"
_LOST = "today's TensorFlow does not have it any more"

SERVED = "served"
STUB = "stub"  # it imports, and is an error where it is used
GONE = "gone"  # it does not import
FAULTS = (STUB, GONE)


@dataclass(frozen=True)
class Verdict:
    """What became of a name.

    name: as programs write it: "tf.contrib.crf.crf_decode".
    state: SERVED, STUB or GONE.
    why: of what is not served.
    instead: what to use in its place; "" where nobody knows.
    module, last: where the name lies: "tensorflow.contrib.crf", "crf_decode"; last is "" for a module.
    """

    name: str
    state: str
    why: str = ""
    instead: str = ""
    module: str = ""
    last: str = ""

    def lost_parameters(self) -> dict[str, str]:
        """Returns the parameters that TensorFlow 1.15 had and that are not taken, each with its successor."""
        lost = _today()["parameters"].get(self.module, {}).get(self.last, "")
        known = INSTEAD.get(f"{self.module}.{self.last}", {})
        return {name: known.get(name, "") for name in lost.split()}


def find(path: str) -> Verdict | None:
    """Returns what became of `path`, "tensorflow.nn.relu" or "numpy.int"; None where that is not certain."""
    top = path.partition(".")[0]
    if top == "tensorflow":
        return _of_tensorflow(path)
    if top == _PEER:
        found = _of_tensorflow(_SLIM + path.removeprefix(_PEER))
        return found if found and found.why != _NEVER else None
    return _of_a_library(path)


def is_old_module(name: str) -> bool:
    """Says whether `slimzoo run` serves a module of this name in the place of another library's."""
    return name in MODULES


def differs(path: str) -> tuple[str, str] | None:
    """Returns which name on the way to `path` behaves in another way today, and in which."""
    path = _plain(path)
    key = next((key for key in DIFFERS if f"{path}.".startswith(f"{key}.")), None)
    return None if key is None else (written(key), DIFFERS[key])


def written(path: str) -> str:
    """Returns a dotted name as programs write it."""
    for module, short in (("tensorflow", "tf"), ("numpy", "np")):
        if path == module or (path.startswith(module + ".") and not tf_names.is_inside(path)):
            return short + path.removeprefix(module)
    return path


def _plain(path: str) -> str:
    while f"{path}.".startswith(f"{_V1}."):
        path = "tensorflow" + path.removeprefix(_V1)
    return path


def _of_tensorflow(path: str) -> Verdict | None:
    path = _plain(path)
    if f"{path}.".startswith(f"{_V2}."):
        return None
    module, parts = "tensorflow", path.split(".")[1:]
    for number, name in enumerate(parts):
        so_far = f"{module}.{name}"
        if (row := _rows().get(module, {}).get(name)) is not None:
            state, instead = row
            return Verdict(written(so_far), state, "not served" if instead else _LOST, instead, module, name)
        if (below := _module_below(module, name)) is not None:
            module = below
        elif _is_name(module, name):
            return _of_member(module, name, parts[number + 1 :])
        else:
            return _unknown(module, name)
    return Verdict(written(path), SERVED, module=module)


def _module_below(module: str, name: str) -> str | None:
    path = f"{module}.{name}"
    if path == _CONTRIB or tf_names.is_module(path) or recorded.is_module(path):
        return path
    other = recorded.names(module).get(name, "")
    return other if other.startswith("tensorflow") and _module_is_known(other) else None


def _module_is_known(path: str) -> bool:
    return tf_names.is_module(path) or recorded.is_module(path)


def _is_name(module: str, name: str) -> bool:
    known = name in tf_names.names(module) or name in recorded.names(module)
    return known or name in _split(_today()["new"].get(module, ""))


def _of_member(module: str, name: str, rest: list[str]) -> Verdict:
    lost = _today()["members"].get(f"{module}.{name}", "").split()
    if rest and rest[0] in lost:
        return Verdict(written(f"{module}.{name}.{rest[0]}"), GONE, _LOST, "", module, name)
    return Verdict(written(f"{module}.{name}"), SERVED, module=module, last="" if rest else name)


def _unknown(module: str, name: str) -> Verdict | None:
    """Of a module whose names are all known, what is no name of it is a mistake, or older than 1.0."""
    if (row := MODULES.get(module)) is not None and name in row.gone:
        return Verdict(written(f"{module}.{name}"), GONE, "not served", row.gone[name], module, name)
    is_part = module.startswith(recorded.CONTRIB) and module.count(".") == 2
    is_face = not module.startswith(recorded.CONTRIB) and not tf_names.is_inside(module)
    if name.startswith("_") or not (is_part or is_face):
        return None
    return Verdict(written(f"{module}.{name}"), GONE, _NEVER, "", module, name)


def _of_a_library(path: str) -> Verdict | None:
    """Returns what the rows say of another library's name; a name without a row is not judged."""
    parts = path.split(".")
    for length in range(len(parts) - 1, 0, -1):
        module, name = ".".join(parts[:length]), parts[length]
        if (row := MODULES.get(module)) is None:
            continue
        so_far = f"{module}.{name}"
        if name in row.names:
            return Verdict(written(so_far), SERVED, module=module, last=name)
        if name in row.gone:
            return Verdict(written(so_far), GONE, "not served", row.gone[name], module, name)
        return None
    return None


@functools.cache
def _today() -> dict[str, Any]:
    file = resources.files("slimzoo.compat").joinpath("names_today.json")
    return json.loads(file.read_text())


@functools.cache
def _rows() -> Mapping[str, Mapping[str, tuple[str, str]]]:
    """Returns what is not served: {module: {name: (state, what to use)}}."""
    out: dict[str, dict[str, tuple[str, str]]] = {}
    for state in (STUB, GONE):
        for module, by_text in _today()[state].items():
            for instead, names in by_text.items():
                out.setdefault(module, {}).update(dict.fromkeys(names.split(), (state, instead)))
    for module, names in _today()["missing"].items():
        out.setdefault(module, {}).update(dict.fromkeys(names.split(), (GONE, "")))
    return out


@functools.cache
def _split(names: str) -> frozenset[str]:
    return frozenset(names.split())
