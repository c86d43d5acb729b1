"""The legacy fully connected layer: numbers recorded from TensorFlow 1.15.5 (tf.contrib.slim)."""

import pytest
import tensorflow as tf

from slimzoo import slim
from tests.slim.support import assert_recorded, graph_session, images, names, v1

RECORDED = {  # layer: how it is built; name, shape and three sums of its outputs; gradients
    "legacy": (
        lambda: slim.legacy_fully_connected(
            images(2, 5),
            3,
            weight_regularizer=slim.l2_regularizer(0.1),
            bias_regularizer=slim.l2_regularizer(0.1),
        ),
        "fully_connected/BiasAdd",
        (2, 3),
        (0.0, 7.280423, 2.447972),
        (31.584, 24.0762, 11.7503),
    ),
    "legacy 3": (
        lambda: slim.legacy_fully_connected(
            images(2, 4, 5),
            3,
            activation_fn=tf.nn.relu,
            bias_init=None,
            name="fc",
            weight_collections=None,
            trainable=False,
        ),
        "fc/Relu",
        (2, 4, 3),
        (3.1051, 3.1051, 2.458869),
        (12.5634,),
    ),
}


@pytest.mark.parametrize("layer", RECORDED)
def test_a_layer_gives_the_numbers_and_gradients_of_tensorflow_1(layer):
    assert_recorded(*RECORDED[layer])


def test_variables_outputs_and_penalties_are_listed_where_they_were():
    with graph_session():
        penalty = slim.l2_regularizer(0.1)
        outputs = slim.layers.legacy_relu(images(2, 5), 3, weight_regularizer=penalty, name="fc")
        assert names("weights") == ["fc/weights"] and names("biases") == ["fc/bias"]
        assert names("model_variables") == []
        assert v1.get_collection("activations") == [outputs] and outputs.op.name == "fc/Relu"
        assert names("regularization_losses") == ["fc/weights/Regularizer/l2_regularizer"]


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        (None, "dims of x must be known"),
        ([3], "rank of x must be at least 2 not: 1"),
        ([3, None], "last dimension"),
    ],
)
def test_a_mistake_says_what_was_given(shape, words):
    with graph_session(), pytest.raises(ValueError, match=words):
        slim.layers.legacy_linear(v1.placeholder(tf.float32, shape), 2)
