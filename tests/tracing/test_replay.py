"""The graph that discovery kept: when it is used, and that the network does not run a second time then."""

import numpy as np
import pytest
import tensorflow as tf

import slimzoo
from slimzoo import slim
from slimzoo.model import model as model_module
from slimzoo.tracing.replay import record
from tests.networks import little


@pytest.fixture
def runs(monkeypatch):
    """The modes in which networks were run on variables."""
    found = []

    class Noted(model_module.BoundRun):
        def __call__(self, network, images, is_training):
            found.append(is_training)
            return super().__call__(network, images, is_training)

    monkeypatch.setattr(model_module, "BoundRun", Noted)
    return found


def images_of(size):
    return np.zeros((1, size, size, 3), np.float32)


def test_inference_does_not_run_the_network_again_and_all_else_does(runs):
    model = slimzoo.Model("mobilenet_v1_025", 3, (64, 64, 3))
    model(images_of(64))
    model.end_points(images_of(64))
    model.features(images_of(64), "Conv2d_5_pointwise")
    assert runs == []
    model.predict(images_of(64), verbose=0)  # in a graph of Keras's
    assert runs.pop() is False
    model(images_of(64), training=True)
    model(images_of(96))
    assert runs == [True, False]
    slimzoo.Model("mobilenet_v1_025", 3, (64, 64, 3), dtype="mixed_bfloat16")(images_of(64))
    slimzoo.Model("nasnet_cifar", 3)(images_of(32))  # discovered in training, which has more variables
    slimzoo.Model(little, 3, (8, 8, 3))(images_of(8))  # a function of the user's may do more than make ops
    assert runs == [True, False, False, False, False]


def test_new_values_are_seen_and_gradients_flow():
    model = slimzoo.Model("lenet")
    images = tf.random.stateless_uniform((2, 28, 28, 1), (0, 1))
    with tf.GradientTape() as tape:
        tape.watch(images)
        before = model(images)
    weights = model.variables_by_name["LeNet/fc4/biases"]
    gradients = tape.gradient(before, [images, weights.value])
    assert all(np.abs(gradient).max() > 0 for gradient in gradients)
    weights.assign(weights.value + 1)
    np.testing.assert_allclose(model(images), before + 1, atol=1e-5)  # float32 sums


@pytest.mark.parametrize("traced", [False, True], ids=["eager", "in a function"])
def test_gradients_flow_through_inference(traced):
    model = slimzoo.Model("lenet")
    images = tf.random.stateless_uniform((2, 28, 28, 1), (0, 1))
    weights = model.variables_by_name["LeNet/conv1/weights"].value

    def gradients(images):
        with tf.GradientTape() as tape:
            tape.watch(images)
            logits = model(images)
        return tape.gradient(logits, [images, weights])

    found = (tf.function(gradients) if traced else gradients)(images)
    assert all(np.abs(gradient).max() > 0 for gradient in found)


def test_inference_runs_inside_a_condition_and_after_what_it_must_wait_for():
    model = slimzoo.Model("lenet")
    images = tf.random.stateless_uniform((2, 28, 28, 1), (0, 1))
    counted = tf.Variable(0.0)

    @tf.function
    def run(images, really):
        with tf.control_dependencies([counted.assign_add(1.0)]):
            first = model(images)
        return first, tf.cond(really, lambda: model(images), lambda: tf.zeros((2, 10)))

    for value in run(images, tf.constant(True)):
        np.testing.assert_allclose(value, model(images), atol=1e-6)  # another graph, optimised otherwise
    assert counted.numpy() == 1


def averaging_scope(activation_fn=tf.nn.relu):
    """Its batch norm is in training whatever the mode."""
    with slim.arg_scope([slim.conv2d], normalizer_fn=slim.batch_norm, activation_fn=activation_fn) as scope:
        return scope


def noisy_scope():
    return averaging_scope(lambda net: net + tf.random.uniform(tf.shape(net)))


def test_batch_norm_that_trains_in_inference_keeps_doing_so():
    model = slimzoo.Model("lenet", arg_scope=averaging_scope)
    images = tf.random.stateless_uniform((2, 28, 28, 1), (0, 1))
    before = model.variables_by_name["LeNet/conv1/BatchNorm/moving_mean"].numpy()
    trained = model(images).numpy()
    assert (model.variables_by_name["LeNet/conv1/BatchNorm/moving_mean"].numpy() != before).any()
    model.freeze("LeNet")
    assert np.abs(model(images).numpy() - trained).max() > 1e-3


@pytest.mark.parametrize(
    "scope",
    [noisy_scope, averaging_scope, lambda: averaging_scope(tf.nn.silu)],
    ids=["noise", "averages", "silu"],
)
def test_a_graph_with_a_seed_with_assignments_or_with_gradients_of_its_own_is_not_kept(scope):
    assert slimzoo.Model("lenet", arg_scope=scope).discovery.replay is None


def test_activations_with_a_gradient_of_their_own_keep_it():
    model = slimzoo.Model("lenet", arg_scope=lambda: averaging_scope(tf.nn.silu))
    with tf.GradientTape() as tape:
        logits = model(np.ones((2, 28, 28, 1), np.float32))
    assert np.abs(tape.gradient(logits, model.variables_by_name["LeNet/fc4/biases"].value)).max() > 0


@pytest.mark.parametrize("kind", ["captured", "function", "placeholder"])
def test_a_graph_that_needs_more_than_images_and_variables_is_not_kept(kind):
    outside, found = tf.ones([1000]), []  # TensorFlow copies small ones into the graph

    @tf.function
    def doubled(value):
        return value * 2

    def network(images):
        outputs = {
            "captured": lambda: images * outside,
            "function": lambda: doubled(images),
            "placeholder": lambda: images,
        }[kind]()
        found.append((record(images, {}, [images + 1]), record(images, {}, [outputs])))
        return outputs

    tf.compat.v1.wrap_function(network, [tf.TensorSpec((None, 1), name="images")])
    plain, kept = found[0]
    assert kept is None and (plain is not None) == (kind == "placeholder")
