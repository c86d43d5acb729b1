"""What the video networks take besides their defaults: end points, sizes, gating, formats; and as Models."""

import numpy as np
import pytest
import tensorflow as tf

import slimzoo
from slimzoo import slim
from slimzoo.compat.nets import nets_factory
from slimzoo.errors import SlimzooError
from slimzoo.nets import i3d, i3d_utils, s3dg
from tests.goldens import fill_all

BASES = {"i3d": i3d.i3d_base, "s3dg": s3dg.s3dg_base}
NETWORKS = {"i3d": i3d.i3d, "s3dg": s3dg.s3dg}
END_POINTS = tuple(s3dg.STAGES)
SMALL = (4, 32, 40)  # frames, height, width


def build(function, size=SMALL, **arguments):
    """Returns (output, end points) for videos of `size`, without batch norm, which takes its time."""
    with tf.Graph().as_default():
        return function(tf.compat.v1.placeholder(tf.float32, (None, *size, 3)), **arguments)


def variables(function, scope=None, size=SMALL, **arguments):
    """Returns {variable name without InceptionV1/: shape}."""
    with tf.Graph().as_default(), slim.arg_scope(scope or {}):
        function(tf.compat.v1.placeholder(tf.float32, (None, *size, 3)), **arguments)
        return {v.op.name.removeprefix("InceptionV1/"): tuple(v.shape) for v in slim.get_model_variables()}


def videos(*shape):
    return np.random.RandomState(0).uniform(-1, 1, shape).astype(np.float32)


@pytest.mark.parametrize("name", BASES)
@pytest.mark.parametrize(
    "last", ["Conv2d_1a_7x7", "MaxPool_2a_3x3", "Conv2d_2c_3x3", "Mixed_3b", "MaxPool_5a_2x2"]
)
def test_a_base_stops_at_the_end_point_it_is_told(name, last):
    net, end_points = build(BASES[name], final_endpoint=last)
    assert tuple(end_points) == END_POINTS[: END_POINTS.index(last) + 1]
    assert net is end_points[last]


@pytest.mark.parametrize("name", BASES)
def test_frames_are_halved_three_times_and_pixels_five_times(name):
    _, end_points = build(BASES[name], (20, 96, 100))
    sizes = {key: tuple(value.shape[1:4]) for key, value in end_points.items()}
    assert tuple(sizes) == END_POINTS
    assert sizes["Conv2d_1a_7x7"] == (10, 48, 50)
    assert sizes["MaxPool_2a_3x3"] == (10, 24, 25)
    assert sizes["Mixed_3c"] == (10, 12, 13)
    assert sizes["Mixed_4f"] == (5, 6, 7)
    assert sizes["Mixed_5c"] == (3, 3, 4)


def test_s3dg_can_end_early_and_still_classify():
    logits, end_points = build(s3dg.s3dg, final_endpoint="Mixed_3b", num_classes=7)
    assert logits.shape[1:] == (7,)
    assert tuple(end_points) == (*END_POINTS[:6], "Logits", "Predictions")


@pytest.mark.parametrize("name", NETWORKS)
def test_one_frame_of_one_pixel_is_the_smallest_video_and_nothing_is_answered_with_it(name):
    assert build(NETWORKS[name], (1, 1, 1))[0].shape[1:] == (1000,)
    with pytest.raises(
        ValueError, match=r"shape \(None, 0, 8, 8, 3\); the smallest that works is 1 frame of 1x1"
    ):
        build(NETWORKS[name], (0, 8, 8))


@pytest.mark.parametrize("name", BASES)
def test_everything_wrong_is_said_at_once(name):
    with pytest.raises(ValueError) as caught:
        build(BASES[name], (224, 224), final_endpoint="Mixed_9z")
    assert f"Unknown final endpoint 'Mixed_9z'; there are {', '.join(END_POINTS)}" in str(caught.value)
    assert "shape (None, 224, 224, 3) and must be videos [N, T, H, W, C]" in str(caught.value)


def test_s3dg_refuses_formats_kernels_and_multipliers_that_there_are_not():
    with pytest.raises(ValueError, match=r"NDHWC or NCDHW, not 'NHWC'; .* can only be 1, 3, 5 or 7, not 2"):
        build(s3dg.s3dg, data_format="NHWC", first_temporal_kernel_size=2)
    with pytest.raises(ValueError, match="depth_multiplier is not greater than zero but 0"):
        build(s3dg.s3dg, depth_multiplier=0)


def test_videos_too_large_for_one_answer_are_refused_with_the_way_out():
    build(i3d.i3d, (4, 224, 224))
    with pytest.raises(ValueError, match=r"squeeze a map of 2x1 .*spatial_squeeze=False"):
        build(i3d.i3d, (4, 225, 224))
    assert build(i3d.i3d, (4, 256, 225), spatial_squeeze=False)[0].shape[1:] == (2, 2, 1000)


