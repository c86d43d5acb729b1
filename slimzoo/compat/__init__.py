"""Old programs on this slimzoo: their imports, their `tf`, their leftovers of Python 2."""

import inspect
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

__all__ = ["install", "uninstall"]

_undo: list[Callable[[], None]] = []


def install() -> None:
    """Makes the calling program's imports of TensorFlow 1 work from here on, with one line above them.

    The modules in the caller's folder and below see `import tensorflow as tf` as TensorFlow 1 with
    tf.contrib, NumPy with the names it removed, `tf_slim`, and nets, preprocessing, datasets and deployment
    where the program has none of its own; a `tf` or `np` that the caller has already imported changes too.
    Keras, TensorFlow and all other libraries import what they always did. Calling it twice is calling it
    once.

    What one line cannot give, because TensorFlow 2's behaviour stays on for Keras:
    - a default graph: build the graph inside `with tf.Graph().as_default():`;
    - TensorFlow 1's control flow and variables: tf.cond and tf.while_loop are those of TensorFlow 2;
    - tensor.shape[i].value: shape[i] is an int or None.
    `slimzoo run PROGRAM` gives all three, in a process of its own.
    """
    if _undo:
        return
    from slimzoo.compat import finder, importing
    from slimzoo.compat.program import Program

    here = inspect.currentframe()
    assert here is not None and here.f_back is not None
    caller = here.f_back.f_globals
    file = caller.get("__file__")
    unhook = importing.hook(Program(str(Path(file).resolve().parent if file else Path.cwd())))
    finder.serve()
    changed = _put_faces(caller)
    _undo.extend((unhook, finder.withdraw, lambda: caller.update(changed)))


def uninstall() -> None:
    """Takes `install` back: imports, and the caller's `tf` and `np`, are as they were."""
    while _undo:
        _undo.pop()()


def _put_faces(caller: dict[str, Any]) -> dict[str, Any]:
    """Puts faces in the place of the libraries in a module's globals; returns what was there."""
    from slimzoo.compat.faces import resolve
    from slimzoo.compat.libraries import LIBRARIES

    loaded = {id(sys.modules[name]): name for name in LIBRARIES if name in sys.modules}
    before = {name: value for name, value in caller.items() if id(value) in loaded}
    caller.update({name: resolve(loaded[id(value)]) for name, value in before.items()})
    return before
