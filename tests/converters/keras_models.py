"""Models of keras.applications as people fine-tune them, and the files that Keras writes of them."""

import keras
import numpy as np
import tensorflow as tf

from tests.converters.keras_twins import build, randomise

CLASSES = 5
layers = keras.layers


def base_of(network):
    """Returns the twin of `network` without its top, with random weights."""
    return randomise(build(network, top=False))


def sequential(base, *head, front=()):
    """Returns a Sequential of `front`, `base`, a pooling and `head`."""
    return keras.Sequential(
        [keras.Input(base.input_shape[1:]), *front, base, layers.GlobalAveragePooling2D(), *head]
    )


def functional(base, *head):
    """Returns a model that goes on from the output of `base`, whose layers become its own."""
    net = layers.GlobalAveragePooling2D()(base.output)
    for layer in head:
        net = layer(net)
    return keras.Model(base.input, net)


def nested(base, *head):
    """Returns a functional model that calls `base` as a layer."""
    inputs = keras.Input(base.input_shape[1:])
    net = layers.GlobalAveragePooling2D()(base(inputs, training=False))
    for layer in head:
        net = layer(net)
    return keras.Model(inputs, net)


class Subclassed(keras.Model):
    """A model with attributes in place of a list of layers."""

    def __init__(self, base, classes=CLASSES):
        super().__init__()
        self.base, self.pool, self.classifier = base, layers.GlobalAveragePooling2D(), layers.Dense(classes)

    def call(self, inputs):
        return self.classifier(self.pool(self.base(inputs)))


def subclassed(base, *head):
    """Returns a built model with attributes in place of a list of layers."""
    del head
    model = Subclassed(base)
    model(np.zeros((1, *base.input_shape[1:]), np.float32))
    return model


def trained(model):
    """Gives `model` an optimizer with slots."""
    model.compile("adam", "mse")
    model.optimizer.build(model.trainable_variables)
    return model


def written(model, folder, kind):
    """Writes `model` as a file of `kind` and returns what to open."""
    path = folder / f"m{'' if kind in ('export', 'checkpoint') else kind}"
    if kind == "export":
        model.export(path, verbose=False)
    elif kind == "checkpoint":
        return tf.train.Checkpoint(model=model).save(path)
    else:
        (model.save_weights if kind == ".weights.h5" else model.save)(path)
    return path
