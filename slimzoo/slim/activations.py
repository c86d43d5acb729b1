"""Layers that pick or scale: maxout, spatial_softmax, unit_norm, poincare_normalize, scale_gradient."""

import inspect
from collections.abc import Callable, Sequence

import tensorflow as tf

from slimzoo.slim.arg_scope import add_arg_scope
from slimzoo.slim.layer_core import check_data_format, check_rank, known_channels, layer_scope, op_scope
from slimzoo.slim.types import Scope, TensorLike, VariableCollections
from slimzoo.slim.utils import get_variable_collections
from slimzoo.slim.variables import model_variable


@add_arg_scope
def maxout(inputs: TensorLike, num_units: int, axis: int = -1, scope: Scope | None = None) -> tf.Tensor:
    """Returns the maxima of groups of neighbouring features (Goodfellow et al. 2013, arXiv:1302.4389).

    Args:
      num_units: the number of groups; it divides the number of features.
      axis: of the features.

    Returns: `inputs` with `num_units` features.
    Raises: ValueError: an unknown number of features, or one that is no multiple of `num_units`.
    """
    with layer_scope("maxout", scope, "MaxOut", inputs) as (_, inputs):
        if inputs.shape.rank is None:
            raise ValueError("maxout: the rank of the inputs is unknown; call set_shape on the inputs first")
        shape = inputs.shape.as_list()
        features = shape[axis]
        if features is None:
            raise ValueError(
                f"maxout: the number of features is unknown: shape {inputs.shape}, axis {axis}; "
                "call set_shape on the inputs first"
            )
        if features % num_units:
            raise ValueError(
                f"number of features({features}) is not a multiple of num_units({num_units}); "
                f"the inputs have shape {inputs.shape}, their features stand on axis {axis}"
            )
        shape[axis] = num_units
        sizes = [tf.shape(inputs)[i] if size is None else size for i, size in enumerate(shape)]
        return tf.reduce_max(tf.reshape(inputs, [*sizes, features // num_units]), -1)


@add_arg_scope
def spatial_softmax(
    features: TensorLike,
    temperature: float | None = None,
    name: Scope | None = None,
    variables_collections: VariableCollections | None = None,
    trainable: bool = True,
    data_format: str = "NHWC",
) -> tf.Tensor:
    """Returns where each channel is most active: its mean position under a softmax over the image.

    Finn et al. 2015, arXiv:1509.06113.

    Args:
      features: [N, H, W, C], or [N, C, H, W] where `data_format` is "NCHW".
      temperature: the first value of the variable "temperature", which divides the features; None: 1.
      name: of the variable's scope; default "spatial_softmax".
      variables_collections: a list, or a dict with a list for "temperature".

    Returns: [N, 2 C]: for each channel its position along H and along W, from -1 to 1.
    Raises: ValueError: another rank or data_format, or an unknown number of channels.
    """
    check_data_format(data_format, ("NCHW", "NHWC"))
    with layer_scope("spatial_softmax", name, "spatial_softmax", features) as (_, features):
        check_rank("spatial_softmax", features, 4)
        channels = known_channels("spatial_softmax", features, data_format)
        height, width = tf.unstack(
            tf.shape(features)[2:] if data_format == "NCHW" else tf.shape(features)[1:3]
        )
        with tf.compat.v1.name_scope("spatial_softmax_op"):
            collections = (
                get_variable_collections(variables_collections, "temperature") if trainable else None
            )
            divisor = model_variable(
                "temperature",
                shape=(),
                dtype=tf.float32,
                initializer=tf.compat.v1.constant_initializer(1.0 if temperature is None else temperature),
                collections=collections,
                trainable=trainable,
            )
            if data_format == "NHWC":
                features = tf.transpose(features, [0, 3, 1, 2])
            attention = tf.nn.softmax(tf.reshape(features, [-1, height * width]) / divisor)
            axes = tf.linspace(-1.0, 1.0, height), tf.linspace(-1.0, 1.0, width)
            positions = [tf.reshape(grid, [-1]) for grid in tf.meshgrid(*axes, indexing="ij")]
            means = [tf.reduce_sum(position * attention, 1, keepdims=True) for position in positions]
            points = tf.reshape(tf.concat(means, 1), [-1, 2 * channels])
        points.set_shape([None, 2 * channels])
        return points


@add_arg_scope
def unit_norm(inputs: TensorLike, dim: int, epsilon: float = 1e-7, scope: Scope | None = None) -> tf.Tensor:
    """Divides `inputs` by their length along `dim`, the square root of epsilon + the sum of squares.

    Raises: ValueError: an unknown rank, or `dim` is no dimension from 0 on.
    """
    with layer_scope("unit_norm", scope, "UnitNorm", inputs) as (_, inputs):
        rank = inputs.shape.rank
        if rank is None:
            raise ValueError("unit_norm: The input rank must be known; call set_shape on the inputs first")
        if not 0 <= dim < rank:
            raise ValueError(
                f"dim must be positive but smaller than the input rank. It is {dim}, the rank is {rank}: "
                f"shape {inputs.shape}"
            )
        lengths = tf.sqrt(epsilon + tf.reduce_sum(tf.square(inputs), dim, keepdims=True))
        return tf.divide(inputs, lengths, name="div")


def poincare_normalize(
    x: TensorLike, axis: int | Sequence[int] = 1, epsilon: float = 1e-5, name: str | None = None
) -> tf.Tensor:
    """Scales vectors that are longer than 1 - epsilon to that length: into the Poincare ball.

    Nickel & Kiela 2017, arXiv:1705.08039.

    Args:
      axis: an int or several; the vectors lie along it.
    """
    with op_scope("poincare_normalize", name, "poincare_normalize", x) as (scope, x):
        inverse = tf.math.rsqrt(tf.reduce_sum(tf.square(x), axis, keepdims=True))
        return tf.multiply(x, tf.minimum((1.0 - epsilon) * inverse, 1.0), name=scope)


def scale_gradient(inputs: TensorLike, gradient_multiplier: TensorLike) -> tf.Tensor:
    """Returns `inputs`; their gradient is multiplied by `gradient_multiplier`, which itself gets none."""

    @tf.custom_gradient
    def scaled(
        inputs: tf.Tensor, multiplier: tf.Tensor
    ) -> tuple[tf.Tensor, Callable[[tf.Tensor], tuple[tf.Tensor, None]]]:
        return tf.identity(inputs), lambda gradient: (gradient * multiplier, None)

    inputs = tf.convert_to_tensor(inputs)
    return scaled(inputs, tf.convert_to_tensor(gradient_multiplier, inputs.dtype))


vars(scale_gradient)["__signature__"] = inspect.signature(lambda *args, **kwargs: None)  # as TF 1.15 shows it
