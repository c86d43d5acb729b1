"""Networks that every engine has to run, with values that are not those of initializers."""

import numpy as np

import slimzoo
from slimzoo import slim
from slimzoo.nets import resnet_v1
from tests.networks import little_model

SIZES = {"lenet": (28, 28, 1), "mobilenet_v1_025": (64, 64, 3)}


def small_resnet(images, num_classes=5, is_training=False):
    """Two blocks of the real code: shortcuts, strides, batch norm behind every convolution."""
    blocks = [
        resnet_v1.resnet_v1_block("block1", base_depth=4, num_units=2, stride=2),
        resnet_v1.resnet_v1_block("block2", base_depth=8, num_units=2, stride=1),
    ]
    with slim.arg_scope(resnet_v1.resnet_arg_scope()):
        return resnet_v1.resnet_v1(images, blocks, num_classes, is_training=is_training, scope="small")


def with_a_model_inside(images, num_classes=3, is_training=False):
    """A Model is called in the middle: its variables are its own."""
    net = slim.conv2d(images, 3, [3, 3], scope="before")
    net = INSIDE[0](net)
    return slim.fully_connected(net, num_classes, activation_fn=None, scope="after")


INSIDE: list[slimzoo.Model] = []


def make(name: str) -> slimzoo.Model:
    """Returns a Model, its variables at random values of their kinds' size."""
    if name == "small_resnet":
        model = slimzoo.Model(small_resnet, 5, (32, 32, 3))
    elif name == "little":
        model = little_model()
    elif name == "with_a_model_inside":
        INSIDE[:] = [little_model()]
        model = slimzoo.Model(with_a_model_inside, 3, (8, 8, 3))
    else:
        model = slimzoo.load(name, input_shape=SIZES[name], num_classes=7)
    for i, (name, variable) in enumerate(model.variables_by_name.items()):
        draw = np.random.RandomState(i)
        low, high = (0.5, 1.5) if name.endswith(("gamma", "variance")) else (-0.2, 0.2)
        if len(variable.shape) < 2:
            variable.assign(draw.uniform(low, high, variable.shape))
    return model


NAMES = ("lenet", "mobilenet_v1_025", "small_resnet", "little", "with_a_model_inside")


def images_for(model, count: int = 3) -> np.ndarray:
    shape = (count, *model.input_shape[1:])
    return np.random.RandomState(1).uniform(-1, 1, shape).astype(np.float32)


def tolerance(logits: np.ndarray) -> float:
    """The rule of the goldens: 1 % of what tells two noise images apart, or 1e-4 of the largest logit."""
    apart = np.abs(logits[0] - logits[1]).max()
    return min(0.01 * apart, 1e-4 * np.abs(logits).max()) + 1e-6
