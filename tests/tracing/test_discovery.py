"""Discovery: what a network function is made of, found without making a variable."""

from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

import slimzoo
from slimzoo import slim
from slimzoo.errors import SlimzooError
from slimzoo.tracing.discovery import discover
from slimzoo.tracing.parts import resolve
from tests import warm
from tests.networks import IMAGES, every_network, little

v1 = tf.compat.v1


def found(network, shape=(8, 8, 3)):
    return discover(network, shape, tf.float32)


def test_variables_come_in_order_with_shape_regularizer_and_trainable():
    result = found(lambda images, is_training: little(images, is_training=is_training))
    specs = result.variables
    assert list(specs) == [
        *(
            "Conv/weights",
            "Conv/BatchNorm/beta",
            "Conv/BatchNorm/moving_mean",
            "Conv/BatchNorm/moving_variance",
        ),
        *("Conv_1/weights", "Conv_1/biases", "logits/weights", "logits/biases"),
    ]
    assert specs["Conv_1/weights"].shape == (3, 3, 4, 6) and specs["Conv_1/weights"].size == 216
    assert [n for n, s in specs.items() if not s.trainable] == list(specs)[2:4]
    assert [n for n, s in specs.items() if s.regularizer] == ["Conv_1/weights"]
    assert result.output_shape == (None, 3)
    assert result.end_points[False] == {
        "first": (None, 8, 8, 4),
        "second": (None, 4, 4, 6),
        "logits": (None, 3),
    }


def test_a_regularizer_that_gives_nothing_is_none():
    def network(images, is_training):
        return slim.conv2d(images, 1, [1, 1], weights_regularizer=slim.l2_regularizer(0.0))

    assert found(network).variables["Conv/weights"].regularizer is None


def test_what_exists_only_in_training_is_found():
    def network(images, is_training):
        net = slim.conv2d(images, 2, [1, 1], scope="main")
        ends = {"aux": slim.conv2d(net, 1, [1, 1], scope="aux")} if is_training else {}
        return slim.flatten(net), {"main": net, **ends}

    result = found(network)
    assert list(result.variables) == ["main/weights", "main/biases", "aux/weights", "aux/biases"]
    assert list(result.end_points[True]) == ["main", "aux"] and list(result.end_points[False]) == ["main"]
    model = slimzoo.Model(network, input_shape=(8, 8, 3))
    assert list(model.end_points(IMAGES, training=True)) == ["main", "aux"]


def test_the_keys_and_shapes_of_end_points_and_features_are_those_of_discovery():
    model = slimzoo.Model("mobilenet_v1_025", 4, (64, 64, 3))
    images = np.zeros((2, 64, 64, 3), np.float32)
    known = found(model.parts.run, (64, 64, 3)).end_points[False]
    ends = model.end_points(images)
    assert {k: (None, *v.shape[1:]) for k, v in ends.items()} == known and list(ends) == list(known)
    two = model.features(images, ["Conv2d_3_pointwise", "Logits"])
    assert list(two) == ["Conv2d_3_pointwise", "Logits"]
    np.testing.assert_array_equal(two["Logits"], model(images))
    assert model.features(images, "Conv2d_0").shape == (2, 32, 32, 8)


def test_an_unknown_end_point_suggests_the_nearest():
    model = slimzoo.Model("lenet")
    images = np.zeros((1, 28, 28, 1), np.float32)
    with pytest.raises(SlimzooError, match=r"(?s)'pool3'; nearest: pool\d.*'logits'; nearest: Logits"):
        model.features(images, ["pool3", "logits", "conv1"])
    with pytest.raises(SlimzooError, match="nearest: fc3"):
        model.feature_model("fc33")


def test_sharing_by_reuse_finds_the_variable_once():
    def network(images, is_training):
        first = slim.conv2d(images, 3, [1, 1], scope="shared")
        return slim.flatten(slim.conv2d(first, 3, [1, 1], scope="shared", reuse=True))

    model = slimzoo.Model(network, input_shape=(8, 8, 3))
    assert list(model.variables_by_name) == ["shared/weights", "shared/biases"]
    weights = model.variables_by_name["shared/weights"].numpy()[0, 0]
    expected = np.maximum(np.maximum(IMAGES @ weights, 0) @ weights, 0).reshape(8, -1)
    np.testing.assert_allclose(model(IMAGES), expected, atol=1e-5)  # float32 round-off


def test_auto_reuse_works():
    def network(images):
        for _ in range(2):
            with v1.variable_scope("both", reuse=v1.AUTO_REUSE):
                images = slim.conv2d(images, 3, [1, 1])
        return slim.flatten(images)

    names = list(slimzoo.Model(network, input_shape=(8, 8, 3)).variables_by_name)
    assert names == ["both/Conv/weights", "both/Conv/biases"]


