"""ResNet beyond the goldens: float64, dense prediction, blocks of one's own, and what it refuses."""

import numpy as np
import pytest
import tensorflow as tf

import slimzoo
from slimzoo import slim
from slimzoo.compat.nets.contrib import resnet_v1 as first_v1
from slimzoo.compat.nets.contrib import resnet_v2 as first_v2
from slimzoo.nets import resnet_utils, resnet_v1, resnet_v2
from slimzoo.tracing.parts import network_shapes
from tests.goldens import fill, fill_all

v1 = tf.compat.v1
MODULES = {"resnet_v1": resnet_v1, "resnet_v2": resnet_v2}
# TF 1.15.5's contrib.slim with fused=False, float64, and the weights, images and labels of the golden.
LOSS = 10.00145430489465
ALL_GRADIENTS = 2839.7204760035975  # the L2 norm of all of them as one vector
GRADIENTS = {  # L2 norm, first value
    "conv1/weights": (1555.9932498370833, -34.19812847371903),
    "block1/unit_3/bottleneck_v1/conv2/BatchNorm/gamma": (25.258293855512807, -0.28201215264822016),
    "block2/unit_1/bottleneck_v1/shortcut/weights": (252.50268529127402, -0.7014184953331173),
    "block3/unit_6/bottleneck_v1/conv2/weights": (56.44888606434992, 0.0011014894235666804),
    "block4/unit_3/bottleneck_v1/conv3/BatchNorm/beta": (0.7409002557852743, -0.02860122749772533),
    "logits/weights": (37.53237763614687, 3.2938896258231316e-05),
}


def small(name, inputs, num_classes=None, **arguments):
    """A ResNet of `name` with four blocks of two units, 1 to 8 wide."""
    block = getattr(MODULES[name], f"{name}_block")
    rows = zip((1, 2, 4, 8), (2, 2, 2, 1), strict=True)
    blocks = [block(f"block{i}", width, 2, stride) for i, (width, stride) in enumerate(rows, start=1)]
    with slim.arg_scope(resnet_utils.resnet_arg_scope()):
        return getattr(MODULES[name], name)(
            inputs, blocks, num_classes, is_training=False, scope="tiny", **arguments
        )


def images(*shape):
    return tf.constant(np.random.RandomState(0).uniform(-1, 1, shape).astype(np.float32))


@pytest.mark.slow  # 10 s; mobilenet_v2_035 takes one in float64, this in float32 (test_goldens.py)
def test_in_float64_a_training_step_of_resnet_v1_50_is_the_originals():
    inputs = np.random.RandomState(0).uniform(-1, 1, (2, 64, 64, 3)).astype(np.float32)
    with tf.Graph().as_default(), v1.Session() as session:
        with (
            slim.arg_scope(resnet_v1.resnet_arg_scope()),
            slim.arg_scope([slim.batch_norm], fused=False),
        ):
            logits, _ = resnet_v1.resnet_v1_50(tf.constant(inputs, tf.float64), 1000, is_training=True)
        losses = tf.nn.softmax_cross_entropy_with_logits(tf.one_hot([3, 7], 1000, dtype=tf.float64), logits)
        total = tf.reduce_mean(losses) + tf.add_n(slim.losses.get_regularization_losses())
        variables = v1.trainable_variables()
        gradients = tf.gradients(total, variables)
        fill_all(session)
        loss, values = session.run([total, gradients])
    # 1e-9: sums of float64 in another order; measured 1e-14, 3e-13 and 3e-12.
    assert loss == pytest.approx(LOSS, rel=1e-9)
    norms = {v.op.name: np.linalg.norm(g) for v, g in zip(variables, values, strict=True)}
    assert np.linalg.norm(list(norms.values())) == pytest.approx(ALL_GRADIENTS, rel=1e-9)
    firsts = {v.op.name: np.ravel(g)[0] for v, g in zip(variables, values, strict=True)}
    for name, (norm, first) in GRADIENTS.items():
        assert norms[f"resnet_v1_50/{name}"] == pytest.approx(norm, rel=1e-9), name
        assert firsts[f"resnet_v1_50/{name}"] == pytest.approx(first, rel=1e-8), name


