"""maxout, spatial_softmax, unit_norm and their like, and sequences: numbers of TensorFlow 1.15.5."""

import numpy as np
import pytest
import tensorflow as tf

from slimzoo import slim
from tests.slim.support import assert_recorded, channels_first, graph_session, images, names, v1

RECORDED = {  # layer: how it is built; name, shape and three sums of its outputs; gradients
    "maxout": (
        lambda: slim.maxout(images(2, 4, 6), 2),
        "MaxOut/Max",
        (2, 4, 2),
        (6.265278, 6.265278, 2.936849),
        (9.84675,),
    ),
    "maxout axis": (
        lambda: slim.maxout(images(2, 4, 6), 2, axis=1),
        "MaxOut/Max",
        (2, 2, 6),
        (8.861928, 8.861928, 4.246341),
        (13.7505,),
    ),
    "ss": (
        lambda: slim.spatial_softmax(images(2, 4, 5, 3)),
        "spatial_softmax/spatial_softmax_op/Reshape_3",
        (2, 6),
        (0.0, 1.434829, -0.363888),
        (0.801036, 0.036378),
    ),
    "ss t": (
        lambda: slim.spatial_softmax(
            channels_first(images(2, 4, 5, 3)),
            temperature=0.5,
            data_format="NCHW",
            name="n",
            variables_collections=["w"],
        ),
        "n/spatial_softmax_op/Reshape_3",
        (2, 6),
        (0.0, 1.434829, -0.363888),
        (0.801036, 0.036378),
    ),
    "ss nt": (
        lambda: slim.spatial_softmax(images(2, 4, 5, 3), trainable=False, variables_collections=["w"]),
        "spatial_softmax/spatial_softmax_op/Reshape_3",
        (2, 6),
        (0.0, 1.434829, -0.363888),
        (0.801036,),
    ),
    "un": (
        lambda: slim.unit_norm(images(2, 4, 5), 1),
        "UnitNorm/div",
        (2, 4, 5),
        (15.0583, 15.0583, 7.340919),
        (4.96431,),
    ),
    "un 0": (
        lambda: slim.unit_norm(images(2, 4, 5), 0, epsilon=0.1),
        "UnitNorm/div",
        (2, 4, 5),
        (19.88543, 19.88543, 9.694146),
        (19.0229,),
    ),
    "pn": (
        lambda: slim.layers.poincare_normalize(images(3, 4)),
        "poincare_normalize",
        (3, 4),
        (3.711593, 3.711593, 1.701147),
        (0.939223,),
    ),
    "pn 0": (
        lambda: slim.layers.poincare_normalize(images(3, 4), axis=0, epsilon=0.1),
        "poincare_normalize",
        (3, 4),
        (4.417414, 4.417414, 2.024648),
        (4.46094,),
    ),
    "i2s": (
        lambda: slim.images_to_sequence(images(2, 4, 5, 3), outputs_collections="o"),
        "ImagesToSequence/Reshape",
        (5, 8, 3),
        (40.67227, 40.67227, 20.16667),
        (44.0065,),
    ),
    "i2s nchw": (
        lambda: slim.images_to_sequence(channels_first(images(2, 4, 5, 3)), data_format="NCHW"),
        "ImagesToSequence/Reshape",
        (5, 8, 3),
        (40.67227, 40.67227, 20.16667),
        (44.0065,),
    ),
    "s2i": (
        lambda: slim.sequence_to_images(images(5, 8, 3), 4, outputs_collections="o"),
        "SequenceToImages/transpose",
        (2, 4, 5, 3),
        (40.67227, 40.67227, 20.16667),
        (43.761,),
    ),
    "s2i cf": (
        lambda: slim.sequence_to_images(images(5, 8, 3), 2, output_data_format="channels_first"),
        "SequenceToImages/transpose",
        (4, 3, 2, 5),
        (40.67227, 40.67227, 20.16667),
        (42.428,),
    ),
}


@pytest.mark.parametrize("layer", RECORDED)
def test_a_layer_gives_the_numbers_and_gradients_of_tensorflow_1(layer):
    assert_recorded(*RECORDED[layer])


def test_the_temperature_is_a_variable_listed_where_asked_if_it_is_trained():
    with graph_session():
        slim.spatial_softmax(images(2, 4, 5, 3), variables_collections=["mine"])
        slim.spatial_softmax(
            images(2, 4, 5, 3), variables_collections=["mine"], trainable=False, name="fixed"
        )
        assert names("mine") == names("trainable_variables") == ["spatial_softmax/temperature"]
        assert names("model_variables") == ["spatial_softmax/temperature", "fixed/temperature"]


def test_the_gradient_is_scaled_and_the_value_is_not():
    with graph_session() as session:
        x, scale = tf.constant([42.0, 1.0]), tf.constant([2.0])
        y = slim.scale_gradient(x, scale)
        of_x, of_scale = tf.gradients(y, [x, scale], [tf.constant([3.0, 4.0])])
        assert of_scale is None
        np.testing.assert_array_equal(session.run([y, of_x]), [[42, 1], [6, 8]])


WRONG = {
    "share": (lambda: slim.maxout(images(2, 4), 3), r"features\(4\) is not a multiple of num_units\(3\)"),
    "features": (lambda: slim.maxout(v1.placeholder(tf.float32, [2, None]), 3), "features is unknown"),
    "rank": (lambda: slim.maxout(v1.placeholder(tf.float32), 3), "rank of the inputs is unknown"),
    "dim": (lambda: slim.unit_norm(images(2, 4), 2), "smaller than the input rank. It is 2, the rank is 2"),
    "unknown rank": (lambda: slim.unit_norm(v1.placeholder(tf.float32), 0), "input rank must be known"),
    "softmax format": (
        lambda: slim.spatial_softmax(images(1, 2, 3, 4), data_format="HW"),
        "either NCHW or NHWC",
    ),
    "softmax channels": (
        lambda: slim.spatial_softmax(v1.placeholder(tf.float32, [1, 2, 3, None])),
        "must be known but is None",
    ),
    "sequence rank": (
        lambda: slim.images_to_sequence(images(2, 3, 4)),
        r"rank 4, got rank 3.*inputs\[tf.newaxis\]",
    ),
    "sequence width": (
        lambda: slim.images_to_sequence(v1.placeholder(tf.float32, [1, 2, None, 4])),
        "they are None and 4",
    ),
    "images": (lambda: slim.sequence_to_images(images(3, 5, 2), 2), "is 5, .* multiple of height 2"),
}


@pytest.mark.parametrize("mistake", WRONG)
def test_a_mistake_says_what_was_given_and_what_is_allowed(mistake):
    build, message = WRONG[mistake]
    with graph_session(), pytest.raises(ValueError, match=message):
        build()