def test_any_number_of_frames_becomes_one_answer():
    for frames in (1, 17, None):
        assert build(i3d.i3d, (frames, 32, 32))[0].shape[1:] == (1000,)
    logits, _ = build(i3d.i3d, (None, None, None))
    assert logits.shape.as_list() == [None, 1000]


@pytest.mark.parametrize("name", NETWORKS)
def test_without_classes_the_input_of_the_last_layer_comes_out(name):
    for num_classes in (None, 0):
        net, end_points = build(NETWORKS[name], (32, 64, 64), num_classes=num_classes)
        assert net.shape[1:] == (3, 1, 1, 1024)  # 2 frames of 4 averaged at a time
        assert net is end_points["AvgPool_0a_7x7"]
        assert not {"Logits", "Predictions"} & end_points.keys()


# Where S3D-G is separable and gated.


@pytest.mark.parametrize(
    "separable_from, gated_from",
    [
        ("Conv2d_2c_3x3", None),
        ("Mixed_4b", "Conv2d_2c_3x3"),
        ("Mixed_3b", "Mixed_4c"),
        # these start nothing, as it was published
        ("MaxPool_3a_3x3", "Mixed_9z"),
        (None, "Conv2d_2b_1x1"),
    ],
)
def test_convolutions_over_time_and_gating_start_where_they_are_told(separable_from, gated_from):
    with slim.arg_scope([i3d_utils.conv3d_spatiotemporal], separable=True) as scope:
        found = variables(
            s3dg.s3dg_base,
            scope,
            temporal_conv_startat=separable_from,
            gating_startat=gated_from,
            final_endpoint="Mixed_4c",
        )
    starts = ("Conv2d_2c_3x3", "Mixed_3b", "Mixed_3c", "Mixed_4b", "Mixed_4c")
    for part, start in (("temporal", separable_from), ("self_gating", gated_from)):
        want = starts[starts.index(start) :] if start in starts else ()
        assert {name.partition("/")[0] for name in found if f"/{part}/" in name} == set(want)


def test_the_first_convolution_covers_as_many_frames_as_it_is_told_and_is_never_separable():
    for frames in (1, 3, 5, 7):
        found = variables(
            s3dg.s3dg_base,
            s3dg.s3dg_arg_scope(),
            first_temporal_kernel_size=frames,
            final_endpoint="MaxPool_2a_3x3",
        )
        moving = ("BatchNorm/beta", "BatchNorm/moving_mean", "BatchNorm/moving_variance")
        rest = {f"Conv2d_1a_7x7/{name}": (64,) for name in moving}
        assert found == {"Conv2d_1a_7x7/weights": (frames, 7, 7, 3, 64), **rest}


def test_channels_follow_the_depth_multiplier_and_stay_above_min_depth():
    _, end_points = build(s3dg.s3dg_base, depth_multiplier=0.25, min_depth=20)
    # Conv2d_1a: 64; Mixed_5c: 384, 384, 128 and 128, a quarter of each
    assert end_points["Conv2d_1a_7x7"].shape[-1] == 20
    assert end_points["Mixed_5c"].shape[-1] == 256


def test_self_gating_weighs_channels_by_their_mean_over_frames_and_places():
    images = videos(2, 3, 4, 5, 6)
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        gated = s3dg.self_gating(tf.constant(images), "Conv")
        (weights,) = slim.get_model_variables()
        assert weights.op.name == "Conv/self_gating/transformer_W/weights"
        session.run(tf.compat.v1.global_variables_initializer())
        gated, weights = session.run([gated, weights])
    mean = images.mean((1, 2, 3), keepdims=True)
    want = images / (1 + np.exp(-(mean @ weights[0, 0, 0])))
    np.testing.assert_allclose(gated, want, rtol=1e-5, atol=1e-6)  # float32


def test_s3dg_gives_the_same_with_channels_first():
    images = videos(2, 4, 32, 40, 3)
    settings = {"num_classes": 5, "depth_multiplier": 0.25, "is_training": False}
    settings["final_endpoint"] = "Mixed_4b"
    with (
        tf.Graph().as_default(),
        tf.compat.v1.Session() as session,
        slim.arg_scope(s3dg.s3dg_arg_scope()),
    ):
        _, last = s3dg.s3dg(tf.constant(images), **settings)
        with slim.arg_scope([slim.batch_norm], data_format="NCHW"):
            first_images = tf.constant(images.transpose(0, 4, 1, 2, 3))
            _, first = s3dg.s3dg(first_images, data_format="NCDHW", reuse=True, **settings)
        assert first["Mixed_4b"].shape == (2, 132, 1, 2, 3)
        fill_all(session)  # the same in every run, and the signal keeps its size
        last, first = session.run([last, first])
    assert [*first] == [*last]
    for name, want in last.items():  # in the order they are computed: the first that differs is named
        got = first[name].transpose(0, 2, 3, 4, 1) if want.ndim == 5 else first[name]
        assert np.abs(want).max() > 1e-3, name
        # float32; the sums run in another order: 1e-5 of the largest
        np.testing.assert_allclose(got, want, rtol=0, atol=1e-5 * np.abs(want).max(), err_msg=name)


