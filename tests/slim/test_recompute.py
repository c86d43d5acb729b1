"""recompute_grad: numbers recorded from TensorFlow 1.15.5; what it refuses."""

import functools

import numpy as np
import pytest
import tensorflow as tf

import slimzoo
from slimzoo import slim
from tests.slim.support import fill_with_ramps, graph_session, names, ramp, three_sums, v1
from tests.slim.test_rev_block import dense


def two(a, b):
    """A function with two inputs, two outputs and variables."""
    return tf.tanh(dense(a, 3, "u")), dense(b, 2, "v") * tf.reduce_sum(a)


SETTINGS = [
    {},
    {"use_data_dep": True},
    {"tupleize_grads": True},
    {"use_data_dep": True, "tupleize_grads": True},
]


@pytest.mark.parametrize("settings", SETTINGS)
def test_outputs_and_gradients_are_those_of_tensorflow_1(settings):
    fn = slim.recompute_grad(**settings)(two) if settings else slim.recompute_grad(two)
    with graph_session() as session:
        x = tf.constant(ramp(4, 6))
        with v1.variable_scope("s", use_resource=True):
            outputs = tf.concat(fn(x, x * 2), 1)
        assert names("variables") == ["s/u_k", "s/u_b", "s/v_k", "s/v_b"]
        loss = tf.reduce_sum(outputs**2 * ramp(4, 5))
        found = tf.gradients(loss, [x, *v1.trainable_variables()])
        fill_with_ramps(session)
        values, found = session.run([outputs, found])
    np.testing.assert_allclose(three_sums(values), (3.980635, 7.199473, 1.674399), rtol=1e-5)  # float32
    expected = (6.00411, 10.552, 1.12801, 0, 0)
    np.testing.assert_allclose([np.abs(g).sum() for g in found], expected, rtol=2e-5, atol=1e-5)


def test_the_function_is_run_again_for_the_gradients_and_told_so():
    runs = []

    @slim.recompute_grad
    def fn(x, is_recomputing=False):
        runs.append(is_recomputing)
        return tf.sin(x)

    with graph_session() as session:
        x = tf.constant(ramp(4))
        gradient = tf.gradients(fn(x), x)[0]
        np.testing.assert_allclose(session.run(gradient), np.cos(ramp(4)), rtol=1e-6)  # float32
    assert runs == [False, True] and fn.__name__ == "fn"


def test_arg_scopes_are_in_force_again():
    with graph_session() as session:
        x = tf.constant(ramp(4, 6))
        with (
            slim.arg_scope([slim.fully_connected], activation_fn=tf.tanh, normalizer_fn=slim.layer_norm),
            v1.variable_scope("s", use_resource=True),
        ):
            outputs = slim.recompute_grad(lambda a: slim.fully_connected(a, 4))(x)
        found = tf.gradients(tf.reduce_sum(outputs**2 * ramp(4, 4)), v1.trainable_variables())
        fill_with_ramps(session)
        values, found = session.run([outputs, found])
    np.testing.assert_allclose(three_sums(values), (0, 7.763943, 1.900147), rtol=1e-5, atol=1e-5)
    # TensorFlow 1.15.5: gradients of weights, beta, gamma
    np.testing.assert_allclose([np.abs(g).sum() for g in found], (14.0439, 2.05291, 1.83181), rtol=2e-5)


def test_inside_a_model_it_trains():
    def network(images, num_classes, is_training=False):
        with v1.variable_scope("again"):
            layer = slim.recompute_grad(lambda a: slim.fully_connected(a, num_classes, activation_fn=tf.tanh))
            return layer(slim.flatten(images)), {}

    model = slimzoo.Model(network, num_classes=2, input_shape=(1, 2, 3))
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(model(tf.constant(ramp(4, 1, 2, 3))) ** 2)
    gradients = tape.gradient(loss, [variable.value for variable in model.trainable_variables])
    assert len(gradients) == 2 and all(np.abs(g).sum() > 0 for g in gradients)


def test_a_second_run_with_other_variables_is_refused():
    @slim.recompute_grad
    def layer(x):
        return slim.fully_connected(x, 2)

    with graph_session():
        x = tf.ones([2, 4])
        with v1.variable_scope("layer", use_resource=True):
            outputs = layer(x) + layer(x)
        with pytest.raises(
            ValueError, match=r"(?s)layer/fully_connected/.*called twice in the same enclosing"
        ):
            tf.gradients(outputs, x)


def test_a_tensor_from_outside_is_refused_by_name():
    with graph_session():
        outside = tf.constant(1.0, name="outside")
        with pytest.raises(
            ValueError, match=r"fn, .* closes over Tensor outside:0 \(local variable name: outside\)"
        ):

            @slim.recompute_grad
            def fn(x):
                return x * outside


def test_an_argument_that_is_no_tensor_is_refused():
    with (
        graph_session(),
        pytest.raises(ValueError, match=r"All inputs to function must be Tensors; .* got int"),
    ):
        slim.recompute_grad(functools.partial(tf.multiply, y=2.0))(1)


def test_data_dependencies_need_floats_of_known_rank():
    with graph_session(), pytest.raises(ValueError, match=r"floating tensors of known rank.*call set_shape"):
        x = v1.placeholder(tf.float32)
        tf.gradients(slim.recompute_grad(use_data_dep=True)(tf.sin)(x), x)
