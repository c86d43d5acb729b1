"""What became of every name of TensorFlow 1.15 under `slimzoo run`: a table, and a page.

    python -m tools.table_of_names

writes slimzoo/compat/names_today.json, which `slimzoo check` reads, and slimzoo/compat/NAMES.md, from the
names that record_tf_names.py and record_contrib.py recorded, asked one by one of the faces that an old
program gets. Run it after every change of a row; tests/compat/test_names.py holds the two files equal to what
it makes.
"""

import builtins
import functools
import inspect
import json
import types
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from slimzoo.compat import faces, importing, recorded, tf_names
from slimzoo.compat.not_served import StandIn
from slimzoo.compat.program import Program
from tools.page_of_names import page

FOLDER = Path(faces.__file__).parent
TODAY, PAGE = FOLDER / "names_today.json", FOLDER / "NAMES.md"
MEMBERS_OF_ONE = {  # of many classes that have the same members: the one that is looked at
    "tensorflow.keras": ("Model", "Layer", "Metric", "Optimizer", "Callback"),
    "tensorflow.layers": ("Layer",),
}
IN_ITS_PLACE = "In its place: "
_ABSENT = object()

Rows = dict[str, dict[str, list[str]]]


class Table:
    """What was found, by module: names that are gone, by what to use; that are slimzoo's; and so on."""

    def __init__(self) -> None:
        self.gone: Rows = defaultdict(lambda: defaultdict(list))  # an AttributeError, with a message
        self.stub: Rows = defaultdict(lambda: defaultdict(list))  # an error at the first use, with a message
        self.missing: dict[str, list[str]] = defaultdict(list)
        self.ours: dict[str, list[str]] = defaultdict(list)
        self.new: dict[str, list[str]] = defaultdict(list)  # of today's TensorFlow alone
        self.parameters: dict[str, dict[str, list[str]]] = defaultdict(dict)
        self.members: dict[str, list[str]] = {}
        self.lost: set[str] = set()  # modules that do not import

    def to_dict(self) -> dict[str, Any]:
        """Returns the table as names_today.json has it."""
        by_text = {key: {m: joined(r) for m, r in getattr(self, key).items()} for key in ("gone", "stub")}
        plain = {key: joined(getattr(self, key)) for key in ("missing", "ours", "new", "members")}
        parameters = {module: joined(row) for module, row in self.parameters.items()}
        versions = {"tensorflow": tf.__version__, "keras": keras.__version__}
        return {"versions": versions, **by_text, **plain, "parameters": parameters}


def joined(rows: Mapping[str, list[str]]) -> dict[str, str]:
    """Returns `rows` with each list as one text."""
    return {key: " ".join(names) for key, names in rows.items() if names}


def probe(inside: bool = True) -> dict[str, Any]:
    """Asks for every name and returns the table; those `inside` TensorFlow cost the import of its modules."""
    table = Table()
    for module in tf_names.public_modules():
        _of_the_face(table, module)
    for module in recorded.modules():
        _of_contrib(table, module)
    for module in tf_names.inside_modules() if inside else ():
        _of_the_inside(table, module)
    return table.to_dict()


def _of_the_face(table: Table, module: str) -> None:
    names = tf_names.names(module)
    face = _reached(module)
    if face is _ABSENT:
        return
    for name, kind in names.items():
        found = _note(table, module, name, face)
        if found is not _ABSENT and not isinstance(found, StandIn | types.ModuleType):
            if found is not _plain(module, name):
                table.ours[module].append(name)
            _note_signature(table, module, name, kind, found)
            _note_members(table, module, name, kind, found)
    if module != "tensorflow.raw_ops":
        table.new[module] = _new(face, names)


def _of_contrib(table: Table, module: str) -> None:
    kinds = tf_names.names(module)
    for name in recorded.names(module):
        if name.startswith("_"):
            continue
        found = _note(table, module, name, faces.resolve(module))
        if found is not _ABSENT and not isinstance(found, StandIn):
            _note_signature(table, module, name, kinds.get(name, ""), found)
    if module.count(".") == 2:
        known = recorded.names(module)
        table.new[module] = _new(faces.resolve(module), known)


def _new(face: Any, known: Mapping[str, Any]) -> list[str]:
    """Returns the names that are not `known`, without modules of slimzoo that happen to be loaded."""
    return [name for name in _public(face) if name not in known and not _is_module_of_ours(face, name)]


def _is_module_of_ours(face: Any, name: str) -> bool:
    found = getattr(face, name, None)
    return isinstance(found, types.ModuleType) and found.__name__.startswith("slimzoo.")


