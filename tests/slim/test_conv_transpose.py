"""Transposed convolutions and conv2d_in_plane: numbers recorded from TensorFlow 1.15.5 (tf.contrib.slim)."""

import numpy as np
import pytest
import tensorflow as tf

from slimzoo import slim
from tests.slim.support import (
    assert_recorded,
    channels_first,
    fill_with_ramps,
    graph_session,
    images,
    names,
    three_sums,
    v1,
)

RECORDED = {  # layer: how it is built; name, shape and three sums of its outputs; gradients
    "ct2 nchw": (
        lambda: slim.conv2d_transpose(
            channels_first(images(2, 4, 3, 3)), 4, 3, stride=2, data_format="NCHW", activation_fn=None
        ),
        "Conv2d_transpose/BiasAdd",
        (2, 4, 8, 6),
        (-71.31616, 356.6486, -0.08460649),
        (494.54, 437.634, 155.596),
    ),
    "ct2 bn": (
        lambda: slim.conv2d_transpose(
            images(2, 4, 3, 3),
            4,
            3,
            stride=2,
            normalizer_fn=slim.batch_norm,
            normalizer_params={"scale": True},
            variables_collections={"weights": ["w"], "biases": ["b"]},
            outputs_collections="o",
            weights_regularizer=slim.l2_regularizer(0.1),
            scope="up",
        ),
        "up/Relu",
        (2, 8, 6, 4),
        (161.4537, 161.4537, 68.65669),
        (237.964, 268.631, 155.323, 47.5635),
    ),
    "ct2 nobias": (
        lambda: slim.conv2d_transpose(
            images(2, 4, 3, 3), 4, 3, biases_initializer=None, trainable=False, variables_collections=["w"]
        ),
        "Conv2d_transpose/Relu",
        (2, 4, 3, 4),
        (91.25346, 91.25346, 38.79655),
        (869.864,),
    ),
    "ct3 1": (
        lambda: slim.conv3d_transpose(images(1, 3, 4, 3, 2), 3, 3, stride=2, activation_fn=None),
        "Conv3d_transpose/BiasAdd",
        (1, 6, 8, 6, 3),
        (-198.8754, 900.4245, -78.13816),
        (2282.13, 775.572, 84.8359),
    ),
    "ct3 2": (
        lambda: slim.conv3d_transpose(
            images(1, 3, 4, 3, 2),
            3,
            [2, 3, 3],
            stride=[1, 2, 3],
            padding="VALID",
            activation_fn=None,
            biases_regularizer=slim.l2_regularizer(0.1),
        ),
        "Conv3d_transpose/BiasAdd",
        (1, 4, 9, 9, 3),
        (0.0, 933.5618, 93.49827),
        (1362.57, 717.235, 374.378),
    ),
    "plane 1": (
        lambda: slim.conv2d_in_plane(images(2, 5, 4, 3), 3, activation_fn=None),
        "ConvInPlane/BiasAdd",
        (2, 5, 4, 3),
        (0.0, 113.81, 6.436431),
        (321.918, 114.158, 25.9621),
    ),
    "plane 2": (
        lambda: slim.conv2d_in_plane(
            images(2, 5, 4, 3),
            [3, 2],
            stride=2,
            padding="VALID",
            activation_fn=None,
            weights_regularizer=slim.l2_regularizer(0.1),
            variables_collections={"weights": ["w"], "biases": ["b"]},
            outputs_collections="o",
        ),
        "ConvInPlane/BiasAdd",
        (2, 2, 2, 3),
        (0.0, 21.81383, 5.689419),
        (77.0569, 69.5872, 23.7471),
    ),
    "plane 3": (
        lambda: slim.conv2d_in_plane(images(2, 5, 4, 3), 3, normalizer_fn=slim.batch_norm),
        "ConvInPlane/Relu",
        (2, 5, 4, 3),
        (64.12946, 64.12946, 35.69267),
        (229.681, 77.4744, 15.7115),
    ),
}
SIZES = {  # kernel_size, stride, padding: shape and three sums of the outputs; gradients
    (3, 1, "SAME"): ((2, 4, 3, 4), (0.0, 190.4891, -11.87647), (1725.88, 661.401, 48.0059)),
    (3, 1, "VALID"): ((2, 6, 5, 4), (0.0, 404.3981, 36.79603), (2778.48, 693.07, 147.8)),
    (3, 2, "SAME"): ((2, 8, 6, 4), (-71.31616, 356.6486, -39.6325), (776.565, 366.881, 16.3116)),
    (3, 2, "VALID"): ((2, 9, 7, 4), (0.0, 485.4639, 24.44676), (1144.35, 270.409, 97.9814)),
    (2, 3, "same"): ((2, 12, 9, 4), (0.0, 683.7427, 5.647539), (729.825, 60.0913, 22.6163)),
    (2, 3, "valid"): ((2, 12, 9, 4), (0.0, 683.7427, 5.647539), (729.825, 60.0913, 22.6163)),
    ((3, 5), (2, 1), "SAME"): (
        (2, 8, 3, 4),
        (-57.72837, 269.7438, -37.52979),
        (1718.23, 790.674, 35.4484),
    ),
    ((3, 5), (2, 1), "VALID"): ((2, 9, 7, 4), (0.0, 638.5476, 41.16319), (3249.72, 745.515, 164.98)),
}


