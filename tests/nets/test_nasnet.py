"""What NASNet and PNASNet take besides their defaults: configs, end points, sizes, dropped paths."""

import numpy as np
import pytest
import tensorflow as tf

import slimzoo
from slimzoo import slim
from slimzoo.nets import nasnet, nasnet_utils, pnasnet
from slimzoo.slim.hosting import HOST
from slimzoo.tracing.discovery import discover
from tests.slim.support import Host

v1 = tf.compat.v1
SMALL = {"num_cells": 3, "num_conv_filters": 4, "stem_multiplier": 0.25}  # networks that build at once
BUILDS = {
    "nasnet_cifar": nasnet.build_nasnet_cifar,
    "nasnet_mobile": nasnet.build_nasnet_mobile,
    "nasnet_large": nasnet.build_nasnet_large,
    "pnasnet_mobile": pnasnet.build_pnasnet_mobile,
    "pnasnet_large": pnasnet.build_pnasnet_large,
}
ARG_SCOPE = nasnet.nasnet_mobile_arg_scope


def build(function, size, num_classes=7, is_training=False, config=None, **arguments):
    """Returns output, end points and variable names of a small network; discovery makes no variable."""
    size, outputs = size if isinstance(size, tuple) else (size, size), []

    def network(images, _):
        with slim.arg_scope(ARG_SCOPE()):
            settings = SMALL | (config or {})
            outputs.append(function(images, num_classes, is_training, config=settings, **arguments))
        return outputs[0]

    found = discover(network, (*size, 3), tf.float32, modes=(is_training,))
    return *outputs[0], list(found.variables)


CELL_ENDS = {
    "nasnet_mobile": ["Stem", "Cell_0", "Reduction_Cell_0", "Cell_1", "Reduction_Cell_1", "Cell_2"],
    "pnasnet_mobile": ["Stem", "Cell_0", "Cell_1", "Cell_2"],
}
LAST = ["global_pool", "Logits", "Predictions"]


@pytest.mark.parametrize("name", CELL_ENDS)
def test_every_end_point_may_be_the_last(name):
    names = CELL_ENDS[name] + LAST
    for final_endpoint in names:
        net, end_points, _ = build(BUILDS[name], 64, final_endpoint=final_endpoint)
        assert list(end_points) == names[: names.index(final_endpoint) + 1]
        assert net is end_points[final_endpoint]
    logits, end_points, _ = build(BUILDS[name], 64)
    assert list(end_points) == names and logits is end_points["Logits"]


@pytest.mark.parametrize("name", CELL_ENDS)
def test_a_wrong_end_point_is_answered_with_all_there_are(name):
    there_are = ", ".join(CELL_ENDS[name] + LAST)
    with pytest.raises(ValueError, match=f"Unknown final endpoint 'Cell_9'; there are {there_are}$"):
        build(BUILDS[name], 64, final_endpoint="Cell_9")


def test_without_classes_the_pooled_map_comes_out_and_there_is_no_head():
    for num_classes in (None, 0):
        net, end_points, _ = build(nasnet.build_nasnet_mobile, 96, num_classes, is_training=True)
        assert net is end_points["global_pool"] and net.shape[1:] == (96,)
        assert not {"AuxLogits", "Logits"} & end_points.keys()


@pytest.mark.parametrize("name", CELL_ENDS)
def test_the_auxiliary_head_is_built_in_training_where_the_config_has_it(name):
    _, end_points, variables = build(BUILDS[name], 96, is_training=True)
    assert list(end_points)[list(end_points).index("AuxLogits") - 1] == "Cell_1"
    assert "aux_1/aux_logits/proj/weights" in variables
    for more in ({"config": {"use_aux_head": 0}}, {"final_endpoint": "Cell_1"}, {"is_training": False}):
        _, end_points, variables = build(BUILDS[name], 96, **{"is_training": True, **more})
        assert "AuxLogits" not in end_points
        assert not any(variable.startswith("aux") for variable in variables)


