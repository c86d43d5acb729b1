"""Products with variables of their own, and the cells that are made by them around another cell."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf

from slimzoo.compat.tf_layers.base import v1
from slimzoo.compat.tf_rnn.base import RNNCell, require_cell, warn_of_joined_state, weighed


class Linear:
    """The product of inputs, side by side, with the variable "kernel", plus "bias": made once, called often.

    Args:
      args: the inputs [N, in], one or a list, that the kernel is made for.
    """

    def __init__(
        self,
        args: Any,
        output_size: int,
        build_bias: bool,
        bias_initializer: Any = None,
        kernel_initializer: Any = None,
    ):
        if args is None or (isinstance(args, (list, tuple)) and not args):
            raise ValueError("`args` must be specified: a tensor, or a list of them")
        inputs = list(args) if isinstance(args, (list, tuple)) else [args]
        shapes = [value.shape for value in inputs]
        if any(shape.rank != 2 for shape in shapes):
            raise ValueError(f"linear is expecting 2D arguments: {shapes}")
        widths = [shape.as_list()[1] for shape in shapes]
        if None in widths:
            raise ValueError(f"linear expects shape[1] to be provided for shapes {shapes}; set it")
        dtype, scope = inputs[0].dtype, v1.get_variable_scope()
        with v1.variable_scope(scope) as outer:
            self._kernel = v1.get_variable(
                "kernel", [sum(widths), output_size], dtype=dtype, initializer=kernel_initializer
            )
            self._bias = None
            if build_bias:
                with v1.variable_scope(outer) as inner:
                    inner.set_partitioner(None)
                    start = bias_initializer or v1.constant_initializer(0.0)
                    self._bias = v1.get_variable("bias", [output_size], dtype=dtype, initializer=start)

    def __call__(self, args: Any) -> tf.Tensor:
        single = isinstance(args, (list, tuple)) and len(args) == 1
        return weighed(args[0] if single else args, self._kernel, self._bias)


def linear(
    args: Any, output_size: int, bias: bool, bias_initializer: Any = None, kernel_initializer: Any = None
) -> tf.Tensor:
    """Linear, made and called at once."""
    return Linear(args, output_size, bias, bias_initializer, kernel_initializer)(args)


class ProductCell(RNNCell):
    """A cell made of Linear products, each made at its first use."""

    def __init__(self, **settings: Any):
        super().__init__(**settings)
        self._products: dict[Any, Linear] = {}

    def product(self, key: Any, args: Any, output_size: int, bias: bool = True) -> tf.Tensor:
        """Returns the product that goes by `key`, in the scope of now where it is new."""
        if key not in self._products:
            self._products[key] = Linear(args, output_size, bias)
        return self._products[key](args)


class CellAround(ProductCell):
    """A cell in whose scope another one runs."""

    def __init__(self, cell: Any, reuse: bool | None):
        super().__init__(_reuse=reuse)
        require_cell("cell", cell)
        self._cell = cell

    @property
    def state_size(self) -> Any:
        """That of the cell inside."""
        return self._cell.state_size

    @property
    def output_size(self) -> Any:
        """That of the cell inside."""
        return self._cell.output_size

    def zero_state(self, batch_size: Any, dtype: Any) -> Any:
        """Returns the zeros of the cell inside."""
        with v1.name_scope(f"{type(self).__name__}ZeroState", values=[batch_size]):
            return self._cell.zero_state(batch_size, dtype)


class EmbeddingWrapper(CellAround):
    """Gives a cell those rows of the variable "embedding" [classes, size] that the inputs name."""

    def __init__(
        self,
        cell: Any,
        embedding_classes: int,
        embedding_size: int,
        initializer: Any = None,
        reuse: bool | None = None,
    ):
        super().__init__(cell, reuse)
        if embedding_classes <= 0 or embedding_size <= 0:
            raise ValueError(
                "Both embedding_classes and embedding_size must be > 0: "
                f"{embedding_classes}, {embedding_size}."
            )
        self._shape, self._initializer = [embedding_classes, embedding_size], initializer

    def call(self, inputs: tf.Tensor, state: Any) -> Any:  # type: ignore[override]
        """Runs the cell inside; inputs are numbers [N] or [N, 1]."""
        with v1.device("/cpu:0"):
            root = math.sqrt(3)  # the variance is 1
            initializer = self._initializer or v1.get_variable_scope().initializer
            embedding = v1.get_variable(
                "embedding",
                self._shape,
                dtype=(state[0] if isinstance(state, tuple) else state).dtype,
                initializer=initializer or v1.random_uniform_initializer(-root, root),
            )
            return self._cell(v1.nn.embedding_lookup(embedding, tf.reshape(inputs, [-1])), state)


class InputProjectionWrapper(CellAround):
    """Gives a cell a product of the inputs, of size num_proj."""

    def __init__(
        self,
        cell: Any,
        num_proj: int,
        activation: Callable[[tf.Tensor], tf.Tensor] | None = None,
        input_size: Any = None,
        reuse: bool | None = None,
    ):
        super().__init__(cell, reuse)
        del input_size
        self._num_proj, self._activation = num_proj, activation or tf.identity

    def call(self, inputs: tf.Tensor, state: Any) -> Any:  # type: ignore[override]
        """Runs the cell inside."""
        return self._cell(self._activation(self.product("in", inputs, self._num_proj)), state)


class OutputProjectionWrapper(CellAround):
    """Makes a product of size output_size of a cell's outputs."""

    def __init__(
        self,
        cell: Any,
        output_size: int,
        activation: Callable[[tf.Tensor], tf.Tensor] | None = None,
        reuse: bool | None = None,
    ):
        super().__init__(cell, reuse)
        if output_size < 1:
            raise ValueError(f"Parameter output_size must be > 0: {output_size}.")
        self._output_size, self._activation = output_size, activation

    @property
    def output_size(self) -> int:
        """As given."""
        return self._output_size

    def call(self, inputs: Any, state: Any) -> Any:
        """Runs the cell inside, and returns [N, output_size] with its state."""
        output, state = self._cell(inputs, state)
        projected = self.product("out", output, self._output_size)
        return projected if self._activation is None else self._activation(projected), state