def _public(face: Any) -> list[str]:
    try:
        return sorted(name for name in dir(face) if not name.startswith("_"))
    except ImportError:  # a lazy module of TensorFlow's that wants Keras 2
        return []


def _of_the_inside(table: Table, module: str) -> None:
    """A module inside TensorFlow, as `from module import name` of an old program finds it."""
    try:
        found = old_import(module, {"__name__": "__main__"}, None, ["*"])
    except Exception as error:  # noqa: BLE001  # whatever a module inside TensorFlow does
        parent, _, last = module.rpartition(".")
        if parent not in table.lost:
            _note_error(table, parent, last, error)
        table.lost.add(module)
        return
    for name in tf_names.names(module):
        if f"{module}.{name}" not in INSIDE:
            _note(table, module, name, found)


INSIDE = frozenset(tf_names.inside_modules())
old_import = importing.import_for(Program(), builtins.__import__)


def _reached(path: str) -> Any:
    found: Any = faces.resolve("tensorflow")
    for part in path.split(".")[1:]:
        found = getattr(found, part, _ABSENT)
    return found


def _plain(module: str, name: str) -> Any:
    """Returns what TensorFlow itself has under this name."""
    for start in (tf.compat.v1, tf):
        found: Any = start
        for part in [*module.split(".")[1:], name]:
            found = getattr(found, part, _ABSENT)
        if found is not _ABSENT:
            return found
    return _ABSENT


def _note(table: Table, module: str, name: str, face: Any) -> Any:
    """Returns what `face` has under `name`; what does not serve is noted."""
    try:
        found = getattr(face, name)
    except (AttributeError, ImportError) as error:
        _note_error(table, module, name, error)
        return _ABSENT
    if isinstance(found, StandIn):
        table.stub[module][vars(found)["_instead"]].append(name)
    return found


def _note_error(table: Table, module: str, name: str, error: Exception) -> None:
    if instead := str(error).partition(IN_ITS_PLACE)[2]:
        table.gone[module][instead].append(name)
    else:
        table.missing[module].append(name)


def _note_signature(table: Table, module: str, name: str, kind: str, found: Any) -> None:
    then = [one for one in tf_names.parameters(kind) if not one.startswith(("*", "_"))]
    now = _parameters(found)
    if now is not None and (lost := [one for one in then if one not in now]):
        table.parameters[module][name] = lost


def _parameters(function: Any) -> set[str] | None:
    """Returns the parameters that `function` takes by name; None if it takes any, or nobody can tell."""
    if not (inspect.isroutine(function) or inspect.isclass(function)):
        return None
    try:
        found = inspect.signature(function).parameters.values()
    except (ValueError, TypeError):
        return None
    names = {one.name for one in found if one.kind not in (one.VAR_POSITIONAL, one.POSITIONAL_ONLY)}
    return None if any(one.kind is one.VAR_KEYWORD for one in found) else names


def _note_members(table: Table, module: str, name: str, kind: str, found: Any) -> None:
    for family, looked_at in MEMBERS_OF_ONE.items():
        if f"{module}.".startswith(f"{family}.") and not (module == family and name in looked_at):
            return
    if not inspect.isclass(found) or hasattr(found, "DESCRIPTOR") or "DESCRIPTOR" in tf_names.members(kind):
        return
    one = examples().get(f"{module}.{name}", found)
    there = set(dir(one))
    if lost := [member for member in tf_names.members(kind) if member not in there]:
        table.members[f"{module}.{name}"] = lost


@functools.cache
def examples() -> dict[str, Any]:
    """Returns objects that have the members of their classes: some are only made with the object."""
    with tf.Graph().as_default():
        tensor = tf.constant(0)
    layer = faces.resolve("tensorflow").layers.Layer()
    return {
        "tensorflow.Tensor": tensor,
        "tensorflow.Operation": tensor.op,
        "tensorflow.keras.Model": keras.Sequential(),
        "tensorflow.layers.Layer": layer,
    }


def lines(table: Mapping[str, Any]) -> Iterator[str]:
    """Yields the lines of names_today.json: one a module, so that changes are seen."""
    for key, rows in table.items():
        body = ",\n".join(f"{json.dumps(name)}: {json.dumps(row)}" for name, row in sorted(rows.items()))
        yield f"{json.dumps(key)}: {{\n{body}\n}}" if body else f"{json.dumps(key)}: {{}}"


def main() -> None:
    """Writes both files."""
    table = probe()
    TODAY.write_text("{\n" + ",\n".join(lines(table)) + "\n}\n")
    PAGE.write_text(page(table))


if __name__ == "__main__":
    main()
