"""Names on their way to Keras and back, and what a bound run says about frozen scopes."""

import numpy as np
import pytest
import tensorflow as tf

import slimzoo
from slimzoo import slim
from slimzoo.binding import escape, in_scopes, unescape

NAMES = [
    "vgg_16/conv1/conv1_1/weights",
    "a.b/c",
    "a/b.c",
    "a/b/c",
    "a-0b/-1",
    "-",
    "-.-/.",
    "Conv",
    "a-1b",
    "a.1",
]


@pytest.mark.parametrize("name", NAMES)
def test_escaping_is_undone(name):
    assert unescape(escape(name)) == name
    assert "/" not in escape(name)


def test_different_names_stay_different():
    assert len({escape(name) for name in NAMES}) == len(NAMES)


def test_a_scope_holds_what_lies_in_it_and_nothing_that_begins_alike():
    assert in_scopes("vgg_16/fc8/weights", ["vgg_16/fc8"])
    assert in_scopes("vgg_16/fc8/weights", ["vgg_16/fc8/"])
    assert in_scopes("vgg_16/fc8", ["vgg_16/fc8"])
    assert not in_scopes("vgg_16/fc80/weights", ["vgg_16/fc8"])
    assert not in_scopes("vgg_16/fc8", ["vgg_16/fc8/weights"])
    assert not in_scopes("a", [])


@pytest.mark.parametrize(
    ("kernel", "padding", "products"), [([8, 8], "VALID", 1), ([8, 8], "SAME", 0), ([7, 8], "VALID", 0)]
)
def test_a_kernel_that_covers_its_image_is_a_product_of_matrices(kernel, padding, products):
    def network(images):
        return slim.flatten(slim.conv2d(images, 5, kernel, stride=2, padding=padding, scope="all"))

    model = slimzoo.Model(network, input_shape=(8, 8, 3))
    images = np.random.default_rng(0).normal(size=(2, 8, 8, 3)).astype(np.float32)
    graph = tf.function(model).get_concrete_function(tf.TensorSpec((2, 8, 8, 3))).graph
    assert sum(op.type == "MatMul" for op in graph.get_operations()) == products
    weights, biases = (variable.value for variable in model.variables_by_name.values())
    expected = tf.nn.relu(tf.nn.conv2d(images, weights, 2, padding) + biases)
    np.testing.assert_allclose(
        model(images), tf.reshape(expected, (2, -1)), rtol=1e-5, atol=1e-5
    )  # order of summation