@pytest.mark.parametrize(
    "second, words",
    [
        ({}, "shared/weights already exists"),
        ({"reuse": True, "scope": "other"}, "other/weights does not exist"),
        ({"reuse": True, "num_outputs": 5}, r"specified shape .* and found shape"),
    ],
)
def test_wrong_sharing_raises_what_tensorflow_says(second, words):
    def network(images):
        slim.conv2d(images, 3, [1, 1], scope="shared")
        settings = {"num_outputs": 3, "scope": "shared", **second}
        return slim.conv2d(images, kernel_size=[1, 1], **settings)

    with pytest.raises(ValueError, match=words):
        slimzoo.Model(network, input_shape=(8, 8, 3))


def test_plain_get_variable_with_its_initializers_works():
    def network(images):
        net = slim.flatten(images)
        a = v1.get_variable("a", [192, 2], initializer=v1.ones_initializer)  # the class, as in old code
        b = v1.get_variable("b", initializer=np.arange(2, dtype=np.float32))
        c = v1.get_variable("c", initializer=3.0)
        d = v1.get_variable("d", [2])  # TensorFlow's default
        return net @ a + b + c + d

    model = slimzoo.Model(network, input_shape=(8, 8, 3))
    np.testing.assert_array_equal(model.variables_by_name["b"], [0, 1])
    assert model.variables_by_name["c"].numpy() == 3.0
    sums = IMAGES.reshape(8, -1).sum(1, keepdims=True)
    expected = sums + [0, 1] + 3 + model.variables_by_name["d"].numpy()
    np.testing.assert_allclose(model(IMAGES), expected, atol=1e-4)  # 192 values summed in float32


def test_a_partitioned_variable_is_one_variable_a_part():
    def network(images):
        partitioner = v1.fixed_size_partitioner(2)
        with v1.variable_scope("net", partitioner=partitioner):
            table = v1.get_variable("table", [192, 3])
            return tf.matmul(slim.flatten(images), tf.convert_to_tensor(table))

    model = slimzoo.Model(network, input_shape=(8, 8, 3))
    assert model(IMAGES).shape == (8, 3)
    assert sum(int(np.prod(v.shape)) for v in model.weights) == 192 * 3


def test_variables_in_a_condition_are_found():
    def network(images, is_training):
        with v1.variable_scope("net"):
            return slim.flatten(
                tf.cond(
                    tf.reduce_sum(images) > 0,
                    lambda: slim.conv2d(images, 2, [1, 1], scope="yes"),
                    lambda: slim.conv2d(images, 2, [1, 1], scope="no"),
                )
            )

    model = slimzoo.Model(network, input_shape=(8, 8, 3))
    assert sorted(model.variables_by_name) == [
        "net/no/biases",
        "net/no/weights",
        "net/yes/biases",
        "net/yes/weights",
    ]
    weights = model.variables_by_name["net/yes/weights"].numpy()[0, 0]
    ones = np.ones((1, 8, 8, 3), np.float32)
    np.testing.assert_allclose(model(ones), np.maximum(ones @ weights, 0).reshape(1, -1), atol=1e-6)


def test_discovery_and_training_work_under_op_determinism():
    code = (
        "import keras, tensorflow as tf; keras.utils.set_random_seed(1); "
        "tf.config.experimental.enable_op_determinism()\n"
        "from tests.networks import *\nlosses = []\n"
        "for _ in range(2):\n"
        "    keras.utils.set_random_seed(1)\n"
        "    model = compiled(little_model())\n"
        "    losses.append(model.fit(IMAGES, LABELS, epochs=2, verbose=0).history['loss'])\n"
        "assert losses[0] == losses[1], losses\nprint('SAME')"
    )
    done = warm.run("-c", code)
    assert "SAME" in done.stdout, done.stderr[-2000:]


# What a network cannot do.


def test_a_tf_variable_names_its_file_and_line():
    def network(images):
        scale = tf.Variable(2.0)  # this line
        return slim.flatten(images) * scale

    line = next(
        i for i, text in enumerate(Path(__file__).read_text().splitlines(), 1) if "# this line" in text
    )
    with pytest.raises(SlimzooError, match=rf"test_discovery.py, line {line}: scale = tf.Variable"):
        slimzoo.Model(network, input_shape=(8, 8, 3))


def test_a_keras_layer_made_in_a_network_is_refused():
    with pytest.raises(SlimzooError, match=r"(?s)tf.Variable at .*test_discovery.py.*Keras layer"):
        slimzoo.Model(lambda images: keras.layers.Dense(2)(slim.flatten(images)), input_shape=(8, 8, 3))


