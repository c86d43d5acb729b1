"""LSTMBlockCell, LSTMBlockFusedCell and GRUBlockCell of tf.contrib.rnn: other names, the same numbers."""

from typing import Any

import tensorflow as tf

from slimzoo.compat.tf_layers.base import InputSpec, Layer, v1
from slimzoo.compat.tf_rnn.base import LSTMStateTuple, clipped, width
from slimzoo.compat.tf_rnn.cells import GRUCell, LSTMCell

_PEEPHOLES = ("w_i_diag", "w_f_diag", "w_o_diag")


class LSTMBlockCell(LSTMCell):
    """LSTMCell, named "lstm_cell".

    A cell_clip that is not above 0 clips nothing; gradients pass the clipping as if it were not there.
    """

    def __init__(
        self,
        num_units: int,
        forget_bias: float = 1.0,
        cell_clip: float | None = None,
        use_peephole: bool = False,
        dtype: Any = None,
        reuse: bool | None = None,
        name: str = "lstm_cell",
    ):
        super().__init__(
            num_units,
            use_peephole,
            cell_clip if cell_clip is not None and cell_clip > 0 else None,
            forget_bias=forget_bias,
            reuse=reuse,
            name=name,
            dtype=dtype,
        )

    def _clip(self, memory: tf.Tensor) -> tf.Tensor:
        return memory + tf.stop_gradient(clipped(memory, self._cell_clip) - memory)

    def build(self, inputs_shape: Any) -> None:
        """Makes the variables of LSTMCell, the peepholes in another order."""
        size = self._num_units
        self._kernel = self.add_variable("kernel", [width(inputs_shape) + size, 4 * size])
        self._bias = self.add_variable("bias", [4 * size], initializer=v1.zeros_initializer())
        if self._use_peepholes:
            peepholes = [self.add_variable(name, [size]) for name in _PEEPHOLES]
            self._w_i_diag, self._w_f_diag, self._w_o_diag = peepholes
        self.built = True


class GRUBlockCell(GRUCell):
    """GRUCell, named "gru_cell", with the variables "w_ru", "b_ru", "w_c" and "b_c"."""

    _names = (("w_ru", "b_ru"), ("w_c", "b_c"))

    def __init__(
        self,
        num_units: int | None = None,
        cell_size: int | None = None,
        reuse: bool | None = None,
        name: str = "gru_cell",
    ):
        if num_units is None and cell_size is not None:
            num_units, cell_size = cell_size, None
        if num_units is None or cell_size is not None:
            raise ValueError("Exactly one of num_units or cell_size must be provided.")
        super().__init__(num_units, reuse=reuse, name=name)

    def build(self, inputs_shape: Any) -> None:
        """Makes a kernel and a bias of the gates (1 at first), and of the candidate (0 at first)."""
        size, joined = self._num_units, width(inputs_shape) + self._num_units
        gates, candidate = self._names
        self._gates = self._named(gates, [joined, 2 * size], 1.0)
        self._candidate = self._named(candidate, [joined, size], 0.0)
        self.built = True

    def _named(self, names: tuple[str, str], shape: list[int], start: float) -> tuple[Any, Any]:
        kernel = self.add_variable(names[0], shape)
        return kernel, self.add_variable(names[1], shape[1:], initializer=v1.constant_initializer(start))


class GRUBlockCellV2(GRUBlockCell):
    """GRUBlockCell with the variable names of GRUCell."""

    _names = (("gates/kernel", "gates/bias"), ("candidate/kernel", "candidate/bias"))


