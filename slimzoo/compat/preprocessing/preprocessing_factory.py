"""From the name of a network to its preprocessing."""

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from slimzoo.compat.preprocessing import (
    cifarnet_preprocessing,
    inception_preprocessing,
    lenet_preprocessing,
    vgg_preprocessing,
)
from slimzoo.names import nearest

_KINDS = {  # module: the names that stand for it
    cifarnet_preprocessing: ("cifarnet",),
    inception_preprocessing: (
        *("inception", "inception_v1", "inception_v2", "inception_v3", "inception_v4", "inception_resnet_v2"),
        *("mobilenet_v1", "mobilenet_v1_075", "mobilenet_v1_050", "mobilenet_v1_025"),
        *("mobilenet_v2", "mobilenet_v2_035", "mobilenet_v2_140"),
        *("mobilenet_v3_small", "mobilenet_v3_small_minimalistic"),
        *("mobilenet_v3_large", "mobilenet_v3_large_minimalistic"),
        *("mobilenet_edgetpu", "mobilenet_edgetpu_075"),
        *("nasnet_mobile", "nasnet_large", "pnasnet_mobile", "pnasnet_large"),
    ),
    lenet_preprocessing: ("lenet",),
    vgg_preprocessing: (
        *("resnet_v1_50", "resnet_v1_101", "resnet_v1_152", "resnet_v1_200"),
        *("resnet_v2_50", "resnet_v2_101", "resnet_v2_152", "resnet_v2_200"),
        *("vgg", "vgg_a", "vgg_16", "vgg_19"),
    ),
}
preprocessing_map = {name: module for module, names in _KINDS.items() for name in names}


def get_preprocessing(
    name: str, is_training: bool = False, use_grayscale: bool = False
) -> Callable[..., tf.Tensor]:
    """Returns preprocessing_fn(image, output_height, output_width, **kwargs) for one image.

    Args:
      name: a network, or a kind: cifarnet, inception, lenet, vgg.
      is_training: whether images are changed at random.
      use_grayscale: make one channel of three.
    Raises: ValueError: there is no preprocessing called `name`.
    """
    if name not in preprocessing_map:
        hint = nearest(str(name), preprocessing_map)
        raise ValueError(
            f"Preprocessing name [{name}] was not recognized.{hint} There are {', '.join(preprocessing_map)}"
        )
    prepare = preprocessing_map[name].preprocess_image

    def preprocessing_fn(image: tf.Tensor, output_height: int, output_width: int, **kwargs: Any) -> tf.Tensor:
        return prepare(
            image, output_height, output_width, is_training=is_training, use_grayscale=use_grayscale, **kwargs
        )

    return preprocessing_fn
