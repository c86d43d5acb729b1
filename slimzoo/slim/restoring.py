"""Filling variables of a graph from a checkpoint or from arrays, without constants in the graph."""

import logging
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from slimzoo.errors import listing
from slimzoo.slim.training import checkpoints
from slimzoo.slim.types import VariablesToFill
from slimzoo.slim.variables import get_variables, part_of

log = logging.getLogger("slimzoo")


def assign_from_values(var_names_to_values: Mapping[str, Any]) -> tuple[tf.Operation, dict[Any, np.ndarray]]:
    """Returns (op, feed_dict) that give the variables, found by full name, these arrays.

    Raises: ValueError: names that no variable has, or arrays that do not fit; all are listed.
    """
    pairs: list[tuple] = []
    problems: list[str] = []
    for name, value in var_names_to_values.items():
        var = _find(name, problems)
        value = np.asarray(value)
        if var is not None and value.size != var.shape.num_elements():
            problems.append(f"Variable {name} has shape {var.shape}; its value has shape {value.shape}")
        elif var is not None:
            pairs.append((var, value.reshape(var.shape.as_list())))
    _raise_if_any(problems, "the arrays do not fit the variables:")
    return _assign(pairs)


def assign_from_values_fn(var_names_to_values: Mapping[str, Any]) -> Callable[[tf.compat.v1.Session], Any]:
    """Returns a function of a session that does what `assign_from_values` prepares."""
    assign_op, feed_dict = assign_from_values(var_names_to_values)
    return lambda session: session.run(assign_op, feed_dict)


def assign_from_checkpoint(
    model_path: str, var_list: VariablesToFill, ignore_missing_vars: bool = False
) -> tuple[tf.Operation, dict[Any, np.ndarray]]:
    """Returns (op, feed_dict) that fill variables from a TensorFlow checkpoint.

    Args:
      model_path: the prefix of a checkpoint, or a V1 file.
      var_list: variables, or a dict {name in the checkpoint: variable or list of variables}; parts of a
        partitioned variable are cut from the whole.
      ignore_missing_vars: leave variables alone that the checkpoint does not hold, with a warning.

    Raises: ValueError: variables that are missing or of another shape; all are listed.
      tf.errors.NotFoundError: there is no such checkpoint.
    """
    reader = checkpoints.reader(model_path)
    pairs: list[tuple] = []
    problems: list[str] = []
    for name, variables in checkpoints.by_checkpoint_name(var_list).items():
        if not reader.has_tensor(name):
            if ignore_missing_vars:
                log.warning("Checkpoint is missing variable [%s]", name)
            else:
                problems.append(f"Checkpoint is missing variable [{name}]")
            continue
        value = reader.get_tensor(name)
        pairs += [(var, _cut(value, var, name, problems)) for var in variables]
    _raise_if_any(problems, f"{model_path} does not fit the variables:", checkpoints.ADVICE)
    return _assign(pairs)


def assign_from_checkpoint_fn(
    model_path: str,
    var_list: VariablesToFill,
    ignore_missing_vars: bool = False,
    reshape_variables: bool = False,
) -> Callable[[tf.compat.v1.Session], None] | None:
    """Returns a function of a session that restores variables from a TensorFlow checkpoint.

    Args:
      var_list: variables, or a dict {name in the checkpoint: variable}.
      ignore_missing_vars: leave variables alone that the checkpoint does not hold, with a warning; where it
        holds none of them, None is returned.
      reshape_variables: accept values of another shape but as many elements.

    Raises: ValueError: `var_list` is empty. The function raises tf.errors.NotFoundError or
      InvalidArgumentError, with all that does not fit, and assigns nothing then.
    """
    if not var_list:
        raise ValueError("var_list cannot be empty; get_variables_to_restore() gives one")
    if ignore_missing_vars:
        var_list = _present(model_path, var_list)
    if not var_list:
        log.warning("No Variables to restore")
        return None
    saver = checkpoints.CheckingSaver(var_list, reshape=reshape_variables)
    return lambda session: saver.restore(session, model_path)


def _present(model_path: str, var_list: VariablesToFill) -> dict[str, Any]:
    reader = checkpoints.reader(model_path)
    by_name = var_list if isinstance(var_list, dict) else {var.op.name: var for var in var_list}
    missing = [name for name in by_name if not reader.has_tensor(name)]
    for name in missing:
        log.warning("Variable %s missing in checkpoint %s", name, model_path)
    return {name: var for name, var in by_name.items() if name not in missing}


def _cut(value: np.ndarray, var: tf.Variable, name: str, problems: list[str]) -> np.ndarray:
    """Returns the piece of a checkpoint's `value` that belongs to `var`, or notes the problem."""
    part = part_of(var)
    if part:
        if list(value.shape) != list(part.full_shape):
            problems.append(_other_shape(name, value.shape, part.full_shape))
            return value
        window = tuple(
            slice(start, start + n) for start, n in zip(part.var_offset, part.var_shape, strict=True)
        )
        return value[window]
    if tuple(value.shape) != tuple(var.shape.as_list()):
        problems.append(_other_shape(name, value.shape, var.shape.as_list()))
    return value


def _other_shape(name: str, found: Iterable[int], wanted: Iterable[int]) -> str:
    return (
        f"Total size of new array must be unchanged for {name}: the checkpoint has shape {tuple(found)}, the "
        f"variable {tuple(wanted)}"
    )


def _find(name: str, problems: list[str]) -> tf.Variable | None:
    candidates = get_variables(scope=name)
    exact = [var for var in candidates if var.op.name == name]
    if not candidates:
        problems.append(f"Variable {name} wasn't found")
    elif not exact and len(candidates) > 1:
        names = ", ".join(var.op.name for var in candidates)
        problems.append(f"Variable {name} doesn't uniquely identify a variable: it may mean {names}")
    else:
        return (exact or candidates)[0]
    return None


def _assign(pairs: Iterable[tuple[tf.Variable, np.ndarray]]) -> tuple[tf.Operation, dict[Any, np.ndarray]]:
    feed_dict, assigned = {}, []
    for var, value in pairs:
        placeholder = tf.compat.v1.placeholder(
            var.dtype.base_dtype, var.shape, name=f"placeholder/{var.op.name}"
        )
        assigned.append(var.assign(placeholder))
        feed_dict[placeholder] = value
    return tf.group(*assigned), feed_dict


def _raise_if_any(problems: list[str], title: str, advice: str = "") -> None:
    if problems:
        raise ValueError(listing(title, problems) + advice)
