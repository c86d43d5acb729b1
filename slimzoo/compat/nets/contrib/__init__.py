"""Networks as tf.contrib.slim.nets and tf_slim.nets have them, where the later ones differ."""

import functools
import inspect
from typing import Any

from slimzoo.nets.common import NetworkFn, NetworkOutput

LATER = (
    *("spatial_squeeze", "store_non_strided_activations", "min_base_depth", "depth_multiplier"),
    *("symmetric_pooling", "stride_in_first_unit", "batch_norm_epsilon"),
)


def first_resnet(network: NetworkFn) -> NetworkFn:
    """Returns `network`, a ResNet, without the parameters added later.

    Its logits are a map [N, h, w, num_classes], 1x1 with global_pool, which is no end point.
    """
    signature = inspect.signature(network)
    signature = signature.replace(parameters=[p for n, p in signature.parameters.items() if n not in LATER])

    @functools.wraps(network)
    def build(*args: Any, **kwargs: Any) -> NetworkOutput:
        net, end_points = network(**signature.bind(*args, **kwargs).arguments, spatial_squeeze=False)
        end_points.pop("global_pool", None)
        return net, end_points

    vars(build)["__signature__"] = signature
    return build
