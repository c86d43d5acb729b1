"""The Keras twins: the same networks from keras.applications, on the same values by a map of names."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

CLASSES = 1000
SIZE = 224
DROPOUT = {"vgg_16": 0.5, "mobilenet_v1": 1e-3}  # as both sides train
WEIGHT_DECAY = {"vgg_16": 5e-4, "mobilenet_v1": 4e-5}  # times sum(weights ** 2) / 2


@dataclass(frozen=True)
class Twin:
    """One network on the side of Keras."""

    build: Callable[[], Any]  # -> keras.Model that returns logits
    names: Mapping[str, str]  # variable of the twin "layer/variable": slim name


def _vgg_names() -> dict[str, str]:
    layers = {"fc1": "fc6", "fc2": "fc7", "predictions": "fc8"}
    for block, repeats in enumerate((2, 2, 3, 3, 3), start=1):
        for i in range(1, repeats + 1):
            layers[f"block{block}_conv{i}"] = f"conv{block}/conv{block}_{i}"
    parts = {"kernel": "weights", "bias": "biases"}
    return {
        f"{layer}/{part}": f"vgg_16/{scope}/{parts[part]}"
        for layer, scope in layers.items()
        for part in parts
    }


def _mobilenet_names() -> dict[str, str]:
    names = {
        f"conv_preds/{part}": f"MobilenetV1/Logits/Conv2d_1c_1x1/{slim}"
        for part, slim in (("kernel", "weights"), ("bias", "biases"))
    }
    layers = {"conv1": ("Conv2d_0", "weights")}
    for i in range(1, 14):
        layers[f"conv_dw_{i}"] = (f"Conv2d_{i}_depthwise", "depthwise_weights")
        layers[f"conv_pw_{i}"] = (f"Conv2d_{i}_pointwise", "weights")
    for layer, (scope, weights) in layers.items():
        names[f"{layer}/kernel"] = f"MobilenetV1/{scope}/{weights}"
        for part in ("gamma", "beta", "moving_mean", "moving_variance"):
            names[f"{layer}_bn/{part}"] = f"MobilenetV1/{scope}/BatchNorm/{part}"
    return names


def _vgg():
    import keras

    return keras.applications.VGG16(weights=None, classes=CLASSES, classifier_activation=None)


def _mobilenet():
    import keras

    return keras.applications.MobileNet(
        weights=None, classes=CLASSES, classifier_activation=None, dropout=DROPOUT["mobilenet_v1"]
    )


TWINS = {"vgg_16": Twin(_vgg, _vgg_names()), "mobilenet_v1": Twin(_mobilenet, _mobilenet_names())}


def twin_variables(model, twin: Twin) -> dict[str, Any]:
    """Returns {slim name: variable of the twin}; every variable of the twin that counts is in it."""
    found = {}
    for layer in model.layers:
        for variable in layer.weights:
            key = f"{layer.name}/{variable.name}"
            if "seed" not in key:
                found[twin.names[key.replace("depthwise_kernel", "kernel")]] = variable
    missing = set(twin.names.values()) - set(found)
    assert not missing, f"the twin has nothing for {sorted(missing)}"
    return found


def assign(model, twin: Twin, values: Mapping[str, np.ndarray]) -> None:
    """Gives the twin the `values`, by slim name; dense kernels are the convolutions' [h, w, in, out]
    laid flat.
    """
    for name, variable in twin_variables(model, twin).items():
        variable.assign(np.asarray(values[name]).reshape(variable.shape))


def with_training(name: str, model):
    """Returns the twin as it is trained: with the dropout and the weight decay of the slim network."""
    import keras

    if name == "vgg_16":  # keras.applications builds it without dropout
        layer, rate = model.get_layer, DROPOUT[name]
        net = keras.layers.Dropout(rate)(layer("fc1").output)
        net = keras.layers.Dropout(rate)(layer("fc2")(net))
        model = keras.Model(model.input, layer("predictions")(net))
    for layer in model.layers:
        kernel = getattr(layer, "kernel", None)
        if kernel is not None and "_dw_" not in layer.name:
            kernel.regularizer = keras.regularizers.L2(WEIGHT_DECAY[name] / 2)
    return model


def values_for(shapes: Mapping[str, tuple[int, ...]], seed: int = 0) -> dict[str, np.ndarray]:
    """Returns values of a realistic scale (He et al. 2015), float32, for variables of these names and
    shapes.
    """
    random = np.random.default_rng(seed)
    values = {}
    for name, shape in shapes.items():
        last = name.rpartition("/")[2]
        if last.endswith("weights"):
            inputs = np.prod(shape[:2] if last == "depthwise_weights" else shape[:-1])
            value = random.standard_normal(shape, np.float32) * np.float32(np.sqrt(2 / inputs))
        else:
            value = random.uniform(-0.1, 0.1, shape).astype(np.float32)
            value += np.float32(last in ("gamma", "moving_variance"))
        values[name] = value
    return values


def images_for(batch: int, seed: int = 1) -> np.ndarray:
    """Returns images float32 [batch, 224, 224, 3] in [-1, 1]."""
    return np.random.default_rng(seed).uniform(-1, 1, (batch, SIZE, SIZE, 3)).astype(np.float32)
