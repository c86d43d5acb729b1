"""tf.layers against TensorFlow 1.15.5: variables, names, collections, outputs, gradients, updates."""

import json
from pathlib import Path

import numpy as np
import pytest

from slimzoo.compat import faces
from tests.compat import tf_layers_cases as cases

RECORDED = json.loads(Path(__file__).with_name("tf_layers.json").read_text())
TF = faces.resolve("tensorflow")


@pytest.fixture(scope="module", autouse=True)
def tensorflow_1():
    """Switches to the variables and the control flow of TensorFlow 1, as `slimzoo run` does."""
    TF.disable_resource_variables()
    TF.disable_control_flow_v2()
    yield
    TF.enable_resource_variables()
    TF.enable_control_flow_v2()


@pytest.mark.parametrize("case", cases.CASES)
def test_a_program_of_tf_layers_gives_what_it_gave(case):
    found, recorded = cases.measure(TF, case), RECORDED[case]
    for what in ("output", "shape", "variables", "counts", "gradients"):
        assert found[what] == recorded[what], what
    for what in ("sums", "after"):  # of float32 values, recorded to 6 digits
        np.testing.assert_allclose(found[what], recorded[what], rtol=2e-5, atol=2e-4, err_msg=what)


def test_a_layer_knows_its_variables_trained_or_not():
    with TF.Graph().as_default():
        layer = TF.layers.BatchNormalization(name="b")
        layer(TF.zeros([2, 3]), training=True)
        assert [v.op.name for v in layer.trainable_variables] == ["b/gamma", "b/beta"]
        assert [v.op.name for v in layer.non_trainable_weights] == ["b/moving_mean", "b/moving_variance"]
        assert (layer.count_params(), len(layer.updates), layer.scope_name) == (12, 2, "b")
        layer.trainable = False
        assert layer.trainable_weights == [] and len(layer.variables) == 4


def test_layers_are_numbered_by_graph():
    for _ in range(2):
        with TF.Graph().as_default():
            layers = [
                TF.layers.Dense(3),
                TF.layers.Dense(3),
                TF.layers.Conv2D(3, 3),
                TF.layers.Dense(3, name="x"),
            ]
            assert [layer.name for layer in layers] == ["dense_1", "dense_2", "conv2d_1", "x"]


def test_channels_may_come_first():
    layers = TF.layers
    with TF.Graph().as_default():
        image, row = TF.zeros([2, 3, 8, 8]), TF.zeros([2, 3, 8])
        first = {"data_format": "channels_first"}
        assert layers.conv2d(image, 4, 3, **first).shape == [2, 4, 6, 6]
        assert layers.conv2d_transpose(image, 4, 3, strides=2, **first).shape == [2, 4, 17, 17]
        assert layers.max_pooling2d(image, 2, 2, **first).shape == [2, 3, 4, 4]
        assert layers.separable_conv2d(image, 4, 3, **first).shape == [2, 4, 6, 6]
        assert layers.separable_conv1d(row, 4, 3, **first).shape == [2, 4, 6]
        assert layers.average_pooling1d(row, 2, 2, **first).shape == [2, 3, 4]
        assert layers.batch_normalization(image, axis=1, training=True).shape == image.shape


def test_a_layer_computes_the_shape_of_its_outputs_and_makes_nothing():
    with TF.Graph().as_default():
        assert TF.layers.Dense(2).compute_output_shape([2, 3]) == [2, 2]
        assert TF.layers.Conv2D(2, 3).compute_output_shape([2, 8, 8, 3]) == [2, 6, 6, 2]
        assert TF.global_variables() == []


def test_what_cannot_be_says_what_was_given_and_what_is_taken():
    layers = TF.layers
    with TF.Graph().as_default():
        with pytest.raises(
            ValueError, match=r"expected min_ndim=2, found ndim=1. Full shape received: \(4,\)"
        ):
            layers.dense(TF.zeros([4]), 3)
        with pytest.raises(TypeError, match=r"unexpected keyword argument 'foo'. It takes inputs, units"):
            layers.dense(TF.zeros([2, 4]), 3, foo=1)
        with pytest.raises(TypeError, match=r"not understood: foo. Dense takes units"):
            layers.Dense(3, foo=1)
        with pytest.raises(ValueError, match='must be one of "valid", "same" or "causal", not \'x\''):
            layers.conv2d(TF.zeros([2, 4, 4, 3]), 3, 3, padding="x")
        with pytest.raises(ValueError, match="Variable d/kernel already exists"):
            [layers.dense(TF.zeros([2, 4]), 3, name="d") for _ in range(2)]
        with pytest.raises(ValueError, match=r"must be positive and divide the batch; .*cannot include 0"):
            layers.batch_normalization(TF.zeros([4, 2]), axis=0, virtual_batch_size=0)
        with pytest.raises(ValueError, match=r"axis=\[1, -2\] names one twice"):
            layers.batch_normalization(TF.zeros([4, 2, 2]), axis=[1, -2])
