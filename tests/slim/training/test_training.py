"""slim.training: the train op with a function of the gradients, and the loop of monitored sessions."""

import signal

import pytest
import tensorflow as tf

from slimzoo import slim
from tests.slim.classifier import LOSSES, steps_saved, train_op
from tests.slim.support import names, v1


def trained(folder, hooks, **settings):
    """Trains the classifier; returns the last loss."""
    with tf.Graph().as_default():
        op = train_op(slim.training.create_train_op)
        return slim.training.train(op, folder, hooks=hooks, **settings)


def test_a_hook_ends_training_and_the_next_run_goes_on(tmp_path):
    for steps in (2, 4):
        last = trained(str(tmp_path), [v1.train.StopAtStepHook(last_step=steps)])
    assert last == pytest.approx(LOSSES[3], abs=2e-6)  # TensorFlow 1.15, printed with 6 digits
    assert {0, 2, 4} <= set(steps_saved(tmp_path))


def test_gradients_go_through_a_function():
    with tf.Graph().as_default():
        seen = []

        def transform(pairs):
            seen.extend(variable.op.name for _, variable in pairs)
            return slim.training.clip_gradient_norms_fn(0.01)(pairs)

        train_op(slim.training.create_train_op, transform_grads_fn=transform, summarize_gradients=True)
        assert seen == ["bn/beta", "fc/weights", "fc/biases"]
        assert "summarize_grads/bn/beta_gradient_norm" in names("summaries")


def test_sigterm_saves_and_ends_the_program_with_143(tmp_path):
    class Terminate(v1.train.SessionRunHook):
        def after_run(self, run_context, run_values):
            if run_context.session.run(v1.train.get_global_step()) == 2:
                signal.raise_signal(signal.SIGTERM)

    with pytest.raises(SystemExit) as ended:
        trained(str(tmp_path), [Terminate()])
    assert ended.value.code == 143
    assert steps_saved(tmp_path)[-1] == 2


def test_a_directory_of_another_network_is_refused(tmp_path):
    trained(str(tmp_path), [v1.train.StopAtStepHook(last_step=1)])
    with tf.Graph().as_default():
        value = slim.variable("fc/weights", [7], initializer=v1.zeros_initializer())
        op = slim.training.create_train_op(tf.reduce_sum(value), v1.train.GradientDescentOptimizer(1.0))
        with pytest.raises(
            tf.errors.InvalidArgumentError, match=r"fc/weights: .*\[7\], the checkpoint \[2, 1\]"
        ):
            slim.training.train(op, str(tmp_path))


def test_saving_nowhere_is_refused_and_not_saving_is_not():
    with pytest.raises(
        ValueError, match="logdir cannot be None when save_summaries_steps is not None"
    ) as error:
        trained(None, [])
    assert "logdir cannot be None when save_checkpoint_secs is not None, but 600" in str(error.value)
    hooks = [v1.train.StopAtStepHook(last_step=1)]
    assert trained(None, hooks, save_summaries_steps=None, save_checkpoint_secs=None) is not None


def test_the_functions_are_found_in_the_package_and_in_its_modules():
    assert slim.training.evaluate_once is slim.train_eval.evaluate_once
    assert slim.training.multiply_gradients is slim.learning.multiply_gradients
    assert slim.training.clip_gradient_norms is slim.learning.clip_gradient_norms
