"""A layer as an object: made once, called often, always with the variables of its first call."""

import contextlib
from collections.abc import Iterator
from typing import Any

import tensorflow as tf

from slimzoo.slim.hosting import HOST, require_graph
from slimzoo.slim.layer_core import name_update_ops
from slimzoo.slim.types import Regularizer, Reuse, Scope

REGULARIZATION_LOSSES = tf.compat.v1.GraphKeys.REGULARIZATION_LOSSES


class LayerObject:
    """What GDN and RevBlock share with the layers of TensorFlow 1; they define `build` and `call`.

    Attributes:
      name: as given, or the class's name in small letters.
      scope_name: of the variables; known from the first call on, then the same at every call.
      built: whether the layer has been called.
      losses: what the activity regularizer returned for each call, by the size of the batch.
    """

    def __init__(
        self,
        trainable: bool = True,
        name: str | None = None,
        activity_regularizer: Regularizer | None = None,
        dtype: tf.DType | None = None,
        _scope: Scope | None = None,
        _reuse: Reuse | None = None,
        **unknown: Any,
    ):
        if unknown:
            raise TypeError(
                f"Keyword argument not understood: {', '.join(unknown)}. {type(self).__name__} also takes "
                "trainable, name, activity_regularizer, dtype"
            )
        self.name = name or type(self).__name__.lower()
        self.trainable, self.dtype, self.built = trainable, dtype, False
        self.losses: list[tf.Tensor] = []
        self._activity_regularizer, self._reuse = activity_regularizer, _reuse
        self._weights: list[tf.Variable] = []
        self._scope = None
        if _scope:
            with tf.compat.v1.variable_scope(_scope) as self._scope:
                pass

    @property
    def scope_name(self) -> str:
        """The variable scope; ValueError before the first call of a layer that has no fixed one."""
        if self._scope is None:
            raise ValueError(
                f"{type(self).__name__} {self.name!r} has no scope yet; it gets one at its first call"
            )
        return self._scope.name

    @property
    def weights(self) -> list[tf.Variable]:
        """All variables, in the order they were made."""
        return list(self._weights)

    variables = weights

    @property
    def trainable_weights(self) -> list[tf.Variable]:
        """The variables that are trained."""
        return [weight for weight in self._weights if self.trainable and weight.trainable]

    trainable_variables = trainable_weights

    @property
    def non_trainable_weights(self) -> list[tf.Variable]:
        """The variables that are not trained."""
        trained = {id(weight) for weight in self.trainable_weights}
        return [weight for weight in self._weights if id(weight) not in trained]

    non_trainable_variables = non_trainable_weights

    def build(self, inputs: Any) -> None:
        """Makes the variables, in the layer's scope."""

    def call(self, inputs: Any, **kwargs: Any) -> Any:
        """Returns the outputs, in the layer's scope."""
        raise NotImplementedError(f"{type(self).__name__} defines no call")

    def __call__(self, inputs: Any, **kwargs: Any) -> Any:
        require_graph(type(self).__name__, inputs)
        inputs = tf.nest.map_structure(tf.convert_to_tensor, inputs)
        self.dtype = self.dtype or tf.nest.flatten(inputs)[0].dtype
        with self._entered():
            if not self.built:
                self.build(inputs)
            outputs = self.call(inputs, **kwargs)
            self.built = True
            self._add_activity_loss(inputs, outputs)
        name_update_ops()
        return outputs

    apply = __call__

    @contextlib.contextmanager
    def _entered(self) -> Iterator[None]:
        """Enters the variable scope and the name scope of the first call."""
        if self._scope is None:
            default = None if self._reuse else self.name
            with tf.compat.v1.variable_scope(None if default else self.name, default) as self._scope:
                pass
        reuse = True if self.built else self._reuse
        with (
            tf.compat.v1.variable_scope(self._scope, reuse=reuse, auxiliary_name_scope=False),
            tf.compat.v1.name_scope(self._scope.original_name_scope),
        ):
            yield

    def _add_activity_loss(self, inputs: Any, outputs: Any) -> None:
        if self._activity_regularizer is None:
            return
        if HOST.get() is not None:
            raise ValueError(
                f"{type(self).__name__} {self.name!r} has an activity_regularizer, whose loss a Model would "
                "lose. Return the outputs as an end point and add the loss where you train, or use a tf.Graph"
            )
        with tf.compat.v1.name_scope("ActivityRegularizer"):
            loss = self._activity_regularizer(outputs)
            loss /= tf.cast(tf.shape(tf.nest.flatten(inputs)[0])[0], loss.dtype)
        self.losses.append(loss)
        tf.compat.v1.add_to_collection(REGULARIZATION_LOSSES, loss)
