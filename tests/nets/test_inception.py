"""What the Inception networks take besides their defaults: end points, sizes, heads, formats."""

import numpy as np
import pytest
import tensorflow as tf

import slimzoo
from slimzoo import slim
from slimzoo.nets import (
    inception,
    inception_resnet_v2,
    inception_utils,
    inception_v1,
    inception_v2,
    inception_v3,
    inception_v4,
)
from tests.goldens import fill_all

BASES = {
    "inception_v1": inception.inception_v1_base,
    "inception_v2": inception.inception_v2_base,
    "inception_v3": inception.inception_v3_base,
    "inception_v4": inception.inception_v4_base,
    "inception_resnet_v2": inception.inception_resnet_v2_base,
}
STAGES = {
    "inception_v1": (*inception_v1.ROOT, *inception_v1.BLOCKS),
    "inception_v2": (*inception_v2.ROOT, *inception_v2.BLOCKS),
    "inception_v3": inception_v3.STAGES,
    "inception_v4": inception_v4.STAGES,
    "inception_resnet_v2": inception_resnet_v2._stages(),
}


def build(function, size, **arguments):
    """Returns (output, end points) for images of `size` pixels, without batch norm, which takes its time."""
    size = size if isinstance(size, tuple) else (size, size)
    with tf.Graph().as_default():
        return function(tf.compat.v1.placeholder(tf.float32, (None, *size, 3)), **arguments)


def shapes(end_points):
    return {key: value.shape.as_list()[1:] for key, value in end_points.items()}


