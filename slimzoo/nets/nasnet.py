"""NASNet-A: cells found by search, stacked. Zoph et al. 2017, arXiv:1707.07012, figure 2 and appendix A."""

import copy
from collections.abc import Mapping
from functools import partial
from typing import Any, NamedTuple

import tensorflow as tf

from slimzoo import slim
from slimzoo.compat.hparams import HParams
from slimzoo.nets import nasnet_utils
from slimzoo.nets.common import channels_first, map_size, smallest_images
from slimzoo.registry import Network, register
from slimzoo.slim.hosting import HOST

COMMON = {
    "filter_scaling_rate": 2.0,  # of the channels, where the map halves
    "num_reduction_layers": 2,
    "use_aux_head": 1,
    "data_format": "NHWC",
    "use_bounded_activation": False,
}
MODAL = (slim.dropout, slim.batch_norm, nasnet_utils.drop_path)
SPATIAL = (
    *(slim.avg_pool2d, slim.max_pool2d, slim.conv2d, slim.separable_conv2d, slim.batch_norm),
    *(nasnet_utils.factorized_reduction, nasnet_utils.global_avg_pool),
    *(nasnet_utils.get_channel_index, nasnet_utils.get_channel_dim),
)
LAST = ("global_pool", "Logits", "Predictions")  # end points after the cells


def cifar_config():
    """Returns the settings of NASNet-A (6 @ 768) for 32x32 images, 600 epochs of 32 a step."""
    return HParams(
        **COMMON,
        stem_multiplier=3.0,
        num_cells=18,
        num_conv_filters=32,
        drop_path_keep_prob=0.6,
        dense_dropout_keep_prob=1.0,
        skip_reduction_layer_input=0,
        total_training_steps=937500,
    )


def mobile_imagenet_config():
    """Returns the settings of NASNet-A (4 @ 1056)."""
    return HParams(
        **COMMON,
        stem_multiplier=1.0,
        num_cells=12,
        num_conv_filters=44,
        drop_path_keep_prob=1.0,
        dense_dropout_keep_prob=0.5,
        skip_reduction_layer_input=0,
        total_training_steps=250000,
    )


def large_imagenet_config():
    """Returns the settings of NASNet-A (6 @ 4032)."""
    return HParams(
        **COMMON,
        stem_multiplier=3.0,
        num_cells=18,
        num_conv_filters=168,
        drop_path_keep_prob=0.7,
        dense_dropout_keep_prob=0.5,
        skip_reduction_layer_input=1,
        total_training_steps=250000,
    )


def nasnet_arg_scope(weight_decay, batch_norm_decay, batch_norm_epsilon):
    """Returns the scope of every NASNet and PNASNet: L2 on all weights, batch norm called apart."""
    with (
        slim.arg_scope(
            [slim.fully_connected, slim.conv2d, slim.separable_conv2d],
            weights_regularizer=slim.l2_regularizer(weight_decay),
            weights_initializer=slim.variance_scaling_initializer(mode="FAN_OUT"),
            activation_fn=None,
        ),
        slim.arg_scope([slim.fully_connected], scope="FC"),
        slim.arg_scope([slim.conv2d, slim.separable_conv2d], biases_initializer=None),
        slim.arg_scope(
            [slim.batch_norm], decay=batch_norm_decay, epsilon=batch_norm_epsilon, scale=True, fused=True
        ) as scope,
    ):
        return scope


def nasnet_cifar_arg_scope(weight_decay=5e-4, batch_norm_decay=0.9, batch_norm_epsilon=1e-5):
    """Returns the scope that the network for CIFAR-10 was published with."""
    return nasnet_arg_scope(weight_decay, batch_norm_decay, batch_norm_epsilon)


def nasnet_mobile_arg_scope(weight_decay=4e-5, batch_norm_decay=0.9997, batch_norm_epsilon=1e-3):
    """Returns the scope that the mobile network was published with."""
    return nasnet_arg_scope(weight_decay, batch_norm_decay, batch_norm_epsilon)


def nasnet_large_arg_scope(weight_decay=5e-5, batch_norm_decay=0.9997, batch_norm_epsilon=1e-3):
    """Returns the scope that the large network was published with."""
    return nasnet_arg_scope(weight_decay, batch_norm_decay, batch_norm_epsilon)


class Row(NamedTuple):
    """A cell of a network."""

    name: str  # its end point; in lower case, its scope
    cell: Any
    filter_scaling: float
    stride: int
    back: int  # its second input is this many outputs ago; the first is the last output


