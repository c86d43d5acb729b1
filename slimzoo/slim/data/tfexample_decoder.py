"""Decoders of tf.train.Example and tf.train.SequenceExample: features parsed, then items made of them."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import tensorflow as tf

from slimzoo.slim.data.data_decoder import DataDecoder
from slimzoo.slim.data.image_handler import Image
from slimzoo.slim.data.item_handlers import (
    BackupHandler,
    BoundingBox,
    ItemHandler,
    ItemHandlerCallback,
    LookupTensor,
    Parsed,
    SparseTensor,
    Tensor,
)
from slimzoo.slim.data.items import check_items
from slimzoo.slim.data.sequence_handlers import BoundingBoxSequence, KeypointsSequence, NumBoxesSequence
from slimzoo.slim.types import TensorLike

__all__ = [
    "BackupHandler",
    "BoundingBox",
    "BoundingBoxSequence",
    "Image",
    "ItemHandler",
    "ItemHandlerCallback",
    "KeypointsSequence",
    "LookupTensor",
    "NumBoxesSequence",
    "SparseTensor",
    "TFExampleDecoder",
    "TFSequenceExampleDecoder",
    "Tensor",
]

Features: TypeAlias = Mapping[str, Any]  # name -> tf.io.FixedLenFeature, tf.io.VarLenFeature, ...


class TFExampleDecoder(DataDecoder):
    """Decodes a serialized tf.train.Example.

    Args:
      keys_to_features: name of a feature -> tf.io.FixedLenFeature, tf.io.VarLenFeature, ...
      items_to_handlers: item -> the ItemHandler that makes it.
    """

    def __init__(self, keys_to_features: Features, items_to_handlers: Mapping[str, ItemHandler]):
        self._keys_to_features, self._items_to_handlers = keys_to_features, items_to_handlers

    def list_items(self) -> list[str]:
        return list(self._items_to_handlers)

    def decode(self, serialized_example: TensorLike, items: Sequence[str] | None = None) -> list[Any]:
        """Returns the tensors of `items` (None: of all), in their order, from a scalar string.

        Raises: ValueError: some items, or features that their handlers need, are unknown: all are named.
        """
        items = _checked(items, self._items_to_handlers, self._keys_to_features)
        parsed = tf.io.parse_single_example(serialized_example, self._keys_to_features)
        parsed = _reshaped(parsed, self._keys_to_features)
        return [_item(self._items_to_handlers[item], parsed) for item in items]


class TFSequenceExampleDecoder(DataDecoder):
    """Decodes a serialized tf.train.SequenceExample.

    Args:
      keys_to_context_features: name of a context feature -> tf.io.FixedLenFeature, tf.io.VarLenFeature, ...
      keys_to_sequence_features: name of a list of features -> tf.io.FixedLenSequenceFeature, ...
      items_to_handlers: item -> the ItemHandler that makes it.
    Raises: ValueError: a name is in both.
    """

    def __init__(
        self,
        keys_to_context_features: Features,
        keys_to_sequence_features: Features,
        items_to_handlers: Mapping[str, ItemHandler],
    ):
        both = sorted(set(keys_to_context_features) & set(keys_to_sequence_features))
        if both:
            raise ValueError(
                f"Context and sequence keys are not unique. \n In both: {', '.join(both)}; rename them in one"
            )
        self._context, self._sequence = keys_to_context_features, keys_to_sequence_features
        self._items_to_handlers = items_to_handlers

    def list_items(self) -> list[str]:
        return list(self._items_to_handlers)

    def decode(self, serialized_example: TensorLike, items: Sequence[str] | None = None) -> list[Any]:
        """Returns the tensors of `items` (None: of all), in their order, from a scalar string.

        Raises: ValueError: some items, or features that their handlers need, are unknown: all are named.
        """
        items = _checked(items, self._items_to_handlers, {**self._context, **self._sequence})
        context, sequence = tf.io.parse_single_sequence_example(
            serialized_example, self._context, self._sequence
        )
        parsed = {**sequence, **_reshaped(context, self._context)}
        return [_item(self._items_to_handlers[item], parsed) for item in items]


def _checked(
    items: Sequence[str] | None, handlers: Mapping[str, ItemHandler], features: Features
) -> list[str]:
    items = list(items or handlers)
    check_items(items, handlers)
    needed = {item: [key for key in handlers[item].keys if key not in features] for item in items}
    missing = [f"item {item!r} needs {', '.join(keys)}" for item, keys in needed.items() if keys]
    if missing:
        raise ValueError(
            f"features are not declared: {'; '.join(missing)}. Declared are {', '.join(sorted(features))}"
        )
    return items


def _reshaped(parsed: Parsed, features: Features) -> dict[str, Any]:
    fixed = {key: feature for key, feature in features.items() if isinstance(feature, tf.io.FixedLenFeature)}
    return {**parsed, **{key: tf.reshape(parsed[key], fixed[key].shape) for key in sorted(fixed)}}


def _item(handler: ItemHandler, parsed: Parsed) -> Any:
    return handler.tensors_to_item({key: parsed[key] for key in handler.keys})
