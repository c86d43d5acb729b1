"""What a bound run says about frozen scopes."""

import numpy as np
import pytest
import tensorflow as tf

import slimzoo
from slimzoo import slim


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