@pytest.mark.parametrize(
    "name, smallest, arguments",
    [
        ("nasnet_cifar", 9, {"is_training": True}),
        ("nasnet_cifar", 1, {}),
        ("nasnet_mobile", 67, {"is_training": True}),
        ("pnasnet_large", 67, {"is_training": True}),
        ("pnasnet_mobile", 3, {"is_training": True, "config": {"use_aux_head": 0}}),
        ("nasnet_large", 3, {}),
    ],
)
def test_the_smallest_images_that_work_are_named_where_smaller_ones_are_given(name, smallest, arguments):
    logits, *_ = build(BUILDS[name], smallest, **arguments)
    assert logits.shape[1:] == (7,)
    if smallest > 1:
        message = f"images are {smallest - 1}x100 pixels; the smallest that work are {smallest}x{smallest}"
        with pytest.raises(ValueError, match=message):
            build(BUILDS[name], (smallest - 1, 100), **arguments)


@pytest.mark.parametrize(
    "shape, message",
    [((None, None, 64, 3), "height and width must be known"), ((64, 64, 3), r"of rank 4; these have shape")],
)
def test_images_that_no_cell_could_work_with_are_refused(shape, message):
    with tf.Graph().as_default(), pytest.raises(ValueError, match=message):
        nasnet.build_nasnet_mobile(v1.placeholder(tf.float32, shape), 7)


# Configs.


def test_an_old_script_changes_the_config_it_is_given_and_keeps_it():
    config = nasnet.mobile_imagenet_config()
    for name, value in (SMALL | {"drop_path_keep_prob": 0.5}).items():
        config.set_hparam(name, value)
    config.set_hparam("use_aux_head", 0)
    with tf.Graph().as_default():
        images = tf.zeros([2, 96, 96, 3])
        _, end_points = nasnet.build_nasnet_mobile(images, 7, False, "Cell_0", config)
        assert "AuxLogits" not in end_points
    assert config.drop_path_keep_prob == 0.5


def test_a_config_with_an_unknown_setting_is_answered_with_all_there_are():
    with pytest.raises(ValueError, match=r"sets num_cell, which there is not; there are .*num_cells"):
        build(nasnet.build_nasnet_mobile, 64, config={"num_cell": 6})
    with pytest.raises(ValueError, match="Could not cast hparam 'num_cells'"):
        build(nasnet.build_nasnet_mobile, 64, config={"num_cells": "6"})


def test_the_published_configs_have_the_published_values():
    cifar = nasnet.cifar_config()
    assert (cifar.num_cells, cifar.num_conv_filters, cifar.total_training_steps) == (18, 32, 937500)
    large = nasnet.large_imagenet_config()
    assert (large.num_conv_filters, large.stem_multiplier, large.skip_reduction_layer_input) == (168, 3.0, 1)
    mobile = pnasnet.mobile_imagenet_config()
    assert (mobile.num_cells, mobile.num_conv_filters, mobile.drop_path_keep_prob) == (9, 54, 1.0)


@pytest.mark.parametrize("name", CELL_ENDS)
def test_channels_first_gives_the_same_by_the_config_and_by_the_model(name):
    images = np.random.RandomState(0).uniform(-1, 1, (2, 33, 33, 3)).astype(np.float32)
    values, want = {}, None
    for inside, around in (("NHWC", "NHWC"), ("NCHW", "NHWC"), ("NHWC", "NCHW")):
        config = SMALL | {"use_aux_head": 0, "data_format": inside}
        given = {"data_format": around, "initial_values": values}
        model = slimzoo.Model(name, 7, (33, 33, 3), config=config, **given)
        if values:  # float32, summed in another order
            np.testing.assert_allclose(model(images).numpy(), want, atol=1e-4 * np.abs(want).max(), rtol=0)
        else:
            want, values = model(images).numpy(), {n: v.value for n, v in model.variables_by_name.items()}


@pytest.mark.parametrize("bounded", [True, False])
def test_bounded_activations_stay_in_bounds(bounded):
    config = SMALL | {"use_bounded_activation": bounded}
    model = slimzoo.Model("pnasnet_mobile", 0, (32, 32, 3), config=config)
    images = 1e4 * np.random.RandomState(0).uniform(-1, 1, (2, 32, 32, 3)).astype(np.float32)
    value = model.features(images, "Cell_2").numpy()
    assert (value.min() >= 0 and value.max() == 6) == bounded


# Dropped paths.


