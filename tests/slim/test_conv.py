"""Convolutions, pooling and dense layers: numbers recorded from TensorFlow 1.15.5 (tf.contrib.slim)."""

import numpy as np
import pytest
import tensorflow as tf

from slimzoo import slim
from slimzoo.slim.hosting import hosted_by
from tests.slim.support import Host, fill_with_ramps, graph_session, images, names, three_sums, v1

RECORDED = {  # layer: shape of the result, three sums of it, with weights and inputs on ramps
    "conv": (lambda: slim.conv2d(images(2, 6, 5, 3), 4, 3), (2, 6, 5, 4), (223.4576, 223.4576, 126.3318)),
    "conv stride 2": (
        lambda: slim.conv2d(images(2, 6, 5, 3), 4, 3, stride=2, padding="VALID", activation_fn=None),
        (2, 2, 2, 4),
        (-11.69343, 70.36188, 16.11984),
    ),
    "conv rate 2": (
        lambda: slim.conv2d(images(2, 6, 5, 3), 4, 3, rate=2, activation_fn=None),
        (2, 6, 5, 4),
        (0.0, 451.6617, 34.21722),
    ),
    "conv1d": (
        lambda: slim.conv1d(images(2, 6, 3), 4, 3, stride=2, activation_fn=None),
        (2, 3, 4),
        (-7.339663, 24.20561, -0.5733295),
    ),
    "conv3d": (
        lambda: slim.conv3d(images(1, 4, 5, 4, 2), 3, 3, stride=2, activation_fn=None),
        (1, 2, 3, 2, 3),
        (-86.63134, 96.68798, -25.83831),
    ),
    "separable": (
        lambda: slim.separable_conv2d(
            images(2, 6, 5, 3), 4, 3, stride=2, depth_multiplier=2, activation_fn=None
        ),
        (2, 3, 3, 4),
        (34.44213, 56.13865, 17.12005),
    ),
    "separable rate 2": (
        lambda: slim.separable_conv2d(images(2, 6, 5, 3), 4, 3, rate=2, activation_fn=None),
        (2, 6, 5, 4),
        (47.78867, 170.0156, 24.62811),
    ),
    "depthwise": (
        lambda: slim.separable_conv2d(images(2, 6, 5, 3), None, 3, activation_fn=None),
        (2, 6, 5, 3),
        (0.0, 177.9486, 8.282872),
    ),
    "dense": (
        lambda: slim.fully_connected(images(2, 5), 3, activation_fn=None),
        (2, 3),
        (0.0, 7.280424, 2.447972),
    ),
    "dense rank 4": (
        lambda: slim.fully_connected(images(2, 3, 4, 5), 3, activation_fn=None),
        (2, 3, 4, 3),
        (0.0, 61.36387, 2.568257),
    ),
}


