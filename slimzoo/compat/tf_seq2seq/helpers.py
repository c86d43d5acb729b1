"""What says, in tf.contrib.seq2seq, which inputs a decoder gets: the truth, its own outputs, or both."""

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from slimzoo.compat.tf_layers.base import v1
from slimzoo.compat.tf_rnn.stacks import transpose_batch_time


class Helper:
    """Says which inputs a decoder gets; a subclass defines all that is here."""

    @property
    def batch_size(self) -> Any:
        """How many sequences are decoded."""
        raise NotImplementedError(f"{type(self).__name__} has to define batch_size")

    @property
    def sample_ids_shape(self) -> tf.TensorShape:
        """Of what `sample` gives, without the batch."""
        raise NotImplementedError(f"{type(self).__name__} has to define sample_ids_shape")

    @property
    def sample_ids_dtype(self) -> tf.DType:
        """Of what `sample` gives."""
        raise NotImplementedError(f"{type(self).__name__} has to define sample_ids_dtype")

    def initialize(self, name: str | None = None) -> tuple[Any, Any]:
        """Returns who is finished [N], and the first inputs."""
        raise NotImplementedError(f"{type(self).__name__} has to define initialize")

    def sample(self, time: Any, outputs: Any, state: Any, name: str | None = None) -> Any:
        """Returns what is drawn of the outputs."""
        raise NotImplementedError(f"{type(self).__name__} has to define sample")

    def next_inputs(
        self, time: Any, outputs: Any, state: Any, sample_ids: Any, name: str | None = None
    ) -> tuple[Any, Any, Any]:
        """Returns who is finished, the next inputs, and the state."""
        raise NotImplementedError(f"{type(self).__name__} has to define next_inputs")


class _Sampling(Helper):
    """A Helper of a known batch that draws a number for each sequence."""

    _batch_size: Any

    @property
    def batch_size(self) -> Any:
        """As the inputs have it."""
        return self._batch_size

    @property
    def sample_ids_shape(self) -> tf.TensorShape:
        """A number."""
        return tf.TensorShape([])

    @property
    def sample_ids_dtype(self) -> tf.DType:
        """int32."""
        return tf.int32


class CustomHelper(_Sampling):
    """A Helper of three functions, called with its methods' arguments by name."""

    def __init__(
        self,
        initialize_fn: Callable[..., Any],
        sample_fn: Callable[..., Any],
        next_inputs_fn: Callable[..., Any],
        sample_ids_shape: Any = None,
        sample_ids_dtype: Any = None,
    ):
        self._initialize_fn, self._sample_fn, self._next_inputs_fn = initialize_fn, sample_fn, next_inputs_fn
        self._shape, self._dtype = tf.TensorShape(sample_ids_shape or []), sample_ids_dtype or tf.int32
        self._batch_size = None

    @property
    def batch_size(self) -> Any:
        """Known after `initialize`; ValueError before."""
        if self._batch_size is None:
            raise ValueError("batch_size accessed before initialize was called")
        return self._batch_size

    @property
    def sample_ids_shape(self) -> tf.TensorShape:
        """As given."""
        return self._shape

    @property
    def sample_ids_dtype(self) -> tf.DType:
        """As given."""
        return self._dtype

    def initialize(self, name: str | None = None) -> tuple[Any, Any]:
        """Returns who is finished [N], and the first inputs."""
        finished, inputs = self._initialize_fn()
        if self._batch_size is None:
            self._batch_size = tf.size(finished)
        return finished, inputs

    def sample(self, time: Any, outputs: Any, state: Any, name: str | None = None) -> Any:
        """Returns what is drawn of the outputs."""
        return self._sample_fn(time=time, outputs=outputs, state=state)

    def next_inputs(
        self, time: Any, outputs: Any, state: Any, sample_ids: Any, name: str | None = None
    ) -> tuple[Any, Any, Any]:
        """Returns who is finished, the next inputs, and the state."""
        return self._next_inputs_fn(time=time, outputs=outputs, state=state, sample_ids=sample_ids)


