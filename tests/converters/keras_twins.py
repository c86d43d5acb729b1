"""keras.applications' twins of slim's networks, with random weights that carry a signal to the logits."""

from pathlib import Path

import keras
import numpy as np

import slimzoo
from slimzoo.converters.source import Source, tensors_of
from slimzoo.parity import keras as twins
from slimzoo.parity.keras import as_theirs

CLASSES = 7
SIDES = {"vgg": 224, "inception": 107, "nasnet": 96}  # pixels; vgg's dense layers are of this size


def side_of(network):
    """Returns the side of the images, in pixels: as small as the network can."""
    return next((side for start, side in SIDES.items() if network.startswith(start)), 64)


def build(network, top=True):
    """Returns Keras's twin of `network`, as Keras initialises it, each time the same."""
    keras.utils.set_random_seed(0)
    return twins.build(network, CLASSES, side_of(network), top)


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
        _keep_the_signal(model, random)
    _take_statistics(model, norms, random)
    return model


def _keep_the_signal(model, random):
    for weight in model.weights:
        if weight.name == "kernel":
            fan_in = np.prod(weight.shape[:-1])
            weight.assign(random.normal(0, np.sqrt(2 / fan_in), weight.shape))


def _take_statistics(model, norms, random):
    """Gives batch norms statistics near those of a batch of random images."""
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


def weights_of(model):
    """Returns {"<layer>/<variable>": array} of a Keras model, in the order of its layers."""
    return {name: held.numpy() for name, held in twins.variables_of(model).items()}


def source(arrays):
    """Returns `arrays` as a reader does."""
    return Source("memory", Path("weights.h5"), tensors_of(arrays))


def slim_model(network, arrays, num_classes=CLASSES, **arguments):
    """Returns `network` with the variables `arrays`; those it has beside them, auxiliary heads, are new."""
    side = side_of(network)
    return slimzoo.Model(network, num_classes, (side, side, 3), initial_values=dict(arrays), **arguments)


def images(network, count=3, seed=1):
    """Returns random images as slim's network takes them, float32 [count, side, side, 3]."""
    side = side_of(network)
    return np.random.RandomState(seed).uniform(-1, 1, (count, side, side, 3)).astype(np.float32)


def keras_images(network, ours):
    """Returns the same images as Keras's network takes them."""
    return as_theirs(network, ours)
