"""The loop of tf.contrib.seq2seq, and what it runs: Decoder, BasicDecoder, dynamic_decode."""

import contextlib
from typing import Any, NamedTuple

import tensorflow as tf

from slimzoo.compat.tf_layers.base import Layer, v1
from slimzoo.compat.tf_rnn.base import Scope, require_cell, zeros
from slimzoo.compat.tf_rnn.stacks import transpose_batch_time
from slimzoo.compat.tf_seq2seq.helpers import Helper


class Decoder:
    """What dynamic_decode runs.

    A subclass has batch_size, output_size and output_dtype (structures alike) and defines `initialize` and
    `step`; it may define `finalize`.
    """

    @property
    def batch_size(self) -> Any:
        """How many sequences are decoded."""
        raise NotImplementedError(f"{type(self).__name__} has to define batch_size")

    @property
    def output_size(self) -> Any:
        """The sizes of the outputs of a step, without the batch."""
        raise NotImplementedError(f"{type(self).__name__} has to define output_size")

    @property
    def output_dtype(self) -> Any:
        """The types of the outputs of a step."""
        raise NotImplementedError(f"{type(self).__name__} has to define output_dtype")

    @property
    def tracks_own_finished(self) -> bool:
        """Whether a finished sequence may go on."""
        return False

    def initialize(self, name: str | None = None) -> tuple[Any, Any, Any]:
        """Returns who is finished [N], the first inputs and the first state."""
        raise NotImplementedError(f"{type(self).__name__} has to define initialize")

    def step(self, time: Any, inputs: Any, state: Any, name: str | None = None) -> tuple[Any, Any, Any, Any]:
        """Returns outputs, the next state, the next inputs, and who is finished."""
        raise NotImplementedError(f"{type(self).__name__} has to define step")

    def finalize(self, outputs: Any, final_state: Any, sequence_lengths: Any) -> tuple[Any, Any]:
        """Returns outputs and state as dynamic_decode hands them out; NotImplementedError: as they are."""
        raise NotImplementedError


class BasicDecoderOutput(NamedTuple):
    """What a step of BasicDecoder gives."""

    rnn_output: Any
    sample_id: Any


class BasicDecoder(Decoder):
    """Runs a cell; a Helper says what its inputs are.

    Args:
      output_layer: a layer of tf.layers that the outputs of the cell go through, or None.
    """

    def __init__(self, cell: Any, helper: Helper, initial_state: Any, output_layer: Any = None):
        require_cell("cell", cell)
        if not isinstance(helper, Helper):
            raise TypeError(f"helper must be a Helper, received: {type(helper)}")
        require_layer("output_layer", output_layer)
        self._cell, self._helper, self._output_layer = cell, helper, output_layer
        self._initial_state = initial_state

    @property
    def batch_size(self) -> Any:
        """That of the helper."""
        return self._helper.batch_size

    @property
    def output_size(self) -> BasicDecoderOutput:
        """Of outputs and samples."""
        return BasicDecoderOutput(size_after(self._cell, self._output_layer), self._helper.sample_ids_shape)

    @property
    def output_dtype(self) -> BasicDecoderOutput:
        """Of outputs and samples."""
        dtype = tf.nest.flatten(self._initial_state)[0].dtype
        sizes = size_after(self._cell, self._output_layer)
        return BasicDecoderOutput(
            tf.nest.map_structure(lambda _: dtype, sizes), self._helper.sample_ids_dtype
        )

    def initialize(self, name: str | None = None) -> tuple[Any, Any, Any]:
        """Returns what the helper says, and the state."""
        return (*self._helper.initialize(), self._initial_state)

    def step(self, time: Any, inputs: Any, state: Any, name: str | None = None) -> tuple[Any, Any, Any, Any]:
        """Returns BasicDecoderOutput, the next state, the next inputs, and who is finished."""
        with v1.name_scope(name, "BasicDecoderStep", [time]):
            outputs, state = self._cell(inputs, state)
            if self._output_layer is not None:
                outputs = self._output_layer(outputs)
            ids = self._helper.sample(time=time, outputs=outputs, state=state)
            finished, inputs, state = self._helper.next_inputs(
                time=time, outputs=outputs, state=state, sample_ids=ids
            )
        return BasicDecoderOutput(outputs, ids), state, inputs, finished