def test_drop_path_drops_whole_samples_and_keeps_the_mean():
    with tf.Graph().as_default(), v1.Session() as session:
        v1.set_random_seed(1)
        net = session.run(nasnet_utils.drop_path(tf.ones([4000, 2, 2, 3]), 0.8))
        same = session.run(nasnet_utils.drop_path(tf.ones([2, 2]), 0.8, is_training=False))
    assert set(np.unique(net)) == {0.0, np.float32(1 / np.float32(0.8))}
    assert (net == net[:, :1, :1, :1]).all()
    assert abs(net.mean() - 1) < 4 * 0.5 / 4000**0.5  # four standard deviations of the mean
    assert (same == 1).all()


@pytest.mark.parametrize(
    "step, cell_num, kept", [(0, 9, 1.0), (50, 9, 0.8), (100, 9, 0.6), (1000, 9, 0.6), (100, 4, 0.8)]
)
def test_the_probability_to_keep_a_path_falls_with_the_steps_and_the_cells(step, cell_num, kept):
    cell = nasnet_utils.NasNetANormalCell(4, 0.6, total_num_cells=10, total_training_steps=100)
    with tf.Graph().as_default(), v1.Session() as session:
        assert session.run(cell._keep_prob(cell_num, tf.constant(step))) == pytest.approx(kept)


def test_paths_are_dropped_by_the_global_step_and_by_current_step_where_one_is_given():
    config = SMALL | {"drop_path_keep_prob": 0.5, "total_training_steps": 10, "use_aux_head": 0}
    with tf.Graph().as_default():
        images = tf.zeros([2, 32, 32, 3])
        nasnet.build_nasnet_cifar(images, 7, config=config, current_step=tf.constant(3))
        assert not [v for v in v1.global_variables() if v.op.name.endswith("global_step")]
    with tf.Graph().as_default():
        step = v1.train.get_or_create_global_step()
        nasnet.build_nasnet_cifar(tf.zeros([2, 32, 32, 3]), 7, config=config)
        assert [v for v in v1.global_variables() if v.op.name.endswith("global_step")] == [step]


def test_a_model_drops_more_paths_the_longer_it_is_trained():
    config = SMALL | {"drop_path_keep_prob": 0.5, "total_training_steps": 4, "dense_dropout_keep_prob": 1.0}
    config["use_aux_head"] = 0
    model = slimzoo.Model("nasnet_cifar", 7, (32, 32, 3), config=config)
    assert not [name for name in model.variables_by_name if name.endswith("global_step")]
    model.trainable = False  # batch norm by its averages, so that only dropped paths tell runs apart
    images = np.random.RandomState(0).uniform(-1, 1, (2, 32, 32, 3)).astype(np.float32)
    want = model(images).numpy()
    first, second, third = (model(images, training=True).numpy() for _ in range(3))
    np.testing.assert_allclose(first, want, atol=1e-5 * np.abs(want).max())  # step 0 keeps all; as above
    assert np.abs(second - want).max() > 1e-4 * np.abs(want).max()
    assert np.abs(third - second).max() > 1e-4 * np.abs(want).max()


def test_a_host_seeds_each_cell_once():
    cell = nasnet_utils.NasNetANormalCell(4, 0.6, 10, 100)
    host = Host()
    host.training_step = lambda: tf.constant(50)
    ops = [slim.conv2d, slim.separable_conv2d, slim.avg_pool2d, slim.batch_norm]
    ops += [nasnet_utils.factorized_reduction, nasnet_utils.get_channel_dim, nasnet_utils.get_channel_index]
    token = HOST.set(host)
    try:
        with tf.Graph().as_default(), slim.arg_scope(ops, data_format="NHWC"):
            net = cell(tf.zeros([2, 8, 8, 4]), scope="cell", cell_num=3)
            with slim.arg_scope([nasnet_utils.drop_path], is_training=False):
                cell(tf.zeros([2, 8, 8, 4]), scope="other", cell_num=3)
    finally:
        HOST.reset(token)
    assert host.seeds == 1 and net.shape == (2, 8, 8, 24)


# The cells by themselves.


def test_cells_halve_the_map_at_even_distances():
    assert nasnet_utils.calc_reduction_layers(18, 2) == [6, 12]
    assert nasnet_utils.calc_reduction_layers(12, 2) == [4, 8]
    assert nasnet_utils.calc_reduction_layers(11, 3) == [2, 5, 8]