class LSTMBlockWrapper(Layer):
    """An LSTM over a whole sequence: inputs [T, N, in] to outputs [T, N, num_units] and the last state.

    A subclass has num_units and defines _call_cell.
    """

    @property
    def num_units(self) -> int:
        """The size of the outputs."""
        raise NotImplementedError(f"{type(self).__name__} has no num_units; it has to define that property")

    def _call_cell(
        self,
        inputs: tf.Tensor,
        initial_cell_state: Any,
        initial_output: Any,
        dtype: Any,
        sequence_length: Any,
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns memories and outputs, [T, N, num_units] each."""
        raise NotImplementedError(f"{type(self).__name__} has to define _call_cell")

    def __call__(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        if not isinstance(inputs, list):
            return super().__call__(inputs, *args, **kwargs)
        outputs, state = super().__call__(tf.stack(inputs), *args, **kwargs)
        return tf.unstack(outputs), state

    def call(  # type: ignore[override]
        self, inputs: tf.Tensor, initial_state: Any = None, dtype: Any = None, sequence_length: Any = None
    ) -> tuple[tf.Tensor, LSTMStateTuple]:
        """Returns [T, N, num_units] and the last state; past its length a sequence's outputs are 0."""
        if initial_state is None and dtype is None:
            raise ValueError("Either initial_state or dtype needs to be specified")
        if initial_state is not None and len(initial_state) != 2:
            raise ValueError("Expecting initial_state to be a tuple with length 2 or None")
        steps, batch = (known or tf.shape(inputs)[i] for i, known in enumerate(inputs.shape.as_list()[:2]))
        if initial_state is None:
            initial_state = [tf.zeros(tf.stack([batch, self.num_units]), dtype)] * 2
        dtype = dtype or initial_state[0].dtype
        if sequence_length is not None:
            sequence_length = tf.convert_to_tensor(sequence_length)
        memories, outputs = self._call_cell(
            inputs, initial_state[0], initial_state[1], dtype, sequence_length
        )
        if sequence_length is None:
            return outputs, LSTMStateTuple(memories[-1], outputs[-1])
        inside = tf.transpose(tf.sequence_mask(sequence_length, steps, dtype))
        outputs *= tf.expand_dims(inside, 2)
        places = tf.stack([sequence_length, tf.range(batch, dtype=sequence_length.dtype)], axis=1)
        last = [
            tf.gather_nd(tf.concat([tf.expand_dims(first, 0), values], 0), places)
            for first, values in zip(initial_state, (memories, outputs), strict=True)
        ]
        return outputs, LSTMStateTuple(*last)


class LSTMBlockFusedCell(LSTMBlockWrapper):
    """The LSTM as one op of TensorFlow, named "lstm_fused_cell"."""

    def __init__(
        self,
        num_units: int,
        forget_bias: float = 1.0,
        cell_clip: float | None = None,
        use_peephole: bool = False,
        reuse: bool | None = None,
        dtype: Any = None,
        name: str = "lstm_fused_cell",
    ):
        super().__init__(_reuse=reuse, name=name, dtype=dtype)
        self._num_units, self._use_peephole = num_units, use_peephole
        self._forget_bias, self._cell_clip = forget_bias, -1 if cell_clip is None else cell_clip
        self.input_spec = InputSpec(ndim=3)

    @property
    def num_units(self) -> int:
        """As given."""
        return self._num_units

    def build(self, input_shape: Any) -> None:
        """Makes "kernel", "bias" and those of the peepholes."""
        size = self._num_units
        self._kernel = self.add_variable("kernel", [width(input_shape) + size, 4 * size])
        self._bias = self.add_variable("bias", [4 * size], initializer=v1.zeros_initializer())
        if self._use_peephole:
            self._peepholes = [self.add_variable(name, [size]) for name in _PEEPHOLES]
        self.built = True

    def _call_cell(
        self,
        inputs: tf.Tensor,
        initial_cell_state: Any,
        initial_output: Any,
        dtype: Any,
        sequence_length: Any,
    ) -> tuple[tf.Tensor, tf.Tensor]:
        zeros = tf.zeros([self._num_units], dtype)
        entry, forget, out = self._peepholes if self._use_peephole else (zeros, zeros, zeros)
        steps = tf.shape(inputs)[0] if sequence_length is None else tf.reduce_max(sequence_length)
        found = tf.raw_ops.BlockLSTM(
            seq_len_max=tf.cast(steps, tf.int64),
            x=inputs,
            cs_prev=initial_cell_state,
            h_prev=initial_output,
            w=self._kernel,
            wci=entry,
            wcf=forget,
            wco=out,
            b=self._bias,
            forget_bias=self._forget_bias,
            cell_clip=self._cell_clip,
            use_peephole=self._use_peephole,
        )
        return found.cs, found.h
