"""slim.training's evaluation: hooks, counting, and waiting for checkpoints."""

import numpy as np
import pytest
import tensorflow as tf

from slimzoo import slim
from slimzoo.slim.training import evaluation
from tests.slim.classifier import LABELS, events, loss, predictions, steps_saved, summaries
from tests.slim.support import names, v1


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A directory with the checkpoints model.ckpt-1 and -3 of the classifier."""
    folder = tmp_path_factory.mktemp("run")
    for steps in (1, 3):
        with tf.Graph().as_default():
            op = slim.learning.create_train_op(loss(), v1.train.GradientDescentOptimizer(1.0))
            slim.learning.train(op, str(folder), number_of_steps=steps, save_interval_secs=0)
    assert steps_saved(folder) == [1, 3]
    return str(folder)


def accuracy():
    """Makes the classifier and a metric of it; returns (value, update)."""
    return v1.metrics.accuracy(LABELS, tf.round(predictions(is_training=False)))


def test_metrics_are_updated_a_number_of_times_and_then_read(run, tmp_path):
    with tf.Graph().as_default():
        value, update = accuracy()
        v1.summary.scalar("correct", value)
        counted = slim.get_local_variables("accuracy/count")[0]
        hooks = [evaluation.StopAfterNEvalsHook(3), evaluation.SummaryAtEndHook(str(tmp_path))]
        final = evaluation.evaluate_once(
            f"{run}/model.ckpt-3",
            eval_ops=update,
            final_ops={"accuracy": value, "seen": counted},
            hooks=hooks,
        )
    assert final == {"accuracy": 1.0, "seen": 24.0}
    assert summaries(tmp_path) == {"correct": [(3, 1.0)]}  # at the step of the checkpoint


@pytest.mark.parametrize("kind", [lambda op: op, lambda op: [op], lambda op: {"update": op}])
def test_eval_ops_are_a_tensor_a_list_or_a_dict_and_stay_as_they_were(run, kind):
    with tf.Graph().as_default():
        value, update = accuracy()
        ops = kind(update)
        before = list(ops) if isinstance(ops, (list, dict)) else ops
        hooks = [evaluation.StopAfterNEvalsHook(2)]
        assert (
            evaluation.evaluate_once(f"{run}/model.ckpt-3", eval_ops=ops, final_ops=value, hooks=hooks) == 1
        )
        assert (list(ops) if isinstance(ops, (list, dict)) else ops) is before or list(ops) == before
        assert len(hooks) == 1


def test_without_eval_ops_the_final_ops_are_read_at_once(run):
    with tf.Graph().as_default():
        final = evaluation.evaluate_once(f"{run}/model.ckpt-3", final_ops=predictions(is_training=False))
    assert (np.round(final) == LABELS).all()


def test_each_checkpoint_is_evaluated_once_until_there_are_no_more(run, tmp_path):
    with tf.Graph().as_default():
        value, update = accuracy()
        v1.summary.scalar("correct", value)
        hooks = [evaluation.StopAfterNEvalsHook(1), evaluation.SummaryAtEndHook(str(tmp_path))]
        final = evaluation.evaluate_repeatedly(
            run, eval_ops=update, final_ops=value, hooks=hooks, eval_interval_secs=0, timeout=0
        )
    assert final == 1
    assert [step for step, _ in summaries(tmp_path)["correct"]] == [3]


def test_several_evaluations_of_one_graph_write_a_summary_each(run, tmp_path, monkeypatch):
    monkeypatch.setattr(
        evaluation, "checkpoints_iterator", lambda *_: iter([f"{run}/model.ckpt-1", f"{run}/model.ckpt-3"])
    )
    with tf.Graph().as_default():
        value, update = accuracy()
        v1.summary.scalar("correct", value)
        hooks = [evaluation.StopAfterNEvalsHook(1), evaluation.SummaryAtEndHook(str(tmp_path))]
        evaluation.evaluate_repeatedly(run, eval_ops=update, hooks=hooks, max_number_of_evaluations=2)
    assert [step for step, _ in summaries(tmp_path)["correct"]] == [1, 3]
    assert events(tmp_path)


def test_the_eval_step_is_one_local_variable():
    with tf.Graph().as_default():
        step = evaluation.get_or_create_eval_step()
        assert evaluation.get_or_create_eval_step() is step
        assert names("local_variables") == names("eval_step") == ["eval_step"]
        assert step.dtype.base_dtype == tf.int64
        v1.add_to_collection(v1.GraphKeys.EVAL_STEP, tf.constant(1, name="other"))
        with pytest.raises(ValueError, match=r"Multiple tensors added.*eval_step:0, other:0"):
            evaluation.get_or_create_eval_step()


def test_progress_is_logged_at_every_tenth_of_many_evaluations(run, caplog):
    v1.logging.set_verbosity(v1.logging.INFO)
    try:
        with tf.Graph().as_default(), caplog.at_level("INFO", logger="tensorflow"):
            hooks = [
                evaluation.StopAfterNEvalsHook(25),
                evaluation.StopAfterNEvalsHook(None, log_progress=False),
            ]
            evaluation.evaluate_once(f"{run}/model.ckpt-3", eval_ops=accuracy()[1], hooks=hooks)
    finally:
        v1.logging.set_verbosity(v1.logging.WARN)
    lines = [line for line in caplog.messages if line.startswith("Evaluation [")]
    assert lines == [f"Evaluation [{n}/25]" for n in [*range(2, 25, 2), 25]]  # as TensorFlow 1.15: 25 // 10


def test_waiting_ends_with_a_new_checkpoint_or_the_timeout(run, tmp_path):
    newest = f"{run}/model.ckpt-3"
    assert evaluation.wait_for_new_checkpoint(run) == newest
    assert evaluation.wait_for_new_checkpoint(run, f"{run}/model.ckpt-1") == newest
    assert evaluation.wait_for_new_checkpoint(run, newest, seconds_to_sleep=0.01, timeout=0.02) is None
    assert evaluation.wait_for_new_checkpoint(str(tmp_path), timeout=0) is None


def test_a_timeout_function_says_whether_to_wait_on(run, tmp_path):
    assert list(evaluation.checkpoints_iterator(run, timeout=0)) == [f"{run}/model.ckpt-3"]
    answers = [False, False, True]
    assert (
        list(evaluation.checkpoints_iterator(str(tmp_path), timeout=0, timeout_fn=lambda: answers.pop(0)))
        == []
    )
    assert answers == []


def test_a_summary_hook_needs_somewhere_to_write():
    with pytest.raises(ValueError, match="One of log_dir or summary_writer should be used"):
        evaluation.SummaryAtEndHook()


def test_an_unfit_or_missing_checkpoint_is_named(run):
    with tf.Graph().as_default():
        slim.variable("fc/weights", [7])
        unfit = r"fc/weights: .*\[7\], the checkpoint \[2, 1\]"
        with pytest.raises(tf.errors.InvalidArgumentError, match=unfit):
            evaluation.evaluate_once(f"{run}/model.ckpt-3")
        missing = r"model\.ckpt-2; the newest one in that directory is .*model\.ckpt-3"
        with pytest.raises(ValueError, match=missing):
            evaluation.evaluate_once(f"{run}/model.ckpt-2")
