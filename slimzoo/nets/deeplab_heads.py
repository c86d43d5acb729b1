"""The heads of DeepLab: ASPP or a dense prediction cell, image pooling, decoder, logits.

Chen et al. 2017, arXiv:1706.05587 (v3); 2018, arXiv:1802.02611 (v3+). Each takes a Stage, which says how
large the maps are and whether it trains; what their layers gave is in COLLECTION, under the layers' scopes.
"""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import tensorflow as tf

from slimzoo import slim
from slimzoo.nets import common
from slimzoo.nets.common import EndPoints, Layer, Size, known_size, resize
from slimzoo.nets.deeplab_options import CellRow, Options

DROPOUT = 0.9  # the part that is kept
PROJECTED = 48  # channels that a decoder takes of a finer map
COLLECTION = "deeplab_heads"


@dataclass(frozen=True)
class Stage:
    """What the heads know beside their options.

    Attributes:
      crop: height and width of the images.
      is_training: for dropout; `batch_norm_trains` for batch norm.
    """

    options: Options
    crop: Size
    is_training: bool
    batch_norm_trains: bool
    weight_decay: float

    def map_size(self, stride: int) -> Size:
        """Returns how large a map is at 1/stride of the images."""
        height, width = self.crop
        return scale_dimension(height, 1.0 / stride), scale_dimension(width, 1.0 / stride)

    @property
    def activation(self) -> Layer:
        """Of the heads' convolutions."""
        return tf.nn.relu6 if self.options.use_bounded_activation else tf.nn.relu

    @contextlib.contextmanager
    def layers(self, normalised: bool = True) -> Iterator[None]:
        """The arg_scope of the heads; where not `normalised`, with biases and without activations."""
        with (
            slim.arg_scope(
                [slim.conv2d, slim.separable_conv2d],
                weights_regularizer=slim.l2_regularizer(self.weight_decay),
                activation_fn=self.activation if normalised else None,
                normalizer_fn=slim.batch_norm if normalised else None,
                padding="SAME",
                stride=1,
                outputs_collections=COLLECTION,
            ),
            slim.arg_scope(
                [slim.batch_norm],
                is_training=self.batch_norm_trains,
                decay=self.options.decay_or(0.9997),
                epsilon=1e-5,
                scale=True,
            ),
        ):
            yield

    def separable(
        self, net: tf.Tensor, filters: int, scope: str, rate: int | Sequence[int] = 1, kernel_size: int = 3
    ) -> tf.Tensor:
        """Returns a depthwise convolution of `net`, then a pointwise one, as far as the arg_scope says."""
        normal = tf.compat.v1.truncated_normal_initializer
        net = slim.separable_conv2d(
            net,
            None,
            kernel_size,
            depth_multiplier=1,
            rate=rate,
            weights_initializer=normal(stddev=0.33),
            weights_regularizer=None,
            scope=f"{scope}_depthwise",
        )
        initializer = normal(stddev=0.06)
        return slim.conv2d(net, filters, 1, weights_initializer=initializer, scope=f"{scope}_pointwise")


def scale_dimension(size: int | tf.Tensor, scale: float) -> int | tf.Tensor:
    """Returns how many pixels a side of `size` pixels has at `scale`, its corners staying where they are."""
    if isinstance(size, int):
        return int((size - 1.0) * scale + 1.0)
    return tf.cast((tf.cast(size, tf.float32) - 1.0) * scale + 1.0, tf.int32)


def collected() -> EndPoints:
    """Returns {scope: output} of the layers of the heads so far, which are forgotten then."""
    return dict(slim.utils.convert_collection_to_dict(COLLECTION, clear_collection=True))