class TrainingHelper(_Sampling):
    """Gives the truth: inputs [N, T, ...], or [T, N, ...] where time_major, up to sequence_length [N]."""

    def __init__(self, inputs: Any, sequence_length: Any, time_major: bool = False, name: str | None = None):
        with v1.name_scope(name, "TrainingHelper", [sequence_length]):
            self._inputs = tf.nest.map_structure(tf.convert_to_tensor, inputs)
            steps = self._inputs if time_major else tf.nest.map_structure(transpose_batch_time, self._inputs)
            self._arrays = tf.nest.map_structure(as_array, steps)
            self._nothing = tf.nest.map_structure(lambda value: tf.zeros_like(value[0]), steps)
            self._lengths = tf.convert_to_tensor(sequence_length, name="sequence_length")
            if self._lengths.shape.rank != 1:
                raise ValueError(
                    f"Expected sequence_length to be a vector, but received shape: {self._lengths.shape}"
                )
            self._batch_size = tf.size(self._lengths)

    @property
    def inputs(self) -> Any:
        """As given."""
        return self._inputs

    @property
    def sequence_length(self) -> tf.Tensor:
        """As given."""
        return self._lengths

    def initialize(self, name: str | None = None) -> tuple[Any, Any]:
        """Returns who is finished [N], and the first inputs."""
        return self._at(0)

    def sample(self, time: Any, outputs: Any, state: Any = None, name: str | None = None) -> Any:
        """Returns the number of the largest output."""
        return tf.argmax(outputs, axis=-1, output_type=tf.int32)

    def next_inputs(
        self, time: Any, outputs: Any, state: Any, sample_ids: Any = None, name: str | None = None
    ) -> tuple[Any, Any, Any]:
        """Returns who is finished, the true inputs, and the state."""
        return (*self._at(time + 1), state)

    def _at(self, time: Any) -> tuple[Any, Any]:
        finished = time >= self._lengths
        inputs = v1.cond(
            tf.reduce_all(finished),
            lambda: self._nothing,
            lambda: tf.nest.map_structure(lambda array: array.read(time), self._arrays),
        )
        return finished, inputs


class GreedyEmbeddingHelper(_Sampling):
    """Gives the embedding of the likeliest symbol, up to the end_token.

    Args:
      embedding: a variable [symbols, size], or a function of numbers [N].
      start_tokens: [N]; end_token: a scalar.
    """

    def __init__(self, embedding: Any, start_tokens: Any, end_token: Any):
        self._embed = embedding_function(embedding)
        self._start_tokens, self._end_token = tokens(start_tokens, end_token)
        self._batch_size = tf.size(self._start_tokens)
        self._start_inputs = self._embed(self._start_tokens)

    def initialize(self, name: str | None = None) -> tuple[Any, Any]:
        """Returns that nobody is finished, and the embeddings of start_tokens."""
        return tf.tile([False], [self._batch_size]), self._start_inputs

    def sample(self, time: Any, outputs: Any, state: Any, name: str | None = None) -> Any:
        """Returns the number of the largest output."""
        _require_tensor(outputs)
        return tf.argmax(outputs, axis=-1, output_type=tf.int32)

    def next_inputs(
        self, time: Any, outputs: Any, state: Any, sample_ids: Any, name: str | None = None
    ) -> tuple[Any, Any, Any]:
        """Returns who is finished, the embeddings of sample_ids, and the state."""
        finished = tf.equal(sample_ids, self._end_token)
        inputs = v1.cond(tf.reduce_all(finished), lambda: self._start_inputs, lambda: self._embed(sample_ids))
        return finished, inputs, state


