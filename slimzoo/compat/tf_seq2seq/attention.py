"""What decoders of tf.contrib.seq2seq attend with: by a product (Luong) or by a sum (Bahdanau)."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from slimzoo.compat.tf_layers.base import v1
from slimzoo.compat.tf_layers.core import Dense
from slimzoo.compat.tf_rnn.base import zeros

Probability = Callable[..., tf.Tensor]


class AttentionMechanism:
    """What AttentionWrapper attends with: (query, state) -> (alignments, next state)."""

    @property
    def alignments_size(self) -> Any:
        """The length of what is attended to."""
        raise NotImplementedError(f"{type(self).__name__} has to define alignments_size")

    @property
    def state_size(self) -> Any:
        """Of the state."""
        raise NotImplementedError(f"{type(self).__name__} has to define state_size")


class MemoryAttention(AttentionMechanism):
    """Attends to `memory` [N, length, size], of each sequence to as much as memory_sequence_length says.

    Attributes:
      values: the memory, 0 past its end; keys: what queries are compared with.
    """

    def __init__(
        self,
        query_layer: Dense | None,
        memory_layer: Dense,
        memory: Any,
        memory_sequence_length: Any,
        probability_fn: Probability | None,
        score_mask_value: Any,
        custom_key_value_fn: Callable[..., Any] | None,
        name: str | None,
    ):
        if probability_fn is not None and not callable(probability_fn):
            raise TypeError(f"probability_fn must be callable, saw type: {type(probability_fn).__name__}")
        self.query_layer, self.memory_layer, self.dtype = query_layer, memory_layer, memory_layer.dtype
        self._probability_fn = probability_fn or tf.nn.softmax
        self._lengths, self._mask_value = memory_sequence_length, score_mask_value
        with v1.name_scope(name, "BaseAttentionMechanismInit", [memory]):
            self.values = _within(tf.convert_to_tensor(memory, name="memory"), memory_sequence_length)
            self.keys = memory_layer(self.values)
            if custom_key_value_fn is not None:
                self.keys, self.values = custom_key_value_fn(self.keys, self.values)
            sizes, known = tf.shape(self.keys), self.keys.shape.as_list()
            self.batch_size, self._length = known[0] or sizes[0], known[1] or sizes[1]

    @property
    def alignments_size(self) -> Any:
        """The length of the memory."""
        return self._length

    @property
    def state_size(self) -> Any:
        """The length of the memory."""
        return self._length

    def initial_alignments(self, batch_size: Any, dtype: Any) -> tf.Tensor:
        """Returns zeros [batch_size, length]."""
        return zeros(batch_size, self._length, dtype)

    def initial_state(self, batch_size: Any, dtype: Any) -> tf.Tensor:
        """Returns zeros [batch_size, length]."""
        return self.initial_alignments(batch_size, dtype)

    def aligned(self, score: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns the probabilities of `score` [N, length], which are the next state too."""
        alignments = self._probability_fn(self._masked(score))
        return alignments, alignments

    def _masked(self, score: tf.Tensor) -> tf.Tensor:
        if self._lengths is None:
            return score
        message = "All values in memory_sequence_length must be greater than zero."
        with tf.control_dependencies([v1.assert_positive(self._lengths, message=message)]):
            inside = tf.sequence_mask(self._lengths, tf.shape(score)[1])
        value = -np.inf if self._mask_value is None else self._mask_value
        return tf.where(inside, score, value * tf.ones_like(score))


