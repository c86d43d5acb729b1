"""What holds for every layer with variables: collections, trainable, reuse, devices, partitions, NCHW."""

import numpy as np
import pytest
import tensorflow as tf

from slimzoo import slim
from tests.slim.support import channels_first, fill_with_ramps, graph_session, images, names, v1

UPDATE_OPS = v1.GraphKeys.UPDATE_OPS
LAYERS = {  # layer: its variables
    "conv1d": (lambda **s: slim.conv1d(images(2, 6, 4), 4, 3, **s), ("weights", "biases")),
    "conv2d": (lambda **s: slim.conv2d(images(2, 6, 5, 4), 4, 3, **s), ("weights", "biases")),
    "conv3d": (lambda **s: slim.conv3d(images(1, 3, 4, 3, 4), 4, 3, **s), ("weights", "biases")),
    "conv2d_transpose": (
        lambda **s: slim.conv2d_transpose(images(2, 3, 4, 4), 4, 3, **s),
        ("weights", "biases"),
    ),
    "conv3d_transpose": (
        lambda **s: slim.conv3d_transpose(images(1, 2, 3, 2, 4), 4, 3, **s),
        ("weights", "biases"),
    ),
    "conv2d_in_plane": (lambda **s: slim.conv2d_in_plane(images(2, 6, 5, 4), 3, **s), ("weights", "biases")),
    "separable_conv2d": (
        lambda **s: slim.separable_conv2d(images(2, 6, 5, 4), 4, 3, **s),
        ("depthwise_weights", "pointwise_weights", "biases"),
    ),
    "fully_connected": (lambda **s: slim.fully_connected(images(2, 4), 4, **s), ("weights", "biases")),
    "bias_add": (lambda **s: slim.bias_add(images(2, 4), **s), ("biases",)),
    "layer_norm": (lambda **s: slim.layer_norm(images(2, 5, 4), **s), ("beta", "gamma")),
    "instance_norm": (lambda **s: slim.instance_norm(images(2, 5, 4), **s), ("beta", "gamma")),
    "group_norm": (lambda **s: slim.group_norm(images(2, 5, 4, 4), 2, **s), ("beta", "gamma")),
    "batch_norm": (
        lambda **s: slim.batch_norm(images(2, 5, 4, 4), scale=True, **s),
        ("gamma", "beta", "moving_mean", "moving_variance"),
    ),
}
every_layer = pytest.mark.parametrize("name", LAYERS)


@every_layer
def test_variables_and_outputs_are_listed_where_asked(name):
    layer, variables = LAYERS[name]
    with graph_session():
        outputs = layer(scope="s", variables_collections=["mine"], outputs_collections=["points", "more"])
        expected = [f"s/{variable}" for variable in variables]
        assert names("mine") == names("model_variables") == names("variables") == expected
        assert v1.get_collection("points") == v1.get_collection("more") == [outputs]
        assert slim.utils.get_tensor_aliases(outputs) == ["s"]


@every_layer
def test_a_layer_that_is_not_trained_has_no_trainable_variables(name):
    layer, variables = LAYERS[name]
    with graph_session():
        layer(trainable=False)
        assert names("trainable_variables") == [] and len(names("model_variables")) == len(variables)


@every_layer
def test_a_reused_layer_makes_no_variable(name):
    layer, variables = LAYERS[name]
    with graph_session() as session:
        first, again = layer(scope="s"), layer(scope="s", reuse=True)
        assert len(names("variables")) == len(variables)
        fill_with_ramps(session)
        np.testing.assert_array_equal(*session.run([first, again]))


@every_layer
def test_variables_stand_on_the_device_that_an_arg_scope_sets(name):
    layer, _ = LAYERS[name]
    with graph_session() as session:
        with slim.arg_scope([slim.variable, slim.model_variable], device="/CPU:0"):
            outputs = layer()
        assert {variable.device for variable in v1.global_variables()} == {"/device:CPU:0"}
        session.run(v1.global_variables_initializer())
        session.run(outputs)


@every_layer
def test_a_partitioned_layer_computes_the_same_from_its_parts(name):
    layer, _ = LAYERS[name]
    found = []
    for parts in (1, 2):
        with graph_session() as session:
            partitioner = v1.fixed_size_partitioner(parts, axis=0) if parts > 1 else None
            with v1.variable_scope("", partitioner=partitioner):
                outputs = layer(scope="s", variables_collections=["mine"])
            if parts > 1:
                assert any(variable.endswith("/part_1") for variable in names("mine"))
            session.run(v1.global_variables_initializer())
            for variable in v1.global_variables():
                if "moving" not in variable.op.name:
                    session.run(variable.assign(np.full(variable.shape, 0.25, np.float32)))
            found.append(session.run(outputs))
    np.testing.assert_allclose(*found, rtol=1e-6, atol=1e-6)  # float32


