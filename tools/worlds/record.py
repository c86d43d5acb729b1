"""Runs a driver's graphs with values drawn from names, and writes down what came of them.

    python tools/worlds/record.py --again DRIVER OUT FOLDER...  # in TensorFlow 1.15
    slimzoo run tools/worlds/record.py DRIVER OUT FOLDER...     # in today's

It is written for Python 3.7 too, and itself a program of TensorFlow 1. FOLDER goes to sys.path. A driver
has `build(draw)`, which returns {name: tensor}, or `train(draw)`, which returns a train op and {name: loss},
or both; where placeholders must be fed, {placeholder: value} is the last thing returned. OUT gets record.json
and arrays.npz; --again runs the same once more into again.npz, in one thread and with every drawn value moved
by one rounding: what comes out elsewhere is the noise that the program itself makes.
"""

from __future__ import annotations

import json
import os
import runpy
import sys
import zlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

STEPS = 2
ROUNDING = np.float32(2.0**-23)
SAMPLED = 1000  # values of each variable that are kept after training
COLLECTIONS = ("trainable_variables", "model_variables", "moving_average_variables")
COUNTED = ("regularization_losses", "losses", "update_ops")


def draw(name: str, shape: Sequence[int], low: float | None = None, high: float = 1.0) -> Any:
    """Returns float32 values that depend on `name` and `shape` alone: normal, or uniform from low to high."""
    random = np.random.RandomState(zlib.crc32(name.encode()))
    values = random.standard_normal(shape) if low is None else random.uniform(low, high, shape)
    return np.asarray(values, np.float32)


def value_of(name: str, shape: Sequence[int]) -> Any:
    """Returns a value for the variable: activations stay of one size, variances and scales positive."""
    if len(shape) > 1:
        return draw(name, shape) * np.float32(np.sqrt(1.5 / int(np.prod(shape[:-1]))))
    if any(word in name for word in ("variance", "gamma", "scale", "stddev")):
        return draw(name, shape, 0.5, 1.5)
    return draw(name, shape) * np.float32(0.1)


def flatten(named: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yields (name, tensor) of dicts, lists and tuples in one another; what is no tensor is left out."""
    if isinstance(named, (dict, list, tuple)):
        items = sorted(named.items(), key=str) if isinstance(named, dict) else enumerate(named)
        for key, value in items:
            yield from flatten(value, f"{prefix}/{key}" if prefix else str(key))
    elif tf.is_tensor(named) and not isinstance(named, tf.SparseTensor):
        yield prefix, named


def described(variable: Any) -> list[Any]:
    return [variable.op.name, [int(size) for size in variable.shape], variable.dtype.base_dtype.name]


def structure() -> dict[str, Any]:
    """Returns what the graph is made of, by name and in order."""
    record: dict[str, Any] = {"variables": [described(variable) for variable in tf.global_variables()]}
    for key in COLLECTIONS:
        record[key] = [variable.op.name for variable in tf.get_collection(key)]
    for key in COUNTED:
        record[key] = len(tf.get_collection(key))
    return record


def moved(name: str, value: Any) -> Any:
    """Returns the value with every number moved by one rounding."""
    signs = np.random.RandomState(zlib.crc32(name.encode()) ^ 1).randint(0, 2, value.shape) * 2 - 1
    return value * (1 + signs.astype(value.dtype) * value.dtype.type(ROUNDING))


def load_values(session: Any, again: bool) -> None:
    """Gives every variable its value by name; those that start constant and are not trained keep theirs."""
    session.run([tf.global_variables_initializer(), tf.local_variables_initializer()])
    session.run(tf.tables_initializer())
    trained = {variable.op.name for variable in tf.trainable_variables()}
    trained.update(variable.op.name for variable in tf.get_collection("model_variables"))
    floats = [variable for variable in tf.global_variables() if variable.dtype.base_dtype.is_floating]
    fed, assigned = {}, []
    for variable, now in zip(floats, session.run(floats)):  # noqa: B905  # Python 3.7
        name = variable.op.name
        if name in trained or (now.size and now.min() != now.max()):
            value = value_of(name, now.shape).astype(now.dtype)
            fed[variable.initializer.inputs[1]] = moved(name, value) if again else value
            assigned.append(variable.initializer)
    session.run(assigned, fed)


def outputs(session: Any, built: Any) -> dict[str, Any]:
    fetches, feeds = built if isinstance(built, tuple) else (built, None)
    return {"out:" + name: value for name, value in session.run(dict(flatten(fetches)), feeds).items()}


def steps(session: Any, built: Any) -> dict[str, Any]:
    train_op, losses, feeds = built if len(built) == 3 else (built[0], built[1], None)
    arrays, fetches = {}, dict(flatten(losses))
    for step in range(STEPS):
        found = session.run([fetches, train_op], feeds)[0]
        arrays.update({f"step{step + 1}:{name}": value for name, value in found.items()})
    for name, value in session.run({v.op.name: v for v in tf.global_variables()}).items():
        flat = value.ravel()
        arrays["after:" + name] = flat[:: max(1, flat.size // SAMPLED)]
    return arrays


PHASES = {"build": outputs, "train": steps}


def run_phase(name: str, make: Callable[..., Any], kinds: Sequence[str]) -> tuple[Any, dict[str, Any]]:
    """Builds the graph, runs it, and returns its structure and the arrays of each kind."""
    with tf.Graph().as_default():
        tf.set_random_seed(0)
        built = make(draw)
        found, arrays = structure(), {}
        for kind in kinds:
            threads = 1 if kind == "again" else 0  # 0: as many as it likes
            config = tf.ConfigProto(allow_soft_placement=True)
            config.intra_op_parallelism_threads = config.inter_op_parallelism_threads = threads
            with tf.Session(config=config) as session:
                load_values(session, kind == "again")
                arrays[kind] = PHASES[name](session, built)
    return found, arrays


def main(driver: str, out: str, folders: Sequence[str], kinds: Sequence[str]) -> None:
    sys.path[:0] = [os.path.abspath(folder) for folder in folders]
    sys.path.append(os.path.dirname(driver))  # what lies there is the program's too
    sys.argv = [driver]
    functions = runpy.run_path(driver, run_name="driver")
    record: dict[str, Any] = {"tensorflow": tf.VERSION}
    arrays: dict[str, dict[str, Any]] = {kind: {} for kind in kinds}
    for name in (name for name in PHASES if name in functions):
        record[name], found = run_phase(name, functions[name], kinds)
        for kind, values in found.items():
            arrays[kind].update({f"{name}/{key}": value for key, value in values.items()})
    for kind, values in arrays.items():
        np.savez(os.path.join(out, kind + ".npz"), **values)
    with open(os.path.join(out, "record.json"), "w") as file:
        json.dump(record, file)


if __name__ == "__main__":
    again = sys.argv[1] == "--again"
    rest = sys.argv[2 if again else 1 :]
    main(rest[0], rest[1], rest[2:], ["arrays", "again"] if again else ["arrays"])
