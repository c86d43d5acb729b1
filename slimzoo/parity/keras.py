"""keras.applications' twins of slim's networks."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np

from slimzoo.converters.formats.keras_layers import snake_case, variable
from slimzoo.parity.originals import Original

V3 = {"include_preprocessing": False}
MINIMALISTIC = {"minimalistic": True, **V3}
TWINS: dict[str, tuple[str, dict[str, Any]]] = {  # network: (of keras.applications, what it is built with)
    "vgg_16": ("VGG16", {}),
    "vgg_19": ("VGG19", {}),
    **{f"resnet_v1_{depth}": (f"ResNet{depth}", {}) for depth in (50, 101, 152)},
    **{f"resnet_v2_{depth}": (f"ResNet{depth}V2", {}) for depth in (50, 101, 152)},
    "inception_v3": ("InceptionV3", {}),
    "inception_resnet_v2": ("InceptionResNetV2", {}),
    "mobilenet_v1": ("MobileNet", {}),
    **{f"mobilenet_v1_{int(alpha * 100):03}": ("MobileNet", {"alpha": alpha}) for alpha in (0.75, 0.5, 0.25)},
    "mobilenet_v2": ("MobileNetV2", {}),
    **{
        f"mobilenet_v2_{round(alpha * 100):03}": ("MobileNetV2", {"alpha": alpha})
        for alpha in (1.4, 1.3, 0.75, 0.5, 0.35)
    },
    **{
        f"mobilenet_v3_{size}{suffix}": (f"MobileNetV3{size.capitalize()}", settings)
        for size in ("large", "small")
        for suffix, settings in (("", V3), ("_075", {"alpha": 0.75, **V3}), ("_minimalistic", MINIMALISTIC))
    },
    "nasnet_mobile": ("NASNetMobile", {}),
    "nasnet_large": ("NASNetLarge", {}),
}
BGR = ("vgg", "resnet_v1")  # whose images are BGR in Keras


def original(library: str, network: str) -> Original:
    """Returns keras.applications' twin of `network`."""
    del library
    return Original(
        title=f"keras.applications.{TWINS[network][0]}",
        versions=versions,
        build=partial(build, network),
        load=load,
        compute=partial(compute, network),
    )


def versions() -> dict[str, str]:
    """Returns those of what runs it."""
    import keras
    import tensorflow as tf

    return {"keras": keras.__version__, "tensorflow": tf.__version__}


def build(network: str, classes: int, pixels: int, top: bool = True) -> Any:
    """Returns Keras's twin of `network`, as Keras initialises it; without `top`, without its head."""
    import keras

    keras.backend.clear_session()  # so that automatic names begin anew
    application, settings = TWINS[network]
    head = {"classes": classes, "classifier_activation": None} if top else {}
    make = getattr(keras.applications, application)
    return make(weights=None, include_top=top, input_shape=(pixels, pixels, 3), **head, **settings)


def variables_of(model: Any) -> dict[str, Any]:
    """Returns {"<layer>/<variable>": variable} of a Keras model, in the order of its layers."""
    return {
        f"{layer.name}/{variable(layer.name, w.name, snake_case(type(layer).__name__))}": w
        for layer in model.layers
        for w in layer.weights
    }


def load(model: Any, arrays: Mapping[str, np.ndarray]) -> None:
    """Gives `model` the values `arrays`, all of them. Raises KeyError: one is not given."""
    for name, held in variables_of(model).items():
        held.assign(arrays[name])


def compute(network: str, model: Any, images: np.ndarray) -> np.ndarray:
    """Returns the logits of `images` [N, H, W, 3], RGB."""
    return model(as_theirs(network, images), training=False).numpy()


def as_theirs(network: str, images: np.ndarray) -> np.ndarray:
    """Returns RGB images as Keras's network takes them."""
    return images[..., ::-1] if network.startswith(BGR) else images