def aspp(net: tf.Tensor, stage: Stage) -> tf.Tensor:
    """Returns the branches of atrous spatial pyramid pooling over `net` [N, h, w, C], put together."""
    options, depth = stage.options, stage.options.aspp_convs_filters
    with stage.layers():
        pooled = _image_pooling(net, stage) if options.add_image_level_feature else None
        gates = options.aspp_with_squeeze_and_excitation
        branches = [pooled] if pooled is not None and not gates else []
        branches.append(slim.conv2d(net, depth, 1, scope="aspp0"))
        for i, rate in enumerate(options.atrous_rates or (), start=1):
            if options.aspp_with_separable_conv:
                branches.append(stage.separable(net, depth, f"aspp{i}", rate))
            else:
                branches.append(slim.conv2d(net, depth, 3, rate=rate, scope=f"aspp{i}"))
        net = tf.concat(branches, common.channel_axis())
        if options.aspp_with_concat_projection:
            net = slim.conv2d(net, depth, 1, scope="concat_projection")
            net = slim.dropout(net, DROPOUT, is_training=stage.is_training, scope="concat_projection_dropout")
        return net if pooled is None or not gates else net * pooled


def _image_pooling(net: tf.Tensor, stage: Stage) -> tf.Tensor:
    """Returns the mean of `net` over the map, or over windows of it, as a map of the same size."""
    options = stage.options
    window = options.image_pooling_crop_size
    window = stage.map_size(options.output_stride) if window is None else _pooled(window, options)
    if None in (*known_size(window), *common.map_size(net)):
        pooled = tf.reduce_mean(net, common.spatial_axes(), keepdims=True)
    else:
        kernel = common.shrink_kernel(net, window)
        pooled = slim.avg_pool2d(net, kernel, options.image_pooling_stride, padding="VALID")
    with contextlib.ExitStack() as gate:
        if options.aspp_with_squeeze_and_excitation:
            activation = q_sigmoid if options.image_se_uses_qsigmoid else tf.sigmoid
            gate.enter_context(slim.arg_scope([slim.conv2d], activation_fn=activation, normalizer_fn=None))
        else:  # unbounded whatever the options say, as published
            gate.enter_context(slim.arg_scope([slim.conv2d], activation_fn=tf.nn.relu))
        pooled = slim.conv2d(pooled, options.aspp_convs_filters, 1, scope="image_pooling")
    return resize(pooled, stage.map_size(options.output_stride))


def _pooled(crop: Sequence[int], options: Options, grid: Sequence[int] = (1, 1)) -> Size:
    height, width = (
        scale_dimension(int(side), 1.0 / (options.output_stride * parts))
        for side, parts in zip(crop, grid, strict=True)
    )
    return height, width


def q_sigmoid(x: tf.Tensor) -> tf.Tensor:
    """Returns a straight line from 0 at -3 to 1 at 3."""
    return tf.nn.relu6(x + 3.0) * 0.16667


def dense_prediction_cell(net: tf.Tensor, stage: Stage, rows: Sequence[CellRow]) -> tf.Tensor:
    """Returns the branches that `rows` say, put together: Chen et al. 2018, arXiv:1809.04184."""
    with (
        stage.layers(),
        slim.arg_scope([slim.conv2d, slim.separable_conv2d], activation_fn=tf.nn.relu),  # never bounded
        tf.compat.v1.variable_scope("meta_architecture", values=[net]),
    ):
        branches: list[tf.Tensor] = []
        for i, row in enumerate(rows):
            source = net if row["input"] < 0 else branches[row["input"]]
            branches.append(_branch(source, stage, row, f"branch{i}"))
        net = tf.concat(branches, common.channel_axis())
        net = slim.dropout(net, DROPOUT, is_training=stage.is_training, scope="concat_projection_dropout")
        return slim.conv2d(net, 256, 1, scope="concat_projection")


