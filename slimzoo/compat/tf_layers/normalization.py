"""BatchNormalization of tf.layers."""

from typing import Any

import tensorflow as tf

from slimzoo.compat.tf_layers.base import InputSpec, Layer, v1
from slimzoo.compat.tf_layers.core import ZEROS
from slimzoo.slim import renorm as renormalisation
from slimzoo.slim.batch_norm import Spec, by_fused_op, by_moments, update_averages

ONES = v1.ones_initializer()
HALVES = (tf.float16, tf.bfloat16)


class BatchNormalization(Layer):
    """Normalises to mean 0 and variance 1 over all axes but `axis`."""

    def __init__(
        self,
        axis: Any = -1,
        momentum: float = 0.99,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = ZEROS,
        gamma_initializer: Any = ONES,
        moving_mean_initializer: Any = ZEROS,
        moving_variance_initializer: Any = ONES,
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        renorm: bool = False,
        renorm_clipping: Any = None,
        renorm_momentum: float = 0.99,
        fused: bool | None = None,
        trainable: bool = True,
        virtual_batch_size: int | None = None,
        adjustment: Any = None,
        name: str | None = None,
        **settings: Any,
    ):
        super().__init__(trainable, name, **settings)
        if virtual_batch_size is not None:
            raise NotImplementedError(
                f"virtual_batch_size={virtual_batch_size} is not served; tf.reshape the batch into "
                "parts and normalise each"
            )
        self.axis, self.momentum, self.epsilon, self.fused = axis, momentum, epsilon, fused
        self.adjustment, self.renorm_momentum = adjustment, renorm_momentum
        self.renorm = renormalisation.check_clipping(renorm_clipping) if renorm else None
        self._wanted = {
            "gamma": (scale, gamma_initializer, gamma_regularizer, gamma_constraint),
            "beta": (center, beta_initializer, beta_regularizer, beta_constraint),
        }
        self._averages = {
            "moving_mean": moving_mean_initializer,
            "moving_variance": moving_variance_initializer,
        }
        if renorm:
            stddev = renormalisation.stddev_initializer(moving_variance_initializer)
            self._averages |= {
                "moving_stddev": stddev,
                "renorm_mean": moving_mean_initializer,
                "renorm_stddev": stddev,
            }
        self._by_name: dict[str, Any] = {}
        self.gamma = self.beta = None

    def build(self, input_shape: tf.TensorShape) -> None:
        """Makes "gamma", "beta" and the averages."""
        axis, channels = self._axis(input_shape)
        self.input_spec = InputSpec(ndim=input_shape.rank, axes={axis: channels})
        dtype = tf.float32 if self.dtype in HALVES else self.dtype
        for name, (is_wanted, initializer, regularizer, constraint) in self._wanted.items():
            if is_wanted:
                self._by_name[name] = self.add_weight(
                    name, [channels], dtype, initializer, regularizer, constraint=constraint
                )
        for name, initializer in self._averages.items():
            self._by_name[name] = self._average(name, channels, dtype, initializer)
        for name, variable in self._by_name.items():
            setattr(self, name, variable)

    def _average(self, name: str, channels: int, dtype: tf.DType, initializer: Any) -> Any:
        assert self._scope is not None
        partitioner = self._scope.partitioner
        self._scope.set_partitioner(None)  # an average cannot be updated in parts
        try:
            return self.add_weight(name, [channels], dtype, initializer, trainable=False)
        finally:
            self._scope.set_partitioner(partitioner)

    def call(self, inputs: tf.Tensor, training: Any = False) -> tf.Tensor:
        """Returns `inputs` normalised: by the batch in training, else by the averages."""
        axis, channels = self._axis(inputs.shape)
        training = bool(training) if isinstance(training, int) else training
        fused = self._fuses(inputs, axis)
        spec = Spec(
            layer=self._scope,
            decay=self.momentum,
            epsilon=self.epsilon,
            training=training,
            axis=axis,
            channels=channels,
            dtype=tf.float32 if inputs.dtype in HALVES else inputs.dtype,
            core=True,
            fused=fused,
            debias=False,
            renorm=self.renorm,
            renorm_decay=self.renorm_momentum,
        )
        if fused:
            outputs, mean, variance = by_fused_op(spec, self._by_name, inputs)
        else:
            outputs, mean, variance = by_moments(spec, self._by_name, inputs, None, self.adjustment)
        if spec.may_train:
            updates = update_averages(spec, self._by_name, mean, variance)
            self.add_update([getattr(update, "op", update) for update in updates])
        return outputs

    def _axis(self, shape: tf.TensorShape) -> tuple[int, int]:
        """Returns the axis of the channels, from 0, and their number."""
        axes = list(self.axis) if isinstance(self.axis, (list, tuple)) else [self.axis]
        if len(axes) != 1 or shape.rank is None or not -shape.rank <= axes[0] < shape.rank:
            raise ValueError(f"axis={self.axis} has to be one axis of the inputs, of shape {shape}")
        axis = axes[0] % shape.rank
        channels = shape.as_list()[axis]
        if channels is None:
            raise ValueError(
                f"axis {axis} of the inputs must be known but is None: shape {shape}; call set_shape"
            )
        return axis, channels

    def _fuses(self, inputs: tf.Tensor, axis: int) -> bool:
        """Says whether the fused op is used: where it can be, unless `fused` is False."""
        usable = inputs.shape.rank == 4 and axis in (1, 3) and self.renorm is None and self.adjustment is None
        return usable and self.fused is not False


def batch_normalization(
    inputs: Any,
    axis: Any = -1,
    momentum: float = 0.99,
    epsilon: float = 1e-3,
    center: bool = True,
    scale: bool = True,
    beta_initializer: Any = ZEROS,
    gamma_initializer: Any = ONES,
    moving_mean_initializer: Any = ZEROS,
    moving_variance_initializer: Any = ONES,
    beta_regularizer: Any = None,
    gamma_regularizer: Any = None,
    beta_constraint: Any = None,
    gamma_constraint: Any = None,
    training: Any = False,
    trainable: bool = True,
    name: str | None = None,
    reuse: Any = None,
    renorm: bool = False,
    renorm_clipping: Any = None,
    renorm_momentum: float = 0.99,
    fused: bool | None = None,
    virtual_batch_size: int | None = None,
    adjustment: Any = None,
) -> tf.Tensor:
    """BatchNormalization, made, named and called at once."""
    layer = BatchNormalization(
        *(axis, momentum, epsilon, center, scale, beta_initializer, gamma_initializer),
        *(moving_mean_initializer, moving_variance_initializer, beta_regularizer, gamma_regularizer),
        *(beta_constraint, gamma_constraint, renorm, renorm_clipping, renorm_momentum, fused, trainable),
        *(virtual_batch_size, adjustment, name),
        _reuse=reuse,
        _scope=name,
    )
    return layer(inputs, training=training)
