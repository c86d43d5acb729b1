"""Records what TensorFlow 1.15's tf.contrib has: every module, its names, and which of them are modules.

    python3.7 tools/record_contrib.py slimzoo/compat/tf_1_15_contrib.json

Run it with TensorFlow 1.15.5. The file is {module: "name name other=the.module.it.is"}, the modules without
their "tensorflow.contrib.".
"""

import importlib
import json
import pkgutil
import sys
from types import ModuleType
from typing import Any

CONTRIB = "tensorflow.contrib"
LAYERS = ("slim", "layers", "framework", "losses", "metrics", "training")  # of which all is listed
FUTURE = {"absolute_import", "division", "print_function"}


def names(path: str, face: bool = False) -> str:
    """Returns the names of the module `path` as one text; "" where it is no Python that imports.

    face: it is what tf.contrib shows under the name of a part.
    """
    try:
        module = importlib.import_module(path)
    except Exception as error:  # noqa: BLE001  # whatever a module of contrib does
        print(path, repr(error)[:80], file=sys.stderr)
        return ""
    whole = face or hasattr(module, "__path__") or path.split(".")[2] in LAYERS
    found = {name: value for name, value in vars(module).items() if is_listed(name, value, whole)}
    return " ".join(entry(name, value) for name, value in sorted(found.items()))


def is_listed(name: str, value: Any, whole: bool) -> bool:
    """Returns whether programs may take `name` from a module: all of it if `whole`, or contrib's own."""
    if name.startswith("__") or name in FUTURE:
        return False
    home = value.__name__ if isinstance(value, ModuleType) else getattr(value, "__module__", None) or ""
    return ".gen_" not in home and (whole or ".contrib." in home)


def entry(name: str, value: Any) -> str:
    """Returns `name`, and which module it is if it is one."""
    if not isinstance(value, ModuleType):
        return name
    return f"{name}={value.__name__.replace('tensorflow_core', 'tensorflow')}"


def main(target: str) -> None:
    """Writes the record to the file `target`."""
    package = importlib.import_module(CONTRIB)
    package.slim  # noqa: B018  # loads it: tf.contrib is lazy
    contrib = importlib.import_module("tensorflow_core.contrib")
    paths = [
        found.name for found in pkgutil.walk_packages(contrib.__path__, CONTRIB + ".", lambda name: None)
    ]
    record = {path[len(CONTRIB) + 1 :]: names(path) for path in sorted(paths)}
    for part in sorted(name for name in record if "." not in name):
        face = getattr(getattr(contrib, part, None), "__name__", f"{CONTRIB}.{part}")
        if face.replace("tensorflow_core", "tensorflow") != f"{CONTRIB}.{part}":
            listed = {*record[part].split(), *names(face, face=True).split()}
            record[part] = " ".join(sorted(listed))
    with open(target, "w") as file:
        json.dump(record, file, indent=0, sort_keys=True)
        file.write("\n")


if __name__ == "__main__":
    main(sys.argv[1])
