"""Models called twice, beside each other, inside each other, beside other slim code; NCHW."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import slimzoo
from slimzoo import slim
from slimzoo.errors import SlimzooError
from tests.goldens import fill
from tests.networks import (
    IMAGES,
    LABELS,
    assert_close,
    assert_same,
    disturb,
    little,
    little_model,
    values,
)

OTHERS = IMAGES[::-1].copy()
SAME = 1e-6  # the same ops on the same values: float32 round-off alone


def test_a_functional_model_computes_the_same_and_trains():
    model = little_model()
    inputs = keras.Input((8, 8, 3))
    outputs = keras.layers.Softmax()(model(inputs))
    whole = keras.Model(inputs, outputs)
    assert_close(whole.predict(IMAGES, verbose=0), tf.nn.softmax(model(IMAGES)), SAME)
    before = values(model)
    whole.compile("sgd", "sparse_categorical_crossentropy")
    whole.fit(IMAGES, LABELS, verbose=0)
    assert all((value != before[name]).any() for name, value in values(model).items())


def test_a_sequential_model_saves_and_loads(tmp_path):
    model = little_model()
    whole = keras.Sequential([keras.layers.Rescaling(2.0), model, keras.layers.Dense(2)])
    whole.build((None, 8, 8, 3))
    disturb(model)
    whole.save(tmp_path / "m.keras")
    again = keras.models.load_model(tmp_path / "m.keras")
    assert_same(values(again.layers[1]), values(model))
    assert_close(again(IMAGES), whole(IMAGES), SAME)


def test_a_functional_model_clones_with_a_model_inside():
    inputs = keras.Input((8, 8, 3))
    whole = keras.Model(inputs, little_model()(inputs))
    clone = keras.models.clone_model(whole)
    clone.set_weights(whole.get_weights())
    assert_close(clone(IMAGES), whole(IMAGES), SAME)


# The same network twice: siamese.


def test_a_model_called_three_times_in_one_function_uses_the_same_variables():
    model = little_model()
    disturb(model)

    @tf.function
    def thrice(first, second):
        return model(first), model(second), model(first)

    first, second, again = thrice(IMAGES, OTHERS)
    assert_close(first, model(IMAGES), SAME)
    assert_close(second, model(OTHERS), SAME)
    assert_close(again, first, SAME)
    assert np.abs(first - second).max() > 1e-2


def test_a_siamese_functional_model_has_the_variables_once_and_sums_the_gradients():
    model = little_model(keep_prob=1.0)
    left, right = keras.Input((8, 8, 3)), keras.Input((8, 8, 3))
    whole = keras.Model([left, right], keras.layers.Subtract()([model(left), model(right)]))
    assert len(whole.weights) == len(model.weights) == 8
    assert_close(whole([IMAGES, OTHERS]), model(IMAGES) - model(OTHERS), SAME)
    variable = model.variables_by_name["Conv_1/weights"]

    def gradient(function):
        with tf.GradientTape() as tape:
            total = tf.reduce_sum(function() ** 2)
        return tape.gradient(total, variable.value)

    ours = gradient(lambda: whole([IMAGES, OTHERS]))
    assert_close(ours, gradient(lambda: model(IMAGES) - model(OTHERS)), 1e-5)  # sums in another order


def test_end_points_keep_their_names_in_a_second_run_in_one_graph():
    def network(images):  # as in vgg, its end points are named after scopes, which TensorFlow numbers
        with tf.compat.v1.variable_scope("net", "net", [images]) as scope:
            collection = scope.original_name_scope + "_end_points"
            with slim.arg_scope([slim.conv2d], outputs_collections=collection):
                net = slim.repeat(images, 2, slim.conv2d, 4, [3, 3], scope="conv")
            return slim.flatten(net), slim.utils.convert_collection_to_dict(collection)

    model = slimzoo.Model(network, input_shape=(8, 8, 3))

    @tf.function
    def twice(images, others):
        return model.end_points(images), model.end_points(others)

    first, second = twice(IMAGES, OTHERS)
    for found, images in ((first, IMAGES), (second, OTHERS)):
        expected = model.end_points(images)
        assert list(found) == list(expected) == ["net/conv/conv_1", "net/conv/conv_2"]
        for key, value in expected.items():
            assert_close(found[key], value, SAME)


def test_two_models_in_one_function_do_not_meet():
    one, two = little_model(), little_model()
    disturb(one)
    expected, before = one(IMAGES).numpy(), values(one)

    @tf.function
    def both(images):
        return one(images), two(images), one(images, training=True)

    first, second, _ = both(IMAGES)
    assert_close(first, expected, SAME)
    assert_close(second, two(IMAGES), SAME)
    mean = "Conv/BatchNorm/moving_mean"
    assert (values(one)[mean] != before[mean]).all()
    np.testing.assert_array_equal(values(two)[mean], 0)


# A model inside another model's network.


def outer_of(inner):
    def outer(images, is_training=False):
        net = slim.conv2d(images, 3, [1, 1])  # default names before and after, which `inner` has too
        logits = inner(net, training=is_training)
        net = slim.conv2d(net, 2, [1, 1])
        return tf.concat([logits, slim.flatten(slim.avg_pool2d(net, [8, 8]))], 1), {"logits": logits}

    return slimzoo.Model(outer, input_shape=(8, 8, 3))


def test_a_model_inside_a_network_keeps_its_variables_and_trains_with_the_outer_one():
    inner = little_model(keep_prob=1.0)
    outer = outer_of(inner)
    assert list(outer.variables_by_name) == ["Conv/weights", "Conv/biases", "Conv_1/weights", "Conv_1/biases"]
    assert outer.inner_model_0 is inner
    assert len(outer.weights) == 12 and len(outer.trainable_variables) == 10
    net = tf.nn.relu(IMAGES @ outer.variables_by_name["Conv/weights"].numpy()[0, 0])
    assert_close(outer(IMAGES)[:, :3], inner(net), 1e-5)  # another order of sums
    before, before_inner = values(outer), values(inner)
    outer.compile("sgd", "mse")
    outer.fit(IMAGES, np.ones((8, 5), np.float32), verbose=0)
    for name, value in {**values(outer), **{f"inner/{n}": v for n, v in values(inner).items()}}.items():
        old = before_inner[name[6:]] if name.startswith("inner/") else before[name]
        assert (value != old).any(), name


def test_freezing_an_inner_model_is_heeded_by_eager_calls_of_the_outer_one():
    inner = little_model()
    outer = outer_of(inner)
    outer(IMAGES, training=True)
    inner.freeze("Conv")
    before = values(inner)
    outer(IMAGES, training=True)
    assert_same(values(inner), before)
    inner.unfreeze()
    outer.trainable = False
    outer(IMAGES, training=True)
    assert_same(values(inner), before)
    assert outer.trainable_variables == []


def test_weights_and_checkpoints_of_the_outer_model_hold_the_inner_one(tmp_path):
    inner = little_model()
    outer = outer_of(inner)
    disturb(inner)
    logits, kept = outer(IMAGES).numpy(), values(inner)
    outer.save_weights(tmp_path / "m.weights.h5")
    path = tf.train.Checkpoint(model=outer).save(tmp_path / "c")
    for restore in (
        lambda: outer.load_weights(tmp_path / "m.weights.h5"),
        lambda: tf.train.Checkpoint(model=outer).restore(path).assert_consumed(),
    ):
        for variable in inner.weights:
            variable.assign(tf.zeros_like(variable))
        restore()
        assert_same(values(inner), kept)
        assert_close(outer(IMAGES), logits, SAME)


def test_a_network_that_trains_variables_from_outside_is_refused():
    dense = keras.layers.Dense(2, name="mine")
    dense.build((None, 192))
    outside = tf.Variable(1.0, name="outside")

    def network(images):
        return dense(slim.flatten(images)) * outside

    with pytest.raises(SlimzooError, match=r"(?s)made outside of it.*outside.*neither trained nor saved"):
        slimzoo.Model(network, input_shape=(8, 8, 3))


def test_a_constant_variable_from_outside_is_allowed():
    scale = tf.Variable(3.0, trainable=False)
    model = slimzoo.Model(lambda images: slim.flatten(images) * scale, input_shape=(8, 8, 3))
    assert_close(model(IMAGES), 3 * IMAGES.reshape(8, -1), SAME)


# Beside the user's own slim code.


def test_a_model_beside_slim_code_in_a_session_shares_nothing_with_it():
    model = little_model()
    before = values(model)
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        images = tf.compat.v1.placeholder(tf.float32, (None, 8, 8, 3))
        logits, _ = little(images)
        assert [v.op.name for v in slim.get_model_variables()] == list(model.variables_by_name)
        init, feed = slim.assign_from_values(before)
        session.run(init, feed)
        theirs = session.run(logits, {images: IMAGES})
    assert_close(model(IMAGES), theirs, 1e-5)  # another process order in the session's graph
    assert_same(values(model), before)


def test_a_model_and_slim_layers_in_one_wrapped_function():
    model = little_model()

    def both(images):
        net = slim.conv2d(images, 3, [1, 1], weights_initializer=tf.compat.v1.ones_initializer())
        return model(net), slim.conv2d(net, 1, [1, 1])

    spec = tf.TensorSpec((None, 8, 8, 3))
    wrapped = tf.compat.v1.wrap_function(both, [spec])
    logits, _ = wrapped(tf.constant(IMAGES))
    names = {v.name for v in wrapped.graph.variables if v.trainable}
    assert {"Conv/weights:0", "Conv/biases:0", "Conv_1/weights:0", "Conv_1/biases:0"} <= names
    net = np.repeat(np.maximum(IMAGES.sum(-1, keepdims=True), 0), 3, -1)
    assert_close(logits, model(net), 1e-5)  # the sum of three channels in another order


def test_a_model_called_in_a_session_graph_says_what_to_do_instead():
    model = little_model()
    with (
        tf.Graph().as_default(),
        pytest.raises(RuntimeError, match=r"(?s)cannot be made or run.*Call the network"),
    ):
        model(tf.zeros((1, 8, 8, 3)))


def test_a_model_made_in_a_session_graph_says_what_to_do_instead():
    with (
        tf.Graph().as_default(),
        pytest.raises(RuntimeError, match=r"cannot be made or run in a tf\.Graph with a session"),
    ):
        little_model()


def test_a_slim_layer_on_an_eager_tensor_shows_two_ways_out():
    with pytest.raises(RuntimeError, match=r"(?s)convolution was called eagerly.*slimzoo.Model.*tf.Graph"):
        slim.conv2d(tf.zeros((1, 8, 8, 3)), 4, [3, 3])


# NCHW.

FAMILIES = {  # network: (input shape, arguments)
    "vgg_a": ((32, 32, 3), {"fc_conv_padding": "SAME"}),
    "lenet": ((28, 28, 1), {}),
    "cifarnet": ((32, 32, 3), {}),
    "mobilenet_v1_025": ((64, 64, 3), {}),
}


@pytest.mark.parametrize(
    "name",
    [pytest.param("vgg_a", marks=pytest.mark.slow), *list(FAMILIES)[1:]],  # 130 million values: 25 s
)
def test_nchw_gives_the_numbers_of_nhwc_forward_and_in_a_gradient_step(name):
    shape, arguments = FAMILIES[name]
    images = np.random.RandomState(0).uniform(-1, 1, (2, *shape)).astype(np.float32)
    last = slimzoo.Model(name, 4, shape, dropout_keep_prob=1.0, **arguments)
    first = slimzoo.Model(name, 4, shape, dropout_keep_prob=1.0, data_format="NCHW", **arguments)
    for variable_name, variable in last.variables_by_name.items():  # the same at every run
        variable.assign(fill(variable_name, variable.shape))
    first.set_weights(last.get_weights())
    ours, theirs = first.end_points(images), last.end_points(images)
    assert list(ours) == list(theirs)
    for key in ours:
        if key == "Flatten":  # the one end point whose order of values is the layout itself
            ours[key], theirs[key] = np.sort(ours[key]), np.sort(theirs[key])
        assert_close(ours[key], theirs[key], 1e-5)
    assert_close(first(images), last(images), 1e-5)
    # Sums in another order; batch norm over the 8 values that the last layers have multiplies round-off.
    tolerance = 1e-2 if "mobilenet" in name else 1e-4
    for ours, theirs in zip(gradients(first, images), gradients(last, images), strict=True):
        assert_close(ours, theirs, tolerance)
    for key, value in values(last).items():
        if "moving" in key:
            assert_close(values(first)[key], value, 1e-3)  # batch statistics of as few values


def gradients(model, images):
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(model(images, training=True)[:, 0] ** 2)
    return tape.gradient(loss, [v.value for v in model.trainable_variables])