@pytest.mark.parametrize(
    "name, arguments",
    [
        ("resnet_v1", {}),
        ("resnet_v1", {"store_non_strided_activations": True}),
        ("resnet_v1", {"stride_in_first_unit": True, "symmetric_pooling": True}),
        ("resnet_v2", {}),
        ("resnet_v2", {"symmetric_pooling": True}),
    ],
)
def test_dense_features_subsampled_are_the_nominal_ones(name, arguments):
    with tf.Graph().as_default(), v1.Session() as session:
        inputs = images(1, 65, 70, 3)
        nominal, _ = small(name, inputs, global_pool=False, **arguments)
        picked = {}
        for stride in (4, 8, 16, 32):
            given = {"output_stride": stride, "reuse": True, **arguments}
            dense, _ = small(name, inputs, global_pool=False, **given)
            picked[stride] = resnet_utils.subsample(dense, 32 // stride)
        fill_all(session)
        dense_values, nominal_values = session.run([picked, nominal])
    # 1e-5 of the largest: float32, other kernels for dilated convolutions.
    tolerance = 1e-5 * np.abs(nominal_values).max()
    for stride, values in dense_values.items():
        np.testing.assert_allclose(values, nominal_values, rtol=0, atol=tolerance, err_msg=f"stride {stride}")


def test_store_non_strided_activations_ends_each_block_before_its_stride():
    with tf.Graph().as_default():
        _, ends = small("resnet_v1", images(1, 64, 64, 3), store_non_strided_activations=True)
        assert [ends[f"tiny/block{i}"].shape[1] for i in (1, 2, 3, 4)] == [16, 8, 4, 2]
        _, ends = small("resnet_v1", images(1, 64, 64, 3), reuse=True)
        assert [ends[f"tiny/block{i}"].shape[1] for i in (1, 2, 3, 4)] == [8, 4, 2, 2]


def test_a_block_may_stride_in_its_first_unit_which_is_another_network():
    with tf.Graph().as_default(), v1.Session() as session:
        inputs = images(1, 64, 64, 3)
        last, _ = small("resnet_v1", inputs, 5)
        first, ends = small("resnet_v1", inputs, 5, reuse=True, stride_in_first_unit=True)
        assert [ends[f"tiny/block{i}"].shape[1] for i in (1, 2, 3, 4)] == [16, 8, 4, 2]
        assert ends["tiny/block2/unit_1/bottleneck_v1/conv1"].shape[1] == 16
        assert ends["tiny/block2/unit_1/bottleneck_v1/conv2"].shape[1] == 8
        fill_all(session)
        last, first = session.run([last, first])
    assert np.abs(first - last).max() > 0.01 * np.abs(last).max()


@pytest.mark.parametrize("name", MODULES)
def test_an_epsilon_of_its_own_is_that_of_every_batch_norm(name):
    with tf.Graph().as_default(), v1.Session() as session:
        inputs, blocks = images(1, 32, 32, 3), [getattr(MODULES[name], f"{name}_block")("block1", 4, 2, 2)]
        found = []
        for scope, own in ((0.1, {}), (1e-5, {"batch_norm_epsilon": 0.1}), (1e-5, {})):
            with slim.arg_scope(resnet_utils.resnet_arg_scope(batch_norm_epsilon=scope)):
                network = getattr(MODULES[name], name)
                reuse = v1.AUTO_REUSE
                found.append(
                    network(inputs, blocks, 5, is_training=False, scope="tiny", reuse=reuse, **own)[0]
                )
        fill_all(session)
        by_scope, by_argument, without = session.run(found)
    np.testing.assert_array_equal(by_argument, by_scope)
    assert np.abs(without - by_scope).max() > 0


def test_a_symmetric_pooling_sees_a_pixel_before_the_first():
    with tf.Graph().as_default(), v1.Session() as session:
        net = tf.constant(np.arange(1.0, 17).reshape(1, 4, 4, 1), tf.float32)
        with slim.arg_scope(resnet_utils.resnet_arg_scope()):
            found = [
                resnet_utils.features(net, tf.identity, [], 4, symmetric_pooling=s) for s in (False, True)
            ]
        same, symmetric = (value[0, :, :, 0] for value in session.run(found))
    assert same.tolist() == [[11, 12], [15, 16]] and symmetric.tolist() == [[6, 8], [14, 16]]


@pytest.mark.parametrize("factor", [2, 3])
@pytest.mark.parametrize("size", [4, 5])
def test_conv2d_same_picks_rows_of_the_convolution_of_stride_one(factor, size):
    with tf.Graph().as_default(), v1.Session() as session:
        inputs = images(1, size, size, 2)
        strided = resnet_utils.conv2d_same(inputs, 3, 3, stride=factor, scope="conv")
        v1.get_variable_scope().reuse_variables()
        whole = resnet_utils.conv2d_same(inputs, 3, 3, stride=1, scope="conv")
        fill_all(session)
        ours, all_rows = session.run([strided, whole])
    # 1e-6: float32, one kernel for both.
    np.testing.assert_allclose(ours, all_rows[:, ::factor, ::factor], rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("name", MODULES)
@pytest.mark.parametrize("output_stride", [2, 6, 64, 0, -4])
def test_an_output_stride_that_cannot_be_says_which_can(name, output_stride):
    words = r"target output_stride cannot be reached: it is .*reach 4, 8, 16, 32, or None for 32"
    with tf.Graph().as_default(), pytest.raises(ValueError, match=words):
        small(name, images(1, 64, 64, 3), output_stride=output_stride)


def test_without_the_root_block_the_strides_are_those_of_the_blocks():
    with tf.Graph().as_default():
        net, _ = small(
            "resnet_v2", images(1, 64, 64, 3), output_stride=2, include_root_block=False, global_pool=False
        )
        assert net.shape.as_list() == [1, 32, 32, 32]
        with pytest.raises(ValueError, match="blocks reach 1, 2, 4, 8, or None for 8"):
            small("resnet_v2", images(1, 64, 64, 3), output_stride=16, include_root_block=False, reuse=True)


def test_a_map_that_cannot_be_squeezed_says_what_to_pass():
    with (
        tf.Graph().as_default(),
        pytest.raises(
            ValueError, match=r"Can not squeeze a map of 2x2.*spatial_squeeze=False.*global_pool=True"
        ),
    ):
        small("resnet_v1", images(1, 64, 64, 3), 10, global_pool=False)


def test_is_training_none_leaves_the_mode_to_the_scope_around():
    with (
        tf.Graph().as_default(),
        slim.arg_scope(resnet_utils.resnet_arg_scope()),
        slim.arg_scope([slim.batch_norm], is_training=False),
    ):
        blocks = [resnet_v1.resnet_v1_block("block1", 1, 1, 1)]
        resnet_v1.resnet_v1(images(1, 8, 8, 3), blocks, is_training=None)
        assert v1.get_collection(v1.GraphKeys.UPDATE_OPS) == []
        resnet_v1.resnet_v1(images(1, 8, 8, 3), blocks, is_training=True)
        assert len(v1.get_collection(v1.GraphKeys.UPDATE_OPS)) == 10


def test_bounded_activations_stay_between_0_and_6():
    with tf.Graph().as_default(), v1.Session() as session:
        inputs = 100 * images(2, 8, 8, 3)
        plain = resnet_v1.bottleneck(inputs, 8, 2, 1)
        bounded = resnet_v1.bottleneck(inputs, 8, 2, 1, use_bounded_activations=True)
        fill_all(session)
        wide, narrow = session.run([plain, bounded])
    assert wide.max() > 6 and narrow.max() == 6 and narrow.min() == 0


def test_the_depth_multiplier_narrows_no_further_than_min_base_depth():
    with tf.Graph().as_default(), slim.arg_scope(resnet_utils.resnet_arg_scope()):
        _, ends = resnet_v1.resnet_v1_50(images(1, 32, 32, 3), depth_multiplier=0.25, min_base_depth=20)
        assert [ends[f"resnet_v1_50/block{i}"].shape[-1] for i in (1, 2, 3, 4)] == [80, 128, 256, 512]


@pytest.mark.parametrize("module, name", [(first_v1, "resnet_v1"), (first_v2, "resnet_v2")])
def test_the_first_published_faces_keep_the_map_of_the_logits(module, name):
    with tf.Graph().as_default(), slim.arg_scope(module.resnet_arg_scope()):
        network = getattr(module, f"{name}_50")
        # Positions as in tf.contrib.slim.nets: ..., output_stride, reuse, scope.
        logits, ends = network(images(2, 32, 32, 3), 10, False, True, None, None, "mine")
    assert logits.shape.as_list() == [2, 1, 1, 10]
    assert list(ends)[-3:] == ["mine/block4", "mine/logits", "predictions"]
    assert ends["predictions"].shape.as_list() == [2, 1, 1, 10]


def test_dense_prediction_is_the_same_in_either_data_format(name="resnet_v2_50"):
    dense = {"global_pool": False, "output_stride": 16, "spatial_squeeze": False}
    dense["initial_values"] = {n: fill(n, shape, 0.7) for n, shape in network_shapes(name, 5).items()}
    models = [slimzoo.Model(name, 5, (33, 33, 3), data_format=f, **dense) for f in ("NHWC", "NCHW")]
    ours, theirs = (model.end_points(images(1, 33, 33, 3)) for model in models)
    assert ours["predictions"].shape == (1, 3, 3, 5)
    for key in (f"{name}/logits", "predictions"):
        # 1e-4 of the largest: float32, other kernels for NCHW.
        scale = np.abs(ours[key]).max()
        np.testing.assert_allclose(ours[key], theirs[key], rtol=0, atol=1e-4 * scale)


def test_a_loaded_resnet_takes_images_of_any_size_and_gives_its_features():
    model = slimzoo.load("resnet_v1_50", num_classes=3, input_shape=(None, None, 3), output_stride=16)
    assert model(images(2, 33, 65, 3)).shape == (2, 3)
    features = model.feature_model(["resnet_v1_50/block2", "global_pool"])(images(2, 64, 32, 3))
    assert [value.shape for value in features.values()] == [(2, 4, 2, 512), (2, 1, 1, 2048)]
