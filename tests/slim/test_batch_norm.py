"""Batch norm against numbers recorded from TensorFlow 1.15.5: outputs, and averages after two updates."""

import numpy as np
import pytest
import tensorflow as tf

from slimzoo import slim
from slimzoo.slim.hosting import hosted_by
from tests.slim.support import Host, fill_with_ramps, graph_session, images, names, three_sums, v1

UPDATE_OPS = v1.GraphKeys.UPDATE_OPS
BOTH = (0.130435, 0.130435)  # both channels see the same values
RECORDED = {  # arguments, three sums of the outputs, averages after two updates with decay 0.8
    "fused": ({}, (0.0, 24.69226, 1.609814), {"moving_mean": BOTH, "moving_variance": (0.681029, 0.681029)}),
    "unfused": (
        {"fused": False},
        (0.0, 24.69226, 1.609815),
        {"moving_mean": BOTH, "moving_variance": (0.67761, 0.67761)},
    ),
    "rank 2": (
        {"shape": (4, 2)},
        (0.0, 8.348846, 1.587212),
        {"moving_mean": (0.154286, 0.154286), "moving_variance": (0.707172, 0.707172)},
    ),
    "inference": (
        {"is_training": False},
        (0.0, 32.69131, 1.041317),
        {"moving_mean": (0, 0), "moving_variance": (1, 1)},
    ),
    "weighted": (
        {"batch_weights": np.array([1, 0], np.float32)},
        (3.416902, 25.12197, 3.273866),
        {"moving_mean": (0.146768, 0.114102), "moving_variance": (0.682632, 0.671106)},
    ),
    "debiased": (
        {"zero_debias_moving_mean": True},
        (0.0, 24.69226, 1.609814),
        {
            "moving_mean": (0.362319, 0.362319),
            "moving_variance": (0.681029, 0.681029),
            "BatchNorm/moving_mean/biased": BOTH,
            "BatchNorm/moving_mean/local_step": 2.0,
        },
    ),
    "renormalised": (
        {"renorm": True, "renorm_clipping": {"rmax": 1.1, "rmin": 0.9, "dmax": 0.1}},
        (0.0, 26.4, 1.548834),
        {
            "moving_mean": BOTH,
            "moving_variance": (0.571921, 0.571921),
            "moving_stddev": (0.756915, 0.756915),
            "renorm_mean": (0.00721, 0.00721),
            "renorm_stddev": (0.986563, 0.986563),
        },
    ),
}


def check(build, sums, averages):
    with graph_session() as session:
        outputs = build()
        updates = v1.get_collection(UPDATE_OPS)
        fill_with_ramps(session)
        values = session.run(outputs)
        for _ in range(2):
            session.run(updates)
        found = {name: session.run(slim.get_unique_variable(f"BatchNorm/{name}")) for name in averages}
    # float32; the first sum cancels to round-off; averages are recorded with 6 decimals
    np.testing.assert_allclose(three_sums(values), sums, rtol=2e-6, atol=1e-5)
    for name, expected in averages.items():
        np.testing.assert_allclose(found[name], expected, rtol=1e-5, atol=1e-6, err_msg=name)


@pytest.mark.parametrize("case", RECORDED)
def test_batch_norm_gives_the_numbers_of_tensorflow_1(case):
    arguments, sums, averages = RECORDED[case]
    arguments = dict(arguments)
    inputs_shape = arguments.pop("shape", (2, 3, 2, 2))
    check(lambda: slim.batch_norm(images(*inputs_shape), decay=0.8, scale=True, **arguments), sums, averages)


@pytest.mark.parametrize("case", ["fused", "unfused", "inference"])
def test_channels_first_gives_the_same_numbers(case):
    arguments, sums, averages = RECORDED[case]

    def build():
        inputs = tf.transpose(images(2, 3, 2, 2), [0, 3, 1, 2])
        outputs = slim.batch_norm(inputs, decay=0.8, scale=True, data_format="NCHW", **arguments)
        return tf.transpose(outputs, [0, 2, 3, 1])

    check(build, sums, averages)


@pytest.mark.parametrize("fused", [True, False])
@pytest.mark.parametrize("training", [True, False])
def test_is_training_may_be_a_tensor(training, fused):
    case = "inference" if not training else "fused" if fused else "unfused"
    _, sums, averages = RECORDED[case]

    def build():
        is_training = v1.placeholder_with_default(training, [])
        return slim.batch_norm(
            images(2, 3, 2, 2), decay=0.8, scale=True, fused=fused, is_training=is_training
        )

    check(build, sums, averages)


def test_without_a_collection_the_outputs_carry_the_updates():
    with graph_session() as session:
        outputs = slim.batch_norm(images(2, 3, 2, 2), decay=0.8, updates_collections=None)
        fill_with_ramps(session)
        for _ in range(2):
            session.run(outputs)
        assert v1.get_collection(UPDATE_OPS) == []
        mean = session.run(slim.get_unique_variable("BatchNorm/moving_mean"))
    np.testing.assert_allclose(mean, BOTH, rtol=1e-5)  # recorded with 6 digits