CHANNELS_FIRST = {
    "conv2d": lambda x, **s: slim.conv2d(x, 3, 3, rate=2, **s),
    "separable_conv2d": lambda x, **s: slim.separable_conv2d(x, 3, 3, stride=2, **s),
    "conv2d_transpose": lambda x, **s: slim.conv2d_transpose(x, 3, [3, 2], stride=[1, 2], **s),
    "batch_norm": slim.batch_norm,
    "instance_norm": slim.instance_norm,
    "bias_add": slim.bias_add,
    "max_pool2d": lambda x, **s: slim.max_pool2d(x, 2, **s),
    "avg_pool2d": lambda x, **s: slim.avg_pool2d(x, [3, 2], padding="SAME", **s),
}


@pytest.mark.parametrize("name", CHANNELS_FIRST)
def test_channels_first_has_the_numbers_and_gradients_of_channels_last(name):
    found = []
    for data_format in ("NHWC", "NCHW"):
        with graph_session() as session:
            inputs = images(2, 6, 5, 4)
            given = channels_first(inputs) if data_format == "NCHW" else inputs
            outputs = CHANNELS_FIRST[name](given, data_format=data_format)
            outputs = tf.transpose(outputs, [0, 2, 3, 1]) if data_format == "NCHW" else outputs
            gradients = tf.gradients(tf.reduce_sum(outputs**2), [inputs, *v1.trainable_variables()])
            fill_with_ramps(session)
            found.append(session.run([outputs, *gradients]))
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-3)  # float32: sums of up to 500 that cancel


@pytest.mark.parametrize(
    "layer",
    [
        lambda net: slim.conv2d(net, 2, 3),
        lambda net: slim.conv2d_transpose(net, 2, 3),
        lambda net: slim.separable_conv2d(net, 2, 3, 1),
        lambda net: slim.fully_connected(net, 2),
        lambda net: slim.batch_norm(net, is_training=False),
        lambda net: slim.batch_norm(net, trainable=False),
        lambda net: slim.max_pool2d(net, 2),
        slim.dropout,
        slim.flatten,
        slim.layers.gdn,
    ],
)
def test_a_layer_without_updates_leaves_the_collection_of_updates_empty_but_there(layer):
    with tf.Graph().as_default() as graph:
        layer(images(2, 4, 4, 4))
        assert UPDATE_OPS in graph.get_all_collection_keys()
        assert graph.get_collection(UPDATE_OPS) == []


@pytest.mark.parametrize(
    "layer",
    [
        lambda net: slim.separable_conv2d(net, None, 3, 1),
        lambda net: slim.conv2d_in_plane(net, 3),
        lambda net: slim.batch_norm(net, is_training=False, updates_collections=None),
        lambda net: slim.pool(net, 2, "MAX"),
        slim.bias_add,
    ],
)
def test_a_layer_that_was_none_of_tf_layers_makes_no_collection_of_updates(layer):
    with tf.Graph().as_default() as graph:
        layer(images(2, 4, 4, 4))
        assert UPDATE_OPS not in graph.get_all_collection_keys()


@pytest.mark.parametrize(
    "layer",
    [
        lambda net: slim.conv2d(net, 4 / 2, [3.0, 3]),
        lambda net: slim.conv2d_transpose(net, 4 / 2, 3),
        lambda net: slim.separable_conv2d(net, 4 / 2, 3, depth_multiplier=1.0),
    ],
)
def test_whole_numbers_that_are_floats_are_sizes(layer):
    with tf.Graph().as_default():
        assert layer(images(2, 4, 4, 4)).shape.as_list()[-1] == 2


def test_a_size_that_is_not_whole_is_refused():
    with tf.Graph().as_default():
        with pytest.raises(ValueError, match=r"kernel_size: expected whole numbers, but received 3.5"):
            slim.conv2d(images(2, 4, 4, 4), 2, 3.5)
        with pytest.raises(TypeError, match=r"2.5"):
            slim.conv2d(images(2, 4, 4, 4), 2.5, 3)


def test_a_regularizer_of_keras_makes_a_loss_of_the_weights():
    settings = {"weights_initializer": v1.ones_initializer()}
    with graph_session() as session:
        slim.conv2d(images(2, 4, 4, 4), 2, 1, weights_regularizer=tf.keras.regularizers.l2(0.1), **settings)
        session.run(v1.global_variables_initializer())
        assert session.run(v1.losses.get_regularization_losses()) == pytest.approx([0.8])
