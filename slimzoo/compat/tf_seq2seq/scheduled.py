"""Helpers that give the truth, and now and then what was decoded. Bengio et al. 2015, arXiv:1506.03099."""

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from slimzoo.compat.tf_layers.base import v1
from slimzoo.compat.tf_rnn.stacks import transpose_batch_time
from slimzoo.compat.tf_seq2seq.helpers import TrainingHelper, as_array, drawn_symbols, embedding_function


class ScheduledEmbeddingTrainingHelper(TrainingHelper):
    """Gives the embedding of a symbol that is drawn, with sampling_probability; the truth otherwise."""

    def __init__(
        self,
        inputs: Any,
        sequence_length: Any,
        embedding: Any,
        sampling_probability: Any,
        time_major: bool = False,
        seed: int | None = None,
        scheduling_seed: int | None = None,
        name: str | None = None,
    ):
        super().__init__(inputs, sequence_length, time_major, name)
        self._embed, self._chance = embedding_function(embedding), _chance(sampling_probability)
        self._seed, self._scheduling_seed = seed, scheduling_seed

    def sample(self, time: Any, outputs: Any, state: Any = None, name: str | None = None) -> Any:
        """Returns what is drawn [N], -1 for the truth."""
        chosen = _chosen(self._chance, self.batch_size, self._scheduling_seed)
        return tf.where(chosen, drawn_symbols(outputs, self._seed), tf.fill([self.batch_size], -1))

    def next_inputs(
        self, time: Any, outputs: Any, state: Any, sample_ids: Any = None, name: str | None = None
    ) -> tuple[Any, Any, Any]:
        """Returns who is finished, inputs, and the state."""
        finished, inputs, state = super().next_inputs(time, outputs, state)
        chosen = sample_ids > -1

        def mixed() -> tf.Tensor:
            return v1.where(chosen, self._embed(tf.maximum(sample_ids, 0)), inputs)

        return finished, v1.cond(tf.reduce_all(finished), lambda: inputs, mixed), state


class ScheduledOutputTrainingHelper(TrainingHelper):
    """Gives the outputs of the step before, with sampling_probability; the truth otherwise.

    Args:
      next_inputs_fn: outputs -> inputs; None: as they are.
      auxiliary_inputs: of the shape of `inputs` but for the size; beside the one and the other.
    """

    def __init__(
        self,
        inputs: Any,
        sequence_length: Any,
        sampling_probability: Any,
        time_major: bool = False,
        seed: int | None = None,
        next_inputs_fn: Callable[[tf.Tensor], tf.Tensor] | None = None,
        auxiliary_inputs: Any = None,
        name: str | None = None,
    ):
        self._chance, self._seed, self._next_inputs_fn = _chance(sampling_probability), seed, next_inputs_fn
        self._beside = None
        if auxiliary_inputs is not None:
            auxiliary = tf.convert_to_tensor(auxiliary_inputs)
            inputs = tf.concat([inputs, auxiliary], -1)
            self._beside = as_array(auxiliary if time_major else transpose_batch_time(auxiliary))
        super().__init__(inputs, sequence_length, time_major, name)

    def sample(self, time: Any, outputs: Any, state: Any = None, name: str | None = None) -> Any:
        """Returns 1 for the outputs and 0 for the truth, [N]."""
        return tf.cast(_chosen(self._chance, self.batch_size, self._seed), tf.int32)

    def next_inputs(
        self, time: Any, outputs: Any, state: Any, sample_ids: Any = None, name: str | None = None
    ) -> tuple[Any, Any, Any]:
        """Returns who is finished, inputs, and the state."""
        finished, inputs, state = super().next_inputs(time, outputs, state)
        chosen = tf.cast(sample_ids, tf.bool)

        def mixed() -> tf.Tensor:
            made = outputs if self._next_inputs_fn is None else self._next_inputs_fn(outputs)
            if self._beside is not None:
                made = tf.concat([made, self._beside.read(time + 1)], -1)
            return v1.where(chosen, made, inputs)

        truth = tf.logical_or(tf.reduce_all(finished), tf.logical_not(tf.reduce_any(chosen)))
        return finished, v1.cond(truth, lambda: inputs, mixed), state


def _chance(probability: Any) -> tf.Tensor:
    chance = tf.convert_to_tensor(probability, name="sampling_probability")
    if chance.shape.rank not in (0, 1):
        raise ValueError(
            f"sampling_probability must be either a scalar or a vector. saw shape: {chance.shape}"
        )
    return chance


def _chosen(chance: tf.Tensor, batch_size: Any, seed: int | None) -> tf.Tensor:
    return tf.random.uniform([batch_size], seed=seed, dtype=chance.dtype) < chance
