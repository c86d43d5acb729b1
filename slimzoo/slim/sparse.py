"""Dense tensors as sparse ones: labels for the CTC loss, indicators as class numbers."""

import numbers
from typing import Any

import tensorflow as tf

from slimzoo.slim.arg_scope import add_arg_scope
from slimzoo.slim.layer_core import layer_scope
from slimzoo.slim.types import Collections, Scope, TensorLike
from slimzoo.slim.utils import collect_named_outputs


@add_arg_scope
def dense_to_sparse(
    tensor: TensorLike,
    eos_token: int = 0,
    outputs_collections: Collections | None = None,
    scope: Scope | None = None,
) -> tf.SparseTensor:
    """Returns the labels in `tensor` as a SparseTensor without `eos_token`, as tf.nn.ctc_loss takes them."""
    with layer_scope("dense_to_sparse", scope, "dense_to_sparse", tensor) as (layer, tensor):
        return collect_named_outputs(outputs_collections, layer.name, _without(tensor, eos_token))


def dense_to_sparse_tensor(dense_tensor: TensorLike, ignore_value: Any = None) -> tf.SparseTensor:
    """Returns a SparseTensor of the values of `dense_tensor` that are not `ignore_value`.

    Args:
      ignore_value: None: the zero of the dtype, "" for strings.
    """
    with tf.compat.v1.name_scope("DenseToSparseTensor"):
        dense_tensor = tf.convert_to_tensor(dense_tensor)
        return _without(dense_tensor, _ignored(dense_tensor.dtype, ignore_value))


def indicators_to_sparse_ids(
    indicators: TensorLike, ignore_value: Any = None, dtype: tf.DType = tf.int64
) -> tf.SparseTensor:
    """Returns the positions along the last dimension at which `indicators` are not `ignore_value`.

    Args:
      indicators: [..., classes].
      ignore_value: None: the zero of the dtype, "" for strings.
      dtype: of the positions, an integer type.

    Returns: a SparseTensor [..., most positions in a row]; each row's positions stand at its front.
    Raises: ValueError: `dtype` is no integer type.
    """
    if not dtype.is_integer:
        raise ValueError(f"Invalid dtype {dtype} not integer. tf.int64 and tf.int32 are.")
    with tf.compat.v1.name_scope(None, "indicators_to_sparse_ids", [indicators]):
        indicators = tf.convert_to_tensor(indicators)
        missing = tf.equal(indicators, _ignored(indicators.dtype, ignore_value))
        present = tf.cast(tf.logical_not(missing), tf.int64)
        places = present * tf.cumsum(present, axis=-1)  # from 1 on in each row; 0 where there is nothing
        found = _without(places, 0)
        indices = tf.concat([found.indices[:, :-1], found.values[:, tf.newaxis] - 1], axis=1)
        shape = tf.concat([found.dense_shape[:-1], [tf.reduce_max(places)]], axis=0)
        return tf.SparseTensor(indices, tf.cast(found.indices[:, -1], dtype), shape)


def sparse_row_envelope(
    sparse_input: tf.SparseTensor, row_axis: int = 0, col_axis: int = 1, name: str | None = None
) -> tf.Tensor:
    """Returns int64 [rows]: one more than the last column that has a value, 0 for an empty row.

    Raises: ValueError: an axis is no int, or both are the same.
    """
    if not (isinstance(row_axis, numbers.Integral) and isinstance(col_axis, numbers.Integral)):
        raise ValueError(f"`row_axis` and `col_axis` must be integers, not {row_axis!r} and {col_axis!r}")
    if row_axis == col_axis:
        raise ValueError(f"Row and column can not be the same axis: both are {row_axis}")
    with tf.compat.v1.name_scope(name, "sparse_row_envelope"):
        rows, columns = sparse_input.indices[:, row_axis], sparse_input.indices[:, col_axis]
        lengths = tf.math.unsorted_segment_max(columns + 1, rows, sparse_input.dense_shape[row_axis])
        return tf.maximum(lengths, 0)


def _without(tensor: tf.Tensor, ignored: Any) -> tf.SparseTensor:
    """Returns the values of `tensor` that are not `ignored`, a value or a scalar tensor."""
    indices = tf.where(tf.not_equal(tensor, tf.constant(ignored, tensor.dtype)))
    return tf.SparseTensor(indices, tf.gather_nd(tensor, indices), tf.shape(tensor, out_type=tf.int64))


def _ignored(dtype: tf.DType, value: Any) -> Any:
    if value is not None:
        return value
    return "" if dtype == tf.string else dtype.as_numpy_dtype()
