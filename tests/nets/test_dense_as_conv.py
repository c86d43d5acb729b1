"""AlexNet, OverFeat and VGG: image sizes, maps of predictions, and what they refuse."""

import numpy as np
import pytest
import tensorflow as tf

import slimzoo
from slimzoo import slim
from slimzoo.nets import alexnet, overfeat, vgg
from slimzoo.tracing.parts import network_shapes
from tests.goldens import fill

NETWORKS = {  # network: the smallest image and the largest of which fc6 makes one prediction
    alexnet.alexnet_v2: (195, 226),
    overfeat.overfeat: (231, 262),
    vgg.vgg_a: (224, 255),
}


def build(network, size, num_classes=3, **arguments):
    images = tf.compat.v1.placeholder(tf.float32, [2, size, size, 3])
    with slim.arg_scope(slimzoo.get_network(network.__name__).arg_scope()):
        return network(images, num_classes, is_training=False, **arguments)


@pytest.mark.parametrize("network", NETWORKS)
def test_the_smallest_and_the_largest_image_of_one_prediction(network):
    smallest, largest = NETWORKS[network]
    with tf.Graph().as_default():
        assert build(network, smallest)[0].shape.as_list() == [2, 3]
    with tf.Graph().as_default():
        assert build(network, largest)[0].shape.as_list() == [2, 3]


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("below", [1, 200])
def test_a_smaller_image_is_refused_with_the_smallest_size(network, below):
    smallest, _ = NETWORKS[network]
    size = max(smallest - below, 1)
    words = f"images are {size}x{size} pixels; the smallest that work are {smallest}x{smallest}"
    with tf.Graph().as_default(), pytest.raises(ValueError, match=words):
        build(network, size)
    with pytest.raises(ValueError, match=words):
        slimzoo.Model(network.__name__, 3, (size, size, 3))


@pytest.mark.parametrize("network", NETWORKS)
def test_a_larger_image_gives_a_map_or_names_the_ways_out(network):
    size = NETWORKS[network][1] + 1
    with tf.Graph().as_default():
        logits, end_points = build(network, size, spatial_squeeze=False)
        assert logits.shape.as_list() == [2, 2, 2, 3]
        assert end_points[f"{network.__name__}/fc8"] is logits
    with tf.Graph().as_default():
        logits, end_points = build(network, size, global_pool=True)
        assert logits.shape.as_list() == [2, 3]
        assert end_points["global_pool"].shape.as_list() == [2, 1, 1, 4096]
    words = r"Can not squeeze a map of 2x2 .*spatial_squeeze=False.*global_pool=True"
    with tf.Graph().as_default(), pytest.raises(ValueError, match=words):
        build(network, size)


@pytest.mark.parametrize("network", NETWORKS)
def test_without_classes_the_features_come_back(network):
    with tf.Graph().as_default():
        net, end_points = build(network, NETWORKS[network][0], num_classes=None)
        assert net is end_points[f"{network.__name__}/fc7"] and net.shape.as_list() == [2, 1, 1, 4096]


def test_vgg_pads_fc6_for_images_as_small_as_32_pixels():
    with tf.Graph().as_default():
        assert build(vgg.vgg_a, 32, fc_conv_padding="SAME")[0].shape.as_list() == [2, 3]
    with (
        tf.Graph().as_default(),
        pytest.raises(ValueError, match="images are 31x31 pixels; the smallest that work are 32x32"),
    ):
        build(vgg.vgg_a, 31, fc_conv_padding="SAME")


def test_images_of_unknown_size_are_taken_as_they_come():
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        images = tf.compat.v1.placeholder(tf.float32, [None, None, None, 3])
        with slim.arg_scope(alexnet.alexnet_v2_arg_scope()):
            logits, _ = alexnet.alexnet_v2(images, 3, is_training=False, spatial_squeeze=False)
        session.run(tf.compat.v1.global_variables_initializer())
        assert session.run(logits, {images: np.zeros((1, 195, 227, 3))}).shape == (1, 1, 2, 3)


def test_an_error_that_has_another_reason_stays_as_it_is():
    with tf.Graph().as_default(), pytest.raises(ValueError, match=r"^padding has to be") as caught:
        build(vgg.vgg_a, 224, fc_conv_padding="BOTH")
    assert "smallest" not in str(caught.value)


def test_alexnet_and_overfeat_begin_with_the_published_initial_values():
    for network, biases in ((alexnet.alexnet_v2, 0.1), (overfeat.overfeat, 0.0)):
        with tf.Graph().as_default(), tf.compat.v1.Session() as session:
            build(network, NETWORKS[network][0])
            get = {v.op.name.partition("/")[2]: v for v in tf.compat.v1.global_variables()}
            wanted = [get[name] for name in ("conv1/biases", "fc6/biases", "fc8/biases", "fc8/weights")]
            session.run([variable.initializer for variable in wanted])  # and not 140 million more
            *values, weights = session.run(wanted)
            assert [value.max() for value in values] == pytest.approx([biases, 0.1, 0.0])
            # Truncated at two standard deviations of 0.005, which leaves 0.88 of them: 0.0044.
            assert weights.std() == pytest.approx(0.0044, rel=0.03)


def test_alexnet_is_the_same_in_either_data_format():
    values = {name: fill(name, shape) for name, shape in network_shapes("alexnet_v2", 3).items()}
    images = np.random.RandomState(0).uniform(-1, 1, (1, 195, 195, 3)).astype(np.float32)
    outputs = [
        slimzoo.Model("alexnet_v2", 3, (195, 195, 3), data_format=f, initial_values=values)(images).numpy()
        for f in ("NHWC", "NCHW")
    ]
    # 1e-5 of the largest: float32, other kernels for NCHW.
    np.testing.assert_allclose(outputs[0], outputs[1], rtol=0, atol=1e-5 * np.abs(outputs[0]).max())
