"""What TensorFlow 1.15 had: its public modules and those behind them, their names, parameters and members.

tools/record_tf_names.py recorded it, and says what the record is made of. For tf.contrib see recorded.py.
"""

import functools
import gzip
import json
from importlib import resources

from slimzoo.compat.recorded import CONTRIB

_BEHIND = tuple(f"tensorflow.{name}" for name in ("python", "core", "tools", "examples"))


def public_modules() -> list[str]:
    """Returns the modules of TensorFlow 1.15's face but for tf.contrib, "tensorflow" first."""
    return [name for name in record() if not name.startswith(CONTRIB) and not is_inside(name)]


def inside_modules() -> list[str]:
    """Returns the modules behind the face: of its python, core, tools and examples."""
    return [name for name in record() if is_inside(name)]


def is_inside(module: str) -> bool:
    """Says whether `module` lies behind the face."""
    return f"{module}.".startswith(tuple(f"{name}." for name in _BEHIND))


def is_module(name: str) -> bool:
    """Says whether TensorFlow 1.15 had a module of this name, tf.contrib's modules aside."""
    return name in record() or name in _BEHIND


def names(module: str) -> dict[str, str]:
    """Returns the names of a module with the kind of each."""
    return record().get(module, {})


def parameters(kind: str) -> list[str]:
    """Returns the parameters of a function or constructor of this kind, stars before *args."""
    return kind[1:].partition("|")[0].split() if kind[:1] in ("f", "c") else []


def members(kind: str) -> list[str]:
    """Returns the members of a class of this kind."""
    return kind.partition("|")[2].split()


@functools.cache
def record() -> dict[str, dict[str, str]]:
    """Returns the whole record."""
    file = resources.files("slimzoo.compat").joinpath("tf_1_15_names.json.gz")
    return json.loads(gzip.decompress(file.read_bytes()))