def _rows(hparams, normal, reduction):
    """Yields the cells after the stem: normal ones, and reduction cells evenly between."""
    reductions = nasnet_utils.calc_reduction_layers(hparams.num_cells, hparams.num_reduction_layers)
    scaling = 1.0
    for i in range(hparams.num_cells):
        if i in reductions:
            scaling *= hparams.filter_scaling_rate
            yield Row(f"Reduction_Cell_{reductions.index(i)}", reduction, scaling, stride=2, back=2)
        skips = i in reductions and hparams.skip_reduction_layer_input
        yield Row(f"Cell_{i}", normal, scaling, stride=1, back=3 if skips else 2)


def cifar_stem(images, hparams, cell):
    """Returns the outputs so far: none before the first convolution."""
    del cell
    net = slim.conv2d(
        images, int(hparams.num_conv_filters * hparams.stem_multiplier), 3, scope="l1_stem_3x3"
    )
    return [None, slim.batch_norm(net, scope="l1_stem_bn")]


def imagenet_stem(images, hparams, cell):
    """Returns the outputs so far: a convolution and two reducing cells, the map an eighth of the images."""
    filters = int(32 * hparams.stem_multiplier)
    net = slim.conv2d(images, filters, 3, stride=2, padding="VALID", scope="conv0")
    outputs = [None, slim.batch_norm(net, scope="conv0_bn")]
    for i in range(2):  # their paths drop by the global step, whatever current_step is: so it was published
        scaling = hparams.filter_scaling_rate ** (i - 2)
        stem = {"scope": f"cell_stem_{i}", "filter_scaling": scaling, "stride": 2, "cell_num": i}
        outputs.append(cell(outputs[-1], prev_layer=outputs[-2], **stem))
    return outputs


def settings_of(published, config, is_training):
    """Returns the settings of a network: `published`, with those that the dictionary `config` changes.

    Args:
      config: in place of a dictionary, an HParams takes the place of `published`. It stays as it is.
    """
    if config is None or isinstance(config, Mapping):
        hparams = published.override_from_dict(config or {})
    else:
        hparams = copy.deepcopy(config)
    if not is_training:
        hparams.set_hparam("drop_path_keep_prob", 1.0)
    return hparams


def build(images, num_classes, is_training, hparams, stem, rows, final_endpoint=None, current_step=None):
    """Builds the network of these cells, a NASNet or a PNASNet.

    Args:
      hparams: what settings_of returned.
      stem: function of the images to the outputs before the cells, of which the first is None.
      rows: the cells.
    Returns: the activation of final_endpoint, else logits [N, num_classes], else the input of the last layer;
      end_points.
    Raises: ValueError: images that are no batch of known size or too small; no such end point.
    """
    names = ["Stem", *(row.name for row in rows), "global_pool", "Logits", "Predictions"]
    if final_endpoint and final_endpoint not in names:
        raise ValueError(f"Unknown final endpoint {final_endpoint!r}; there are {', '.join(names)}")
    if images.shape.rank != 4:
        raise ValueError(f"images are [N, H, W, C], of rank 4; these have shape {images.shape}")
    hosted = HOST.get() is not None and channels_first()  # a Model turns its images itself
    if hparams.data_format == "NCHW" and not hosted:
        images = tf.transpose(images, (0, 3, 1, 2))
    head = _auxiliary_cell(hparams) if num_classes and is_training else None
    head = None if final_endpoint in names[: names.index(head) + 1 if head else 0] else head
    activate = tf.nn.relu6 if hparams.use_bounded_activation else tf.nn.relu
    with (
        slim.arg_scope(MODAL, is_training=is_training),
        slim.arg_scope(SPATIAL, data_format="NCHW" if hosted else hparams.data_format),
        smallest_images(images, _smallest(stem, rows, head), ADVICE if head else "Resize them"),
    ):
        if None in map_size(images):
            raise ValueError(f"height and width must be known: {images.shape}; call set_shape on the images")
        end_points = {}
        for name, net in _cells(stem(images), rows, current_step):
            end_points[name] = net
            if name == final_endpoint:
                return net, end_points
            if name == head:
                end_points["AuxLogits"] = _auxiliary_logits(activate(net), num_classes, activate, name)
        with tf.compat.v1.variable_scope("final_layer"):
            last = _last_layers(activate(net), num_classes, hparams.dense_dropout_keep_prob)
            for name, net in last: 
