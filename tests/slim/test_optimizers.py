"""optimize_loss; losses, variables and tags are TensorFlow 1.15's."""

import numpy as np
import pytest
import tensorflow as tf

from slimzoo import slim
from tests.slim.support import graph_session, names, v1

ALL = ["learning_rate", "loss", "gradients", "gradient_norm", "global_gradient_norm"]


def decay(rate, step):
    """Returns the rate, halved every 10 steps."""
    return v1.train.exponential_decay(rate, step, 10, 0.5)


def model():
    """Makes the variables w [2, 2] and emb [5, 2], of which two rows are used; returns a loss of them."""
    w = v1.get_variable("w", initializer=np.arange(4, dtype=np.float32).reshape(2, 2))
    emb = v1.get_variable("emb", initializer=np.arange(10, dtype=np.float32).reshape(5, 2))
    return tf.reduce_sum(tf.square(tf.matmul(tf.gather(emb, [1, 2]), w)))


def optimized(session, steps=3, **settings):
    """Returns (train op, global step, losses of the first steps)."""
    loss, step = model(), v1.train.get_or_create_global_step()
    op = slim.optimize_loss(loss, step, **settings)
    session.run(v1.global_variables_initializer())
    return op, step, [session.run(op) for _ in range(steps)]


def tags():
    """Returns the tags of all summaries."""
    summaries = [summary.op for summary in v1.get_collection("summaries")]
    return [tf.get_static_value(op.inputs[0]).item().decode() for op in summaries]


def test_a_name_makes_the_optimizer_with_a_variable_learning_rate():
    with graph_session() as session:
        op, step, losses = optimized(
            session, learning_rate=0.01, optimizer="Adam", gradient_multipliers={"w:0": 2.0}, name="Other"
        )
        assert op.op.name == "Other/control_dependency"
        np.testing.assert_allclose(
            losses, [618.0, 608.1002, 598.3236], rtol=1e-6
        )  # float32, 7 digits printed
        assert session.run(step) == 3
        assert {"Other/learning_rate", "Other/w/Adam", "Other/beta1_power"} < set(names("variables"))
        assert names("trainable_variables") == ["w", "emb"]
        assert tags() == ["Other/global_norm/gradient_norm", "Other/loss"]
        assert names("train_op") == ["Other/train"]


def test_gradients_are_clipped_together_and_all_summaries_written():
    with graph_session() as session:
        _, _, losses = optimized(
            session,
            learning_rate=0.1,
            optimizer="Momentum",
            clip_gradients=1.0,
            learning_rate_decay_fn=decay,
            summaries=ALL,
        )
        np.testing.assert_allclose(losses, [618.0, 577.9862, 511.15555], rtol=1e-6)
        assert tags() == [
            f"OptimizeLoss/{tag}"
            for tag in (
                "learning_rate_1",
                "global_norm/gradient_norm",
                "loss",
                "gradients/w_0",
                "gradient_norm/w_0",
                "gradients/emb_0",
                "gradient_norm/emb_0",
                "global_norm/clipped_gradient_norm",
            )
        ]


def test_clipping_adapts_to_the_norms_seen():
    with graph_session() as session:
        step = v1.train.create_global_step()
        clip = slim.adaptive_clipping_fn(global_step=step, report_summary=True, static_max_norm=50.0)
        _, _, losses = optimized(session, learning_rate=0.1, optimizer="SGD", clip_gradients=clip)
        np.testing.assert_allclose(losses, [618.0, 50.153866, 250.23717], rtol=1e-5)  # exp and log of float32
        averages = {f"OptimizeLoss/AdaptiveMaxNorm/{name}" for name in ("mean", "sq_mean")}
        assert averages < set(names("variables"))
        assert "OptimizeLoss/global_norm/adaptive_max_gradient_norm" in tags()


