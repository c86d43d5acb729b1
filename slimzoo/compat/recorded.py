"""What TensorFlow 1.15's tf.contrib had: its modules, their names, the modules that lay in them.

tools/record_contrib.py recorded it.
"""

import functools
import json
from importlib import resources

CONTRIB = "tensorflow.contrib."


def part_of(module: str) -> str:
    """Returns the part of tf.contrib that `module` is in: "rnn" for tensorflow.contrib.rnn.python."""
    return module.removeprefix(CONTRIB).partition(".")[0]


def modules() -> list[str]:
    """Returns the full names of all modules of tf.contrib."""
    return [CONTRIB + name for name in _record()]


def is_module(name: str) -> bool:
    """Says whether `name` was a module of tf.contrib."""
    return name.startswith(CONTRIB) and name.removeprefix(CONTRIB) in _record()


def names(module: str) -> dict[str, str]:
    """Returns the names of a module of tf.contrib, each with the module it is, or ""."""
    if not is_module(module):
        return {}
    listed = _record()[module.removeprefix(CONTRIB)].split()
    return {name: path for name, _, path in (entry.partition("=") for entry in listed)}


@functools.cache
def _record() -> dict[str, str]:
    file = resources.files("slimzoo.compat").joinpath("tf_1_15_contrib.json")
    return json.loads(file.read_text())
