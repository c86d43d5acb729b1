"""What to do where TensorFlow refuses to share a variable."""

import contextlib
import re
from collections.abc import Iterator

import tensorflow as tf

from slimzoo.errors import counted, some
from slimzoo.names import nearest

MISSING = re.compile(r"Variable (\S+) does not exist.*VarScope\?$", re.DOTALL)
OTHER_SHAPE = re.compile(r"Trying to share variable (\S+),.*found shape [^;]*$", re.DOTALL)


@contextlib.contextmanager
def explained_reuse() -> Iterator[None]:
    """Adds to TensorFlow's error about a shared variable what there is, and what to do."""
    try:
        yield
    except ValueError as error:
        advice = _advice(str(error))
        if advice is None:
            raise
        raise ValueError(f"{error} {advice}") from None


def _advice(message: str) -> str | None:
    missing, other_shape = MISSING.search(message), OTHER_SHAPE.search(message)
    if missing:
        return (
            f"It is asked for with reuse=True, which makes no variable. {_there_are(missing[1])} Call the "
            "layer once without reuse, in the same scope; or give reuse=tf.compat.v1.AUTO_REUSE, which makes "
            "what is missing"
        )
    if other_shape:
        return "Layers that share variables take inputs and sizes that agree; give this one another scope"
    return None


def _there_are(name: str) -> str:
    names = [variable.op.name for variable in tf.compat.v1.global_variables()]
    if not names:
        return "There are no variables yet."
    there = f"There {'is' if len(names) == 1 else 'are'} {counted(len(names), 'variable')}"
    likely = nearest(name, names)
    return f"{there}.{likely}" if likely else f"{there}: {some(names)}."
