"""All values so far, in one tensor."""

import tensorflow as tf

from slimzoo.slim.metrics.common import ValueAndUpdate, metric_scope, metric_variable, published
from slimzoo.slim.types import Collections, TensorLike


def streaming_concat(
    values: TensorLike,
    axis: int = 0,
    max_size: int | None = None,
    metrics_collections: Collections | None = None,
    updates_collections: Collections | None = None,
    name: str | None = None,
) -> ValueAndUpdate:
    """Joins the values of all batches along `axis`, of which `max_size` are kept; None: all.

    Args:
      values: every dimension but `axis` known.

    Returns: (value, update_op); the value of the update op is the number kept.

    Raises: ValueError: an unknown rank or dimension, or an `axis` that is not there.
    """
    with metric_scope("streaming_concat", name, "streaming_concat", (values,)):
        values = tf.convert_to_tensor(values)
        axis, inner = _check(values.shape, axis)
        rank = len(inner) + 1
        array = metric_variable(
            "array",
            [max_size or 0, *inner],
            values.dtype,
            use_resource=True,  # another variable cannot grow where resource variables are the default
            validate_shape=False,
            shape=tf.TensorShape([None, *inner]),
        )
        size = metric_variable("size", [], tf.int32)
        so_far = tf.ensure_shape(array[: tf.convert_to_tensor(size)], [None, *inner])
        value = tf.transpose(so_far, [*range(1, axis + 1), 0, *range(axis + 1, rank)], name="concat")
        batch = tf.transpose(values, [axis, *(i for i in range(rank) if i != axis)])
        update_op = _append(array, size, batch, max_size)
        return published((value, update_op), metrics_collections, updates_collections)


def next_array_size(required_size: TensorLike, growth_factor: float = 1.5) -> tf.Tensor:
    """Returns the smallest power of `growth_factor`, rounded up, that is at least `required_size`; int32."""
    required, factor = tf.cast(required_size, tf.float32), tf.cast(growth_factor, tf.float32)
    return tf.cast(
        tf.math.ceil(factor ** tf.math.ceil(tf.math.log(required) / tf.math.log(factor))), tf.int32
    )


def _append(array: tf.Variable, size: tf.Variable, batch: tf.Tensor, max_size: int | None) -> tf.Tensor:
    """Writes the rows of `batch` behind the `size` rows of `array`, which grows if it must."""
    old = tf.convert_to_tensor(size)
    if max_size is not None:
        batch = batch[: max_size - old]
    new = old + tf.shape(batch)[0]

    def grow() -> tf.Operation:
        more = tf.zeros(tf.concat([[next_array_size(new) - old], tf.shape(array)[1:]], 0), array.dtype)
        return tf.group(array.assign(tf.concat([array[:old], more], 0), read_value=False))

    grown = tf.cond(new > tf.shape(array)[0], grow, tf.no_op)
    with tf.control_dependencies([grown]):
        written = array[old:new].assign(batch)
    with tf.control_dependencies([written]):
        return tf.convert_to_tensor(size.assign(new))


def _check(shape: tf.TensorShape, axis: int) -> tuple[int, list[int]]:
    """Returns `axis` from 0 on and the dimensions besides it; ValueError names what is wrong."""
    if shape.rank is None:
        raise ValueError("`values` must have known statically known rank; call set_shape on them first")
    if not -shape.rank <= axis < shape.rank:
        raise ValueError(f"axis = {axis} not in [0, {shape.rank}), the dimensions of values {shape}")
    axis %= shape.rank
    inner = [size for i, size in enumerate(shape.as_list()) if i != axis]
    if None in inner:
        raise ValueError(
            "all dimensions of `values` other than the dimension to concatenate along must have statically "
            f"known size; the shape is {shape} and axis = {axis}; call set_shape on the values first"
        )
    return axis, inner