class LuongAttention(MemoryAttention):
    """Attends by products with the query, whose size is num_units. Luong et al. 2015, arXiv:1508.04025.

    Args:
      scale: whether scores are scaled by a variable, "attention_g".
    """

    def __init__(
        self,
        num_units: int,
        memory: Any,
        memory_sequence_length: Any = None,
        scale: bool = False,
        probability_fn: Probability | None = None,
        score_mask_value: Any = None,
        dtype: Any = None,
        custom_key_value_fn: Callable[..., Any] | None = None,
        name: str = "LuongAttention",
    ):
        super().__init__(
            None,
            _layer("memory_layer", num_units, dtype),
            memory,
            memory_sequence_length,
            probability_fn,
            score_mask_value,
            custom_key_value_fn,
            name,
        )
        self._scale = scale

    def __call__(self, query: tf.Tensor, state: Any) -> tuple[tf.Tensor, tf.Tensor]:
        size, units = query.shape.as_list()[-1], self.keys.shape.as_list()[-1]
        if size != units or size is None:
            raise ValueError(
                f"Incompatible or unknown inner dimensions between query and keys: {query} has {size} units, "
                f"the keys have {units}. Perhaps you need to set num_units to {size}"
            )
        with v1.variable_scope(None, "luong_attention", [query]):
            scale = 1.0
            if self._scale:
                scale = v1.get_variable("attention_g", [], query.dtype, v1.ones_initializer())
            score = tf.squeeze(tf.matmul(tf.expand_dims(query, 1), self.keys, transpose_b=True), [1])
        return self.aligned(score * scale)


class BahdanauAttention(MemoryAttention):
    """Attends by sums with the query, in num_units. Bahdanau et al. 2014, arXiv:1409.0473.

    Args:
      normalize: whether "attention_v" has a length of its own, and the sums a bias. arXiv:1602.07868.
    """

    def __init__(
        self,
        num_units: int,
        memory: Any,
        memory_sequence_length: Any = None,
        normalize: bool = False,
        probability_fn: Probability | None = None,
        score_mask_value: Any = None,
        dtype: Any = None,
        custom_key_value_fn: Callable[..., Any] | None = None,
        name: str = "BahdanauAttention",
    ):
        super().__init__(
            _layer("query_layer", num_units, dtype),
            _layer("memory_layer", num_units, dtype),
            memory,
            memory_sequence_length,
            probability_fn,
            score_mask_value,
            custom_key_value_fn,
            name,
        )
        self._num_units, self._normalize = num_units, normalize

    def __call__(self, query: tf.Tensor, state: Any) -> tuple[tf.Tensor, tf.Tensor]:
        with v1.variable_scope(None, "bahdanau_attention", [query]):
            sums = self.keys + tf.expand_dims(self.query_layer(query), 1)  # type: ignore[misc]
            weights = v1.get_variable("attention_v", [self._num_units], query.dtype)
            if self._normalize:
                root = v1.constant_initializer(math.sqrt(1.0 / self._num_units))
                length = v1.get_variable("attention_g", [], query.dtype, root)
                bias = v1.get_variable("attention_b", [self._num_units], query.dtype, v1.zeros_initializer())
                weights = length * weights * tf.math.rsqrt(tf.reduce_sum(tf.square(weights)))
                sums = sums + bias
            score = tf.reduce_sum(weights * tf.tanh(sums), [2])
        return self.aligned(score)


def hardmax(logits: Any, name: str | None = None) -> tf.Tensor:
    """Returns 1 at the largest of each row, and 0 elsewhere."""
    with v1.name_scope(name, "Hardmax", [logits]):
        logits = tf.convert_to_tensor(logits, name="logits")
        depth = logits.shape.as_list()[-1] or tf.shape(logits)[-1]
        return tf.one_hot(tf.argmax(logits, -1), depth, dtype=logits.dtype)


def _layer(name: str, num_units: int, dtype: Any) -> Dense:
    return Dense(num_units, use_bias=False, name=name, dtype=dtype or tf.float32)


def _within(memory: tf.Tensor, lengths: Any) -> tf.Tensor:
    """Returns `memory` with zeros past the lengths."""
    if not memory.shape[2:].is_fully_defined():
        raise ValueError(
            f"Expected memory {memory.name} to have fully defined inner dims, but saw shape: {memory.shape}"
        )
    if lengths is None:
        return memory
    inside = tf.sequence_mask(lengths, tf.shape(memory)[1], memory.dtype)
    ones = [1] * (memory.shape.rank - 2)
    return memory * tf.reshape(inside, tf.concat([tf.shape(inside), ones], 0) if ones else tf.shape(inside))
