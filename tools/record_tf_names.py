"""Records what TensorFlow 1.15 has under `tf.`, with parameters and members, and in the modules behind that.

    python3.7 tools/record_tf_names.py slimzoo/compat/tf_1_15_names.json.gz

Run it with TensorFlow 1.15.5. The file is {module: {name: kind}}; of tf.contrib it has the parameters, all
else of it is in the record of tools/record_contrib.py. Kinds:

    "m"                 a module of its own, which has a row
    "-"                 a value
    "f a b *rest"       a function and its parameters; "f" alone where they cannot be told
    "c a b|run close"   a class: the parameters of its constructor, and its members
    ""                  a name of a module behind the face: what it is was not recorded
"""

from __future__ import annotations

import functools
import gzip
import importlib
import inspect
import json
import pkgutil
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

FUTURE = {"absolute_import", "division", "print_function", "unicode_literals"}
FLAGS = ".platform.flags"  # tf.flags and tf.app.flags: no module of the face, and yet public
NOT_HERE = ("tensorflow.contrib", "tensorflow.compat.v1", "tensorflow.compat.v2")
NO_MEMBERS = {*dir(object), *dir(Exception), *dir(tuple), *dir(int)}
BEHIND = tuple("tensorflow." + name for name in ("python", "core", "tools", "examples"))
PLAIN = ("tensorflow.raw_ops",)  # whose parameters are those of the ops


def public(module: ModuleType, path: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Yields the modules of TensorFlow's face from `path` on, each with its names."""
    listed = {name: value for name, value in members(module) if is_public(name, value, path)}
    yield path, {name: kind(value, path) for name, value in sorted(listed.items())}
    for name, value in sorted(listed.items()):
        if isinstance(value, ModuleType):
            yield from public(value, f"{path}.{name}")


def members(module: ModuleType) -> Iterator[tuple[str, Any]]:
    """Yields the names of a module that programs may take, and what they are."""
    for name in dir(module):
        if not name.startswith("_") and name not in FUTURE:
            yield name, getattr(module, name)


def is_public(name: str, value: Any, path: str) -> bool:
    """Says whether `name` is of TensorFlow's face, and recorded here."""
    if not isinstance(value, ModuleType):
        return True
    home = value.__name__
    return f"{path}.{name}" not in NOT_HERE and (
        "._api.v1" in home or ".api._v1" in home or home.endswith(FLAGS)
    )


def kind(value: Any, path: str) -> str:
    """Returns what `value` is, as the file says it."""
    if isinstance(value, ModuleType):
        return "m"
    if path in PLAIN:
        return "f"
    if inspect.isclass(value):
        own = [name for name in dir(value) if not name.startswith("_") and name not in NO_MEMBERS]
        return "c{}|{}".format(parameters(value), " ".join(own))
    return "f" + parameters(value) if callable(value) else "-"


def parameters(function: Any) -> str:
    """Returns the names of the parameters, each after a blank; "" where Python does not know them."""
    try:
        found = inspect.signature(function).parameters.values()
    except (ValueError, TypeError):
        return ""
    stars: dict[Any, str] = {inspect.Parameter.VAR_POSITIONAL: "*", inspect.Parameter.VAR_KEYWORD: "**"}
    return "".join(" {}{}".format(stars.get(one.kind, ""), one.name) for one in found)


def contrib() -> Iterator[tuple[str, dict[str, str]]]:
    """Yields the parts of tf.contrib and the modules below slim, each with its functions and classes."""
    for package in ("tensorflow.contrib", "tensorflow.contrib.slim"):
        for module in walked(package, below=False):
            name = module.__name__.replace("tensorflow_core", "tensorflow")
            kinds = {name: kind(value, "") for name, value in members(module) if callable(value)}
            yield name, kinds


def inside() -> Iterator[tuple[str, dict[str, str]]]:
    """Yields the modules behind the face, each with the names that it has of its own."""
    for package in BEHIND:
        for module in walked(package):
            name = module.__name__.replace("tensorflow_core", "tensorflow")
            own = {one for one, value in members(module) if is_its_own(value, name)}
            yield name, {one: "" for one in own if not one.endswith("_eager_fallback")}


def walked(package: str, below: bool = True) -> Iterator[ModuleType]:
    """Yields the modules of a package, those `below` its own packages too, that can be imported."""
    path = importlib.import_module(package.replace("tensorflow", "tensorflow_core", 1)).__path__
    walk = (
        pkgutil.walk_packages if below else lambda path, prefix, onerror: pkgutil.iter_modules(path, prefix)
    )
    for found in walk(path, package + ".", lambda name: None):
        if found.name.endswith("_test") or "._" in found.name or ".keras.api." in found.name:
            continue
        try:
            yield importlib.import_module(found.name)
        except (Exception, SystemExit) as error:  # noqa: BLE001  # whatever a module inside TensorFlow does
            print(found.name, repr(error)[:80], file=sys.stderr)


def is_its_own(value: Any, path: str) -> bool:
    """Says whether a name of the module `path` was made there, or by the generator of ops for it."""
    if isinstance(value, ModuleType):
        return value.__name__.replace("tensorflow_core", "tensorflow").rpartition(".")[0] == path
    if isinstance(value, functools.partial):  # what exports names
        return False
    home = (getattr(value, "__module__", None) or path).replace("tensorflow_core", "tensorflow")
    return home == path or ".gen_" in home


def main(target: str) -> None:
    """Writes the record to the file `target`."""
    import tensorflow as tf

    record = dict(public(tf, "tensorflow"))
    record.update(contrib())
    record.update(inside())
    text = json.dumps(record, indent=0, sort_keys=True)
    with open(target, "wb") as file, gzip.GzipFile(fileobj=file, mode="wb", filename="", mtime=0) as packed:
        packed.write(text.encode())


if __name__ == "__main__":
    main(sys.argv[1])
