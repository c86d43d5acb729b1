"""PNASNet-5: one cell, found by progressive search. Liu et al. 2017, arXiv:1712.00559, figure 2, table 5."""

import tensorflow as tf

from slimzoo.nets import nasnet_utils
from slimzoo.nets.common import NetworkOutput
from slimzoo.nets.nasnet_base import (
    Config,
    Plan,
    Row,
    Settings,
    arg_scope_of,
    build,
    config_of,
    imagenet_stem,
    make_cell,
    register_nasnet,
    settings_of,
)


class PNasNetNormalCell(nasnet_utils.TableCell):
    """The cell of PNASNet-5: figure 2."""

    sums = (
        ((1, "separable_5x5_2"), (1, "max_pool_3x3")),
        ((0, "separable_7x7_2"), (0, "max_pool_3x3")),
        ((0, "separable_5x5_2"), (0, "separable_3x3_2")),
        ((4, "separable_3x3_2"), (0, "max_pool_3x3")),
        ((1, "separable_3x3_2"), (0, "none")),
    )
    joins = (2, 3, 4, 5, 6)


SHARED = {"dense_dropout_keep_prob": 0.5, "skip_reduction_layer_input": 1, "total_training_steps": 250000}
large_imagenet_config = config_of(  # PNASNet-5 (N = 4, F = 216)
    **SHARED, stem_multiplier=3.0, num_cells=12, num_conv_filters=216, drop_path_keep_prob=0.6
)
mobile_imagenet_config = config_of(  # PNASNet-5 (N = 3, F = 54)
    **SHARED, stem_multiplier=1.0, num_cells=9, num_conv_filters=54, drop_path_keep_prob=1.0
)
pnasnet_large_arg_scope = arg_scope_of(4e-5, 0.9997, 1e-3)
pnasnet_mobile_arg_scope = arg_scope_of(4e-5, 0.9997, 1e-3)


def _plan(hparams: Settings) -> Plan:
    """The one cell strides where NASNet has a reduction cell."""
    cell = make_cell(PNasNetNormalCell, hparams, hparams.num_cells + 2)  # with those of the stem
    reductions = nasnet_utils.calc_reduction_layers(hparams.num_cells, hparams.num_reduction_layers)
    rows, scaling = [], 1.0
    for i in range(hparams.num_cells):
        reduces = i in reductions
        scaling *= hparams.filter_scaling_rate if reduces else 1
        back = 3 if reduces and not hparams.skip_reduction_layer_input else 2
        rows.append(Row(f"Cell_{i}", cell, scaling, stride=2 if reduces else 1, back=back))
    return Plan(imagenet_stem, cell, rows)


def build_pnasnet_large(
    images: tf.Tensor,
    num_classes: int | None,
    is_training: bool = True,
    final_endpoint: str | None = None,
    config: Config = None,
) -> NetworkOutput:
    """Builds PNASNet-5 large for ImageNet.

    Args:
      images: float [N, H, W, 3] in [-1, 1], 67 pixels a side at least in training.
      num_classes: 0 or None leaves the last layer out and returns its input.
      final_endpoint: "Stem", "Cell_0", ...: the last activation, returned.
      config: what large_imagenet_config returns, or a dictionary of the settings in it that change.
    Returns: logits [N, num_classes], end_points.
    Raises: ValueError: images that are no batch of known size or too small; no such end point.
    """
    hparams = settings_of(large_imagenet_config(), config, is_training)
    return build(images, num_classes, is_training, hparams, _plan(hparams), final_endpoint)


def build_pnasnet_mobile(
    images: tf.Tensor,
    num_classes: int | None,
    is_training: bool = True,
    final_endpoint: str | None = None,
    config: Config = None,
) -> NetworkOutput:
    """Builds PNASNet-5 mobile for ImageNet; takes what build_pnasnet_large takes."""
    hparams = settings_of(mobile_imagenet_config(), config, is_training)
    return build(images, num_classes, is_training, hparams, _plan(hparams), final_endpoint)


register_nasnet("pnasnet_large", build_pnasnet_large, pnasnet_large_arg_scope, 331, 1001, "aux_7")
register_nasnet("pnasnet_mobile", build_pnasnet_mobile, pnasnet_mobile_arg_scope, 224, 1001, "aux_5")