def dynamic_decode(
    decoder: Any,
    output_time_major: bool = False,
    impute_finished: bool = False,
    maximum_iterations: Any = None,
    parallel_iterations: int = 32,
    swap_memory: bool = False,
    scope: Scope = None,
) -> tuple[Any, Any, tf.Tensor]:
    """Decodes until all sequences are finished; returns outputs [N, T, ...], the last state, and lengths [N].

    Args:
      impute_finished: whether outputs past the end are 0, and states stay.
      maximum_iterations: a number or a scalar tensor; None: no limit.
    """
    if not isinstance(decoder, Decoder):
        raise TypeError(f"Expected decoder to be type Decoder, but saw: {type(decoder)}")
    with v1.variable_scope(scope, "decoder") as entered:
        if entered.caching_device is None:
            entered.set_caching_device(lambda op: op.device)
        limit = _limit(maximum_iterations)
        finished, inputs, state = decoder.initialize()
        if limit is not None:
            finished = tf.logical_or(finished, limit <= 0)
        nothing = tf.nest.map_structure(
            lambda size, dtype: zeros(decoder.batch_size, size, dtype),
            decoder.output_size,
            decoder.output_dtype,
        )
        arrays = tf.nest.map_structure(
            lambda size, dtype: tf.TensorArray(
                dtype, 0, dynamic_size=True, element_shape=_element(decoder.batch_size, size)
            ),
            decoder.output_size,
            decoder.output_dtype,
        )

        def body(time: Any, arrays: Any, state: Any, inputs: Any, finished: Any, lengths: Any) -> Any:
            outputs, following, inputs, done = decoder.step(time, inputs, state)
            lengths = tf.where(finished, lengths, tf.fill(tf.shape(lengths), time + 1))
            if impute_finished:
                outputs = tf.nest.map_structure(lambda new, old: _kept(finished, old, new), outputs, nothing)
                following = tf.nest.map_structure(
                    lambda new, old: _carried(finished, old, new), following, state
                )
            arrays = tf.nest.map_structure(lambda array, value: array.write(time, value), arrays, outputs)
            done = done if decoder.tracks_own_finished else tf.logical_or(done, finished)
            return time + 1, arrays, following, inputs, done, lengths

        _, arrays, state, _, _, lengths = v1.while_loop(
            lambda *values: tf.logical_not(tf.reduce_all(values[4])),
            body,
            (tf.constant(0), arrays, state, inputs, finished, tf.zeros_like(finished, tf.int32)),
            parallel_iterations=parallel_iterations,
            maximum_iterations=limit,
            swap_memory=swap_memory,
        )
        outputs = tf.nest.map_structure(lambda array: array.stack(), arrays)
        with contextlib.suppress(NotImplementedError):
            outputs, state = decoder.finalize(outputs, state, lengths)
        if not output_time_major:
            outputs = tf.nest.map_structure(transpose_batch_time, outputs)
    return outputs, state, lengths


def require_layer(name: str, layer: Any) -> None:
    """Raises TypeError if the argument `name` is neither a layer of tf.layers nor None."""
    if layer is not None and not isinstance(layer, Layer):
        raise TypeError(f"{name} must be a Layer of tf.layers, received: {type(layer)}")


def size_after(cell: Any, layer: Any) -> Any:
    """Returns the size of a cell's outputs after a layer, if there is one."""
    if layer is None:
        return cell.output_size
    return tf.nest.map_structure(
        lambda size: layer.compute_output_shape(tf.TensorShape([None]).concatenate(size))[1:],
        cell.output_size,
    )


def _limit(maximum_iterations: Any) -> tf.Tensor | None:
    if maximum_iterations is None:
        return None
    limit = tf.convert_to_tensor(maximum_iterations, tf.int32, name="maximum_iterations")
    if limit.shape.rank != 0:
        raise ValueError(f"maximum_iterations must be a scalar, not of shape {limit.shape}")
    return limit


def _element(batch_size: Any, size: Any) -> Any:
    if not isinstance(size, tf.TensorShape) or size.rank == 0:
        return None
    return tf.TensorShape([tf.get_static_value(tf.convert_to_tensor(batch_size))]).concatenate(size)


def _kept(finished: tf.Tensor, old: tf.Tensor, new: tf.Tensor) -> tf.Tensor:
    """Returns `old` where `finished` [N], `new` elsewhere."""
    return v1.where(finished, old, new)


def _carried(finished: tf.Tensor, old: Any, new: Any) -> Any:
    """Returns _kept for a part of the state, but for a TensorArray and what has no batch."""
    if isinstance(old, tf.TensorArray):
        return new
    new.set_shape(old.shape)
    return new if new.shape.rank == 0 else _kept(finished, old, new)