class AttentionCellWrapper(CellAround):
    """A cell that sees its own last outputs. Bahdanau et al. 2014, arXiv:1409.0473.

    The state is that of the cell inside, what was attended to [N, attn_size], and the last outputs
    [N, attn_length * attn_size].

    Args:
      attn_length: how many outputs it sees, at least 1.
      attn_size: of what it attends to and of the outputs; None: that of the cell's outputs.
      attn_vec_size: of what is compared; None: attn_size.
      input_size: of what the cell inside is given; None: that of the inputs.
    """

    def __init__(
        self,
        cell: Any,
        attn_length: int,
        attn_size: int | None = None,
        attn_vec_size: int | None = None,
        input_size: int | None = None,
        state_is_tuple: bool = True,
        reuse: bool | None = None,
    ):
        super().__init__(cell, reuse)
        if tf.nest.is_nested(cell.state_size) and not state_is_tuple:
            raise ValueError(
                "Cell returns tuple of states, but the flag state_is_tuple is not set. "
                f"State size is: {cell.state_size}"
            )
        if attn_length <= 0:
            raise ValueError(f"attn_length should be greater than zero, got {attn_length}")
        if not state_is_tuple:
            warn_of_joined_state(self)
        self._state_is_tuple, self._attn_length, self._input_size = state_is_tuple, attn_length, input_size
        self._attn_size = cell.output_size if attn_size is None else attn_size
        self._attn_vec_size = self._attn_size if attn_vec_size is None else attn_vec_size

    @property
    def state_size(self) -> Any:
        """Three sizes, or their sum where the state is no tuple."""
        sizes = (self._cell.state_size, self._attn_size, self._attn_size * self._attn_length)
        return sizes if self._state_is_tuple else sum(sizes)

    def zero_state(self, batch_size: Any, dtype: Any) -> Any:
        """Returns zeros for each of the three."""
        return RNNCell.zero_state(self, batch_size, dtype)

    @property
    def output_size(self) -> int:
        """attn_size."""
        return self._attn_size

    def call(self, inputs: tf.Tensor, state: Any) -> Any:  # type: ignore[override]
        """Returns [N, attn_size] and the next state."""
        state, attended, memory = state if self._state_is_tuple else tf.split(state, self._sizes(), 1)
        memory = tf.reshape(memory, [-1, self._attn_length, self._attn_size])
        size = self._input_size or inputs.shape.as_list()[1]
        output, state = self._cell(self.product("in", [inputs, attended], size), state)
        with v1.variable_scope("attention"):
            attended = self._attend(tf.concat(tf.nest.flatten(state), 1), memory)
        with v1.variable_scope("attn_output_projection"):
            output = self.product("out", [output, attended], self._attn_size)
        memory = tf.concat([memory[:, 1:], tf.expand_dims(output, 1)], 1)
        new = (state, attended, tf.reshape(memory, [-1, self._attn_length * self._attn_size]))
        return output, new if self._state_is_tuple else tf.concat(new, 1)

    def _sizes(self) -> Sequence[int]:
        return [self._cell.state_size, self._attn_size, self._attn_size * self._attn_length]

    def _attend(self, query: tf.Tensor, memory: tf.Tensor) -> tf.Tensor:
        kernel = v1.get_variable("attn_w", [1, 1, self._attn_size, self._attn_vec_size])
        scale = v1.get_variable("attn_v", [self._attn_vec_size])
        seen = tf.tensordot(memory, kernel[0, 0], [[2], [0]])
        asked = tf.expand_dims(self.product("query", query, self._attn_vec_size), 1)
        weights = tf.nn.softmax(tf.reduce_sum(scale * tf.tanh(seen + asked), 2))
        return tf.reduce_sum(tf.expand_dims(weights, 2) * memory, 1)
