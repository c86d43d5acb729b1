"""Reversible blocks: numbers recorded from TensorFlow 1.15.5, gradients equal to those of plain layers."""

import numpy as np
import pytest
import tensorflow as tf

import slimzoo
from slimzoo import slim
from tests.slim.support import fill_with_ramps, graph_session, names, ramp, three_sums, v1


def dense(x, size, name):
    """Returns x times "<name>_k" plus "<name>_b"."""
    kernel = v1.get_variable(f"{name}_k", [x.shape.as_list()[-1], size])
    return tf.matmul(x, kernel) + v1.get_variable(f"{name}_b", [size])


def f(x):
    """A residual of a reversible layer."""
    return tf.tanh(dense(x, 3, "f"))


def g(x):
    """The other residual."""
    return dense(x, 3, "g") * 0.1


def block(**settings):
    """Returns the outputs of a block on ramps, and the tensors to differentiate by."""
    x = tf.constant(ramp(4, 6))
    return tf.concat(slim.rev_block(*tf.split(x, 2, axis=1), f, g, **settings), 1), [x]


def with_sides(**settings):
    """The same with side inputs."""
    x, a, b = tf.constant(ramp(4, 6)), tf.constant(ramp(4, 3)), tf.constant(ramp(4, 3) ** 2)
    outputs = slim.rev_block(
        *tf.split(x, 2, axis=1),
        lambda z, side: tf.tanh(dense(z, 3, "f") + side[0]),
        lambda z, side: dense(z, 3, "g") * 0.1 * side[0],
        num_layers=2,
        f_side_input=[a],
        g_side_input=[b],
        **settings,
    )
    return tf.concat(outputs, 1), [x, a, b]


DEEP = (
    (13.85198, 33.7941, 12.30686),
    (
        *(74.4184, 23.1193, 9.53708, 6.03605, 2.24189, 18.8964, 8.1491),
        *(6.7685, 1.43395, 14.2566, 7.01112, 9.44412, 1.3441),
    ),
)
SIDES = (
    (1.662464, 27.00711, 7.978529),
    (54.1297, 17.6994, 5.25979, 8.60756, 7.07178, 3.14859, 1.03716, 8.06501, 6.0908, 3.30786, 0.709279),
)
RECORDED = {  # block: three sums of the outputs; sums of absolute gradients of the inputs, then the variables
    "plain": (lambda: block(num_layers=3, is_training=False), *DEEP),
    "reversible": (lambda: block(num_layers=3), *DEEP),
    "one layer": (block, (2.440869, 16.07314, 5.665278), (26.3695, 5.7186, 6.05842, 2.03414, 0.958108)),
    "side inputs": (with_sides, *SIDES),
    "side inputs, plain": (lambda: with_sides(is_training=False), *SIDES),
}


@pytest.mark.parametrize("name", RECORDED)
def test_outputs_and_gradients_are_those_of_tensorflow_1(name):
    build, sums, gradients = RECORDED[name]
    with graph_session() as session:
        outputs, inputs = build()
        loss = tf.reduce_sum(outputs**2 * ramp(4, 6))
        found = tf.gradients(loss, [*inputs, *v1.trainable_variables()])
        fill_with_ramps(session)
        values, found = session.run([outputs, found])
    np.testing.assert_allclose(three_sums(values), sums, rtol=1e-5)  # float32
    np.testing.assert_allclose([np.abs(g).sum() for g in found], gradients, rtol=2e-5)  # x by subtraction


def test_variables_are_named_by_layer_and_function():
    with graph_session():
        block(num_layers=2)
        parts = ("f/f_k", "f/f_b", "g/g_k", "g/g_b")
        assert names("variables") == [f"revblock/revlayer_{i}/{part}" for i in range(2) for part in parts]


def test_backward_undoes_forward_with_the_same_variables():
    with graph_session() as session:
        x1, x2 = tf.constant(ramp(4, 3)), tf.constant(ramp(4, 3) ** 2)
        layer = slim.RevBlock([f, tf.sin], [tf.cos, g], num_layers=2, name="both")
        again = layer.backward(*layer.forward(x1, x2))
        assert layer.variables == v1.global_variables() and len(layer.trainable_variables) == 4
        fill_with_ramps(session)
        np.testing.assert_allclose(*session.run([[x1, x2], again]), atol=1e-6)  # float32 subtraction


def test_a_reused_scope_adds_no_variable():
    with graph_session():
        for reuse in (None, True):
            with v1.variable_scope("net", reuse=reuse):
                block(num_layers=2)
        assert len(names("variables")) == 8


def test_the_gradients_run_each_function_once_more_and_plain_layers_do_not():
    for is_training, runs in ((True, 2), (False, 1)):
        calls = []

        def counted(x, calls=calls):
            calls.append(x)
            return f(x)

        with graph_session():
            x = tf.constant(ramp(4, 6))
            outputs = slim.rev_block(*tf.split(x, 2, axis=1), counted, tf.sin, is_training=is_training)
            tf.gradients(outputs, x)
        assert len(calls) == runs


def test_an_output_that_nothing_uses_passes_no_gradient():
    found = []
    for is_training in (True, False):
        with graph_session() as session:
            x = tf.constant(ramp(4, 6))
            y1, _ = slim.rev_block(*tf.split(x, 2, axis=1), f, g, is_training=is_training)
            gradients = tf.gradients(y1**2, [x, *v1.trainable_variables()[:2]])
            fill_with_ramps(session)
            found.append(session.run(gradients))
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)  # float32, x by subtraction


def test_arg_scopes_are_in_force_again_while_the_gradients_are_made():
    with graph_session() as session:
        x = tf.constant(ramp(4, 6))
        with slim.arg_scope([slim.fully_connected], activation_fn=tf.tanh):
            outputs = slim.rev_block(*tf.split(x, 2, axis=1), lambda z: slim.fully_connected(z, 3), tf.sin)
        gradient = tf.gradients(outputs, x)[0]
        fill_with_ramps(session)
        assert [op.type for op in gradient.graph.get_operations()].count("Tanh") == 2
        assert np.isfinite(session.run(gradient)).all()


def test_inside_a_model_the_gradients_equal_those_of_plain_layers():
    def network(images, num_classes, is_training=False):
        net = slim.flatten(images)
        net = slim.rev_block(*tf.split(net, 2, axis=1), f, g, num_layers=2, is_training=is_training)
        return slim.fully_connected(tf.concat(net, 1), num_classes, activation_fn=None), {}

    tf.keras.utils.set_random_seed(0)
    model = slimzoo.Model(network, num_classes=2, input_shape=(1, 2, 3))
    inputs, found = tf.constant(ramp(4, 1, 2, 3)), []
    for training in (True, False):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(model(inputs, training=training) ** 2)
        found.append(tape.gradient(loss, [variable.value for variable in model.trainable_variables]))
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)  # float32, x by subtraction


def test_a_list_of_another_length_is_refused():
    with pytest.raises(ValueError, match="g has 1 functions for 2 layers; give one a layer"):
        slim.RevBlock(f, [g], num_layers=2)
