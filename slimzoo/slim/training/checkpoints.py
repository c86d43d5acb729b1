"""Checkpoints looked at before they are restored: is there one, and does all of it fit?"""

import os
import re
from typing import Any

import tensorflow as tf

from slimzoo.errors import listing, tensorflow_says
from slimzoo.slim.hints import nearest
from slimzoo.slim.types import VariablesToFill
from slimzoo.slim.variables import get_variable_full_name, part_of

OBJECT_GRAPH = "_CHECKPOINTABLE_OBJECT_GRAPH"  # in what tf.train.Checkpoint writes
PIECE = re.compile(r"(.+)\.(index|meta|data-\d{5}-of-\d{5})")
ADVICE = (
    "\nslim.get_variables_to_restore(exclude=[scope]) leaves scopes out, {name in the checkpoint: variable} "
    "renames, ignore_missing_vars=True skips what is missing. A run of another network needs another logdir."
)


class MissingCheckpoint(tf.errors.NotFoundError, ValueError):
    """There is no such checkpoint. TensorFlow raises either error for that, depending on who asks."""

    def __init__(self, message: str):
        super().__init__(None, None, message)


def find(path: str | os.PathLike | None) -> str:
    """Returns the prefix of the checkpoint `path`; of the newest one in it if it is a directory.

    Raises: MissingCheckpoint: there is none. tf.errors.DataLossError: `path` is one file of a checkpoint.
    """
    if path is None:
        raise MissingCheckpoint(
            "Can't load save_path when it is None; tf.train.latest_checkpoint(directory) returns None where "
            "there is no checkpoint"
        )
    path = os.fspath(path)
    folder = tf.io.gfile.isdir(path) and not tf.io.gfile.exists(f"{path}.index")  # may be both
    newest = tf.train.latest_checkpoint(path if folder else os.path.dirname(path) or ".")
    if folder and newest:
        return newest
    piece = PIECE.fullmatch(path)
    if piece and tf.compat.v1.train.checkpoint_exists(piece[1]):
        raise tf.errors.DataLossError(
            None, None, f"Unable to open table file {path}: it is one file of a checkpoint; pass {piece[1]}"
        )
    if folder or not tf.compat.v1.train.checkpoint_exists(path):
        raise MissingCheckpoint(
            f"The passed save_path is not a valid checkpoint: Failed to find any matching files for {path}; "
            + (f"the newest one in that directory is {newest}" if newest else "that directory holds none")
        )
    return path


def reader(path: str | os.PathLike | None) -> Any:
    """Returns a tf.compat.v1.train.NewCheckpointReader; raises as `find` does, or tf.errors.DataLossError."""
    path = find(path)
    try:
        return tf.compat.v1.train.NewCheckpointReader(path)
    except tf.errors.OpError as error:  # DataLossError, or of no kind: it knows damage by its words
        raise _damaged(path, error) from None


def by_checkpoint_name(var_list: VariablesToFill) -> dict[str, list[tf.Variable]]:
    """Returns {name in the checkpoint: list of variables}; the parts of one variable share its name."""
    grouped: dict[str, list] = {}
    if isinstance(var_list, dict):
        for name, value in var_list.items():
            grouped[name] = (
                [value] if isinstance(value, tf.Variable) or not _is_sequence(value) else list(value)
            )
    else:
        for var in var_list:
            for part in [var] if isinstance(var, tf.Variable) or not _is_sequence(var) else var:
                grouped.setdefault(get_variable_full_name(part), []).append(part)
    return grouped


