"""Networks by name, for programs written against the old `nets.nets_factory`."""

import functools
from collections.abc import Callable
from typing import Any

import tensorflow as tf

from slimzoo import slim
from slimzoo.names import nearest
from slimzoo.nets import i3d, s3dg
from slimzoo.nets.common import NetworkFn, NetworkOutput
from slimzoo.registry import networks

PUBLISHED = (  # in the order of the old table
    *("alexnet_v2", "cifarnet", "overfeat", "vgg_a", "vgg_16", "vgg_19"),
    *("inception_v1", "inception_v2", "inception_v3", "inception_v4", "inception_resnet_v2"),
    *("i3d", "s3dg", "lenet"),
    *("resnet_v1_50", "resnet_v1_101", "resnet_v1_152", "resnet_v1_200"),
    *("resnet_v2_50", "resnet_v2_101", "resnet_v2_152", "resnet_v2_200"),
    *("mobilenet_v1", "mobilenet_v1_075", "mobilenet_v1_050", "mobilenet_v1_025"),
    *("mobilenet_v2", "mobilenet_v2_140", "mobilenet_v2_035"),
    *("mobilenet_v3_small", "mobilenet_v3_large"),
    *("mobilenet_v3_small_minimalistic", "mobilenet_v3_large_minimalistic"),
    *("mobilenet_edgetpu", "mobilenet_edgetpu_075"),
    *("nasnet_cifar", "nasnet_mobile", "nasnet_large", "pnasnet_large", "pnasnet_mobile"),
)
_BUILT: dict[str, tuple[Callable, Callable]] = {  # {name: (function, its arg_scope)}
    **{row.name: (row.build, row.arg_scope) for row in networks().values()},
    "i3d": (i3d.i3d, i3d.i3d_arg_scope),  # these take videos, and the registry holds networks of images
    "s3dg": (s3dg.s3dg, s3dg.s3dg_arg_scope),
}
networks_map = {name: _BUILT[name][0] for name in PUBLISHED if name in _BUILT}
arg_scopes_map = {name: _BUILT[name][1] for name in networks_map}


def get_network_fn(
    name: str, num_classes: int | None, weight_decay: float = 0.0, is_training: bool = False
) -> NetworkFn:
    """Returns network_fn(images, **arguments) -> logits, end_points, which enters its own arg_scope.

    Args:
      name: one of networks_map; a program may add its own networks there and to arg_scopes_map.
      num_classes: 0 or None leaves the last layer out.
      weight_decay: of the L2 penalty on the weights.

    Returns: the function; its `default_image_size` is the size in pixels that it was published for.
    Raises: ValueError: there is no network called `name`.
    """
    if name not in networks_map:
        likely = nearest(str(name), networks_map)
        raise ValueError(f"Name of network unknown {name}.{likely} There are {', '.join(networks_map)}")
    network = networks_map[name]

    @functools.wraps(network)
    def network_fn(images: tf.Tensor, **kwargs: Any) -> NetworkOutput:
        with slim.arg_scope(arg_scopes_map[name](weight_decay=weight_decay)):
            return network(images, num_classes=num_classes, is_training=is_training, **kwargs)

    return network_fn
