"""keras.applications' twins of slim's networks, with random weights that carry a signal to the logits."""

from pathlib import Path

import keras
import numpy as np

import slimzoo
from slimzoo.converters.formats.keras_layers import snake_case
from slimzoo.converters.formats.keras_layers import variable as plain_name
from slimzoo.converters.source import Source, tensors_of

APPS = keras.applications
CLASSES = 7
V3 = {"include_preprocessing": False}
MINIMALISTIC = {"minimalistic": True, **V3}
TWINS = {  # network: (Keras's, arguments, side of the images)
    "vgg_16": (APPS.VGG16, {}, 224),  # their dense layers are of this size
    "vgg_19": (APPS.VGG19, {}, 224),
    "resnet_v1_50": (APPS.ResNet50, {}, 64),
    "resnet_v1_101": (APPS.ResNet101, {}, 64),
    "resnet_v1_152": (APPS.ResNet152, {}, 64),
    "resnet_v2_50": (APPS.ResNet50V2, {}, 64),
    "resnet_v2_101": (APPS.ResNet101V2, {}, 64),
    "resnet_v2_152": (APPS.ResNet152V2, {}, 64),
    "inception_v3": (APPS.InceptionV3, {}, 107),
    "inception_resnet_v2": (APPS.InceptionResNetV2, {}, 107),
    "mobilenet_v1": (APPS.MobileNet, {}, 64),
    "mobilenet_v1_075": (APPS.MobileNet, {"alpha": 0.75}, 64),
    "mobilenet_v1_050": (APPS.MobileNet, {"alpha": 0.5}, 64),
    "mobilenet_v1_025": (APPS.MobileNet, {"alpha": 0.25}, 64),
    "mobilenet_v2": (APPS.MobileNetV2, {}, 64),
    "mobilenet_v2_140": (APPS.MobileNetV2, {"alpha": 1.4}, 64),
    "mobilenet_v2_130": (APPS.MobileNetV2, {"alpha": 1.3}, 64),
    "mobilenet_v2_075": (APPS.MobileNetV2, {"alpha": 0.75}, 64),
    "mobilenet_v2_050": (APPS.MobileNetV2, {"alpha": 0.5}, 64),
    "mobilenet_v2_035": (APPS.MobileNetV2, {"alpha": 0.35}, 64),
    "mobilenet_v3_large": (APPS.MobileNetV3Large, V3, 64),
    "mobilenet_v3_large_075": (APPS.MobileNetV3Large, {"alpha": 0.75, **V3}, 64),
    "mobilenet_v3_large_minimalistic": (APPS.MobileNetV3Large, MINIMALISTIC, 64),
    "mobilenet_v3_small": (APPS.MobileNetV3Small, V3, 64),
    "mobilenet_v3_small_075": (APPS.MobileNetV3Small, {"alpha": 0.75, **V3}, 64),
    "mobilenet_v3_small_minimalistic": (APPS.MobileNetV3Small, MINIMALISTIC, 64),
    "nasnet_mobile": (APPS.NASNetMobile, {}, 96),
    "nasnet_large": (APPS.NASNetLarge, {}, 96),
}
BGR = ("vgg", "resnet_v1")  # whose images are BGR in Keras


def build(network, top=True):
    """Returns Keras's twin of `network`, as Keras initialises it, each time the same."""
    keras.backend.clear_session()  # so that automatic names begin anew
    keras.utils.set_random_seed(0)
    make, arguments, side = TWINS[network]
    head = {"classes": CLASSES, "classifier_activation": None} if top else {}
    return make(weights=None, include_top=top, input_shape=(side, side, 3), **head, **arguments)


def randomise(model, seed=0):
    """Gives `model` random scales, shifts and biases, and statistics near those of random images.

    With these every layer passes on about as much as it gets: the logits are of the images, not of biases.
    """
    random = np.random.RandomState(seed)
    for weight in model.weights:
        if weight.name == "gamma":
            weight.assign(random.uniform(0.7, 1.4, weight.shape))
        elif weight.name in ("beta", "bias"):
            weight.assign(random.normal(0, 0.2, weight.shape))
    # What ends a residual branch is made small, as by training: else rounding grows through 50 units to 1e-4
    # of the logits' range, in Keras's own float32 against float64.
    for layer in model.layers:
        if layer.name.endswith(("_3_bn", "_3_conv")):
            scale = layer.gamma if hasattr(layer, "gamma") else layer.kernel
            scale.assign(scale * 0.5)
    norms = [layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)]
    if not norms:  # nothing else keeps the signal from fading
        for weight in model.weights:
            if weight.name == "kernel":
                fan_in = np.prod(weight.shape[:-1])
                weight.assign(random.normal(0, np.sqrt(2 / fan_in), weight.shape))
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.momentum = 0.0  # the statistics become those of one batch
    side = model.input_shape[1]
    model(random.uniform(-1, 1, (8, side, side, 3)).astype(np.float32), training=True)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
        spread = np.sqrt(norm.moving_variance.numpy())
        norm.moving_mean.assign(norm.moving_mean.numpy() + spread * random.normal(0, 0.1, spread.shape))
        norm.moving_variance.assign(norm.moving_variance.numpy() * random.uniform(0.8, 1.25, spread.shape))
    return model


def weights_of(model):
    """Returns {"<layer>/<variable>": array} of a Keras model, in the order of its layers."""
    return {
        f"{layer.name}/{plain_name(layer.name, w.name, snake_case(type(layer).__name__))}": w.numpy()
        for layer in model.layers
        for w in layer.weights
    }


def source(arrays):
    """Returns `arrays` as a reader does."""
    return Source("memory", Path("weights.h5"), tensors_of(arrays))


def slim_model(network, arrays, num_classes=CLASSES):
    """Returns `network` with the variables `arrays`; those it has beside them, auxiliary heads, are new."""
    side = TWINS[network][2]
    return slimzoo.Model(
        network, num_classes=num_classes, input_shape=(side, side, 3), initial_values=dict(arrays)
    )


def images(network, count=3, seed=1):
    """Returns random images as slim's network takes them, float32 [count, side, side, 3]."""
    side = TWINS[network][2]
    return np.random.RandomState(seed).uniform(-1, 1, (count, side, side, 3)).astype(np.float32)


def keras_images(network, ours):
    """Returns the same images as Keras's network takes them."""
    return ours[..., ::-1] if network.startswith(BGR) else ours


def without_differences(network, model):
    """Returns Keras's `model` with slim's numbers where the map's note names others; weights_of it before."""
    if network.startswith(("resnet", "nasnet")):
        clone = keras.models.clone_model(model, clone_function=_as_slim)
        clone.set_weights(model.get_weights())
        return clone
    for layer in model.layers if network.startswith("mobilenet_v3") else ():
        if layer.name.endswith("_squeeze_excite_mul"):  # a gate as slim makes it, put into what follows
            project = model.get_layer(layer.name.replace("squeeze_excite_mul", "project"))
            project.kernel.assign(project.kernel * (0.16667 * 6))
    return model


def _as_slim(layer):
    config = layer.get_config()
    if config.get("epsilon") == 1.001e-5:
        config["epsilon"] = 1e-5
    if layer.name == "pool1_pad" or layer.name.startswith("reduction_pad_1"):
        config["padding"] = ((0, 0), (0, 0))
    pools = ("pool1_pool", "reduction_left2", "reduction_left3", "reduction_right5")
    if layer.name.startswith(pools):
        config["padding"] = "same"
    return type(layer).from_config(config)