def test_asking_for_other_variables_at_run_time_says_so():
    def network(images):
        channels = 2 if images.shape[1] == 8 else 3
        return slim.flatten(slim.conv2d(images, 2, [1, 1], scope=f"conv{channels}"))

    model = slimzoo.Model(network, input_shape=(8, 8, 3))
    with pytest.raises(
        SlimzooError, match=r"(?s)asks for variable 'conv3/weights'.*the same variables at every run"
    ):
        model(IMAGES[:, :6, :6])


def test_images_of_another_size_name_the_variable_that_does_not_fit():
    with pytest.raises(SlimzooError, match=r"'LeNet/fc3/weights' has shape \(3136, 1024\).*input_shape"):
        slimzoo.Model("lenet")(np.zeros((1, 32, 32, 1), np.float32))


@pytest.mark.parametrize("outputs", [None, 3, [1, 2], ({}, {})])
def test_a_network_that_returns_something_else_says_what(outputs):
    with pytest.raises(SlimzooError, match="returns its logits, or"):
        slimzoo.Model(lambda images: outputs, input_shape=(8, 8, 3))


def test_a_shape_that_is_not_known_says_what_to_give():
    with pytest.raises(ValueError, match=r"(?s)must be known.*input_shape is \(None, None, 1\)"):
        slimzoo.Model("lenet", input_shape=(None, None, 1))


def test_an_initial_value_computed_in_the_graph_is_refused():
    def network(images):
        return slim.flatten(images) * v1.get_variable("a", initializer=tf.reduce_sum(images))

    with pytest.raises(SlimzooError, match="initial value of variable a is computed in the graph"):
        slimzoo.Model(network, input_shape=(8, 8, 3))


# Multiply-adds.


def test_multiply_adds_of_mobilenet_equal_the_published_ones():
    rows = slimzoo.Model("mobilenet_v1").summary_rows()
    by_scope = {row.scope.rpartition("/")[2]: row.multiply_adds for row in rows}
    # The table "Mult-Adds" in the original mobilenet_v1.py.
    assert by_scope["Conv2d_0"] == 10_838_016
    assert by_scope["Conv2d_1_depthwise"] == 3_612_672
    assert by_scope["Conv2d_1_pointwise"] == 25_690_112
    assert by_scope["Conv2d_12_pointwise"] == 25_690_112
    assert by_scope["Conv2d_13_depthwise"] == 451_584
    assert by_scope["Conv2d_13_pointwise"] == 51_380_224
    assert sum(v for k, v in by_scope.items() if k != "Conv2d_1c_1x1") == 567_716_352
    assert (
        sum(row.parameters for row in rows) == 4_254_889
    )  # with the moving averages: 4,231,976 + 2 * 11,456 + 1


def test_multiply_adds_do_not_depend_on_the_data_format():
    ours, theirs = (slimzoo.Model("mobilenet_v1_025", data_format=f).summary_rows() for f in ("NHWC", "NCHW"))
    assert [row.multiply_adds for row in ours] == [row.multiply_adds for row in theirs]


@pytest.mark.parametrize("name", every_network(("nasnet_cifar",)))  # nasnet_mobile: fewer of the same cells
def test_the_modes_a_registered_network_names_ask_for_every_variable_in_order(name):
    parts = resolve(name)
    alone = discover(parts.run, parts.input_shape, tf.float32, parts.network.modes)
    both = discover(parts.run, parts.input_shape, tf.float32)
    assert list(alone.variables.values()) and list(alone.variables) == list(both.variables)
    assert alone.end_points == both.end_points and alone.output_shape == both.output_shape


def test_a_mode_left_for_later_may_ask_for_no_new_variable():
    def network(images, is_training):
        return slim.flatten(slim.conv2d(images, 1, [1, 1], scope="training" if is_training else "inference"))

    result = discover(network, (8, 8, 3), tf.float32, modes=(True,))
    with pytest.raises(SlimzooError, match=r"(?s)only where is_training is False.*inference/weights"):
        result.mode(False)


@pytest.mark.parametrize("for_shapes", [True, False])
def test_only_a_trace_for_shapes_leaves_out_what_changes_none(for_shapes):
    kinds = set()

    def network(images, is_training):
        net = slim.batch_norm(images, is_training=is_training)
        kinds.update(op.type for op in net.graph.get_operations())
        return net

    discover(network, (8, 8, 3), tf.float32, modes=(False,), for_shapes=for_shapes)
    assert ("FusedBatchNormV3" in kinds) != for_shapes