@pytest.mark.parametrize("name", BASES)
def test_a_base_stops_at_the_end_point_it_is_told(name):
    names = [stage.name for stage in STAGES[name] if stage.name]
    for last in (names[0], names[len(names) // 2]):
        net, end_points = build(BASES[name], 299, final_endpoint=last)
        assert list(end_points) == names[: names.index(last) + 1]
        assert net is end_points[last]


@pytest.mark.parametrize("name", BASES)
def test_a_wrong_end_point_is_answered_with_all_there_are(name):
    names = ", ".join(stage.name for stage in STAGES[name] if stage.name)
    with pytest.raises(ValueError, match=f"Unknown final endpoint 'Mixed_9z' of {name}; there are {names}$"):
        build(BASES[name], 299, final_endpoint="Mixed_9z")


@pytest.mark.parametrize(
    "name, smallest, arguments",
    [
        ("inception_v1", 193, {}),
        ("inception_v1", 1, {"global_pool": True}),
        ("inception_v2", 1, {}),
        ("inception_v3", 107, {}),
        ("inception_v3", 75, {"create_aux_logits": False}),
        ("inception_v3", 75, {"num_classes": None}),
        ("inception_v4", 107, {}),
        ("inception_resnet_v2", 75, {"create_aux_logits": False}),
    ],
)
def test_the_smallest_images_that_work_are_named_where_smaller_ones_are_given(name, smallest, arguments):
    function = slimzoo.get_network(name).build
    logits, _ = build(function, smallest, **arguments)
    assert logits.shape[-1] in (1000, 1001, 2048)
    if smallest > 1:
        message = f"{name}: the images are {smallest - 1}x300 pixels; the smallest that work are {smallest}x"
        with pytest.raises(ValueError, match=message):
            build(function, (smallest - 1, 300), **arguments)


def test_a_base_needs_images_only_as_large_as_its_end_point_does():
    _, end_points = build(inception.inception_v3_base, 27, final_endpoint="Conv2d_4a_3x3")
    assert shapes(end_points)["Conv2d_4a_3x3"] == [3, 3, 192]
    with pytest.raises(ValueError, match=r"up to Mixed_6a: the images are 27x27 .* work are 43x43"):
        build(inception.inception_v3_base, 27, final_endpoint="Mixed_6a")


def test_images_too_large_for_one_answer_are_refused_with_the_ways_out():
    with pytest.raises(ValueError, match=r"squeeze a map of 2x2.*spatial_squeeze=False.*global_pool=True"):
        build(inception.inception_v1, 256)
    assert build(inception.inception_v1, 256, spatial_squeeze=False)[0].shape[1:] == (2, 2, 1000)
    assert build(inception.inception_v1, 256, global_pool=True)[0].shape[1:] == (1000,)
    with pytest.raises(ValueError, match=r"squeeze a map of .*create_aux_logits=False"):
        build(inception.inception_v3, 448, global_pool=True)


@pytest.mark.parametrize("name", ["inception_v1", "inception_v3", "inception_v4"])
def test_without_classes_the_input_of_the_last_layer_comes_out(name):
    row = slimzoo.get_network(name)
    net, end_points = build(row.build, row.image_size, num_classes=None)
    assert net.shape[1:3] == (1, 1)
    assert net is list(end_points.values())[-1]
    assert not {"AuxLogits", "Logits", "Predictions"} & end_points.keys()


@pytest.mark.parametrize(
    "name",
    ["inception_v3", "inception_v4", pytest.param("inception_resnet_v2", marks=pytest.mark.slow)],  # 4 s
)
def test_the_auxiliary_head_can_be_left_out(name):
    with tf.Graph().as_default():
        images = tf.compat.v1.placeholder(tf.float32, (None, 299, 299, 3))
        _, end_points = slimzoo.get_network(name).build(images, create_aux_logits=False)
        assert not [v.op.name for v in slim.get_model_variables() if "AuxLogits" in v.op.name]
    assert "AuxLogits" not in end_points


def test_images_of_unknown_size_are_averaged_and_want_no_auxiliary_head():
    with pytest.raises(ValueError, match=r"known height and width.*create_aux_logits=False"):
        build(inception.inception_v4, (None, None))
    logits, end_points = build(inception.inception_v4, (None, None), create_aux_logits=False)
    assert logits.shape[1:] == (1001,)
    assert end_points["global_pool"].shape[1:] == (1, 1, 1536)


def test_the_root_can_be_left_out():
    with tf.Graph().as_default():
        net = tf.compat.v1.placeholder(tf.float32, (None, 28, 28, 192))
        for function in (inception.inception_v1_base, inception.inception_v2_base):
            net_out, end_points = function(net, include_root_block=False)
            assert next(iter(end_points)) == "Mixed_3b" and net_out.shape[1:] == (7, 7, 1024)
            with pytest.raises(ValueError, match=r"'Conv2d_2b_1x1' of .*; there are Mixed_3b"):
                function(net, "Conv2d_2b_1x1", include_root_block=False)


def test_inception_v2_with_a_full_first_convolution_gives_the_same_in_nchw_as_in_nhwc():
    images = np.random.RandomState(0).uniform(-1, 1, (2, 32, 32, 3)).astype(np.float32)
    settings = {"final_endpoint": "Mixed_4a", "use_separable_conv": False, "depth_multiplier": 0.25}
    with (
        tf.Graph().as_default(),
        tf.compat.v1.Session() as session,
        slim.arg_scope(inception.inception_v2_arg_scope()),
        slim.arg_scope([slim.batch_norm], is_training=False),  # statistics of 8 values multiply rounding
    ):
        last, _ = inception.inception_v2_base(tf.constant(images), scope="InceptionV2", **settings)
        with tf.compat.v1.variable_scope(tf.compat.v1.get_variable_scope(), reuse=True):
            first, _ = inception.inception_v2_base(
                tf.constant(images.transpose(0, 3, 1, 2)), data_format="NCHW", scope="InceptionV2", **settings
            )
        assert slim.get_model_variables()[0].shape == (7, 7, 3, 16)
        fill_all(session)  # the same in every run
        last, first = session.run([last, first])
    assert np.ptp(last) > 0.1
    # float32; the sums run in another order: 1e-5 of the largest
    np.testing.assert_allclose(first.transpose(0, 2, 3, 1), last, rtol=0, atol=1e-5 * np.abs(last).max())


def test_inception_v2_refuses_formats_and_combinations_that_there_are_not():
    with pytest.raises(ValueError, match="data_format must be either NHWC or NCHW, not 'NWHC'"):
        build(inception.inception_v2_base, 224, data_format="NWHC")
    with pytest.raises(ValueError, match="separable convolution only supports NHWC layout"):
        build(inception.inception_v2_base, 224, data_format="NCHW")


@pytest.mark.parametrize("name", ["inception_v2", "inception_v3"])
def test_channels_follow_the_depth_multiplier_and_stay_above_min_depth(name):
    _, end_points = build(BASES[name], 299, depth_multiplier=0.25, min_depth=20)
    first, *_, last = shapes(end_points).values()
    # Mixed_5c: 352, 320, 224 and 128; Mixed_7c: 320, 2 * 384, 2 * 384 and 192, a quarter of each
    assert (first[2], last[2]) == {"inception_v2": (20, 256), "inception_v3": (20, 512)}[name]
    with pytest.raises(ValueError, match="depth_multiplier is not greater than zero but 0"):
        build(BASES[name], 299, depth_multiplier=0)


def test_inception_resnet_v2_keeps_a_finer_map_where_asked():
    base = inception.inception_resnet_v2_base

    def sizes(stride, aligned, last="Mixed_6a"):
        settings = {"output_stride": stride, "align_feature_maps": aligned}
        found = shapes(build(base, 299, final_endpoint=last, **settings)[1])
        return found["Mixed_5b"][0], found[last][0]

    # 35 = what is left of 299 without padding, 38 = 299 / 8 rounded up
    assert sizes(16, False) == (35, 17)
    assert sizes(16, True) == (38, 19)
    assert sizes(8, True) == (38, 38)
    assert sizes(8, False, "PreAuxLogits") == (35, 33)
    with pytest.raises(ValueError, match="output_stride==8 is only supported up to the PreAuxLogits"):
        build(base, 299, output_stride=8)
    with pytest.raises(ValueError, match="output_stride must be 8 or 16, not 32"):
        build(base, 299, output_stride=32)


def test_relu6_bounds_what_a_residual_block_adds():
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        images = tf.fill((1, 4, 4, 8), 100.0)
        ones = tf.compat.v1.ones_initializer()
        with slim.arg_scope([slim.conv2d], weights_initializer=ones):
            net = inception_resnet_v2.block8(images, activation_fn=tf.nn.relu6)
            free = inception_resnet_v2.block8(images, activation_fn=None)
            added = free - images
        session.run(tf.compat.v1.global_variables_initializer())
        assert session.run(added).min() > 6.0
        np.testing.assert_array_equal(session.run(net), np.full((1, 4, 4, 8), 6.0, np.float32))


def test_the_arg_scope_can_be_without_batch_norm_or_with_gamma():
    def suffixes(**settings):
        with tf.Graph().as_default(), slim.arg_scope(inception_utils.inception_arg_scope(**settings)):
            slim.conv2d(tf.zeros((1, 4, 4, 3)), 2, [1, 1])
            listed = [v.op.name for v in tf.compat.v1.get_collection("moving_vars")]
            return [v.op.name.rpartition("/")[2] for v in slim.get_model_variables()], listed

    averages = ["Conv/BatchNorm/moving_mean", "Conv/BatchNorm/moving_variance"]
    moving = ["moving_mean", "moving_variance"]
    assert suffixes() == (["weights", "beta", *moving], averages)
    assert suffixes(batch_norm_scale=True) == (["weights", "gamma", "beta", *moving], averages)
    assert suffixes(use_batch_norm=False) == (["weights", "biases"], [])


def test_the_old_names_of_the_arg_scope_s_settings_still_count():
    with (
        tf.Graph().as_default(),
        slim.arg_scope(inception.inception_v3_arg_scope(updates_collections="later")),
    ):
        slim.conv2d(tf.zeros((1, 4, 4, 3)), 2, [1, 1])
        assert len(tf.compat.v1.get_collection("later")) == 2
        assert tf.compat.v1.get_collection(tf.compat.v1.GraphKeys.UPDATE_OPS) == []


def test_weights_for_other_classes_keep_all_but_both_heads(tmp_path):
    model = slimzoo.load("inception_v3", num_classes=7, input_shape=(107, 107, 3))
    slimzoo.save(model, tmp_path / "seven.safetensors")
    other = slimzoo.load(tmp_path / "seven.safetensors", num_classes=3, input_shape=(107, 107, 3), quiet=True)
    new = set(other.restore_report.reinitialised)
    assert new == {n for n in other.variables_by_name if n.split("/")[1] in ("Logits", "AuxLogits")}
    name = "InceptionV3/Mixed_7c/Branch_0/Conv2d_0a_1x1/weights"
    np.testing.assert_array_equal(
        other.variables_by_name[name].numpy(), model.variables_by_name[name].numpy()
    )
    assert other.variables_by_name["InceptionV3/AuxLogits/Conv2d_2b_1x1/weights"].shape == (1, 1, 768, 3)


def test_end_points_are_features_of_a_model():
    model = slimzoo.load("inception_v1", num_classes=0, input_shape=(64, 64, 3), global_pool=True)
    images = np.zeros((1, 64, 64, 3), np.float32)
    found = model.features(images, ["Mixed_3c", "Mixed_5c"])
    assert {key: tuple(value.shape) for key, value in found.items()} == {
        "Mixed_3c": (1, 8, 8, 480),
        "Mixed_5c": (1, 2, 2, 1024),
    }
    assert model(images).shape == (1, 1, 1, 1024)


def test_a_model_gives_the_same_with_channels_first():
    models = [
        slimzoo.load("inception_v2", num_classes=5, input_shape=(32, 32, 3), data_format=data_format)
        for data_format in ("NHWC", "NCHW")
    ]
    for ours, theirs in zip(*(model.variables_by_name.values() for model in models), strict=True):
        theirs.assign(ours)
    images = np.random.RandomState(0).uniform(-1, 1, (2, 32, 32, 3)).astype(np.float32)
    last, first = (model(images).numpy() for model in models)
    np.testing.assert_allclose(first, last, rtol=0, atol=1e-5 * np.abs(last).max())  # float32, other order
