"""NASNet-A: cells found by search, stacked. Zoph et al. 2017, arXiv:1707.07012, figure 2 and appendix A."""

from collections.abc import Callable, Iterator, Sequence

import tensorflow as tf

from slimzoo import slim
from slimzoo.nets import nasnet_utils
from slimzoo.nets.common import Layer, NetworkOutput, check_pools
from slimzoo.nets.nasnet_base import (
    Config,
    Outputs,
    Plan,
    Row,
    Settings,
    Step,
    arg_scope_of,
    build,
    config_of,
    imagenet_stem,
    make_cell,
    register_nasnet,
    settings_of,
)

# NASNet-A (6 @ 768) for images of 32x32 pixels: 600 epochs of 32 images a step.
cifar_config = config_of(
    stem_multiplier=3.0,
    num_cells=18,
    num_conv_filters=32,
    drop_path_keep_prob=0.6,
    dense_dropout_keep_prob=1.0,
    skip_reduction_layer_input=0,
    total_training_steps=937500,
)
mobile_imagenet_config = config_of(  # NASNet-A (4 @ 1056)
    stem_multiplier=1.0,
    num_cells=12,
    num_conv_filters=44,
    drop_path_keep_prob=1.0,
    dense_dropout_keep_prob=0.5,
    skip_reduction_layer_input=0,
    total_training_steps=250000,
)
large_imagenet_config = config_of(  # NASNet-A (6 @ 4032)
    stem_multiplier=3.0,
    num_cells=18,
    num_conv_filters=168,
    drop_path_keep_prob=0.7,
    dense_dropout_keep_prob=0.5,
    skip_reduction_layer_input=1,
    total_training_steps=250000,
)
nasnet_cifar_arg_scope = arg_scope_of(5e-4, 0.9, 1e-5)
nasnet_mobile_arg_scope = arg_scope_of(4e-5, 0.9997, 1e-3)
nasnet_large_arg_scope = arg_scope_of(5e-5, 0.9997, 1e-3)


def _rows(hparams: Settings, normal: Layer, reduction: Layer) -> Iterator[Row]:
    """Yields the cells after the stem: normal ones, and reduction cells evenly between."""
    reductions = nasnet_utils.calc_reduction_layers(hparams.num_cells, hparams.num_reduction_layers)
    scaling = 1.0
    for i in range(hparams.num_cells):
        if i in reductions:
            scaling *= hparams.filter_scaling_rate
            yield Row(f"Reduction_Cell_{reductions.index(i)}", reduction, scaling, stride=2, back=2)
        skips = i in reductions and hparams.skip_reduction_layer_input
        yield Row(f"Cell_{i}", normal, scaling, stride=1, back=3 if skips else 2)


def cifar_stem(images: tf.Tensor, hparams: Settings, cell: Layer) -> Outputs:
    """Returns the outputs so far: none before the first convolution."""
    del cell
    net = slim.conv2d(images, int(hparams.num_conv_filters * hparams.stem_multiplier), 3, scope="l1_stem_3x3")
    return [None, slim.batch_norm(net, scope="l1_stem_bn")]


def _plan(stem: Callable[..., Outputs], hparams: Settings) -> Plan:
    others = 4 if stem is imagenet_stem else 2  # the reduction cells, and those of the stem
    total = hparams.num_cells + others
    normal = make_cell(nasnet_utils.NasNetANormalCell, hparams, total)
    reduction = make_cell(nasnet_utils.NasNetAReductionCell, hparams, total)
    return Plan(stem, reduction, list(_rows(hparams, normal, reduction)))


def build_nasnet_cifar(
    images: tf.Tensor,
    num_classes: int | None,
    is_training: bool = True,
    config: Config = None,
    current_step: Step = None,
) -> NetworkOutput:
    """Builds NASNet-A for CIFAR-10.

    Args:
      images: float [N, H, W, 3], 9 pixels a side at least in training.
      num_classes: 0 or None leaves the last layer out and returns its input.
      config: what cifar_config returns, or a dictionary of the settings in it that change.
      current_step: by which the probability to drop a path rises; None: the global step.
    Returns: logits [N, num_classes], end_points.
    Raises: ValueError: images that are no batch of known size or too small.
    """
    hparams = settings_of(cifar_config(), config, is_training)
    plan = _plan(cifar_stem, hparams)
    return build(images, num_classes, is_training, hparams, plan, current_step=current_step)


def build_nasnet_mobile(
    images: tf.Tensor,
    num_classes: int | None,
    is_training: bool = True,
    final_endpoint: str | None = None,
    config: Config = None,
    current_step: Step = None,
    *,
    zero_padded_pools: Sequence[str] = (),
) -> NetworkOutput:
    """Builds NASNet-A (4 @ 1056) for ImageNet.

    Args:
      images: float [N, H, W, 3] in [-1, 1], 67 pixels a side at least in training.
      num_classes: 0 or None leaves the last layer out and returns its input.
      final_endpoint: "Stem", "Cell_0", "Reduction_Cell_0", ...: the last activation, returned.
      config: what mobile_imagenet_config returns, or a dictionary of the settings in it that change.
      current_step: by which the probability to drop a path rises; None: the global step.
      zero_padded_pools: poolings of the cells that halve the map, in which the padding is zeros that count:
        ("avg_pool",) in timm, ("avg_pool", "max_pool") in Keras.
    Returns: logits [N, num_classes], end_points.
    Raises: ValueError: images that are no batch of known size or too small; no such end point; no
      such pooling.
    """
    hparams = settings_of(mobile_imagenet_config(), config, is_training)
    check_pools(zero_padded_pools, ("avg_pool", "max_pool"))
    plan = _plan(imagenet_stem, hparams)
    with slim.arg_scope([nasnet_utils.pool], zero_padded=tuple(zero_padded_pools)):
        return build(images, num_classes, is_training, hparams, plan, final_endpoint, current_step)


def build_nasnet_large(
    images: tf.Tensor,
    num_classes: int | None,
    is_training: bool = True,
    final_endpoint: str | None = None,
    config: Config = None,
    current_step: Step = None,
    *,
    zero_padded_pools: Sequence[str] = (),
) -> NetworkOutput:
    """Builds NASNet-A (6 @ 4032) for ImageNet; takes what build_nasnet_mobile takes."""
    hparams = settings_of(large_imagenet_config(), config, is_training)
    check_pools(zero_padded_pools, ("avg_pool", "max_pool"))
    plan = _plan(imagenet_stem, hparams)
    with slim.arg_scope([nasnet_utils.pool], zero_padded=tuple(zero_padded_pools)):
        return build(images, num_classes, is_training, hparams, plan, final_endpoint, current_step)


register_nasnet("nasnet_cifar", build_nasnet_cifar, nasnet_cifar_arg_scope, 32, 10, "aux_11")
register_nasnet("nasnet_mobile", build_nasnet_mobile, nasnet_mobile_arg_scope, 224, 1001, "aux_7")
register_nasnet("nasnet_large", build_nasnet_large, nasnet_large_arg_scope, 331, 1001, "aux_11")
