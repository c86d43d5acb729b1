"""layer_norm, instance_norm and group_norm: numbers recorded from TensorFlow 1.15.5 (tf.contrib.slim)."""

import numpy as np
import pytest
import tensorflow as tf

from slimzoo import slim
from tests.slim.support import assert_recorded, channels_first, graph_session, images, names, ramp, v1

RECORDED = {  # layer: how it is built; name, shape and three sums of its outputs; gradients
    "ln": (
        lambda: slim.layer_norm(images(2, 5, 4, 3)),
        "LayerNorm/batchnorm/add_1",
        (2, 5, 4, 3),
        (0.0, 82.38722, 2.156913),
        (291.95, 8.70016, 19.434),
    ),
    "ln 2": (
        lambda: slim.layer_norm(
            images(2, 5, 4, 3),
            begin_norm_axis=2,
            begin_params_axis=2,
            activation_fn=tf.nn.relu,
            variables_collections={"beta": ["b"], "gamma": ["w"]},
            outputs_collections="o",
        ),
        "LayerNorm/Relu",
        (2, 5, 4, 3),
        (40.48911, 40.48911, 30.63832),
        (525.936, 42.6049, 58.33),
    ),
    "ln 3": (
        lambda: slim.layer_norm(images(2, 6), center=False, trainable=False, begin_norm_axis=-1),
        "LayerNorm/batchnorm/add_1",
        (2, 6),
        (0.0, 7.964958, 2.227238),
        (18.8954,),
    ),
    "ln 4": (
        lambda: slim.layer_norm(images(2, 6), scale=False),
        "LayerNorm/batchnorm/add_1",
        (2, 6),
        (0.0, 10.57745, 1.166667),
        (15.4341, 11.9992),
    ),
    "in": (
        lambda: slim.instance_norm(images(2, 5, 4, 3), outputs_collections="o"),
        "InstanceNorm/instancenorm/add_1",
        (2, 5, 4, 3),
        (0.0, 82.38727, 0.6897672),
        (77.6278, 2.78226, 2.19845),
    ),
    "in nchw": (
        lambda: slim.instance_norm(channels_first(images(2, 5, 4, 3)), data_format="NCHW"),
        "InstanceNorm/instancenorm/add_1",
        (2, 3, 5, 4),
        (0.0, 82.38728, 13.34103),
        (25.8758, 53.8126, 53.6174),
    ),
    "in 3": (
        lambda: slim.instance_norm(images(2, 5, 3), center=False, epsilon=0.1, variables_collections=["w"]),
        "InstanceNorm/instancenorm/add_1",
        (2, 5, 3),
        (0.0, 12.27699, 0.138263),
        (18.6215, 2.67297),
    ),
    "in 5": (
        lambda: slim.instance_norm(
            images(2, 5, 3, 2, 2),
            scale=False,
            trainable=False,
            activation_fn=tf.nn.relu,
            param_initializers={"beta": v1.ones_initializer()},
        ),
        "InstanceNorm/Relu",
        (2, 5, 3, 2, 2),
        (68.22079, 68.22079, 34.07635),
        (113.544,),
    ),
    "gn": (
        lambda: slim.group_norm(images(2, 5, 4, 6), groups=3, outputs_collections="o"),
        "GroupNorm/Reshape_2",
        (2, 5, 4, 6),
        (0.0, 148.2875, 1.427478),
        (301.903, 5.73381, 9.59656),
    ),
    "gn nchw": (
        lambda: slim.group_norm(
            channels_first(images(2, 5, 4, 6)),
            groups=2,
            channels_axis=-3,
            reduction_axes=(-2, -1),
            variables_collections={"beta": ["b"], "gamma": ["w"]},
        ),
        "GroupNorm/Reshape_2",
        (2, 6, 5, 4),
        (0.0, 148.2735, 23.8122),
        (334.517, 95.6473, 97.8673),
    ),
    "gn mean": (
        lambda: slim.group_norm(images(2, 5, 4, 6), groups=2, mean_close_to_zero=True),
        "GroupNorm/Reshape_2",
        (2, 5, 4, 6),
        (0.0, 148.2735, 1.794626),
        (487.292, 8.11132, 13.9233),
    ),
    "gn nocenter": (
        lambda: slim.group_norm(images(2, 5, 4, 6), groups=6, center=False, scale=False, reduction_axes=[-2]),
        "GroupNorm/Reshape",
        (2, 5, 4, 6),
        (0.0, 213.174, 0.0),
        (629.091,),
    ),
}