def test_channels_first_leaves_batch_norm_at_the_width_as_it_was_published():
    settings = {"data_format": "NCDHW", "final_endpoint": "Conv2d_1a_7x7"}
    with tf.Graph().as_default(), slim.arg_scope(s3dg.s3dg_arg_scope()):
        s3dg.s3dg_base(tf.zeros((2, 3, 4, 32, 40)), **settings)
        # TF 1.15.5: slim.conv3d in NCDHW makes "BatchNorm/beta" as long as the map is wide
        assert [tuple(v.shape) for v in slim.get_model_variables()[1:]] == [(20,)] * 3


# What they are built of.


def test_the_center_initializer_leaves_frames_as_they_are():
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        kernel = session.run(i3d_utils.center_initializer()((3, 1, 1, 4, 4), tf.float32))
    assert kernel.dtype == np.float32
    np.testing.assert_array_equal(kernel[1, 0, 0], np.eye(4))
    assert not kernel[[0, 2]].any()


@pytest.mark.parametrize(
    "shape, dtype, words",
    [
        ((3, 1, 1, 4), tf.float32, "Input tensor has to be 5-D"),
        ((3, 1, 1, 4, 5), tf.float32, "channel dimensions must be the same"),
        ((2, 3, 1, 4, 4), tf.float32, "Spatial kernel sizes must be 1; Temporal kernel size has to be odd"),
        ((3, 1, 1, 4, 4), tf.int32, "data type has to be tf.float32"),
    ],
)
def test_the_center_initializer_says_what_it_cannot_make(shape, dtype, words):
    with pytest.raises(ValueError, match=words):
        i3d_utils.center_initializer()(shape, dtype)


def test_a_separable_convolution_starts_as_its_spatial_part():
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        images = tf.constant(videos(2, 4, 8, 8, 3))
        whole = i3d_utils.conv3d_spatiotemporal(images, 5, 3, separable=True, scope="Conv")
        space = slim.conv3d(images, 5, (1, 3, 3), activation_fn=None, scope="Conv", reuse=True)
        shapes = {v.op.name: tuple(v.shape) for v in slim.get_model_variables()}
        session.run(tf.compat.v1.global_variables_initializer())
        whole, space = session.run([whole, space])
    assert shapes == {
        "Conv/weights": (1, 3, 3, 3, 5),
        "Conv/biases": (5,),
        "Conv/temporal/weights": (3, 1, 1, 5, 5),
        "Conv/temporal/biases": (5,),
    }
    np.testing.assert_allclose(whole, space, rtol=1e-6, atol=1e-6)  # float32


@pytest.mark.parametrize("stride, size", [(2, (2, 4, 4)), ([1, 2, 2], (4, 4, 4)), ((2, 1, 1), (2, 8, 8))])
def test_a_convolution_in_space_and_time_strides_alike_whether_separable_or_not(stride, size):
    with tf.Graph().as_default():
        for separable in (False, True):
            net = i3d_utils.conv3d_spatiotemporal(
                tf.zeros((2, 4, 8, 8, 3)), 5, [3, 3, 3], stride, separable=separable, scope=f"{separable}"
            )
            assert net.shape[1:4] == size


def test_an_inception_block_stands_alone():
    with tf.Graph().as_default():
        gated = []

        def gate(net, scope):
            gated.append(scope)
            return net

        net = i3d_utils.inception_block_v1_3d(
            tf.zeros((2, 4, 8, 9, 3)), 1, 2, 3, 4, 5, 6, self_gating_fn=gate, scope="Mixed"
        )
        assert net.shape == (2, 4, 8, 9, 1 + 3 + 5 + 6)
        names = [v.op.name for v in slim.get_model_variables() if v.op.name.endswith("weights")]
    assert gated == ["Conv2d_0a_1x1", "Conv2d_0b_3x3", "Conv2d_0b_3x3", "Conv2d_0b_1x1"]
    assert names == [
        f"Mixed/Branch_{i}/{layer}/weights"
        for i, layers in enumerate(("0a_1x1", "0a_1x1 0b_3x3", "0a_1x1 0b_3x3", "0b_1x1"))
        for layer in (f"Conv2d_{end}" for end in layers.split())
    ]