def test_the_update_ops_have_their_old_names():
    with graph_session():
        slim.conv2d(images(1, 4, 4, 3), 2, 3, normalizer_fn=slim.batch_norm, scope="c")
        slim.batch_norm(images(1, 4, 4, 3), updates_collections="mine", scope="b")
        assert names(UPDATE_OPS) == ["c/BatchNorm/AssignMovingAvg", "c/BatchNorm/AssignMovingAvg_1"]
        assert names("mine") == ["b/AssignMovingAvg", "b/AssignMovingAvg_1"]


@pytest.mark.parametrize(
    ("arguments", "order"),
    [({}, ["gamma", "beta"]), ({"updates_collections": None}, ["beta", "gamma"])],
    ids=["as in tf.layers", "as in tf.contrib.layers"],
)
def test_the_order_of_the_variables_depends_on_the_collection_as_it_did(arguments, order):
    with graph_session():
        slim.batch_norm(images(1, 4, 4, 3), scale=True, **arguments)
        expected = [f"BatchNorm/{name}" for name in (*order, "moving_mean", "moving_variance")]
        assert names("model_variables") == expected


def test_moving_averages_are_not_trained_and_parameters_are_regularized():
    with graph_session():
        slim.batch_norm(
            images(1, 4, 4, 3), scale=True, param_regularizers={"gamma": slim.l2_regularizer(0.1)}
        )
        assert names("trainable_variables") == ["BatchNorm/gamma", "BatchNorm/beta"]
        assert names("regularization_losses") == ["BatchNorm/gamma/Regularizer/l2_regularizer"]


@pytest.mark.parametrize("dtype", [tf.float16, tf.bfloat16])
@pytest.mark.parametrize("fused", [True, False])
def test_half_precision_keeps_parameters_and_statistics_in_float32(dtype, fused):
    with graph_session() as session:
        outputs = slim.batch_norm(tf.cast(images(2, 3, 2, 2), dtype), fused=fused)
        assert outputs.dtype == dtype
        assert {variable.dtype.base_dtype for variable in slim.get_variables()} == {tf.float32}
        session.run(v1.global_variables_initializer())
        session.run([outputs, *v1.get_collection(UPDATE_OPS)])


def test_under_a_host_updates_run_by_themselves_and_a_frozen_scope_has_none():
    with tf.Graph().as_default() as graph:
        slim.batch_norm(images(2, 3, 2, 2), decay=0.8, scope="free")
        slim.batch_norm(images(2, 3, 2, 2), decay=0.8, scope="still")
        shapes = {variable.op.name: variable.shape for variable in slim.get_variables()}
    del graph
    variables = {
        name: tf.Variable(tf.ones(shape) if "variance" in name else tf.zeros(shape))
        for name, shape in shapes.items()
    }

    @tf.function(autograph=False)
    def run(inputs):
        with (
            hosted_by(Host(frozen=("still",))),
            v1.variable_scope("", custom_getter=lambda getter, name, **_: variables[name]),
        ):
            free = slim.batch_norm(inputs, decay=0.8, scope="free")
            return free, slim.batch_norm(inputs, decay=0.8, scope="still")

    for _ in range(2):
        free, still = run(images(2, 3, 2, 2))
    np.testing.assert_allclose(variables["free/moving_mean"], BOTH, rtol=1e-5)  # recorded with 6 digits
    np.testing.assert_allclose(variables["free/moving_variance"], (0.681029, 0.681029), rtol=1e-5)
    np.testing.assert_array_equal(variables["still/moving_mean"], (0, 0))
    np.testing.assert_allclose(free.numpy().mean(), 0, atol=1e-6)  # float32
    np.testing.assert_allclose(still, images(2, 3, 2, 2) / np.sqrt(1.001), rtol=1e-5)  # float32


WRONG = {
    "data_format": ({"data_format": "CHWN"}, "either NCHW or NHWC, not 'CHWN'"),
    "renorm": ({"renorm": True, "updates_collections": None}, "renorm is not supported with batch_weights"),
    "adjustment": (
        {"adjustment": lambda shape: (1.0, 0.0), "zero_debias_moving_mean": True},
        "adjustment is not supported",
    ),
    "clipping": ({"renorm": True, "renorm_clipping": {"max": 1}}, "contains keys not in.*'max'"),
    "weights": ({"batch_weights": [1.0, 2.0, 3.0]}, "takes one for each sample"),
}


@pytest.mark.parametrize("mistake", WRONG)
def test_a_mistake_says_what_is_allowed(mistake):
    arguments, message = WRONG[mistake]
    with graph_session(), pytest.raises(ValueError, match=message):
        slim.batch_norm(images(2, 3, 2, 2), **arguments)


@pytest.mark.parametrize("shape", [None, [3], [2, 3, None]])
def test_a_shape_must_tell_the_channels(shape):
    with graph_session(), pytest.raises(ValueError, match="undefined"):
        slim.batch_norm(v1.placeholder(tf.float32, shape))