def test_the_channels_are_found_by_the_data_format():
    assert nasnet_utils.get_channel_index(data_format="NHWC") == 3
    assert nasnet_utils.get_channel_index(data_format="NCHW") == 1
    assert nasnet_utils.get_channel_dim([10, 20, 30, 40], data_format="NHWC") == 40
    assert nasnet_utils.get_channel_dim([10, 20, 30, 40], data_format="NCHW") == 20
    with pytest.raises(ValueError, match="Not a valid data_format: 'null'; give NHWC or NCHW"):
        nasnet_utils.get_channel_index()
    with pytest.raises(ValueError, match="maps of rank 4"):
        nasnet_utils.get_channel_dim([10, 20], data_format="NHWC")


def test_a_factorized_reduction_sees_every_pixel_once():
    images = np.arange(25, dtype=np.float32).reshape(1, 5, 5, 1)
    with (
        tf.Graph().as_default(),
        v1.Session() as session,
        slim.arg_scope([slim.batch_norm], is_training=False, epsilon=0.0),
        slim.arg_scope([slim.conv2d], weights_initializer=tf.ones_initializer(), activation_fn=None),
    ):
        net = nasnet_utils.factorized_reduction(tf.constant(images), 3, 2, data_format="NHWC")
        session.run(v1.global_variables_initializer())
        value = session.run(net)
    padded = np.pad(images[0, 1:, 1:, 0], ((0, 1), (0, 1)))
    np.testing.assert_array_equal(value[0, :, :, 0], images[0, ::2, ::2, 0])
    for channel in (1, 2):  # of an odd number, one more looks to the right and below
        np.testing.assert_array_equal(value[0, :, :, channel], padded[::2, ::2])


@pytest.mark.parametrize("operation", ["conv_3x3", "separable_3x5_2", "avg_pool", "separable_3x3_0"])
def test_an_operation_there_is_not_is_answered_with_those_there_are(operation):
    with pytest.raises(ValueError, match=f"Unimplemented operation '{operation}'; there are none, avg_pool"):
        nasnet_utils.NasNetABaseCell(4, [operation, "none"], [0, 0, 0], [0, 1], 1.0, 1, 1)


def test_a_cell_of_ones_own_sums():
    cell = nasnet_utils.NasNetABaseCell(4, ["max_pool_3x3", "separable_5x5"], [1, 1, 0], [0, 1], 1.0, 1, 1)
    with tf.Graph().as_default(), slim.arg_scope([nasnet_utils.get_channel_dim], data_format="NHWC"):
        with slim.arg_scope([nasnet_utils.get_channel_index], data_format="NHWC"):
            net = cell(tf.zeros([2, 8, 8, 4]), scope="mine", stride=2)
        assert net.shape == (2, 4, 4, 4)
        assert "mine/comb_iter_0/right/separable_5x5_1/depthwise_weights" in [
            v.op.name for v in slim.get_model_variables()
        ]


def test_a_cell_that_drops_paths_wants_its_number():
    cell = nasnet_utils.NasNetANormalCell(4, 0.6, 10, 100)
    ops = [nasnet_utils.get_channel_dim, nasnet_utils.get_channel_index]
    needs = pytest.raises(ValueError, match="needs to know cell_num")
    with tf.Graph().as_default(), slim.arg_scope(ops, data_format="NHWC"), needs:
        cell(tf.zeros([2, 8, 8, 4]), scope="cell")


def test_only_poolings_that_halve_the_map_may_be_padded_with_zeros():
    with tf.Graph().as_default(), v1.Session() as session:
        found = [
            nasnet_utils.pool(
                tf.constant(-1.0, shape=(1, 4, 4, 1)), kind, 3, stride, ("avg_pool", "max_pool")
            )
            for kind in ("avg_pool", "max_pool")
            for stride in (2, 1)
        ]
        halved, kept, largest, kept_largest = (v[0, :, :, 0] for v in session.run(found))
    # windows at rows and columns 0..2 and 2..4, of which 4 is the padding
    np.testing.assert_allclose(halved, [[-1, -6 / 9], [-6 / 9, -4 / 9]], rtol=1e-6)  # float32
    assert largest.tolist() == [[-1, 0], [0, 0]]
    assert np.all(kept == -1) and np.all(kept_largest == -1)


def test_zero_padded_pools_of_another_kind_are_refused():
    with pytest.raises(ValueError, match="it is a list of some of avg_pool, max_pool"):
        build(nasnet.build_nasnet_mobile, 64, zero_padded_pools=["sum_pool"])
