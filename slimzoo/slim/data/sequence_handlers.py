"""Items of a tf.train.SequenceExample: boxes and points over time."""

from collections.abc import Sequence

import tensorflow as tf

from slimzoo.slim.data.item_handlers import ItemHandler, Keys, Parsed, prefixed


class _CoordinatesSequence(ItemHandler):
    """Makes [time, number, coordinates] of one sparse feature [time, number] a coordinate."""

    coordinates: tuple[str, ...]

    def __init__(
        self,
        keys: Sequence[str] | None = None,
        prefix: str | None = None,
        return_dense: bool = True,
        default_value: float = -1.0,
    ):
        super().__init__(prefixed(type(self).__name__, keys, self.coordinates, prefix))
        self._return_dense, self._default_value = return_dense, default_value

    def tensors_to_item(self, keys_to_tensors: Parsed) -> tf.Tensor | tf.SparseTensor:
        columns = [tf.sparse.expand_dims(keys_to_tensors[key], -1) for key in self._keys]
        joined = tf.sparse.concat(2, columns)
        return tf.sparse.to_dense(joined, self._default_value) if self._return_dense else joined


class BoundingBoxSequence(_CoordinatesSequence):
    """Makes boxes [time, num_boxes, 4] of the sparse features of their sides, in the order of the keys.

    Args:
      keys: the features of the four sides; None: ymin, xmin, ymax, xmax.
      prefix: what stands before each of the keys.
      return_dense: whether the item is a dense tensor, `default_value` where there is no box.
    """

    coordinates = ("ymin", "xmin", "ymax", "xmax")


class KeypointsSequence(_CoordinatesSequence):
    """Makes points [time, num_keypoints, 2] of the sparse features of y and x, in the order of the keys.

    Args:
      keys: the two features; None: y, x.
      prefix: what stands before each of the keys.
      return_dense: whether the item is a dense tensor, `default_value` where there is no point.
    """

    coordinates = ("y", "x")


class NumBoxesSequence(ItemHandler):
    """Counts the boxes of each moment, int64 [time], in the sparse feature of the first of `keys`.

    Args:
      keys: sparse features [time, boxes]; or one of them.
      check_consistency: whether running fails where another key has another number of boxes.
    Raises: ValueError: there is no key; or, when decoding, a feature is not sparse or not of rank 2.
    """

    def __init__(self, keys: Keys | None = None, check_consistency: bool = True):
        if not keys:
            raise ValueError("keys must not be empty. Give the features whose values are counted")
        self._check_consistency = check_consistency
        super().__init__(keys)

    def tensors_to_item(self, keys_to_tensors: Parsed) -> tf.Tensor:
        count = _values_in_row(self._keys[0], keys_to_tensors)
        checks = []
        for key in self._keys[1:] if self._check_consistency else ():
            words = f"features {self._keys[0]!r} and {key!r} must hold equally many boxes at each moment"
            other = _values_in_row(key, keys_to_tensors)
            checks.append(tf.compat.v1.assert_equal(count, other, message=words))
        with tf.control_dependencies(checks):
            return tf.identity(count)


def _values_in_row(key: str, keys_to_tensors: Parsed) -> tf.Tensor:
    """Returns one more than the last column with a value in each row, int64 [rows]; 0 without one."""
    tensor = keys_to_tensors[key]
    if not isinstance(tensor, tf.SparseTensor):
        raise ValueError(
            f"tensor must be of type tf.SparseTensor. Feature {key!r} is {tensor}; parse it by "
            "tf.io.VarLenFeature"
        )
    if tensor.shape.rank not in (None, 2):
        raise ValueError(f"feature {key!r} must be [time, boxes], not of rank {tensor.shape.rank}")
    position = tf.SparseTensor(tensor.indices, tensor.indices[:, 1] + 1, tensor.dense_shape)
    padded = tf.pad(tf.sparse.to_dense(position), [[0, 0], [0, 1]])  # a row of no columns has no maximum
    return tf.reduce_max(padded, axis=1)
