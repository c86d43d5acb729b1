"""BatchNormalization of tf.layers."""

from typing import Any

import tensorflow as tf

from slimzoo.compat.tf_layers.base import InputSpec, Layer, v1
from slimzoo.compat.tf_layers.core import ZEROS
from slimzoo.compat.tf_layers.wide_normalization import by_wide_moments, parameter_shape
from slimzoo.slim import renorm as renormalisation
from slimzoo.slim.batch_norm import Spec, by_fused_op, by_moments, update_averages

ONES = v1.ones_initializer()
HALVES = (tf.float16, tf.bfloat16)


class BatchNormalization(Layer):
    """Normalises to mean 0 and variance 1 over all axes but `axis`, which may be several.

    Args:
      virtual_batch_size: how many samples of a batch are normalised together; it has to divide the batch.
    """

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
        self.axis, self.momentum, self.epsilon, self.fused = axis, momentum, epsilon, fused
        self.adjustment, self.renorm_momentum = adjustment, renorm_momentum
        self.virtual_batch_size = virtual_batch_size
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
        sizes = self._sizes(input_shape)
        self.input_spec = InputSpec(ndim=input_shape.rank, axes=sizes)
        part = self.virtual_batch_size
        wide = len(sizes) > 1 or part is not None
        shape = parameter_shape(sizes, input_shape.rank, part) if wide else list(sizes.values())
        dtype = tf.float32 if self.dtype in HALVES else self.dtype
        for name, (is_wanted, initializer, regularizer, constraint) in self._wanted.items():
            if is_wanted:
                self._by_name[name] = self.add_weight(
                    name, shape, dtype, initializer, regularizer, constraint=constraint
                )
        for name, initializer in self._averages.items():
            self._by_name[name] = self._average(name, shape, dtype, initializer)
        for name, variable in self._by_name.items():
            setattr(self, name, variable)

    def _average(self, name: str, shape: list[int], dtype: tf.DType, initializer: Any) -> Any:
        assert self._scope is not None
        partitioner = self._scope.partitioner
        self._scope.set_partitioner(None)  # an average cannot be updated in parts
        try:
            return self.add_weight(name, shape, dtype, initializer, trainable=False)
        finally:
            self._scope.set_partitioner(partitioner)

    def call(self, inputs: tf.Tensor, training: Any = False) -> tf.Tensor:
        """Returns `inputs` normalised: by the batch in training, else by the averages."""
        sizes = self._sizes(inputs.shape)
        axis, channels = next(iter(sizes.items()))
        training = bool(training) if isinstance(training, int) else training
        wide = len(sizes) > 1 or self.virtual_batch_size is not None
        fused = not wide and self._fuses(inputs, axis)
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
        if wide:
            part, adjustment = self.virtual_batch_size, self.adjustment
            outputs, mean, variance = by_wide_moments(
                spec, self._by_name, inputs, list(sizes), part, adjustment
            )
        elif fused:
            outputs, mean, variance = by_fused_op(spec, self._by_name, inputs)
        else:
            outputs, mean, variance = by_moments(spec, self._by_name, inputs, None, self.adjustment)
        if spec.may_train:
            updates = update_averages(spec, self._by_name, mean, variance)
            self.add_update([getattr(update, "op", update) for update in updates])
        return outputs

    def _sizes(self, shape: tf.TensorShape) -> dict[int, int]:
        """Returns the axes that are normalised each by itself, counted from 0, and their sizes."""
        axes = list(self.axis) if isinstance(self.axis, (list, tuple)) else [self.axis]
        if not axes or shape.rank is None or not all(-shape.rank <= axis < shape.rank for axis in axes):
            raise ValueError(f"axis={self.axis} has to be axes of the inputs, of shape {shape}")
        sizes = {axis % shape.rank: shape.as_list()[axis] for axis in axes}
        problems = [f"axis={self.axis} names one twice"] if len(sizes) < len(axes) else []
        if None in sizes.values():
            problems.append(f"axis {self.axis} of the inputs must be known: shape {shape}; call set_shape")
        if self.virtual_batch_size is not None:
            problems += self._problems_of_parts(sizes)
        if problems:
            raise ValueError(f"{self.name}: {'; '.join(problems)}")
        return sizes

    def _problems_of_parts(self, sizes: dict[int, int]) -> list[str]:
        found = {
            f"virtual_batch_size={self.virtual_batch_size} must be positive and divide the batch": (
                self.virtual_batch_size is not None and self.virtual_batch_size <= 0
            ),
            "with virtual_batch_size, axis cannot include 0, the batch": 0 in sizes,
            "with virtual_batch_size, adjustment cannot be given": self.adjustment is not None,
        }
        return [problem for problem, is_one in found.items() if is_one]

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
