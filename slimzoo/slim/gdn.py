"""Generalised divisive normalisation (Ballé, Laparra & Simoncelli: arXiv:1511.06281, arXiv:1611.01704)."""

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from slimzoo.slim.layer_core import full_data_format, rank_advice
from slimzoo.slim.layer_object import LayerObject
from slimzoo.slim.reuse import explained_reuse
from slimzoo.slim.types import Regularizer, Reuse, TensorLike

FORMATS = {"channels_first": "NCHW", "channels_last": "NHWC"}


class GDN(LayerObject):
    """Divides each channel by the square root of a weighted sum of all squared channels at its place.

    outputs[i] = inputs[i] / sqrt(beta[i] + sum_j gamma[j, i] * inputs[j] ** 2)

    Args:
      inverse: multiply instead of dividing: about the inverse of a GDN with the same variables.
      beta_min: the least beta.
      gamma_init: gamma starts as the identity matrix times this; beta starts at 1.
      reparam_offset: the variables are sqrt(parameter + offset ** 2), so that gradients live near 0.
      data_format: "channels_last" or "channels_first".
      activity_regularizer: outputs -> scalar, added to the regularization losses, by the size of the batch.
      name: of the variables' scope; default "gdn".

    Attributes:
      beta: [C], from the first call on.
      gamma: [C, C], from the first call on.
    """

    def __init__(
        self,
        inverse: bool = False,
        beta_min: float = 1e-6,
        gamma_init: float = 0.1,
        reparam_offset: float = 2**-18,
        data_format: str = "channels_last",
        activity_regularizer: Regularizer | None = None,
        trainable: bool = True,
        name: str | None = None,
        **kwargs: Any,
    ):
        super().__init__(trainable=trainable, name=name, activity_regularizer=activity_regularizer, **kwargs)
        if data_format not in FORMATS:
            raise ValueError(
                f"Unsupported `data_format` for GDN layer: {data_format}. It may be {' or '.join(FORMATS)}"
            )
        self.inverse, self.data_format = inverse, data_format
        self.beta: Any = None
        self.gamma: Any = None
        self._beta_min, self._gamma_init, self._offset = beta_min, gamma_init, reparam_offset

    def build(self, inputs: tf.Tensor) -> None:
        """Makes "reparam_beta" and "reparam_gamma"; ValueError for an unknown number of channels."""
        channels = self._channels(inputs)
        if channels is None:
            raise ValueError(
                "The channel dimension of the inputs to `GDN` must be defined. Their shape is "
                f"{inputs.shape}, {self.data_format}; call set_shape on the inputs first"
            )
        tf.compat.v1.get_variable_scope().set_partitioner(None)  # a square matrix is not made in parts
        self.beta = self._parameter(
            "reparam_beta",
            [channels],
            lambda dtype: tf.ones([channels], dtype),
            (self._beta_min + self._offset**2) ** 0.5,
        )
        self.gamma = self._parameter(
            "reparam_gamma",
            [channels, channels],
            lambda dtype: self._gamma_init * tf.eye(channels, dtype=dtype),
            self._offset,
        )

    def call(self, inputs: tf.Tensor, **kwargs: Any) -> tf.Tensor:
        """Returns the normalised `inputs`."""
        self._check(inputs)
        dims = inputs.shape.rank - 2
        kernel = tf.reshape(self.gamma, [1] * dims + self.gamma.shape.as_list())
        form = FORMATS[self.data_format]
        pool = tf.nn.convolution(
            tf.square(inputs), kernel, padding="VALID", data_format=full_data_format(form, dims)
        )
        length = tf.sqrt(tf.nn.bias_add(pool, self.beta, data_format=form))
        outputs = inputs * length if self.inverse else inputs / length
        outputs.set_shape(inputs.shape)
        return outputs

    def _channels(self, inputs: tf.Tensor) -> int | None:
        if inputs.shape.rank not in (3, 4, 5):
            raise ValueError(
                f"GDN takes inputs of rank 3 to 5, got rank {inputs.shape.rank}: shape {inputs.shape}; "
                f"{rank_advice(inputs, 4)}"
            )
        return inputs.shape.as_list()[1 if self.data_format == "channels_first" else -1]

    def _check(self, inputs: tf.Tensor) -> None:
        channels = self._channels(inputs)
        if channels != self.beta.shape[0]:
            raise ValueError(
                f"GDN {self.name!r} was built for {self.beta.shape[0]} channels, these inputs have "
                f"{channels}: shape {inputs.shape}; make another GDN for them"
            )

    def _parameter(
        self, name: str, shape: list[int], initial: Callable[[tf.DType], tf.Tensor], least: float
    ) -> tf.Tensor:
        """Returns the parameter whose square root, raised by the pedestal, is the variable `name`."""
        pedestal = self._offset**2
        with explained_reuse():
            variable = tf.compat.v1.get_variable(
                name,
                shape=shape,
                dtype=self.dtype,
                initializer=lambda shape, dtype=None, partition_info=None: tf.sqrt(initial(dtype) + pedestal),
                trainable=self.trainable,
            )
        self._weights.append(variable)
        values = lower_bound(tf.convert_to_tensor(variable), tf.constant(least, self.dtype))
        return tf.square(values) - pedestal


@tf.custom_gradient
def lower_bound(values: tf.Tensor, bound: tf.Tensor) -> Any:
    """Returns the maximum of both; a value below the bound gets the gradient that lifts it, but no other."""

    def gradient(upstream: tf.Tensor) -> tuple[tf.Tensor, None]:
        passes = tf.logical_or(values >= bound, upstream < 0)
        return tf.cast(passes, upstream.dtype) * upstream, None

    return tf.maximum(values, bound), gradient


def gdn(
    inputs: TensorLike,
    inverse: bool = False,
    beta_min: float = 1e-6,
    gamma_init: float = 0.1,
    reparam_offset: float = 2**-18,
    data_format: str = "channels_last",
    activity_regularizer: Regularizer | None = None,
    trainable: bool = True,
    name: str | None = None,
    reuse: Reuse | None = None,
) -> tf.Tensor:
    """Normalises `inputs` by a new `GDN`, or with `reuse` by the variables of the one called `name`."""
    layer = GDN(
        inverse=inverse,
        beta_min=beta_min,
        gamma_init=gamma_init,
        reparam_offset=reparam_offset,
        data_format=data_format,
        activity_regularizer=activity_regularizer,
        trainable=trainable,
        name=name,
        _scope=name,
        _reuse=reuse,
    )
    return layer(inputs)
