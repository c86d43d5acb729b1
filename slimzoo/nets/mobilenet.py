"""What MobileNet v2 and v3 share: a table of layers, walked once. Sandler et al. 2018, arXiv:1801.04381."""

import contextlib
import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

import tensorflow as tf

from slimzoo import slim
from slimzoo.nets import common, mobilenet_layers
from slimzoo.nets.common import Layer, NetworkFn, NetworkOutput, Reuse, Scope
from slimzoo.nets.conv_blocks import _make_divisible
from slimzoo.nets.mobilenet_layers import ConvDefs
from slimzoo.registry import Network, register

CONVOLUTIONS = (slim.conv2d, slim.separable_conv2d)


class NoOpScope:
    """A context that does nothing."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, *error: object) -> Literal[False]:
        return False


def safe_arg_scope(funcs: Sequence[Callable], **kwargs: Any) -> contextlib.AbstractContextManager:
    """Returns slim.arg_scope of those `kwargs` that are not None, or a NoOpScope if all are."""
    settings = {name: value for name, value in kwargs.items() if value is not None}
    return slim.arg_scope(funcs, **settings) if settings else NoOpScope()


@slim.add_arg_scope
def apply_activation(x: tf.Tensor, name: str | None = None, activation_fn: Layer | None = None) -> tf.Tensor:
    """Returns `activation_fn` of `x`, or `x`; the arg_scope may set activation_fn."""
    return activation_fn(x, name=name) if activation_fn else x


@slim.add_arg_scope
def depth_multiplier(
    output_params: dict[str, Any],
    multiplier: float,
    divisible_by: int = 8,
    min_depth: int = 8,
    **unused_kwargs: Any,
) -> None:
    """Multiplies num_outputs in `output_params`, if it is there, and makes it divisible.

    Args:
      output_params: a dict, changed in place.
      min_depth: least number of channels.
    """
    del unused_kwargs
    if "num_outputs" in output_params:
        channels = output_params["num_outputs"] * multiplier
        output_params["num_outputs"] = _make_divisible(channels, divisible_by, min_depth)


class Op(NamedTuple):
    """A layer of conv_defs: op(net, **params), its params changed by multiplier_func(params, multiplier)."""

    op: Callable
    params: dict[str, Any]
    multiplier_func: Callable


def op(opfunc: Callable, multiplier_func: Callable = depth_multiplier, **params: Any) -> Op:
    """Returns an Op, a row of conv_defs["spec"]."""
    return Op(opfunc, params, params.pop("multiplier_transform", multiplier_func))


@slim.add_arg_scope
def mobilenet_base(
    inputs: tf.Tensor,
    conv_defs: ConvDefs,
    multiplier: float = 1.0,
    final_endpoint: str | None = None,
    output_stride: int | None = None,
    use_explicit_padding: bool = False,
    scope: Scope = None,
    is_training: bool | None = False,
) -> NetworkOutput:
    """Builds the layers of `conv_defs` up to `final_endpoint`.

    Args:
      inputs: float [N, H, W, C].
      conv_defs: {"spec": rows made by op, "defaults" and "overrides": {ops: their arguments}}.
      multiplier: factor on the channels of every layer, above 0.
      final_endpoint: "layer_7", or inside of one, "layer_7/expansion_output"; None for the last layer.
      output_stride: a product of the strides from the first one on, or None: all of them. Dilated
        convolutions keep the map at 1/output_stride of the image.
      use_explicit_padding: pads alike for every stride and image size, in place of SAME.
      is_training: None leaves the mode to the arg_scope around this.
    Returns: the activation of final_endpoint, end_points: the layers, then what is named an output inside.
    Raises: ValueError: an argument outside of what is said above; what there is is named.
    """
    mobilenet_layers.check(conv_defs, multiplier, output_stride)
    settings = [*dict(conv_defs.get("defaults", {})).items(), *dict(conv_defs.get("overrides", {})).items()]
    if use_explicit_padding:
        settings.append((CONVOLUTIONS, {"padding": "VALID"}))
    with contextlib.ExitStack() as entered:
        sc = entered.enter_context(tf.compat.v1.variable_scope(scope, "Mobilenet"))
        entered.enter_context(tf.name_scope(sc.original_name_scope))
        entered.enter_context(safe_arg_scope([slim.batch_norm], is_training=is_training))
        for ops, arguments in settings:
            entered.enter_context(slim.arg_scope(ops, **arguments))
        layers = mobilenet_layers.layers(conv_defs, multiplier, output_stride, use_explicit_padding)
        return mobilenet_layers.walk(inputs, layers, final_endpoint)


@slim.add_arg_scope
def mobilenet(
    inputs: tf.Tensor,
    num_classes: int | None = 1001,
    prediction_fn: Layer | None = slim.softmax,
    reuse: Reuse = None,
    scope: Scope = "Mobilenet",
    base_only: bool = False,
    use_reduce_mean_for_pooling: bool = False,
    **mobilenet_args: Any,
) -> NetworkOutput:
    """Builds a MobileNet for classification, in inference mode if training_scope is not around it.

    Args:
      inputs: float [N, H, W, C].
      num_classes: 0 or None leaves the last layer out and returns its input.
      base_only: ends before the pooling.
      use_reduce_mean_for_pooling: a mean in place of an average pooling; their values are alike.
      **mobilenet_args: what mobilenet_base takes.
    Returns: logits [N, num_classes], end_points.
    Raises: ValueError: `inputs` is not of rank 4; see mobilenet_base.
    """
    if inputs.shape.rank != 4:
        raise ValueError(
            f"Expected rank 4 input, was: {inputs.shape.rank}. MobileNet takes images [N, H, W, C]; "
            f"inputs has shape {inputs.shape}"
        )
    with tf.compat.v1.variable_scope(scope, "Mobilenet", reuse=reuse) as sc:
        inputs = tf.identity(inputs, "input")
        net, end_points = mobilenet_base(inputs, scope=sc, **mobilenet_args)
        if base_only:
            return net, end_points
        net = tf.identity(net, name="embedding")
        with tf.compat.v1.variable_scope("Logits"):
            if use_reduce_mean_for_pooling:
                net = tf.reduce_mean(net, common.spatial_axes(), keepdims=True, name="ReduceMean")
            else:
                net = global_pool(net)
            end_points["global_pool"] = net
            if not num_classes:
                return net, end_points
            is_training = mobilenet_args.get("is_training", False)
            with safe_arg_scope([slim.dropout], is_training=is_training):
                net = slim.dropout(net, scope="Dropout")
            logits = slim.conv2d(
                net,
                num_classes,
                [1, 1],
                activation_fn=None,
                normalizer_fn=None,
                biases_initializer=tf.compat.v1.zeros_initializer(),
                scope="Conv2d_1c_1x1",
            )
            logits = tf.identity(tf.squeeze(logits, common.spatial_axes()), name="output")
        end_points["Logits"] = logits
        if prediction_fn:
            end_points["Predictions"] = prediction_fn(logits, "Predictions")
    return logits, end_points


def global_pool(input_tensor: tf.Tensor, pool_op: Layer = tf.nn.avg_pool) -> tf.Tensor:
    """Returns [N, 1, 1, C]: `pool_op` over the whole map, or a mean where its size is not known.

    Raises: ValueError: the size is not known, and pool_op is not tf.nn.avg_pool.
    """
    size = common.map_size(input_tensor)
    if None not in size and not common.channels_first():
        kernel = [1, *size, 1]
        return pool_op(input_tensor, ksize=kernel, strides=[1, 1, 1, 1], padding="VALID")
    if pool_op is not tf.nn.avg_pool:
        raise ValueError(
            f"global_pool by {pool_op} needs the height and width of the map, which is {input_tensor.shape}"
        )
    return tf.reduce_mean(input_tensor, common.spatial_axes(), keepdims=True)


def training_scope(
    is_training: bool | None = True,
    weight_decay: float = 0.00004,
    stddev: float = 0.09,
    dropout_keep_prob: float | None = 0.8,
    bn_decay: float | None = 0.997,
) -> dict:
    """Returns the scope MobileNet was published with: batch norm, dropout, L2 on all but depthwise weights.

    Args:
      is_training, dropout_keep_prob, bn_decay: None leaves them to the arg_scope around this.
      stddev: of the initial weights; below 0 they are drawn by Xavier's rule.
    """
    initializer = tf.compat.v1.truncated_normal_initializer(stddev=stddev)
    with (
        slim.arg_scope(
            [slim.conv2d, slim.fully_connected, slim.separable_conv2d],
            weights_initializer=slim.xavier_initializer() if stddev < 0 else initializer,
            normalizer_fn=slim.batch_norm,
        ),
        slim.arg_scope([mobilenet_base, mobilenet], is_training=is_training),
        safe_arg_scope([slim.batch_norm], decay=bn_decay, is_training=is_training),
        safe_arg_scope([slim.dropout], is_training=is_training, keep_prob=dropout_keep_prob),
        slim.arg_scope([slim.conv2d], weights_regularizer=slim.l2_regularizer(weight_decay)),
        slim.arg_scope([slim.separable_conv2d], weights_regularizer=None) as scope,
    ):
        return scope


def refuse_multiplier(name: str, arguments: Mapping[str, Any]) -> None:
    """Raises ValueError if `arguments` hold what mobilenet_base calls `multiplier`."""
    if "multiplier" in arguments:
        raise ValueError(
            f'{name} doesn\'t support generic multiplier parameter, use "depth_multiplier" instead: '
            f"depth_multiplier={arguments['multiplier']!r}"
        )


def wrapped_partial(
    func: Callable, *args: Any, new_defaults: Mapping[str, Any] | None = None, **kwargs: Any
) -> Callable:
    """Returns functools.partial of `func` that has its name, docstring and attributes.

    Args:
      new_defaults: {keyword: value}, further keyword arguments.
    """
    partial = functools.partial(func, *args, **{**(new_defaults or {}), **kwargs})
    return functools.update_wrapper(partial, func)


def register_variant(name: str, build: NetworkFn, scope: str) -> None:
    """Registers `build` as published: for ImageNet with a background class, in images of 224 x 224 pixels."""
    head = f"{scope}/Logits/Conv2d_1c_1x1"
    register(
        Network(
            name=name,
            build=build,
            arg_scope=training_scope,
            image_size=224,
            num_classes=1001,
            channels=3,
            heads=(head,),
            transfer_heads=(head,),
            preprocessing="inception",
            auxiliary=(),
        )
    )
