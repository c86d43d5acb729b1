"""The convolutions of tf.layers and their transposes."""

from typing import Any

import tensorflow as tf

from slimzoo.compat.tf_layers.base import InputSpec, Layer
from slimzoo.compat.tf_layers.core import ZEROS, activated, make_bias, make_kernel_and_bias
from slimzoo.compat.tf_layers.functions import as_function
from slimzoo.slim.conv import bias_format, convolve_both
from slimzoo.slim.conv_transpose import spread_out
from slimzoo.slim.layer_core import CHANNELS_FIRST, CHANNELS_LAST, sizes
from slimzoo.slim.utils import channel_dimension

FORMS = {"channels_first": CHANNELS_FIRST, "channels_last": CHANNELS_LAST}


class _Convolution(Layer):
    """What all convolutions share; a subclass says its number of spatial dimensions, `rank`."""

    rank: int

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        data_format: str = "channels_last",
        dilation_rate: Any = 1,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = None,
        bias_initializer: Any = ZEROS,
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        trainable: bool = True,
        name: str | None = None,
        **settings: Any,
    ):
        super().__init__(trainable, name, activity_regularizer=activity_regularizer, **settings)
        self.filters, self.activation, self.use_bias = filters, activation, use_bias
        self.kernel_size = sizes("kernel_size", self.rank, kernel_size)
        self.strides = sizes("strides", self.rank, strides)
        self.dilation_rate = sizes("dilation_rate", self.rank, dilation_rate)
        self.padding, self.data_format = check_padding(padding), check_form(data_format)
        self.kernel_initializer, self.bias_initializer = kernel_initializer, bias_initializer
        self.kernel_regularizer, self.bias_regularizer = kernel_regularizer, bias_regularizer
        self.kernel_constraint, self.bias_constraint = kernel_constraint, bias_constraint
        self.input_spec = InputSpec(ndim=self.rank + 2)
        self.kernel = self.bias = None

    @property
    def form(self) -> str:
        """The data format as the ops of TensorFlow call it."""
        return FORMS[self.data_format][self.rank]

    def build(self, input_shape: tf.TensorShape) -> None:
        """Makes "kernel" and "bias"."""
        make_kernel_and_bias(self, self.kernel_shape(self.channels(input_shape)), self.filters)

    def channels(self, input_shape: tf.TensorShape) -> int:
        """Returns the number of channels, which later inputs must have too."""
        channels = channel_dimension(input_shape, self.data_format)
        axis = 1 if self.data_format == "channels_first" else -1
        self.input_spec = InputSpec(ndim=self.rank + 2, axes={axis: channels})
        return channels

    def kernel_shape(self, channels: int) -> list[int]:
        """Returns the shape of "kernel"."""
        return [*self.kernel_size, channels, self.filters]

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Returns the convolution, with its bias, activated."""
        outputs = self.convolve(inputs)
        if self.use_bias:
            outputs = tf.nn.bias_add(outputs, self.bias, data_format=bias_format(self.form))
        return activated(self, self.in_rank(outputs))

    def in_rank(self, outputs: tf.Tensor) -> tf.Tensor:
        """Returns what `convolve` made, in the rank of the inputs."""
        return outputs

    def convolve(self, inputs: tf.Tensor) -> tf.Tensor:
        """Returns the convolution alone."""
        kernel, padding = tf.convert_to_tensor(self.kernel), self.padding
        if padding == "CAUSAL":
            inputs, padding = pad_before(inputs, self), "VALID"
        settings = {"data_format": self.form, "dilations": list(self.dilation_rate)}
        if self.rank == 2:
            return tf.nn.conv2d(inputs, kernel, list(self.strides), padding, **settings)
        return tf.nn.convolution(
            inputs, kernel, list(self.strides), padding, name=f"Conv{self.rank}D", **settings
        )


class Conv1D(_Convolution):
    """A convolution of [N, L, C] with "kernel" [size, C, filters]."""

    rank = 1


class Conv2D(_Convolution):
    """A convolution of [N, H, W, C] with "kernel" [height, width, C, filters]."""

    rank = 2


class Conv3D(_Convolution):
    """A convolution of [N, D, H, W, C] with "kernel" [depth, height, width, C, filters]."""

    rank = 3


class _Transpose(_Convolution):
    """What the transposed convolutions share: they have no dilation."""

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        data_format: str = "channels_last",
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = None,
        bias_initializer: Any = ZEROS,
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        trainable: bool = True,
        name: str | None = None,
        **settings: Any,
    ):
        super().__init__(
            filters,
            kernel_size,
            strides,
            padding,
            data_format,
            activation=activation,
            use_bias=use_bias,
            kernel_initializer=kernel_initializer,
            bias_initializer=bias_initializer,
            kernel_regularizer=kernel_regularizer,
            bias_regularizer=bias_regularizer,
            activity_regularizer=activity_regularizer,
            kernel_constraint=kernel_constraint,
            bias_constraint=bias_constraint,
            trainable=trainable,
            name=name,
            **settings,
        )

    def kernel_shape(self, channels: int) -> list[int]:
        """Returns the shape of "kernel", the filters before the channels."""
        return [*self.kernel_size, self.filters, channels]

    def convolve(self, inputs: tf.Tensor) -> tf.Tensor:
        """Returns the transposed convolution alone."""
        kernel = tf.convert_to_tensor(self.kernel)
        return spread_out(inputs, kernel, self.strides, self.padding, self.form, 1)


class Conv2DTranspose(_Transpose):
    """A convolution backwards, with "kernel" [height, width, filters, C]."""

    rank = 2


class Conv3DTranspose(_Transpose):
    """A convolution backwards, with "kernel" [depth, height, width, filters, C]."""

    rank = 3


class _Separable(_Convolution):
    """Convolves each channel by itself, then mixes them."""

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        data_format: str = "channels_last",
        dilation_rate: Any = 1,
        depth_multiplier: int = 1,
        activation: Any = None,
        use_bias: bool = True,
        depthwise_initializer: Any = None,
        pointwise_initializer: Any = None,
        bias_initializer: Any = ZEROS,
        depthwise_regularizer: Any = None,
        pointwise_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        depthwise_constraint: Any = None,
        pointwise_constraint: Any = None,
        bias_constraint: Any = None,
        trainable: bool = True,
        name: str | None = None,
        **settings: Any,
    ):
        super().__init__(
            filters,
            kernel_size,
            strides,
            padding,
            data_format,
            dilation_rate,
            activation,
            use_bias,
            bias_initializer=bias_initializer,
            bias_regularizer=bias_regularizer,
            activity_regularizer=activity_regularizer,
            bias_constraint=bias_constraint,
            trainable=trainable,
            name=name,
            **settings,
        )
        self.depth_multiplier = depth_multiplier
        self._kernels = {
            "depthwise_kernel": (depthwise_initializer, depthwise_regularizer, depthwise_constraint),
            "pointwise_kernel": (pointwise_initializer, pointwise_regularizer, pointwise_constraint),
        }

    def build(self, input_shape: tf.TensorShape) -> None:
        """Makes "depthwise_kernel", "pointwise_kernel" and "bias"."""
        channels = self.channels(input_shape)
        ones, middle = [1] * self.rank, self.depth_multiplier * channels
        self.depthwise_kernel = self._kernel(
            "depthwise_kernel", [*self.kernel_size, channels, self.depth_multiplier]
        )
        self.pointwise_kernel = self._kernel("pointwise_kernel", [*ones, middle, self.filters])
        make_bias(self, self.filters)

    def _kernel(self, name: str, shape: list[int]) -> Any:
        initializer, regularizer, constraint = self._kernels[name]
        return self.add_weight(
            name, shape, initializer=initializer, regularizer=regularizer, constraint=constraint
        )

    def convolve(self, inputs: tf.Tensor) -> tf.Tensor:
        """Returns both convolutions; of a row of values as of an image of height 1."""
        depthwise, pointwise = map(tf.convert_to_tensor, (self.depthwise_kernel, self.pointwise_kernel))
        padding, stride, rate = self.padding, self.strides, self.dilation_rate
        if padding == "CAUSAL":
            inputs, padding = pad_before(inputs, self), "VALID"
        if self.rank == 1:
            stride, rate = stride * 2, (1, *rate)
            inputs = tf.expand_dims(inputs, self.form.index("W"))
            depthwise, pointwise = tf.expand_dims(depthwise, 0), tf.expand_dims(pointwise, 0)
        form = bias_format(self.form)
        strides = [1, 1, *stride] if form == "NCHW" else [1, *stride, 1]
        return convolve_both(inputs, depthwise, pointwise, strides, padding, rate, form)

    def in_rank(self, outputs: tf.Tensor) -> tf.Tensor:
        """Returns a row of values as one."""
        return tf.squeeze(outputs, [self.form.index("W")]) if self.rank == 1 else outputs


class SeparableConv1D(_Separable):
    """A separable convolution of [N, L, C]."""

    rank = 1


class SeparableConv2D(_Separable):
    """A separable convolution of [N, H, W, C]."""

    rank = 2


def pad_before(inputs: tf.Tensor, layer: Any) -> tf.Tensor:
    """Returns a row of values with zeros before it, so that no output sees what comes after it."""
    missing = layer.dilation_rate[0] * (layer.kernel_size[0] - 1)
    before = [[0, 0], [missing, 0], [0, 0]] if layer.form == "NWC" else [[0, 0], [0, 0], [missing, 0]]
    return tf.pad(inputs, before)


def check_padding(padding: str) -> str:
    """Returns "SAME", "VALID" or "CAUSAL" from any spelling of it."""
    if padding.lower() not in ("same", "valid", "causal"):
        raise ValueError(
            f'The `padding` argument must be one of "valid", "same" or "causal", not {padding!r}'
        )
    return padding.upper()


def check_form(data_format: str) -> str:
    """Returns `data_format` in small letters; ValueError if it is none."""
    if data_format.lower() not in FORMS:
        raise ValueError(f"data_format must be one of {', '.join(FORMS)}, not {data_format!r}")
    return data_format.lower()


conv1d = as_function(Conv1D, "conv1d")
conv2d = as_function(Conv2D, "conv2d")
conv3d = as_function(Conv3D, "conv3d")
conv2d_transpose = as_function(Conv2DTranspose, "conv2d_transpose")
conv3d_transpose = as_function(Conv3DTranspose, "conv3d_transpose")
separable_conv1d = as_function(SeparableConv1D, "separable_conv1d")
separable_conv2d = as_function(SeparableConv2D, "separable_conv2d")
