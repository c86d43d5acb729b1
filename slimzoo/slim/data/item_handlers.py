"""From the parsed features of a tf.train.Example to one item: numbers, tables, boxes, sparse tensors."""

import abc
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import tensorflow as tf

from slimzoo.slim.types import Shape

Keys: TypeAlias = str | list[str] | tuple[str, ...]  # of features
Parsed: TypeAlias = Mapping[str, Any]  # feature -> what was parsed: a tensor, dense or sparse


class ItemHandler(abc.ABC):
    """Names the features an item is made of, and makes it.

    Args:
      keys: the name of a feature, or a list of them.
    """

    def __init__(self, keys: Keys):
        self._keys = keys if isinstance(keys, tuple | list) else [keys]

    @property
    def keys(self) -> Sequence[str]:
        """The features that the item is made of."""
        return self._keys

    @abc.abstractmethod
    def tensors_to_item(self, keys_to_tensors: Parsed) -> Any:
        """Returns the item that the parsed features (name -> tensor) stand for."""


class ItemHandlerCallback(ItemHandler):
    """Makes the item by a function of its parsed features (name -> tensor)."""

    def __init__(self, keys: Keys, func: Callable[[Parsed], Any]):
        super().__init__(keys)
        self._func = func

    def tensors_to_item(self, keys_to_tensors: Parsed) -> Any:
        return self._func(keys_to_tensors)


class BoundingBox(ItemHandler):
    """Makes boxes [num_boxes, 4] of the features of their sides, in the order of the keys.

    Args:
      keys: the features of the four sides; None: ymin, xmin, ymax, xmax.
      prefix: what stands before each of the keys.
    """

    def __init__(self, keys: Sequence[str] | None = None, prefix: str | None = ""):
        super().__init__(prefixed("BoundingBox", keys, ("ymin", "xmin", "ymax", "xmax"), prefix))

    def tensors_to_item(self, keys_to_tensors: Parsed) -> tf.Tensor:
        sides = [keys_to_tensors[key] for key in self._keys]
        return tf.transpose(tf.stack([getattr(side, "values", side) for side in sides]))


class Tensor(ItemHandler):
    """Makes a dense tensor of one feature.

    Args:
      tensor_key: the feature.
      shape_keys: a feature that holds the shape, or a list of features with a dimension each.
      shape: the shape, if it is always the same; without either, the shape is as parsed.
      default_value: what stands where a sparse feature has no value.
    Raises: ValueError: `shape_keys` and `shape` are both given.
    """

    def __init__(
        self,
        tensor_key: str,
        shape_keys: Keys | None = None,
        shape: Shape | None = None,
        default_value: Any = 0,
    ):
        if shape_keys and shape is not None:
            raise ValueError(
                "Cannot specify both shape_keys and shape parameters: "
                f"shape_keys={shape_keys!r}, shape={shape!r}"
            )
        self._shape_keys = [shape_keys] if isinstance(shape_keys, str) else list(shape_keys or ())
        self._tensor_key, self._shape, self._default_value = tensor_key, shape, default_value
        super().__init__([tensor_key, *self._shape_keys])

    def tensors_to_item(self, keys_to_tensors: Parsed) -> tf.Tensor:
        tensor, shape = keys_to_tensors[self._tensor_key], self._shape
        if self._shape_keys:
            dimensions = [dense(keys_to_tensors[key]) for key in self._shape_keys]
            shape = tf.reshape(tf.stack(dimensions), [-1])
        if not isinstance(tensor, tf.SparseTensor):
            return tensor if shape is None else tf.reshape(tensor, shape)
        if shape is not None:
            tensor = tf.sparse.reshape(tensor, shape)
        return tf.sparse.to_dense(tensor, self._default_value)


class LookupTensor(Tensor):
    """Makes a tensor as `Tensor` does and looks its values up in `table`, for instance names to numbers.

    Args:
      table: a table of tf.lookup.
    """

    def __init__(
        self,
        tensor_key: str,
        table: Any,
        shape_keys: Keys | None = None,
        shape: Shape | None = None,
        default_value: Any = "",
    ):
        self._table = table
        super().__init__(tensor_key, shape_keys, shape, default_value)

    def tensors_to_item(self, keys_to_tensors: Parsed) -> tf.Tensor:
        return self._table.lookup(super().tensors_to_item(keys_to_tensors))


class BackupHandler(ItemHandler):
    """Makes the item by `handler`, or by `backup` where that gives a tensor without elements.

    Raises: ValueError: one of them is no ItemHandler.
    """

    def __init__(self, handler: ItemHandler, backup: ItemHandler):
        for role, given in (("Primary", handler), ("Backup", backup)):
            if not isinstance(given, ItemHandler):
                raise ValueError(f"{role} handler is of type {type(given)} instead of ItemHandler")
        self._handler, self._backup = handler, backup
        super().__init__([*handler.keys, *backup.keys])

    def tensors_to_item(self, keys_to_tensors: Parsed) -> tf.Tensor:
        item = self._handler.tensors_to_item(keys_to_tensors)
        return tf.cond(
            tf.equal(tf.size(item), 0), lambda: self._backup.tensors_to_item(keys_to_tensors), lambda: item
        )


class SparseTensor(ItemHandler):
    """Makes a sparse tensor of one feature with indices and another with the values there.

    Args:
      indices_key: the feature of the indices in the last dimension; None: "indices".
      values_key: the feature of the values; None: "values".
      shape_key: the feature of the shape.
      shape: the shape, without `shape_key`; without either it is that of the indices as parsed.
      densify: whether the item is a dense tensor, `default_value` where there is no value.
    """

    def __init__(
        self,
        indices_key: str | None = None,
        values_key: str | None = None,
        shape_key: str | None = None,
        shape: Shape | None = None,
        densify: bool = False,
        default_value: Any = 0,
    ):
        self._indices_key, self._values_key = indices_key or "indices", values_key or "values"
        self._shape_key, self._shape = shape_key, shape
        self._densify, self._default_value = densify, default_value
        super().__init__([self._indices_key, self._values_key, *([shape_key] if shape_key else ())])

    def tensors_to_item(self, keys_to_tensors: Parsed) -> tf.Tensor | tf.SparseTensor:
        indices, values = keys_to_tensors[self._indices_key], keys_to_tensors[self._values_key]
        shape = self._shape or indices.dense_shape
        if self._shape_key:
            shape = dense(keys_to_tensors[self._shape_key])
        last = tf.cast(indices.values, tf.int64)[:, tf.newaxis]
        tensor = tf.SparseTensor(tf.concat([indices.indices[:, :-1], last], 1), values.values, shape)
        return tf.sparse.to_dense(tensor, self._default_value) if self._densify else tensor


def dense(tensor: tf.Tensor | tf.SparseTensor) -> tf.Tensor:
    """Returns a dense or sparse tensor as a dense one."""
    return tf.sparse.to_dense(tensor) if isinstance(tensor, tf.SparseTensor) else tensor


def prefixed(owner: str, keys: Sequence[str] | None, default: Sequence[str], prefix: str | None) -> list[str]:
    """Returns `keys` (None: `default`) with `prefix` before each; ValueError if there are too many or few."""
    keys = default if keys is None else keys
    if len(keys) != len(default):
        wanted = ", ".join(default)
        raise ValueError(
            f"{owner} expects {len(default)} keys but got {len(keys)}: {', '.join(keys)}; "
            f"give the features of {wanted}"
        )
    return [(prefix or "") + key for key in keys]