@pytest.mark.parametrize("layer", RECORDED)
def test_a_layer_gives_the_numbers_and_gradients_of_tensorflow_1(layer):
    assert_recorded(*RECORDED[layer])


@pytest.mark.parametrize(
    ("layer", "scope"),
    [
        (slim.layer_norm, "LayerNorm"),
        (slim.instance_norm, "InstanceNorm"),
        (lambda x, **settings: slim.group_norm(x, 1, **settings), "GroupNorm"),
    ],
)
def test_variables_have_their_old_names_and_collections(layer, scope):
    with graph_session():
        layer(images(2, 3, 4, 2), variables_collections={"beta": ["b"], "gamma": ["g"]}, trainable=False)
        assert names("model_variables") == [f"{scope}/beta", f"{scope}/gamma"]
        assert (names("b"), names("g")) == ([f"{scope}/beta"], [f"{scope}/gamma"])
        assert names("trainable_variables") == []


def test_a_batch_of_unknown_size_is_normalised_by_groups():
    with graph_session() as session:
        inputs = v1.placeholder(tf.float32, [None, 5, 4, 6])
        outputs = slim.group_norm(inputs, 2)
        assert outputs.shape.as_list() == [None, 5, 4, 6]
        session.run(v1.global_variables_initializer())
        values = session.run(outputs, {inputs: ramp(2, 5, 4, 6)}).reshape(2, 20, 2, 3)
    np.testing.assert_allclose(values.mean((1, 3)), 0, atol=1e-6)  # float32
    np.testing.assert_allclose(values.var((1, 3)), 1, rtol=1e-4)  # epsilon is 1e-6 of a variance of 0.08


def test_a_layer_of_half_precision_takes_a_larger_epsilon():
    with graph_session() as session:
        outputs = slim.layer_norm(tf.constant([[1, 1.0625]], tf.float16))
        session.run(v1.global_variables_initializer())
        values = session.run(outputs)
    np.testing.assert_allclose(values, [[-0.7025, 0.7025]], atol=2e-3)  # 0.03125 / sqrt(0.03125**2 + 1e-3)


WRONG = {
    "rank": (lambda: slim.layer_norm(v1.placeholder(tf.float32)), "has undefined rank. Call set_shape"),
    "norm axis": (
        lambda: slim.layer_norm(images(2, 3), begin_norm_axis=2),
        r"begin_norm_axis \(2\) must be < rank\(inputs\) \(2\)",
    ),
    "params": (
        lambda: slim.layer_norm(v1.placeholder(tf.float32, [2, None])),
        r"shape\(inputs\)\[-1:\] is not fully defined: \(2, None\); call set_shape",
    ),
    "data_format": (lambda: slim.instance_norm(images(2, 3), data_format="HW"), "either NCHW or NHWC"),
    "instance rank": (lambda: slim.instance_norm(images(3)), "rank 2 or more, got rank 1"),
    "groups": (lambda: slim.group_norm(images(2, 3, 3, 4)), "Invalid groups 32 for 4 channels"),
    "share": (lambda: slim.group_norm(images(2, 3, 3, 4), 3), "4 channels is not commensurate with 3 groups"),
    "both": (
        lambda: slim.group_norm(images(2, 3, 3, 4), 2, channels_axis=-2),
        "mutually exclusive with channels_axis: 2 is in both",
    ),
    "axis": (
        lambda: slim.group_norm(images(2, 3, 3, 4), 2, channels_axis=7),
        r"out of bounds. \[7\] with inputs of rank 4",
    ),
    "sizes": (
        lambda: slim.group_norm(v1.placeholder(tf.float32, [2, None, None, 4]), 2),
        "undefined dimensions 1, 2",
    ),
}


@pytest.mark.parametrize("mistake", WRONG)
def test_a_mistake_says_what_was_given_and_what_is_allowed(mistake):
    build, message = WRONG[mistake]
    with graph_session(), pytest.raises(ValueError, match=message):
        build()