@pytest.mark.parametrize(
    ("learning_rate", "optimizer"),
    [
        (0.001, "SGD"),
        (0.001, v1.train.GradientDescentOptimizer),
        (0.001, lambda rate: v1.train.GradientDescentOptimizer(rate)),
        (None, lambda: v1.train.GradientDescentOptimizer(0.001)),
        (None, v1.train.GradientDescentOptimizer(0.001)),
    ],
)
def test_an_optimizer_comes_as_name_class_function_or_itself(learning_rate, optimizer):
    with graph_session() as session:
        _, _, losses = optimized(session, learning_rate=learning_rate, optimizer=optimizer)
        assert losses[2] < losses[1] < losses[0]


def test_the_learning_rate_may_be_a_tensor():
    with graph_session() as session:
        _, _, losses = optimized(session, learning_rate=tf.constant(0.001), optimizer="SGD")
        assert losses[1] < losses[0]
        assert "OptimizeLoss/learning_rate" not in names("variables")


def test_noise_changes_the_gradients():
    with graph_session() as session:
        v1.set_random_seed(1)
        op, _, _ = optimized(session, 1, learning_rate=1.0, optimizer="SGD", gradient_noise_scale=0.0)
        w = slim.get_unique_variable("w")
        still = session.run(w)
    with graph_session() as session:
        v1.set_random_seed(1)
        optimized(session, 1, learning_rate=1.0, optimizer="SGD", gradient_noise_scale=3.0)
        moved = np.abs(session.run(slim.get_unique_variable("w")) - still)
    assert op is not None and 0 < moved.max() < 6.1  # two deviations of 3, and rounding of float32


def test_update_ops_run_and_the_step_is_counted_where_it_should_be():
    with graph_session() as session:
        counter = v1.get_variable("counter", [], initializer=v1.zeros_initializer(), trainable=False)
        v1.add_to_collection("update_ops", counter.assign_add(1.0))
        _, step, _ = optimized(session, learning_rate=0.001, optimizer="SGD", increment_global_step=False)
        assert session.run([counter, step]) == [3, 0]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"optimizer": "blah"}, r"Optimizer name should be one of \[Adagrad, .* you provided blah"),
        ({"optimizer": object()}, "Unrecognized optimizer: should be string"),
        ({"optimizer": lambda rate: None}, "function should return subclass of Optimizer. Got None"),
        ({"learning_rate": None}, r"should be specified if optimizer is string \(SGD\)"),
        (
            {"learning_rate": None, "optimizer": v1.train.AdamOptimizer},
            "should be specified if optimizer is class",
        ),
        ({"learning_rate": -0.1}, "Invalid learning_rate -0.1"),
        ({"learning_rate": 1}, "should be 0d Tensor or float. Got 1 of type"),
        ({"summaries": ["loss", "bad"]}, "Summaries should be one of .* you provided bad"),
        ({"clip_gradients": 1}, "Unknown type .*int.* for clip_gradients"),
    ],
)
def test_bad_arguments_are_named(settings, words):
    with tf.Graph().as_default(), pytest.raises(ValueError, match=words):
        slim.optimize_loss(
            model(), v1.train.create_global_step(), **{"learning_rate": 0.1, "optimizer": "SGD", **settings}
        )


def test_decay_needs_a_global_step_and_a_loss_must_be_a_scalar():
    with tf.Graph().as_default():
        with pytest.raises(ValueError, match="global_step is required for learning_rate_decay_fn"):
            slim.optimize_loss(model(), None, 0.1, "SGD", learning_rate_decay_fn=decay)
        for loss in (None, [[1.0]]):
            with pytest.raises(ValueError):
                slim.optimize_loss(loss, v1.train.get_or_create_global_step(), 0.1, "SGD")


def test_without_a_graph_the_two_ways_out_are_shown():
    with pytest.raises(RuntimeError, match=r"optimize_loss was called outside a graph(?s:.*)slimzoo\.Model"):
        slim.optimize_loss(tf.constant(1.0), None, 0.1, "SGD")
