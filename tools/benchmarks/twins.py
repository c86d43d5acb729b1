"""The Keras twins: the same networks from keras.applications, or ones of equal cost where maths differ."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

CLASSES = 1000
NORM = ("gamma", "beta", "moving_mean", "moving_variance")
BIASED = {"kernel": "weights", "bias": "biases"}
NUMBERED = re.compile(r"(conv2d|batch_normalization)(?:_(\d+))?")  # names that Keras counts through a process


@dataclass(frozen=True, kw_only=True)
class Twin:
    """One network on the side of Keras, and how both sides train."""

    application: str  # of keras.applications
    names: Callable[[], dict[str, str]] | None = None  # -> {"layer/variable": slim name}; None: other maths
    difference: str = ""  # where the maths is another
    settings: Mapping[str, Any] = field(default_factory=dict)  # of the application
    size: int = 224  # pixels
    batch: int = 8  # images of a training step
    steps: int = 4  # timed training steps in one measurement
    dropout: float  # rate
    dropout_before: tuple[str, ...] = ("predictions",)  # layers; keras.applications builds it without
    weight_decay: float  # times sum(weights ** 2) / 2
    decays_depthwise: bool = False
    single_head: Mapping[str, Any] = field(default_factory=dict)  # of ours, without what Keras has not
    head: str = ""  # the scope of that

    def build(self) -> Any:
        """Returns a keras.Model that returns logits."""
        import keras

        application = getattr(keras.applications, self.application)
        return application(weights=None, classes=CLASSES, classifier_activation=None, **self.settings)


def _vgg_names() -> dict[str, str]:
    layers = {"fc1": "fc6", "fc2": "fc7", "predictions": "fc8"}
    for block, repeats in enumerate((2, 2, 3, 3, 3), start=1):
        for i in range(1, repeats + 1):
            layers[f"block{block}_conv{i}"] = f"conv{block}/conv{block}_{i}"
    return _mapped({layer: (f"vgg_16/{scope}", BIASED) for layer, scope in layers.items()})


def _mobilenet_v1_names() -> dict[str, str]:
    rows = [("conv1", "Conv2d_0", "weights")]
    for i in range(1, 14):
        rows.append((f"conv_dw_{i}", f"Conv2d_{i}_depthwise", "depthwise_weights"))
        rows.append((f"conv_pw_{i}", f"Conv2d_{i}_pointwise", "weights"))
    layers = {"conv_preds": ("MobilenetV1/Logits/Conv2d_1c_1x1", BIASED)}
    for layer, scope, weights in rows:
        layers |= _normalised(layer, f"{layer}_bn", f"MobilenetV1/{scope}", weights)
    return _mapped(layers)


def _mobilenet_v2_names() -> dict[str, str]:
    layers = {"predictions": ("MobilenetV2/Logits/Conv2d_1c_1x1", BIASED)}
    layers |= _normalised("Conv1", "bn_Conv1", "MobilenetV2/Conv")
    layers |= _normalised("Conv_1", "Conv_1_bn", "MobilenetV2/Conv_1")
    for i in range(17):
        theirs, ours = (f"block_{i}", f"expanded_conv_{i}") if i else ("expanded_conv", "expanded_conv")
        for part in ("expand", "depthwise", "project")[not i :]:
            weights = "depthwise_weights" if part == "depthwise" else "weights"
            scope = f"MobilenetV2/{ours}/{part}"
            layers |= _normalised(f"{theirs}_{part}", f"{theirs}_{part}_BN", scope, weights)
    return _mapped(layers)


def _inception_v3_names() -> dict[str, str]:
    """Keras numbers its convolutions in the order in which slim makes them."""
    from slimzoo.tracing.parts import network_shapes

    shapes = network_shapes("inception_v3", CLASSES)
    scopes = [name.rpartition("/")[0] for name in shapes if name.endswith("/weights")]
    layers = {"predictions": ("InceptionV3/Logits/Conv2d_1c_1x1", BIASED)}
    inner = [scope for scope in scopes if "Logits/" not in scope]
    for i, scope in enumerate(inner):
        layers |= _normalised(f"conv2d_{i}", f"batch_normalization_{i}", scope, norm=NORM[1:])
    return _mapped(layers)


def _normalised(
    layer: str, norm_layer: str, scope: str, weights: str = "weights", norm: Sequence[str] = NORM
) -> dict[str, tuple[str, dict[str, str]]]:
    return {
        layer: (scope, {"kernel": weights}),
        norm_layer: (f"{scope}/BatchNorm", {part: part for part in norm}),
    }


def _mapped(layers: Mapping[str, tuple[str, Mapping[str, str]]]) -> dict[str, str]:
    return {
        f"{layer}/{part}": f"{scope}/{slim}"
        for layer, (scope, parts) in layers.items()
        for part, slim in parts.items()
    }


TWINS = {
    "vgg_16": Twin(
        application="VGG16",
        names=_vgg_names,
        batch=2,
        steps=2,
        dropout=0.5,
        dropout_before=("fc2", "predictions"),
        weight_decay=5e-4,
    ),
    "mobilenet_v1": Twin(
        application="MobileNet",
        names=_mobilenet_v1_names,
        dropout=1e-3,
        dropout_before=(),  # it has it
        settings={"dropout": 1e-3},
        weight_decay=4e-5,
    ),
    "mobilenet_v2": Twin(
        application="MobileNetV2", names=_mobilenet_v2_names, dropout=0.2, weight_decay=4e-5
    ),
    "inception_v3": Twin(
        application="InceptionV3",
        names=_inception_v3_names,
        size=299,
        batch=4,
        steps=2,
        dropout=0.2,
        weight_decay=4e-5,
        single_head={"create_aux_logits": False},
        head="InceptionV3/AuxLogits",
    ),
    "resnet_v1_50": Twin(
        application="ResNet50",
        difference="strides in the first convolution of a block, slim in the last unit; has biases",
        batch=4,
        steps=2,
        dropout=0.0,
        dropout_before=(),
        weight_decay=1e-4,
    ),
    "nasnet_mobile": Twin(
        application="NASNetMobile",
        difference="pads its pools with zeros, which count",
        batch=4,
        steps=2,
        dropout=0.5,
        weight_decay=4e-5,
        decays_depthwise=True,
        single_head={"config": {"use_aux_head": 0}},
        head="aux_7",
    ),
}


def twin_variables(model: Any, twin: Twin) -> dict[str, Any]:
    """Returns {name: variable of the twin}: the slim name, or one that says alike what the variable is."""
    own = {
        f"{_counted_from_0(layer, model)}/{variable.name}": variable
        for layer in model.layers
        for variable in layer.weights
        if "seed" not in variable.name
    }
    if twin.names is None:
        return {re.sub("kernel$", "weights", name): variable for name, variable in own.items()}
    names = twin.names()
    missing = set(names) - {name.replace("depthwise_kernel", "kernel") for name in own}
    assert not missing, f"the twin has no {sorted(missing)}"
    return {names[name.replace("depthwise_kernel", "kernel")]: variable for name, variable in own.items()}


def _counted_from_0(layer: Any, model: Any) -> str:
    found = NUMBERED.fullmatch(layer.name)
    if not found:
        return layer.name
    alike = (NUMBERED.fullmatch(other.name) for other in model.layers)
    least = min(int(other[2] or 0) for other in alike if other and other[1] == found[1])
    return f"{found[1]}_{int(found[2] or 0) - least}"


def assign(model: Any, twin: Twin, values: Mapping[str, np.ndarray]) -> None:
    """Gives the twin the `values`, by slim name; if its maths is another, values of the same scale.

    Its dense kernels are the convolutions' [h, w, in, out], laid flat.
    """
    variables = twin_variables(model, twin)
    if twin.names is None:
        values = values_for({name: tuple(variable.shape) for name, variable in variables.items()})
    for name, variable in variables.items():
        variable.assign(np.asarray(values[name]).reshape(variable.shape))


def with_training(network: str, model: Any) -> Any:
    """Returns the twin as it is trained: with the dropout and the weight decay of the slim network."""
    import keras

    twin = TWINS[network]
    if twin.dropout_before:
        net = model.get_layer(twin.dropout_before[0]).input
        for name in twin.dropout_before:
            net = model.get_layer(name)(keras.layers.Dropout(twin.dropout)(net))
        model = keras.Model(model.input, net)
    for layer in model.layers:
        for variable in layer.trainable_weights:
            depthwise = "depthwise" in variable.name or isinstance(layer, keras.layers.DepthwiseConv2D)
            if variable.name.endswith("kernel") and (twin.decays_depthwise or not depthwise):
                variable.regularizer = keras.regularizers.L2(twin.weight_decay / 2)
    return model


def multiply_adds(model: Any, size: int) -> int:
    """Returns the multiply-adds of `model` for one image [size, size, 3], in inference, by its graph."""
    import tensorflow as tf

    from slimzoo.tracing.multiply_adds import MULTIPLY_ADDS

    images = tf.TensorSpec((1, size, size, 3), tf.float32)
    run = tf.function(lambda images: model(images, training=False), autograph=False)
    ops = run.get_concrete_function(images).graph.get_operations()
    return sum(MULTIPLY_ADDS[op.type](op) for op in ops if op.type in MULTIPLY_ADDS)


def values_for(shapes: Mapping[str, tuple[int, ...]], seed: int = 0) -> dict[str, np.ndarray]:
    """Returns float32 values of a realistic scale (He et al. 2015) for variables of these shapes."""
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


def images_for(batch: int, size: int, seed: int = 1) -> np.ndarray:
    """Returns images float32 [batch, size, size, 3] in [-1, 1]."""
    return np.random.default_rng(seed).uniform(-1, 1, (batch, size, size, 3)).astype(np.float32)
