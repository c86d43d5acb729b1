"""GDN, as a function and as an object: numbers recorded from TensorFlow 1.15.5 (tf.contrib.slim)."""

import numpy as np
import pytest
import tensorflow as tf

from slimzoo import slim
from slimzoo.slim.gdn import lower_bound
from tests.slim.support import assert_recorded, graph_session, images, names, ramp, v1

RECORDED = {  # layer: how it is built; name, shape and three sums of its outputs; gradients
    "gdn": (
        lambda: slim.gdn(images(2, 4, 5, 3)),
        "gdn/truediv",
        (2, 4, 5, 3),
        (144.1351, 144.1351, 67.61466),
        (4189.8, 0.332739, 107.434),
    ),
    "gdn inv": (
        lambda: slim.gdn(images(2, 4, 5, 3), inverse=True, gamma_init=0.3, name="x"),
        "x/mul",
        (2, 4, 5, 3),
        (26.665, 26.665, 13.776),
        (60.2291, 1.39009, 2.18494),
    ),
    "gdn 3": (
        lambda: slim.gdn(images(2, 4, 3), beta_min=0.01, reparam_offset=0.1, trainable=False),
        "gdn/truediv",
        (2, 4, 3),
        (21.65498, 21.65498, 8.105783),
        (191.869,),
    ),
    "gdn 5": (
        lambda: slim.gdn(images(2, 2, 2, 2, 3), activity_regularizer=slim.l2_regularizer(0.1)),
        "gdn/truediv",
        (2, 2, 2, 2, 3),
        (70.57467, 70.57467, 30.24054),
        (7531.75, 0.3375, 117.784),
    ),
}


@pytest.mark.parametrize("layer", RECORDED)
def test_a_layer_gives_the_numbers_and_gradients_of_tensorflow_1(layer):
    assert_recorded(*RECORDED[layer])


def test_channels_first_gives_the_same_numbers():
    for rank in (3, 4, 5):
        with graph_session() as session:
            inputs = images(*(2, 4, 3, 2, 3)[: rank - 1], 3)
            last = slim.gdn(inputs)
            first = slim.gdn(
                tf.transpose(inputs, [0, rank - 1, *range(1, rank - 1)]), data_format="channels_first"
            )
            session.run(v1.global_variables_initializer())
            one, other = session.run([last, tf.transpose(first, [0, *range(2, rank), 1])])
        np.testing.assert_allclose(one, other, rtol=1e-6)  # float32


def test_the_inverse_multiplies():
    with graph_session() as session:
        outputs = slim.gdn(tf.constant(ramp(1, 2, 3)), inverse=True)
        session.run(v1.global_variables_initializer())
        expected = ramp(1, 2, 3) * np.sqrt(1 + 0.1 * ramp(1, 2, 3) ** 2)
        np.testing.assert_allclose(session.run(outputs), expected, rtol=1e-5)  # float32


def test_functions_and_objects_are_named_as_in_tensorflow_1():
    with graph_session():
        outputs = [slim.gdn(images(2, 4, 5, 3)) for _ in range(2)]
        outputs += [slim.gdn(images(2, 4, 5, 3), name="n", reuse=reuse) for reuse in (None, True)]
        layer = slim.GDN(name="object")
        outputs += [layer(images(2, 4, 5, 3)), layer.apply(images(2, 4, 5, 3))]
        assert [output.op.name for output in outputs] == [
            "gdn/truediv",
            "gdn_1/truediv",
            "n/truediv",
            "n_1/truediv",
            "object/truediv",
            "object/truediv_1",
        ]
        scopes = ("gdn", "gdn_1", "n", "object")
        assert names("variables") == [
            f"{s}/{name}" for s in scopes for name in ("reparam_beta", "reparam_gamma")
        ]
        assert names("model_variables") == []  # it was a layer of tf.layers, which lists none
        assert layer.scope_name == "object" and layer.beta.shape == (3,) and layer.gamma.shape == (3, 3)
        assert layer.variables == layer.trainable_variables == v1.global_variables()[-2:]
        assert layer.non_trainable_variables == layer.losses == []


def test_a_layer_that_is_not_trained_says_so():
    with graph_session():
        layer = slim.GDN(trainable=False)
        layer(images(2, 4, 3))
        assert names("trainable_variables") == layer.trainable_weights == []
        assert len(layer.non_trainable_weights) == 2


def test_the_dtype_is_that_of_the_inputs():
    with graph_session():
        assert slim.GDN()(tf.zeros([1, 2, 3], tf.float64)).dtype == tf.float64


def test_the_activity_penalty_is_listed_for_each_call():
    with graph_session():
        layer = slim.GDN(activity_regularizer=slim.l2_regularizer(0.1), name="g")
        layer(images(2, 4, 3))
        assert names("regularization_losses") == ["g/ActivityRegularizer/truediv"]
        assert layer.losses == v1.get_collection("regularization_losses")


def test_below_the_bound_only_a_gradient_that_lifts_passes():
    with graph_session() as session:
        values = tf.constant([0.0, 0.0, 2.0])
        gradient = tf.gradients(lower_bound(values, tf.constant(1.0)), values, tf.constant([1.0, -1.0, 1.0]))
        np.testing.assert_array_equal(session.run(gradient[0]), [0, -1, 1])


WRONG = {
    "format": (
        lambda: slim.GDN(data_format="NHWC"),
        "Unsupported `data_format` .*: NHWC. It may be channels_first",
    ),
    "rank": (lambda: slim.gdn(images(2, 3)), "rank 3 to 5, got rank 2"),
    "channels": (
        lambda: slim.gdn(v1.placeholder(tf.float32, [1, 2, None])),
        "must be defined.*call set_shape",
    ),
    "scope": (lambda: slim.GDN().scope_name, "gets one at its first call"),
    "missing": (lambda: slim.gdn(images(1, 2, 3), name="n", reuse=True), "There are no variables yet"),
}


@pytest.mark.parametrize("mistake", WRONG)
def test_a_mistake_says_what_was_given_and_what_is_allowed(mistake):
    build, message = WRONG[mistake]
    with graph_session(), pytest.raises(ValueError, match=message):
        build()


def test_inputs_with_other_channels_than_the_first_are_refused():
    with graph_session(), pytest.raises(ValueError, match="built for 3 channels, these inputs have 2"):
        layer = slim.GDN()
        layer(images(1, 2, 3))
        layer(images(1, 2, 2))


def test_an_unknown_argument_is_named():
    with pytest.raises(TypeError, match="not understood: beta"):
        slim.GDN(beta=1)
