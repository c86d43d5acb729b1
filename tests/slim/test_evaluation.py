"""slim.evaluation: a checkpoint, or those that appear, with summaries."""

import pytest
import tensorflow as tf

from slimzoo import slim
from tests.slim.classifier import LABELS, loss, predictions, summaries
from tests.slim.support import v1


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A directory with the checkpoint model.ckpt-3 of the classifier."""
    folder = tmp_path_factory.mktemp("run")
    with tf.Graph().as_default():
        op = slim.learning.create_train_op(loss(), v1.train.GradientDescentOptimizer(1.0))
        slim.learning.train(op, str(folder), number_of_steps=3, save_interval_secs=0)
    return str(folder)


def accuracy():
    """Makes the classifier, a metric with a summary; returns (value, update)."""
    value, update = v1.metrics.accuracy(LABELS, tf.round(predictions(is_training=False)))
    slim.summaries.add_scalar_summary(value, "correct")
    return value, update


def test_one_checkpoint_is_evaluated_with_summaries(run, tmp_path):
    with tf.Graph().as_default():
        value, update = accuracy()
        final = slim.evaluation.evaluate_once(
            "", f"{run}/model.ckpt-3", str(tmp_path), num_evals=2, eval_op=update, final_op=value
        )
    assert final == 1
    assert summaries(tmp_path) == {"correct": [(3, 1.0)]}


def test_only_the_given_variables_are_restored(run, tmp_path):
    with tf.Graph().as_default():
        slim.variable("new", [], initializer=v1.zeros_initializer(), collections=["local_variables"])
        slim.create_global_step()
        value, update = accuracy()
        final = slim.evaluation.evaluate_once(
            "",
            f"{run}/model.ckpt-3",
            str(tmp_path),
            eval_op=[update],
            final_op=value,
            summary_op=None,
            variables_to_restore=slim.get_variables_to_restore(),
        )
    assert final == 1 and list(tmp_path.iterdir()) == []


def test_a_loop_evaluates_what_appears_until_the_timeout(run, tmp_path):
    seen = []

    class Watch(v1.train.SessionRunHook):
        def end(self, session):
            seen.append(session.run(v1.train.get_global_step()))

    with tf.Graph().as_default():
        value, update = accuracy()
        final = slim.evaluation.evaluation_loop(
            "",
            run,
            str(tmp_path),
            eval_op=update,
            final_op=value,
            eval_interval_secs=0,
            timeout=0,
            hooks=[Watch()],
        )
    assert final == 1 and seen == [3]
    assert summaries(tmp_path) == {"correct": [(3, 1.0)]}


def test_a_loop_ends_after_a_number_of_evaluations(run, tmp_path):
    with tf.Graph().as_default():
        value, update = accuracy()
        assert slim.evaluation.evaluation_loop(
            "", run, str(tmp_path), eval_op=update, final_op=value, max_number_of_evaluations=1
        )
