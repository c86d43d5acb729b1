"""Little networks and data that the tests of Model share."""

import fnmatch

import keras
import numpy as np
import pytest
import tensorflow as tf

import slimzoo
from slimzoo import slim

IMAGES = np.random.RandomState(0).uniform(-1, 1, (8, 8, 8, 3)).astype(np.float32)
LABELS = np.arange(8) % 3
COVERED = {  # networks whose code a smaller one of the same family runs: they are slow
    "deeplab_v3_mobilenet_[!v]*": "deeplab_v3_mobilenet_v1_025: the same heads",
    "deeplab_v3_mobilenet_v[23]*": "deeplab_v3_mobilenet_v1_025",
    "deeplab_v3_plus_*": "deeplab_v3_mobilenet_v1_025, and tests/nets/test_deeplab.py for decoders",
    "fcn_*": "vgg_a: the same layers, and its 130 million values",
    "inception_resnet_v2": "inception_v4: the same stem, table and heads; 245 convolutions",
    "mobilenet_edgetpu": "mobilenet_edgetpu_075: the same table",
    "mobilenet_v1": "mobilenet_v1_025: the same table",
    "mobilenet_v1_0[57]?": "mobilenet_v1_025",
    "mobilenet_v2": "mobilenet_v2_035: the same table",
    "mobilenet_v2_050": "mobilenet_v2_035",
    "mobilenet_v2_075": "mobilenet_v2_035",
    "mobilenet_v2_130": "mobilenet_v2_035",
    "mobilenet_v2_140": "mobilenet_v2_035",
    "mobilenet_v3_large_075": "mobilenet_v3_large: the same table",
    "mobilenet_v3_small_075": "mobilenet_v3_small: the same table",
    "mobilenet_v3_large_minimalistic": "mobilenet_v3_small_minimalistic, mobilenet_v3_large",
    "nasnet_large": "nasnet_mobile: the same cells, 3 times as many",
    "pnasnet_large": "pnasnet_mobile: the same cells",
    "resnet_v?_1??": "resnet_v?_50: the same units, 2 to 3 times as many",
    "resnet_v?_200": "resnet_v?_50",
    "vgg_1[69]": "vgg_a: the same layers, and its 130 million values",
}


@keras.saving.register_keras_serializable("slimzoo_tests")
def little(images, num_classes=3, is_training=False, keep_prob=0.5):
    """Two convolutions under default names (Conv, Conv_1), batch norm, dropout, a dense layer."""
    averages = {"is_training": is_training, "decay": 0.5}
    net = slim.conv2d(images, 4, [3, 3], normalizer_fn=slim.batch_norm, normalizer_params=averages)
    end_points = {"first": net}
    net = slim.conv2d(net, 6, [3, 3], stride=2, weights_regularizer=slim.l2_regularizer(0.01))
    end_points["second"] = net
    net = slim.dropout(slim.flatten(net), keep_prob, is_training=is_training)
    net = slim.fully_connected(net, num_classes, activation_fn=None, scope="logits")
    end_points["logits"] = net
    return net, end_points


def only_dropout(images, is_training=True):
    """Two dropouts of its images, as end points."""
    first = slim.dropout(images, 0.5, is_training=is_training)
    second = slim.dropout(images, 0.5, is_training=is_training)
    return slim.fully_connected(slim.flatten(first), 2), {"masked": first, "second": second}


def little_model(**arguments) -> slimzoo.Model:
    return slimzoo.Model(little, 3, (8, 8, 3), **arguments)


def compiled(model, optimizer="sgd", **arguments):
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer, loss, **arguments)
    return model


def values(model) -> dict[str, np.ndarray]:
    return {name: variable.numpy() for name, variable in model.variables_by_name.items()}


def disturb(model) -> None:
    """Gives every variable, moving averages too, another value, so that a restore has something to do."""
    for i, variable in enumerate(model.variables_by_name.values()):
        noise = np.random.RandomState(i).uniform(0.5, 1.5, variable.shape)
        variable.assign(tf.constant(noise, variable.dtype))


def assert_same(ours: dict, theirs: dict) -> None:
    assert list(ours) == list(theirs)
    for name, value in ours.items():
        np.testing.assert_array_equal(value, theirs[name], err_msg=name)


def assert_close(ours, theirs, relative: float) -> None:
    """Differs by at most `relative` of the largest value."""
    ours, theirs = np.asarray(ours), np.asarray(theirs)
    assert ours.shape == theirs.shape
    assert np.abs(ours - theirs).max() <= relative * max(np.abs(theirs).max(), 1e-6)


def every_network(heavy: tuple[str, ...] = ()) -> list:
    """Returns the registered names as parameters of a test; the COVERED, minutes together, are slow, and so
    are those of the patterns `heavy`.
    """
    slow = (*COVERED, *heavy)
    return [
        pytest.param(name, marks=[pytest.mark.slow] if any(fnmatch.fnmatch(name, c) for c in slow) else [])
        for name in slimzoo.list_models()
    ]