def _branch(net: tf.Tensor, stage: Stage, row: CellRow, scope: str) -> tf.Tensor:
    options, depth = stage.options, 256
    if row["op"] == "pyramid_pooling":
        crop = options.image_pooling_crop_size or stage.crop
        if None in known_size((crop[0], crop[1])):
            raise ValueError(
                "pyramid_pooling of a dense prediction cell wants images of known size: "
                "input_shape=(513, 513, 3)"
            )
        kernel = common.shrink_kernel(net, _pooled(crop, options, row["grid_size"]))
        pooled = slim.avg_pool2d(net, kernel, stride=[1, 1], padding="VALID")
        pooled = slim.conv2d(pooled, depth, 1, scope=scope)
        return resize(pooled, stage.map_size(options.output_stride))
    if row["op"] != "conv":
        raise ValueError(
            f"row {dict(row)} of a dense prediction cell: op is {row['op']!r}; allowed are conv, "
            "pyramid_pooling"
        )
    if row["kernel"] in (1, [1, 1]):
        return slim.conv2d(net, depth, 1, scope=scope)
    rate = [r * (16 // options.output_stride) for r in row["rate"]]
    return stage.separable(net, depth, scope, rate, row["kernel"])


def decoder(net: tf.Tensor, ends: EndPoints, stage: Stage, names: dict[int, str], filters: int) -> tf.Tensor:
    """Returns `net` at a finer stride, with what finer maps of the backbone have to say.

    Args:
      ends: end points of the backbone; names: of that for each stride.
      filters: channels of the decoder.
    """
    options = stage.options
    with (
        stage.layers(normalised=not options.decoder_output_is_logits),
        tf.compat.v1.variable_scope("decoder", values=[net]),
    ):
        for i, stride in enumerate(options.decoder_strides):
            suffix = f"_{i}" if i else ""
            finer = slim.conv2d(
                common.end_point(ends, names[stride]),
                filters if options.decoder_use_sum_merge else PROJECTED,
                1,
                scope=f"feature_projection0{suffix}",
            )
            size = stage.map_size(stride)
            net, finer = resize(net, size), resize(finer, size)
            merge = _sum if options.decoder_use_sum_merge else _concatenation
            net = merge(net, finer, stage, filters, suffix)
    return net


def _sum(net: tf.Tensor, finer: tf.Tensor, stage: Stage, filters: int, suffix: str) -> tf.Tensor:
    last = stage.options.decoder_output_is_logits
    if stage.options.decoder_use_separable_conv and not last:
        return stage.separable(net, filters, f"decoder_split_sep_conv0{suffix}") + finer
    return slim.conv2d(net, filters, 1 if last else 3, scope=f"decoder_conv0{suffix}") + finer


def _concatenation(net: tf.Tensor, finer: tf.Tensor, stage: Stage, filters: int, suffix: str) -> tf.Tensor:
    net = tf.concat([net, finer], common.channel_axis())
    if stage.options.decoder_use_separable_conv and not stage.options.decoder_output_is_logits:
        for i in range(2):
            net = stage.separable(net, filters, f"decoder_conv{i}{suffix}")
        return net
    return slim.repeat(net, 2, slim.conv2d, filters, 3, scope=f"decoder_conv0{suffix}")


def logits(net: tf.Tensor, stage: Stage, num_classes: int) -> tf.Tensor:
    """Returns the last layer on `net` [N, h, w, C]: a convolution, or the sum of one for each atrous rate."""
    options = stage.options
    rates = options.atrous_rates
    rates = [1] if options.aspp_with_batch_norm or rates is None else rates
    with (
        slim.arg_scope(
            [slim.conv2d],
            weights_regularizer=slim.l2_regularizer(stage.weight_decay),
            weights_initializer=tf.compat.v1.truncated_normal_initializer(stddev=0.01),
            outputs_collections=COLLECTION,
        ),
        tf.compat.v1.variable_scope("logits", values=[net]),
    ):
        return tf.add_n(
            [
                slim.conv2d(
                    net,
                    num_classes,
                    options.logits_kernel_size,
                    rate=rate,
                    activation_fn=None,
                    normalizer_fn=None,
                    scope=f"semantic_{i}" if i else "semantic",
                )
                for i, rate in enumerate(rates)
            ]
        )