def check_fit(path: str, var_list: VariablesToFill, reshape: bool = False) -> None:
    """Raises an error that lists every variable which the checkpoint lacks or holds in another shape or type.

    Args:
      var_list: variables, or {name in the checkpoint: variable or its parts}.
      reshape: another shape will do if it has as many elements.

    Raises: tf.errors.NotFoundError: some are missing. tf.errors.InvalidArgumentError: others do not fit.
      TensorFlow itself gives a resource variable any shape that the checkpoint holds.
    """
    checkpoint = reader(path)
    if checkpoint.has_tensor(OBJECT_GRAPH):  # has other names, which the Saver knows to translate
        return
    shapes, dtypes = checkpoint.get_variable_to_shape_map(), checkpoint.get_variable_to_dtype_map()
    missing, unfit = [], []
    for name, variables in by_checkpoint_name(var_list).items():
        if name not in shapes:
            missing.append(name)
            continue
        unfit += [_misfit(name, var, shapes[name], dtypes[name], reshape) for var in variables]
    lines = [f"Key {name} not found in checkpoint; nearest: {nearest(name, shapes)}" for name in missing[:40]]
    lines += missing[40:]
    lines += [line for line in unfit if line]
    if lines:
        kind = tf.errors.NotFoundError if missing else tf.errors.InvalidArgumentError
        raise kind(None, None, listing(f"{path} does not fit the variables:", lines) + ADVICE)


class CheckingSaver(tf.compat.v1.train.Saver):
    """A Saver that checks what it is about to restore.

    Args:
      var_list: as `check_fit` takes; None: all variables of the graph so far.
    """

    def __init__(self, var_list: VariablesToFill | None = None, reshape: bool = False):
        self._checked = tf.compat.v1.global_variables() if var_list is None else var_list
        self._reshape_checked = reshape
        super().__init__(var_list, reshape=reshape)

    def restore(self, sess: tf.compat.v1.Session, save_path: str) -> None:
        """Fills the variables; raises as `check_fit` does, before anything is assigned."""
        save_path = find(save_path)
        check_fit(save_path, self._checked, self._reshape_checked)
        try:
            super().restore(sess, save_path)
        except (tf.errors.OutOfRangeError, tf.errors.DataLossError) as error:
            raise _damaged(save_path, error) from None  # a Coordinator takes OutOfRange for a clean end


def _damaged(path: str, error: tf.errors.OpError) -> tf.errors.DataLossError:
    """Returns the error that says which checkpoint is damaged, and what to do."""
    return tf.errors.DataLossError(
        None,
        None,
        f"checkpoint {path} is damaged: {tensorflow_says(error)}. Take an older one (the file `checkpoint` "
        "beside it lists them; its first line says which is restored), or start in a new directory",
    )


def check_default_saver(path: str, scaffold: tf.compat.v1.train.Scaffold | None) -> None:
    """Checks a checkpoint that a tf.compat.v1.train.Scaffold will restore by the Saver of its own making.

    Raises: as `find`, and as `check_fit` where neither the scaffold nor the graph has a Saver of the user's.
    """
    path = find(path)
    own = scaffold is not None and scaffold.saver is not None
    if not (own or tf.compat.v1.get_collection(tf.compat.v1.GraphKeys.SAVERS)):
        check_fit(path, tf.compat.v1.global_variables())


def _misfit(name: str, var: Any, shape: list[int], dtype: tf.DType, reshape: bool) -> str | None:
    """Returns what is wrong with one variable, or None."""
    part = part_of(var)
    wanted = list(part.full_shape) if part else _static_shape(var)
    if wanted is None:
        return None
    if var.dtype.base_dtype != dtype:
        return (
            f"{name}: expected dtype {var.dtype.base_dtype.name} does not equal original dtype {dtype.name}"
        )
    same = (
        tf.TensorShape(wanted).num_elements() == tf.TensorShape(shape).num_elements()
        if reshape
        else wanted == shape
    )
    if same:
        return None
    return (
        f"{name}: Assign requires shapes of both tensors to match: the variable has {wanted}, the "
        f"checkpoint {shape}"
    )


def _static_shape(var: Any) -> list[int] | None:
    """Returns the shape of a variable; None where it is open, or `var` is some other saveable object."""
    if not isinstance(var, tf.Variable) or not var.shape.is_fully_defined():
        return None
    return var.shape.as_list()


def _is_sequence(value: Any) -> bool:
    return hasattr(value, "__iter__")
