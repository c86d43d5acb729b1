"""Reversible residual layers (Gomez et al. 2017, arXiv:1707.04585), trained without keeping activations."""

import contextvars
import functools
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import tensorflow as tf

from slimzoo.slim.layer_object import LayerObject
from slimzoo.slim.types import TensorLike

Pair: TypeAlias = tuple[tf.Tensor, tf.Tensor]
Function: TypeAlias = Callable[..., tf.Tensor]
Functions: TypeAlias = Function | list[Function] | tuple[Function, ...]  # a list: one a layer


class RevBlock(LayerObject):
    """Layers y1 = x1 + f(x2), y2 = x2 + g(y1), one after the other, that can be run backwards.

    With `use_efficient_backprop` the gradients come from the outputs alone: each layer's inputs are worked
    out again by subtraction, so memory does not grow with the number of layers, for one more run of every f
    and g. The gradients are those of the plain layers up to rounding, as long as f and g give the same again:
    no random numbers, no updates. Without it these are plain layers.

    Args:
      f, g: tensor -> tensor of the same shape, or a list with one function a layer. They make their variables
        by get_variable, and use no other tensors than their arguments.
      f_side_input, g_side_input: tensors; f is then called as f(x2, f_side_input), and g alike.
      name: of the variables' scope; they are in <name>/revlayer_0/f, <name>/revlayer_0/g and so on.

    Raises: ValueError: a list of another length than num_layers.
    """

    def __init__(
        self,
        f: Functions,
        g: Functions,
        num_layers: int = 1,
        f_side_input: Sequence[tf.Tensor] | None = None,
        g_side_input: Sequence[tf.Tensor] | None = None,
        use_efficient_backprop: bool = True,
        name: str = "revblock",
        **kwargs: Any,
    ):
        super().__init__(name=name, **kwargs)
        self.f, self.g = _in_scopes("f", f, num_layers), _in_scopes("g", g, num_layers)
        self.num_layers = num_layers
        self.f_side_input, self.g_side_input = list(f_side_input or []), list(g_side_input or [])
        self._use_efficient_backprop = use_efficient_backprop

    def forward(self, x1: TensorLike, x2: TensorLike) -> Pair:
        """Returns (y1, y2)."""
        return self([x1, x2])

    def backward(self, y1: TensorLike, y2: TensorLike) -> Pair:
        """Returns the (x1, x2) whose outputs are (y1, y2)."""
        return self([y1, y2], forward=False)

    def call(self, inputs: Sequence[tf.Tensor], forward: bool = True, **kwargs: Any) -> Pair:
        """Returns the outputs of `inputs`, a pair, or with forward=False the inputs of these outputs."""
        scope = tf.compat.v1.get_variable_scope()
        known = {id(variable) for variable in [*scope.global_variables(), *self._weights]}
        outputs = self._forward(*inputs) if forward else self._backward(*inputs)
        self._weights += [variable for variable in scope.global_variables() if id(variable) not in known]
        return outputs

    def _forward(self, x1: tf.Tensor, x2: tf.Tensor) -> Pair:
        if not self._use_efficient_backprop:
            return self._layers(x1, x2, self.f_side_input, self.g_side_input)
        context = contextvars.copy_context()  # arg_scope and host, for the run backwards

        @tf.custom_gradient
        def block(x1: tf.Tensor, x2: tf.Tensor, *sides: tf.Tensor) -> tuple[Pair, Callable[..., Any]]:
            f_side, g_side = self._split(sides)
            outputs = self._layers(x1, x2, f_side, g_side, gate=True)

            def gradients(*upstream: Any, variables: Sequence[tf.Variable] | None = None) -> Any:
                run = functools.partial(self._gradients, outputs, upstream, sides, variables or [])
                inputs, of_variables = context.copy().run(run)
                return (inputs, of_variables) if variables else inputs

            return outputs, gradients

        return tuple(block(x1, x2, *self.f_side_input, *self.g_side_input))

    def _backward(self, y1: tf.Tensor, y2: tf.Tensor) -> Pair:
        for f, g in zip(reversed(self.f), reversed(self.g), strict=True):
            y2 = y2 - _call(g, y1, self.g_side_input)
            y1 = y1 - _call(f, y2, self.f_side_input)
        return y1, y2

    def _layers(
        self,
        x1: tf.Tensor,
        x2: tf.Tensor,
        f_side: list[tf.Tensor],
        g_side: list[tf.Tensor],
        gate: bool = False,
    ) -> Pair:
        """Returns the outputs of all layers; `gate` starts no layer before the one before it is done."""
        for f, g in zip(self.f, self.g, strict=True):
            x1 = x1 + _call(f, x2, f_side)
            x2 = x2 + _call(g, x1, g_side)
            if gate:
                x1, x2 = tf.tuple([x1, x2])
        return x1, x2

    def _split(self, sides: Sequence[tf.Tensor]) -> tuple[list[tf.Tensor], list[tf.Tensor]]:
        count = len(self.f_side_input)
        return list(sides[:count]), list(sides[count:])

    def _gradients(
        self,
        outputs: Pair,
        upstream: Sequence[Any],
        sides: Sequence[tf.Tensor],
        variables: Sequence[tf.Variable],
    ) -> tuple[list[Any], list[Any]]:
        """Returns the gradients of (x1, x2, *sides) and of the variables, layer by layer from the last."""
        sums = [None] * (len(sides) + len(variables))
        with tf.compat.v1.variable_scope(self._scope, reuse=True):
            for f, g in zip(reversed(self.f), reversed(self.g), strict=True):
                outputs, upstream, found = self._layer_gradients(f, g, outputs, upstream, sides, variables)
                sums = [_sum(total, gradient) for total, gradient in zip(sums, found, strict=True)]
        return [*upstream, *sums[: len(sides)]], sums[len(sides) :]

    def _layer_gradients(
        self,
        f: Function,
        g: Function,
        outputs: Sequence[tf.Tensor],
        upstream: Sequence[Any],
        sides: Sequence[tf.Tensor],
        variables: Sequence[tf.Variable],
    ) -> tuple[Any, Any, Any]:
        """Returns (inputs, their gradients, the gradients of sides and variables) of one layer."""
        sides = [tf.stop_gradient(side) for side in sides]
        f_side, g_side = self._split(sides)
        (y1, y2), (upstream1, upstream2) = [tf.stop_gradient(y) for y in outputs], upstream
        gy1 = _call(g, y1, g_side)
        x2 = tf.stop_gradient(y2 - gy1)
        fx2 = _call(f, x2, f_side)
        x1 = y1 - fx2
        of_y1, *of_g = tf.gradients(gy1, [y1, *sides, *variables], upstream2)
        upstream1 = _sum(upstream1, of_y1)
        of_x2, *of_f = tf.gradients(fx2, [x2, *sides, *variables], upstream1)
        upstream2 = _sum(upstream2, of_x2)
        found = [_sum(one, other) for one, other in zip(of_f, of_g, strict=True)]
        done = tf.tuple(
            [x1, x2, upstream1, upstream2, *found]
        )  # no layer starts before the one after it is done
        return done[:2], done[2:4], done[4:]