@pytest.mark.parametrize("layer", RECORDED)
def test_a_layer_gives_the_numbers_and_gradients_of_tensorflow_1(layer):
    assert_recorded(*RECORDED[layer])


@pytest.mark.parametrize("sizes", SIZES)
def test_every_size_and_padding_gives_the_numbers_of_tensorflow_1(sizes):
    window, stride, padding = sizes
    assert_recorded(
        lambda: slim.conv2d_transpose(
            images(2, 4, 3, 3), 4, window, stride=stride, padding=padding, activation_fn=None
        ),
        "Conv2d_transpose/BiasAdd",
        *SIZES[sizes],
    )


def test_a_shape_known_only_in_part_stays_known_in_part():
    with graph_session() as session:
        inputs = v1.placeholder(tf.float32, [None, None, 4, 3])
        outputs = slim.conv2d_transpose(inputs, 4, 3, stride=2, padding="VALID")
        assert outputs.shape.as_list() == [None, None, 9, 4]
        session.run(v1.global_variables_initializer())
        assert session.run(outputs, {inputs: np.zeros([2, 5, 4, 3])}).shape == (2, 11, 9, 4)


@pytest.mark.parametrize("dims", [2, 3])
def test_channels_first_gives_the_same_numbers(dims):
    op, form = ((slim.conv2d_transpose, "NCHW"), (slim.conv3d_transpose, "NCDHW"))[dims - 2]
    inputs_shape = (2, 3, 4, 3, 2)[: dims + 2]
    back = [0, *range(2, dims + 2), 1]
    found = []
    for data_format in (None, form):
        with graph_session() as session:
            inputs = images(*inputs_shape)
            settings = {} if data_format is None else {"data_format": data_format}
            given = (
                inputs if data_format is None else tf.transpose(inputs, [0, dims + 1, *range(1, dims + 1)])
            )
            outputs = op(given, 4, 3, stride=2, activation_fn=None, **settings)
            outputs = outputs if data_format is None else tf.transpose(outputs, back)
            gradients = tf.gradients(tf.reduce_sum(outputs**2), [inputs, *v1.trainable_variables()])
            fill_with_ramps(session)
            found.append([three_sums(value) for value in session.run([outputs, *gradients])])
    np.testing.assert_allclose(*found, rtol=1e-5, atol=1e-2)  # float32: sums of up to 5000 that cancel


def test_variables_and_penalties_have_their_old_names_and_collections():
    with graph_session():
        penalty = slim.l2_regularizer(0.1)
        collections = {"weights": ["w"], "biases": ["b"]}
        slim.conv3d_transpose(
            images(1, 2, 3, 3, 2), 2, 2, weights_regularizer=penalty, variables_collections=collections
        )
        slim.conv2d_in_plane(
            images(1, 4, 4, 2), 3, weights_regularizer=penalty, variables_collections=collections
        )
        slim.conv2d_transpose(
            images(1, 4, 4, 2), 2, 3, normalizer_fn=slim.batch_norm, scope="up", outputs_collections="points"
        )
        assert names("w") == ["Conv3d_transpose/weights", "ConvInPlane/weights"]
        assert names("b") == ["Conv3d_transpose/biases", "ConvInPlane/biases"]
        assert names("regularization_losses") == [
            "Conv3d_transpose/kernel/Regularizer/l2_regularizer",
            "ConvInPlane/weights/Regularizer/l2_regularizer",
        ]
        assert names("model_variables")[4:6] == ["up/weights", "up/BatchNorm/beta"]
        assert list(slim.utils.convert_collection_to_dict("points")) == ["up"]
