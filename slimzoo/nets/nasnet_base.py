"""What NASNet and PNASNet share: their stem, the walk along their cells, their last layers."""

import copy
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import tensorflow as tf

from slimzoo import slim
from slimzoo.nets import nasnet_utils
from slimzoo.nets.common import EndPoints, Layer, NetworkOutput, channels_first, map_size, smallest_images
from slimzoo.nets.nasnet_utils import Step
from slimzoo.registry import Network, register
from slimzoo.slim.hosting import HOST
from slimzoo.slim.hparams import HParams

COMMON: dict[str, Any] = {
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
Settings = Any  # an HParams: which attributes it has is known when it runs
Config = HParams | Mapping[str, Any] | None  # all settings of a network, or those that change
Outputs = list[tf.Tensor | None]  # of the stem and the cells so far; None stands before the first
ADVICE = "Resize them, or leave the auxiliary head out: use_aux_head=0 in the config"


class Row(NamedTuple):
    """A cell of a network."""

    name: str  # its end point; in lower case, its scope
    cell: Layer
    filter_scaling: float
    stride: int
    back: int  # its second input is this many outputs ago; the first is the last output


class Plan(NamedTuple):
    """What a network is made of."""

    stem: Callable  # (images, hparams, stem_cell) to the outputs before the cells, of which the first is None
    stem_cell: Layer
    rows: list[Row]


def settings_of(published: HParams, config: Config, is_training: bool) -> Settings:
    """Returns the settings of a network: `published`, with those that the dictionary `config` changes.

    Args:
      config: in place of a dictionary, an HParams takes the place of `published`. It stays as it is.
    """
    if config is None or isinstance(config, Mapping):
        if unknown := [name for name in config or {} if name not in published]:
            known = ", ".join(published.values())
            raise ValueError(f"the config sets {', '.join(unknown)}, which there is not; there are {known}")
        hparams = published.override_from_dict(config or {})
    else:
        hparams = copy.deepcopy(config)
    if not is_training:
        hparams.set_hparam("drop_path_keep_prob", 1.0)
    return hparams


def config_of(**settings: Any) -> Callable[[], HParams]:
    """Returns the function that gives the settings of one network: COMMON and its own."""

    def config() -> HParams:
        """Returns the settings that this network was published with."""
        return HParams(**COMMON | settings)

    return config


def arg_scope_of(decay_of_weights: float, decay: float, epsilon: float) -> Callable[..., dict]:
    """Returns the arg_scope function of one network, with the defaults that it was published with."""

    def arg_scope(
        weight_decay: float = decay_of_weights,
        batch_norm_decay: float = decay,
        batch_norm_epsilon: float = epsilon,
    ) -> dict:
        """Returns the scope that this network was published with."""
        return _arg_scope(weight_decay, batch_norm_decay, batch_norm_epsilon)

    return arg_scope


def _arg_scope(weight_decay: float, batch_norm_decay: float, batch_norm_epsilon: float) -> dict:
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


def imagenet_stem(images: tf.Tensor, hparams: Settings, cell: Layer) -> Outputs:
    """Returns the outputs so far: a convolution and two reducing cells, the map an eighth of the images."""
    filters = int(32 * hparams.stem_multiplier)
    net = slim.conv2d(images, filters, 3, stride=2, padding="VALID", scope="conv0")
    outputs = [None, slim.batch_norm(net, scope="conv0_bn")]
    for i in range(2):  # their paths drop by the global step, whatever current_step is: so it was published
        scaling = hparams.filter_scaling_rate ** (i - 2)
        stem = {"scope": f"cell_stem_{i}", "filter_scaling": scaling, "stride": 2, "cell_num": i}
        outputs.append(cell(outputs[-1], prev_layer=outputs[-2], **stem))
    return outputs


def build(
    images: tf.Tensor,
    num_classes: int | None,
    is_training: bool,
    hparams: Settings,
    plan: Plan,
    final_endpoint: str | None = None,
    current_step: Step = None,
) -> NetworkOutput:
    """Builds the network of `plan`, a NASNet or a PNASNet.

    Args:
      hparams: what settings_of returned.
    Returns: the activation of final_endpoint, else logits [N, num_classes], else the input of the last layer;
      end_points.
    Raises: ValueError: images that are no batch of known size or too small; no such end point.
    """
    names = ["Stem", *(row.name for row in plan.rows), "global_pool", "Logits", "Predictions"]
    if final_endpoint and final_endpoint not in names:
        raise ValueError(f"Unknown final endpoint {final_endpoint!r}; there are {', '.join(names)}")
    if images.shape.rank != 4:
        raise ValueError(f"images are [N, H, W, C], of rank 4; these have shape {images.shape}")
    hosted = HOST.get() is not None and channels_first()  # a Model turns its images itself
    if hparams.data_format == "NCHW" and not hosted:
        images = tf.transpose(images, (0, 3, 1, 2))
    rows = plan.rows[: names.index(final_endpoint)] if final_endpoint else plan.rows
    head = _auxiliary_cell(hparams) if num_classes and is_training else None
    head = head if any(row.name == head != final_endpoint for row in rows) else None
    activate = tf.nn.relu6 if hparams.use_bounded_activation else tf.nn.relu
    with (
        slim.arg_scope(MODAL, is_training=is_training),
        slim.arg_scope(SPATIAL, data_format="NCHW" if hosted else hparams.data_format),
        smallest_images(images, _smallest(plan, head), ADVICE if head else "Resize them"),
    ):
        if None in map_size(images):
            raise ValueError(f"height and width must be known: {images.shape}; call set_shape on the images")
        end_points = {}
        for name, net in _cells(plan.stem(images, hparams, plan.stem_cell), rows, current_step):
            end_points[name] = net
            if num_classes and name == head:
                end_points["AuxLogits"] = _auxiliary_logits(activate(net), num_classes, activate, name)
        if final_endpoint not in end_points:
            classes = (num_classes, hparams.dense_dropout_keep_prob, final_endpoint)
            net = _last_layers(activate(net), end_points, *classes)
        return net, end_points


def _cells(outputs: Outputs, rows: Iterable[Row], current_step: Step) -> Iterator[tuple[str, tf.Tensor]]:
    """Yields (end point, activation) of the stem and of each cell."""
    yield "Stem", outputs[-1]
    for number, row in enumerate(rows, start=len(outputs) - 2):  # the cells of the stem count
        net = row.cell(
            outputs[-1],
            scope=row.name.lower(),
            filter_scaling=row.filter_scaling,
            stride=row.stride,
            prev_layer=outputs[-row.back],
            cell_num=number,
            current_step=current_step,
        )
        outputs.append(net)
        yield row.name, net


def _auxiliary_cell(hparams: Settings) -> str | None:
    """Returns the end point that the auxiliary head sees: the last cell before the second halving."""
    reductions = nasnet_utils.calc_reduction_layers(hparams.num_cells, hparams.num_reduction_layers)
    return f"Cell_{reductions[1] - 1}" if hparams.use_aux_head and len(reductions) > 1 else None


def _auxiliary_logits(net: tf.Tensor, num_classes: int, activate: Layer, name: str) -> tf.Tensor:
    with tf.compat.v1.variable_scope(name.replace("Cell", "aux")), tf.compat.v1.variable_scope("aux_logits"):
        net = slim.avg_pool2d(net, [5, 5], stride=3, padding="VALID")
        net = slim.conv2d(net, 128, [1, 1], scope="proj")
        net = activate(slim.batch_norm(net, scope="aux_bn0"))
        net = slim.conv2d(net, 768, map_size(net), padding="VALID")
        net = activate(slim.batch_norm(net, scope="aux_bn1"))
        return slim.fully_connected(slim.flatten(net), num_classes)


def _last_layers(
    net: tf.Tensor,
    end_points: EndPoints,
    num_classes: int | None,
    keep_prob: float,
    final_endpoint: str | None,
) -> tf.Tensor:
    """Adds the end points after the cells; returns the last of them, or the logits."""
    with tf.compat.v1.variable_scope("final_layer"):
        net = end_points["global_pool"] = nasnet_utils.global_avg_pool(net)
        if final_endpoint == "global_pool" or not num_classes:
            return net
        net = slim.dropout(net, keep_prob, scope="dropout")
        net = end_points["Logits"] = slim.fully_connected(net, num_classes)
        if final_endpoint != "Logits":
            end_points["Predictions"] = tf.nn.softmax(net, name="predictions")
        return end_points[final_endpoint or "Logits"]


def _smallest(plan: Plan, head: str | None) -> int:
    """Returns the least height and width of images that work."""
    if head is None:
        return 3 if plan.stem is imagenet_stem else 1
    size = 5  # of the map that the auxiliary head pools
    for row in plan.rows[: [row.name for row in plan.rows].index(head) + 1]:
        size = size * row.stride - row.stride + 1  # a stride halves a map up to the next whole number
    return 8 * size - 5 if plan.stem is imagenet_stem else size


def make_cell(
    kind: type[nasnet_utils.TableCell], hparams: Settings, total_num_cells: int
) -> nasnet_utils.TableCell:
    """Returns a cell of the class `kind` with the settings of its network."""
    return kind(
        hparams.num_conv_filters,
        hparams.drop_path_keep_prob,
        total_num_cells,
        hparams.total_training_steps,
        hparams.use_bounded_activation,
    )


def register_nasnet(
    name: str,
    function: Any,
    arg_scope: Callable[..., dict],
    image_size: int,
    num_classes: int,
    auxiliary: str,
) -> None:
    """Registers `function`; `auxiliary` is the scope of the head that it has in training only."""
    function.default_image_size = image_size  # published code reads it here
    register(
        Network(
            name=name,
            build=function,
            arg_scope=arg_scope,
            image_size=image_size,
            num_classes=num_classes,
            channels=3,
            heads=("final_layer", auxiliary),
            transfer_heads=("final_layer", auxiliary),
            preprocessing="inception",
            auxiliary=(auxiliary,),
        )
    )