@pytest.mark.parametrize("layer", RECORDED)
def test_a_layer_gives_the_numbers_of_tensorflow_1(layer):
    build, shape, sums = RECORDED[layer]
    with graph_session() as session:
        outputs = build()
        fill_with_ramps(session)
        values = session.run(outputs)
    assert outputs.shape == shape
    # float32: the sums cancel from terms of up to 450 in another order, so the absolute part
    np.testing.assert_allclose(three_sums(values), sums, rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize("layer", ["conv", "conv stride 2", "conv rate 2", "separable", "separable rate 2"])
def test_channels_first_gives_the_same_numbers(layer):
    arguments = {
        "conv": (slim.conv2d, {}),
        "conv stride 2": (slim.conv2d, {"stride": 2, "padding": "VALID", "activation_fn": None}),
        "conv rate 2": (slim.conv2d, {"rate": 2, "activation_fn": None}),
        "separable": (slim.separable_conv2d, {"stride": 2, "depth_multiplier": 2, "activation_fn": None}),
        "separable rate 2": (slim.separable_conv2d, {"rate": 2, "activation_fn": None}),
    }
    op, settings = arguments[layer]
    with graph_session() as session:
        inputs = tf.transpose(images(2, 6, 5, 3), [0, 3, 1, 2])
        outputs = tf.transpose(op(inputs, 4, 3, data_format="NCHW", **settings), [0, 2, 3, 1])
        fill_with_ramps(session)
        values = session.run(outputs)
    np.testing.assert_allclose(three_sums(values), RECORDED[layer][2], rtol=1e-5, atol=1e-4)  # as above


def test_gradients_of_a_dilated_convolution_exist_on_a_cpu():
    with graph_session() as session:
        outputs = slim.conv2d(images(2, 6, 5, 3), 4, 3, rate=2, activation_fn=None)
        gradients = tf.gradients(tf.reduce_sum(outputs**2), slim.get_trainable_variables())
        fill_with_ramps(session)
        assert all(np.abs(gradient).sum() > 0 for gradient in session.run(gradients))


def test_variables_and_ops_have_their_old_names_and_collections():
    with graph_session():
        regularizer = slim.l2_regularizer(0.1)
        with slim.arg_scope([slim.conv2d, slim.separable_conv2d], weights_regularizer=regularizer):
            outputs = slim.conv2d(images(1, 4, 4, 3), 2, 3, variables_collections={"weights": ["mine"]})
            assert outputs.op.name == "Conv/Relu"
            slim.separable_conv2d(outputs, 2, 3)
            slim.separable_conv2d(outputs, None, 3, scope="depthwise", normalizer_fn=slim.batch_norm)
        slim.fully_connected(slim.flatten(outputs), 2, weights_regularizer=regularizer)
        assert names("mine") == ["Conv/weights"]
        assert names("model_variables") == [
            "Conv/weights",
            "Conv/biases",
            "SeparableConv2d/depthwise_weights",
            "SeparableConv2d/pointwise_weights",
            "SeparableConv2d/biases",
            "depthwise/depthwise_weights",
            "depthwise/BatchNorm/beta",
            "depthwise/BatchNorm/moving_mean",
            "depthwise/BatchNorm/moving_variance",
            "fully_connected/weights",
            "fully_connected/biases",
        ]
        assert names("regularization_losses") == [
            "Conv/kernel/Regularizer/l2_regularizer",
            "SeparableConv2d/depthwise_kernel/Regularizer/l2_regularizer",
            "SeparableConv2d/pointwise_kernel/Regularizer/l2_regularizer",
            "depthwise/depthwise_weights/Regularizer/l2_regularizer",
            "fully_connected/kernel/Regularizer/l2_regularizer",
        ]


def test_reuse_adds_no_variable_and_no_second_regularization_loss():
    with graph_session():
        for reuse in (None, True):
            slim.conv2d(
                images(1, 4, 4, 3), 2, 3, weights_regularizer=slim.l2_regularizer(0.1), scope="c", reuse=reuse
            )
        assert names("variables") == ["c/weights", "c/biases"]
        assert names("regularization_losses") == ["c/kernel/Regularizer/l2_regularizer"]


def test_a_scope_entered_again_prefixes_the_ops_twice_and_the_variables_once():
    with graph_session():
        with v1.variable_scope("Net") as scope, v1.variable_scope(scope):
            slim.conv2d(images(1, 4, 4, 3), 2, 3, weights_regularizer=slim.l2_regularizer(0.1))
        assert names("regularization_losses") == ["Net/Net/Conv/kernel/Regularizer/l2_regularizer"]
        assert names("variables") == ["Net/Conv/weights", "Net/Conv/biases"]


def test_a_partitioned_layer_lists_and_regularizes_all_its_parts():
    with graph_session():
        with v1.variable_scope("", partitioner=v1.fixed_size_partitioner(2, axis=3)):
            slim.conv2d(
                images(1, 4, 4, 3),
                4,
                3,
                biases_initializer=None,
                variables_collections=["mine"],
                weights_regularizer=slim.l2_regularizer(0.1),
            )
        assert names("mine") == ["Conv/weights/part_0", "Conv/weights/part_1"]
        assert len(names("regularization_losses")) == 2


def test_a_custom_getter_may_hand_back_a_tensor():
    def half(getter, name, *args, **kwargs):
        kwargs["dtype"] = tf.float32
        return tf.cast(getter(name, *args, **kwargs), tf.float16)

    with graph_session() as session, v1.variable_scope("", custom_getter=half):
        outputs = slim.conv2d(tf.cast(images(1, 4, 4, 3), tf.float16), 2, 3)
        session.run(v1.global_variables_initializer())
        assert session.run(outputs).dtype == np.float16
        assert slim.get_model_variables()[0].dtype == tf.float32


def test_variables_of_a_normalizer_become_model_variables():
    with graph_session():
        slim.conv2d(images(1, 4, 4, 3), 2, 3, normalizer_fn=lambda net: net * v1.get_variable("gain", [2]))
        assert names("model_variables") == ["Conv/weights", "Conv/gain"]


def test_outputs_are_collected_under_their_scope():
    with graph_session():
        with slim.arg_scope([slim.conv2d, slim.max_pool2d], outputs_collections="points"):
            net = slim.max_pool2d(slim.conv2d(images(1, 4, 4, 3), 2, 3, scope="c"), 2, scope="p")
        points = slim.utils.convert_collection_to_dict("points", clear_collection=True)
        assert list(points) == ["c", "p"] and points["p"] is net
        assert v1.get_collection("points") == []


@pytest.mark.parametrize(
    ("op", "name"), [(slim.max_pool2d, "MaxPool2D/MaxPool"), (slim.avg_pool2d, "AvgPool2D/AvgPool")]
)
def test_pooling_channels_first_equals_channels_last(op, name):
    with graph_session() as session:
        inputs = images(2, 6, 5, 3)
        last = op(inputs, [3, 2], stride=[2, 1], padding="same")
        first = op(
            tf.transpose(inputs, [0, 3, 1, 2]), [3, 2], stride=[2, 1], padding="SAME", data_format="NCHW"
        )
        assert last.op.name == name and last.shape == (2, 3, 5, 3)
        one, other = session.run([last, tf.transpose(first, [0, 2, 3, 1])])
    np.testing.assert_allclose(one, other, rtol=1e-6)  # float32, the mean's order of sums


@pytest.mark.parametrize("op", [slim.max_pool3d, slim.avg_pool3d])
def test_pooling_in_three_dimensions_runs_channels_first(op):
    with graph_session() as session:
        inputs = images(1, 4, 4, 4, 2)
        first = op(tf.transpose(inputs, [0, 4, 1, 2, 3]), 2, data_format="NCDHW")
        one, other = session.run([op(inputs, 2), tf.transpose(first, [0, 2, 3, 4, 1])])
    np.testing.assert_array_equal(one, other)


def test_pool_takes_dilated_windows_of_any_dimensions():
    with graph_session() as session:
        values = session.run(slim.pool(tf.reshape(tf.range(6.0), [1, 6, 1]), 2, "MAX", dilation_rate=2))
    np.testing.assert_array_equal(values[0, :, 0], [2, 3, 4, 5])


WRONG = {
    "rank": (lambda: slim.conv2d(images(2, 3, 4), 2, 3), "expects input with rank 4, got 3"),
    "rank of any": (lambda: slim.convolution(images(2, 3), 2, 3), "rank 2; it may be 3, 4 or 5"),
    "padding": (
        lambda: slim.conv2d(images(1, 4, 4, 3), 2, 3, padding="FULL"),
        "'SAME' or 'VALID', not 'FULL'",
    ),
    "data_format": (
        lambda: slim.conv2d(images(1, 4, 4, 3), 2, 3, data_format="CHWN"),
        "either None or NWC.*not 'CHWN'",
    ),
    "stride and rate": (lambda: slim.conv2d(images(1, 4, 4, 3), 2, 3, stride=2, rate=2), "both above 1"),
    "kernel": (
        lambda: slim.conv2d(images(1, 4, 4, 3), 2, [3, 3, 3]),
        "kernel_size: Expected sequence of 2 positive",
    ),
    "channels": (
        lambda: slim.conv2d(v1.placeholder(tf.float32, [1, 4, 4, None]), 2, 3),
        "`C` dimension.*call set_shape",
    ),
    "separable rank": (lambda: slim.separable_conv2d(images(2, 3), 2, 3), "rank 4, got rank 2"),
    "pool rank": (lambda: slim.max_pool2d(images(2, 3), 2), "max_pool2d takes inputs of rank 4"),
    "pool data_format": (
        lambda: slim.avg_pool2d(images(1, 4, 4, 3), 2, data_format="HW"),
        "either NCHW or NHWC",
    ),
    "pool type": (
        lambda: slim.pool(images(1, 4, 4, 3), 2, "MEAN"),
        "pooling_type has to be 'MAX' or 'AVG', not 'MEAN'",
    ),
    "dense outputs": (lambda: slim.fully_connected(images(2, 3), 2.0), "should be one of int, got 2.0"),
    "dense rank": (lambda: slim.fully_connected(images(3), 2), "at least 2 not: 1"),
    "bias rank": (lambda: slim.bias_add(images(2, 3), data_format="NCHW"), "only supports 4D"),
}


@pytest.mark.parametrize("mistake", WRONG)
def test_a_mistake_says_what_was_given_and_what_is_allowed(mistake):
    build, message = WRONG[mistake]
    with graph_session(), pytest.raises(ValueError, match=message):
        build()


LAYERS = {
    "conv2d": lambda x: slim.conv2d(x, 2, 3),
    "separable_conv2d": lambda x: slim.separable_conv2d(x, 2, 3),
    "fully_connected": lambda x: slim.fully_connected(x, 2),
    "bias_add": slim.bias_add,
    "batch_norm": slim.batch_norm,
    "max_pool2d": lambda x: slim.max_pool2d(x, 2),
    "pool": lambda x: slim.pool(x, 2, "MAX"),
    "flatten": slim.flatten,
    "softmax": slim.softmax,
    "dropout": slim.dropout,
    "one_hot_encoding": lambda x: slim.one_hot_encoding(tf.constant([1]), 2),
    "repeat": lambda x: slim.repeat(x, 2, slim.conv2d, 2, 3),
    "stack": lambda x: slim.stack(x, slim.fully_connected, [2]),
}


@pytest.mark.parametrize("layer", LAYERS)
def test_a_layer_on_an_eager_tensor_shows_the_two_ways_out(layer):
    with pytest.raises(RuntimeError, match=r"(?s)called eagerly.*slimzoo\.Model.*tf\.Graph\(\)\.as_default"):
        LAYERS[layer](tf.zeros([1, 4, 4, 3]))


def test_under_a_host_regularizers_reach_the_getter_as_they_are():
    asked = {}

    def record(getter, name, *args, regularizer=None, **kwargs):
        asked[name] = regularizer
        return getter(name, *args, **kwargs)

    with hosted_by(Host()), graph_session(), v1.variable_scope("", custom_getter=record):
        regularizer = slim.l2_regularizer(0.1)
        slim.conv2d(images(1, 4, 4, 3), 2, 3, weights_regularizer=regularizer)
    assert asked == {"Conv/weights": regularizer, "Conv/biases": None}