def test_the_window_shrinks_to_what_is_known_of_the_map():
    with tf.Graph().as_default():
        net = tf.compat.v1.placeholder(tf.float32, (None, 1, None, 5, 8))
        assert i3d_utils.reduced_kernel_size_3d(net, [2, 7, 7]) == [1, 7, 5]


def test_the_arg_scope_of_i3d_can_be_separable_and_renormalise():
    def suffixes(**settings):
        scope = i3d.i3d_arg_scope(**settings)
        found = variables(i3d.i3d_base, scope, final_endpoint="Conv2d_2c_3x3")
        return {name.removeprefix("Conv2d_2c_3x3/") for name in found if name.startswith("Conv2d_2c_3x3")}

    plain = {"weights", "BatchNorm/beta", "BatchNorm/moving_mean", "BatchNorm/moving_variance"}
    assert suffixes() == plain
    assert suffixes(separable_conv3d=True) == plain | {"temporal/weights", "temporal/biases"}
    assert {"BatchNorm/renorm_mean", "BatchNorm/renorm_stddev"} <= suffixes(use_renorm=True)


def test_moving_averages_are_listed_too():
    with tf.Graph().as_default(), slim.arg_scope(s3dg.s3dg_arg_scope()):
        s3dg.s3dg_base(tf.zeros((1, *SMALL, 3)), final_endpoint="Conv2d_1a_7x7")
        listed = [v.op.name.rpartition("/")[2] for v in tf.compat.v1.get_collection("moving_vars")]
    assert listed == ["moving_mean", "moving_variance"]


def test_the_factory_builds_them_under_their_arg_scopes():
    for name in NETWORKS:
        network_fn = nets_factory.get_network_fn(name, 5, weight_decay=0.1, is_training=True)
        with tf.Graph().as_default():
            logits, _ = network_fn(tf.zeros((2, *SMALL, 3)))
            assert logits.shape == (2, 5)
            assert slim.losses.get_regularization_losses()
            names = [v.op.name for v in slim.get_model_variables()]
        assert any("BatchNorm" in variable for variable in names)
        assert any("temporal" in variable for variable in names) is (name == "s3dg")


# As Models.


@pytest.fixture(scope="module")
def model():
    early = {"depth_multiplier": 0.25, "final_endpoint": "Mixed_3b"}
    return slimzoo.Model(s3dg.s3dg, 5, (*SMALL, 3), s3dg.s3dg_arg_scope, **early)


def test_a_video_network_is_a_model_that_trains_and_names_its_end_points(model):
    images = videos(2, *SMALL, 3)
    assert model.input_shape == (None, *SMALL, 3)
    assert model(images).shape == (2, 5)
    assert tuple(model.end_points(images)) == (*END_POINTS[:6], "Logits", "Predictions")
    assert model.features(images, "Mixed_3b").shape == (2, 2, 4, 5, 80)
    before = model.variables_by_name["InceptionV1/Mixed_3b/Branch_1/Conv2d_0b_3x3/temporal/weights"].numpy()
    model.compile("sgd", "mse")
    model.fit(images, np.ones((2, 5)), verbose=0)
    after = model.variables_by_name["InceptionV1/Mixed_3b/Branch_1/Conv2d_0b_3x3/temporal/weights"].numpy()
    assert not np.array_equal(before, after)


def test_an_exported_video_model_gives_the_same(model, tmp_path):
    images = videos(2, *SMALL, 3)
    model.export(tmp_path / "exported", verbose=False)
    exported = tf.saved_model.load(str(tmp_path / "exported"))
    np.testing.assert_allclose(exported.serve(images), model(images), rtol=1e-5, atol=1e-6)  # float32


def test_a_model_of_videos_wants_a_batch_of_them_and_channels_last(model):
    with pytest.raises(
        SlimzooError, match=r"takes videos \[N, frames, height, width, channels\].*videos\[None\]"
    ):
        model(videos(*SMALL, 3))
    with pytest.raises(SlimzooError, match="data_format is 'NCHW' and input_shape one of videos"):
        slimzoo.Model(i3d.i3d, 5, (*SMALL, 3), data_format="NCHW")


def test_frames_and_sizes_may_be_open():
    early = {"depth_multiplier": 0.25, "final_endpoint": "Mixed_3b"}
    model = slimzoo.Model(s3dg.s3dg, 0, (None, None, None, 3), s3dg.s3dg_arg_scope, **early)
    assert model(videos(1, *SMALL, 3)).shape == (1, 1, 1, 1, 80)
    assert model(videos(1, 7, 64, 64, 3)).shape == (1, 3, 2, 2, 80)


def test_a_registered_network_takes_images_alone():
    with pytest.raises(
        SlimzooError, match=r"input_shape is \(2, 28, 28, 1\); it is \(height, width, channels\),"
    ):
        slimzoo.Model("lenet", input_shape=(2, 28, 28, 1))
