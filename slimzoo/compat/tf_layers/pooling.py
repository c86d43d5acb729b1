"""The poolings of tf.layers."""

from typing import Any

import tensorflow as tf

from slimzoo.compat.tf_layers.base import InputSpec, Layer
from slimzoo.compat.tf_layers.convolution import FORMS, check_form
from slimzoo.compat.tf_layers.functions import as_function
from slimzoo.slim.layer_core import check_padding, sizes

OPS = {
    ("MAX", 2): tf.compat.v1.nn.max_pool,
    ("AVG", 2): tf.compat.v1.nn.avg_pool,
    ("MAX", 3): tf.nn.max_pool3d,
    ("AVG", 3): tf.nn.avg_pool3d,
}


class _Pooling(Layer):
    """What all poolings share; a subclass says its number of spatial dimensions and what it takes."""

    rank: int
    kind: str

    def __init__(
        self,
        pool_size: Any,
        strides: Any,
        padding: str = "valid",
        data_format: str = "channels_last",
        name: str | None = None,
        **settings: Any,
    ):
        super().__init__(name=name, **settings)
        self.pool_size = sizes("pool_size", self.rank, pool_size)
        self.strides = sizes("strides", self.rank, pool_size if strides is None else strides)
        self.padding, self.data_format = check_padding(padding), check_form(data_format)
        self.input_spec = InputSpec(ndim=self.rank + 2)

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Returns the maximum or the mean of each window."""
        dims, first = max(self.rank, 2), self.data_format == "channels_first"
        window, step = self.pool_size, self.strides
        if self.rank == 1:
            axis, window, step = 3 if first else 2, (*window, 1), (*step, 1)
            inputs = tf.expand_dims(inputs, axis)
        whole = [(1, 1, *size) if first else (1, *size, 1) for size in (window, step)]
        form = FORMS[self.data_format][dims]
        outputs = OPS[self.kind, dims](inputs, *whole, self.padding, data_format=form)
        return tf.squeeze(outputs, [axis]) if self.rank == 1 else outputs


class AveragePooling1D(_Pooling):
    """The mean of windows of [N, L, C]."""

    rank, kind = 1, "AVG"


class MaxPooling1D(_Pooling):
    """The maximum of windows of [N, L, C]."""

    rank, kind = 1, "MAX"


class AveragePooling2D(_Pooling):
    """The mean of windows of [N, H, W, C]."""

    rank, kind = 2, "AVG"


class MaxPooling2D(_Pooling):
    """The maximum of windows of [N, H, W, C]."""

    rank, kind = 2, "MAX"


class AveragePooling3D(_Pooling):
    """The mean of windows of [N, D, H, W, C]."""

    rank, kind = 3, "AVG"


class MaxPooling3D(_Pooling):
    """The maximum of windows of [N, D, H, W, C]."""

    rank, kind = 3, "MAX"


average_pooling1d = as_function(AveragePooling1D, "average_pooling1d", reuse=False)
average_pooling2d = as_function(AveragePooling2D, "average_pooling2d", reuse=False)
average_pooling3d = as_function(AveragePooling3D, "average_pooling3d", reuse=False)
max_pooling1d = as_function(MaxPooling1D, "max_pooling1d", reuse=False)
max_pooling2d = as_function(MaxPooling2D, "max_pooling2d", reuse=False)
max_pooling3d = as_function(MaxPooling3D, "max_pooling3d", reuse=False)