class SampleEmbeddingHelper(GreedyEmbeddingHelper):
    """Gives the embedding of a symbol that is drawn.

    Args:
      softmax_temperature: what outputs are divided by; None: 1.
    """

    def __init__(
        self,
        embedding: Any,
        start_tokens: Any,
        end_token: Any,
        softmax_temperature: Any = None,
        seed: int | None = None,
    ):
        super().__init__(embedding, start_tokens, end_token)
        self._softmax_temperature, self._seed = softmax_temperature, seed

    def sample(self, time: Any, outputs: Any, state: Any, name: str | None = None) -> Any:
        """Returns a number drawn by the outputs, which are logits."""
        _require_tensor(outputs)
        warm = outputs if self._softmax_temperature is None else outputs / self._softmax_temperature
        return drawn_symbols(warm, self._seed)


class InferenceHelper(_Sampling):
    """Gives what a function makes of what another one draws.

    Args:
      sample_fn: outputs -> samples; end_fn: samples -> who is finished.
      next_inputs_fn: samples -> inputs; None: as they are.
    """

    def __init__(
        self,
        sample_fn: Callable[[Any], Any],
        sample_shape: Any,
        sample_dtype: Any,
        start_inputs: Any,
        end_fn: Callable[[Any], Any],
        next_inputs_fn: Callable[[Any], Any] | None = None,
    ):
        self._sample_fn, self._end_fn, self._next_inputs_fn = sample_fn, end_fn, next_inputs_fn
        self._shape, self._dtype = tf.TensorShape(sample_shape), sample_dtype
        self._start_inputs = tf.convert_to_tensor(start_inputs)
        self._batch_size = tf.shape(self._start_inputs)[0]

    @property
    def sample_ids_shape(self) -> tf.TensorShape:
        """As given."""
        return self._shape

    @property
    def sample_ids_dtype(self) -> tf.DType:
        """As given."""
        return self._dtype

    def initialize(self, name: str | None = None) -> tuple[Any, Any]:
        """Returns that nobody is finished, and the first inputs."""
        return tf.tile([False], [self._batch_size]), self._start_inputs

    def sample(self, time: Any, outputs: Any, state: Any, name: str | None = None) -> Any:
        """Returns what is drawn of the outputs."""
        return self._sample_fn(outputs)

    def next_inputs(
        self, time: Any, outputs: Any, state: Any, sample_ids: Any, name: str | None = None
    ) -> tuple[Any, Any, Any]:
        """Returns who is finished, the next inputs, and the state."""
        inputs = sample_ids if self._next_inputs_fn is None else self._next_inputs_fn(sample_ids)
        return self._end_fn(sample_ids), inputs, state


def as_array(values: tf.Tensor) -> tf.TensorArray:
    """Returns a TensorArray of the parts of `values` along the first dimension."""
    array = tf.TensorArray(values.dtype, tf.shape(values)[0], element_shape=values.shape[1:])
    return array.unstack(values)


def embedding_function(embedding: Any) -> Callable[[tf.Tensor], tf.Tensor]:
    """Returns a function of symbols: `embedding`, or its rows."""
    is_function = callable(embedding) and not isinstance(embedding, tf.Variable)
    return embedding if is_function else lambda symbols: v1.nn.embedding_lookup(embedding, symbols)


def tokens(start_tokens: Any, end_token: Any) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns a vector and a scalar, int32."""
    starts = tf.convert_to_tensor(start_tokens, tf.int32, name="start_tokens")
    end = tf.convert_to_tensor(end_token, tf.int32, name="end_token")
    if starts.shape.rank != 1:
        raise ValueError(f"start_tokens must be a vector, not of shape {starts.shape}")
    if end.shape.rank != 0:
        raise ValueError(f"end_token must be a scalar, not of shape {end.shape}")
    return starts, end


def drawn_symbols(logits: tf.Tensor, seed: int | None) -> tf.Tensor:
    """Returns a number for each row of `logits`, drawn by it."""
    return tf.squeeze(v1.multinomial(logits, 1, seed=seed, output_dtype=tf.int32), [1])


def _require_tensor(outputs: Any) -> None:
    if not tf.is_tensor(outputs):
        raise TypeError(f"Expected outputs to be a single Tensor, got: {type(outputs)}")