def rev_block(
    x1: TensorLike,
    x2: TensorLike,
    f: Functions,
    g: Functions,
    num_layers: int = 1,
    f_side_input: Sequence[tf.Tensor] | None = None,
    g_side_input: Sequence[tf.Tensor] | None = None,
    is_training: bool = True,
) -> Pair:
    """Returns (y1, y2) of a new `RevBlock`; `is_training` is its use_efficient_backprop."""
    block = RevBlock(
        f=f,
        g=g,
        num_layers=num_layers,
        f_side_input=f_side_input,
        g_side_input=g_side_input,
        use_efficient_backprop=is_training,
        _reuse=tf.compat.v1.get_variable_scope().reuse,
    )
    return block.forward(x1, x2)


def _in_scopes(name: str, functions: Functions, num_layers: int) -> list[Function]:
    """Returns one function a layer, each in its scope; gradients are only known of resource variables."""
    if not isinstance(functions, (list, tuple)):
        functions = [functions] * num_layers
    if len(functions) != num_layers:
        raise ValueError(
            f"RevBlock: {name} has {len(functions)} functions for {num_layers} layers; "
            "give one a layer, or one for all"
        )

    def entered(scope: str, function: Function, *args: Any) -> tf.Tensor:
        with tf.compat.v1.variable_scope(scope, use_resource=True):
            return function(*args)

    return [functools.partial(entered, f"revlayer_{i}/{name}", fn) for i, fn in enumerate(functions)]


def _call(function: Function, x: tf.Tensor, side: list[tf.Tensor]) -> tf.Tensor:
    return function(x, side) if side else function(x)


def _sum(one: Any, other: Any) -> Any:
    """Returns the sum of two gradients; None stands for none."""
    if one is None or other is None:
        return other if one is None else one
    return tf.add_n([tf.convert_to_tensor(one), tf.convert_to_tensor(other)])
