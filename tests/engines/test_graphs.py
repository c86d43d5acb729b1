"""What is done to a frozen graph before an engine gets it."""

from collections import Counter

import numpy as np
import pytest
import tensorflow as tf

import slimzoo
from slimzoo import slim
from slimzoo.engines.casting import cast
from slimzoo.engines.dense import turned
from slimzoo.engines.folding import folded
from slimzoo.errors import SlimzooError
from slimzoo.model.compiling import ValuesOf, skeleton
from tests.engines.networks import make


def frozen_of(model, end_points=()):
    return skeleton(model.parts, model.discovery, end_points).filled(ValuesOf(model.variables_by_name))


def ops(frozen):
    return Counter(node.op for node in frozen.definition.node)


@pytest.fixture(scope="module")
def resnet():
    return make("small_resnet")


def test_every_batch_norm_behind_a_convolution_becomes_a_bias(resnet):
    frozen = frozen_of(resnet)
    assert ops(frozen)["FusedBatchNormV3"] == ops(frozen)["Conv2D"] and ops(frozen)["BiasAdd"] == 1  # logits
    done = folded(frozen)
    assert ops(done)["FusedBatchNormV3"] == 0
    assert ops(done)["BiasAdd"] == ops(done)["Conv2D"] + 1
    assert not [name for name in done.values if "moving" in name]


def test_a_convolution_that_is_asked_for_is_not_folded():
    def network(images, is_training=False):
        net = slim.conv2d(images, 2, 1, activation_fn=None, biases_initializer=None)
        return slim.batch_norm(net, is_training=is_training), {"before": net}

    model = slimzoo.Model(network, input_shape=(4, 4, 3))
    assert ops(folded(frozen_of(model)))["FusedBatchNormV3"] == 0
    asked = folded(frozen_of(model, ["before"]))
    assert ops(asked)["FusedBatchNormV3"] == 1


def test_the_graph_is_pruned_to_what_is_asked_for(resnet):
    assert ops(frozen_of(resnet))["Softmax"] == 0  # its predictions are an end point


def test_in_half_precision_sums_stay_float32(resnet):
    done = cast(folded(frozen_of(resnet)), "bfloat16")
    half = tf.bfloat16.as_datatype_enum
    types = {node.op: node.attr["T"].type for node in done.definition.node if "T" in node.attr}
    assert types["Conv2D"] == types["Relu"] == half and types["Mean"] == tf.float32.as_datatype_enum
    assert all(np.asarray(value).dtype == tf.bfloat16 for value in done.values.values())


def test_weights_of_dense_layers_are_held_by_output():
    frozen = frozen_of(slimzoo.load("lenet"))
    done = turned(frozen, 1)
    shapes = {np.asarray(value).shape for value in done.values.values()}
    assert {(1024, 3136), (10, 1024)} <= shapes
    assert all(node.attr["transpose_b"].b for node in done.definition.node if node.op == "MatMul")
    assert turned(frozen, 1 << 40) is frozen


def test_a_digest_tells_values_apart(resnet):
    before = frozen_of(resnet).digest()
    assert frozen_of(resnet).digest() == before
    variable = next(iter(resnet.variables_by_name.values()))
    variable.assign_add(np.full(variable.shape, 1e-3, np.float32))
    assert frozen_of(resnet).digest() != before


@pytest.mark.parametrize("draw", [lambda x: tf.random.uniform(tf.shape(x)), lambda x: slim.dropout(x, 0.5)])
def test_random_numbers_in_inference_are_refused(draw):
    model = slimzoo.Model(lambda images: draw(slim.flatten(images)), input_shape=(2, 2, 1))
    with pytest.raises(SlimzooError, match=r"random numbers|ops have a state"):
        model.compiled()


def test_images_of_any_size_are_taken_where_the_engine_can():
    model = slimzoo.Model(lambda images: slim.conv2d(images, 2, 3), input_shape=(None, None, 3))
    predictor = model.compiled()
    assert predictor.input_shape == (None, None, None, 3) and "anyxanyx3" in repr(predictor)
    for size in ((4, 5), (7, 3)):
        images = np.random.RandomState(0).uniform(-1, 1, (2, *size, 3)).astype(np.float32)
        # the same kernels in another order
        np.testing.assert_allclose(predictor(images), model(images), rtol=1e-4, atol=1e-5)
    assert predictor(np.zeros((0, 4, 5, 3))).shape == (0, 4, 5, 2)
    with pytest.raises(SlimzooError, match=r"compiled for images \[N, any, any, 3\]"):
        predictor(np.zeros((1, 4, 5, 1)))


def test_images_of_any_size_are_refused_where_the_engine_takes_one(monkeypatch):
    model = slimzoo.Model(lambda images: slim.conv2d(images, 2, 3), input_shape=(None, None, 3))
    with pytest.raises(SlimzooError, match=r"tflite computes for images of one size.*tensorflow does: give"):
        model.compiled("tflite")
    assert model.compiled("auto").engine == "tensorflow"


def test_a_size_that_no_layer_fits_names_the_way_to_compile_for_it():
    predictor = slimzoo.load("mobilenet_v1_025", input_shape=(None, None, 3), engine="tensorflow")
    with pytest.raises(SlimzooError, match=r"(?s)fitted to 300x320 pixels.*input_shape=\(300, 320, 3\)"):
        predictor(np.zeros((1, 300, 320, 3)))


def test_channels_first_inside_gives_end_points_channels_last():
    model = slimzoo.load("lenet", data_format="NCHW", num_classes=3)
    images = np.random.RandomState(0).uniform(-1, 1, (2, 28, 28, 1)).astype(np.float32)
    found = model.compiled(end_points="conv1")(images)["conv1"]
    # the same kernels in another order
    np.testing.assert_allclose(found, model.features(images, "conv1"), rtol=1e-4, atol=1e-5)
