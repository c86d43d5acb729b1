"""slim.learning: train ops, the loop, and what it leaves in its directory."""

import json
import os
import signal

import numpy as np
import pytest
import tensorflow as tf

from slimzoo import slim
from tests.slim.classifier import LOSSES, loss, steps_saved, summaries, train_op
from tests.slim.support import graph_session, names, v1

QUIET = {"save_summaries_secs": 0, "save_interval_secs": 0}  # only the last checkpoint


def losses_of(op, session, steps=4):
    """Initialises the variables and returns the losses of the first steps."""
    session.run(v1.global_variables_initializer())
    return [session.run(op) for _ in range(steps)]


@pytest.mark.parametrize(
    ("settings", "expected"),  # all from TensorFlow 1.15
    [
        ({}, LOSSES),
        ({"clip_gradient_norm": 0.01}, [0.693147, 0.686156, 0.673074, 0.654858]),
        (
            {"gradient_multipliers": {"fc/weights": 0.1, "fc/biases": 3.0}},
            [0.693147, 0.631159, 0.582304, 0.527412],
        ),
        ({"global_step": None}, LOSSES),
    ],
)
def test_losses_and_variables_are_those_of_tensorflow_1(settings, expected):
    with graph_session() as session:
        op = train_op(**settings)
        assert op.op.name == "train_op/control_dependency"
        assert names("train_op") == ["Momentum", "train_op/control_dependency"]
        np.testing.assert_allclose(losses_of(op, session), expected, atol=2e-6)  # printed with 6 digits
        slots = {"bn/beta/Momentum", "fc/weights/Momentum", "fc/biases/Momentum"}
        assert slots < set(names("variables"))
        averages = session.run(slim.get_unique_variable("bn/moving_variance"))
        np.testing.assert_allclose(averages, [0.4125, 0.4125], rtol=1e-5)  # float32; ran as update ops


def test_the_global_step_is_counted_unless_it_is_none():
    for settings, counted in (({}, 4), ({"global_step": None}, 0)):
        with graph_session() as session:
            step = slim.create_global_step()
            losses_of(train_op(**settings), session)
            assert session.run(step) == counted


def test_update_ops_may_be_left_out_and_that_is_warned_of(caplog):
    with graph_session() as session:
        losses_of(train_op(update_ops=[]), session)
        assert session.run(slim.get_unique_variable("bn/moving_variance")).tolist() == [1, 1]
    assert "does not contain all the update_ops in GraphKeys.UPDATE_OPS" in caplog.text


def test_only_the_wanted_variables_are_trained():
    with graph_session() as session:
        total_loss = loss()
        wanted = [slim.get_unique_variable("fc/weights")]
        op = slim.learning.create_train_op(
            total_loss, v1.train.MomentumOptimizer(1.0, 0.9), variables_to_train=wanted
        )
        np.testing.assert_allclose(  # TensorFlow 1.15, printed with 6 digits
            losses_of(op, session), [0.693147, 0.438742, 0.277558, 0.226551], atol=2e-6
        )


def test_gradients_are_summarised():
    with tf.Graph().as_default():
        train_op(summarize_gradients=True)
        assert names("summaries")[1:] == [
            f"summarize_grads/{name}_gradient{what}"
            for name in ("bn/beta", "fc/weights", "fc/biases")
            for what in ("", "_norm")
        ]
        pairs = [(tf.constant([1.0]), v1.get_variable("v", [1])), (None, v1.get_variable("w", [1]))]
        made = slim.learning.add_gradients_summaries(pairs)
        assert [summary.op.name for summary in made] == ["v/gradient", "v/gradient_norm"]


def test_an_infinite_loss_stops_training_unless_that_is_not_wanted():
    with graph_session() as session:
        infinite = slim.variable("v", [], initializer=v1.constant_initializer(1.0)) / 0.0
        optimizer = v1.train.GradientDescentOptimizer(1.0)
        checked = slim.learning.create_train_op(infinite, optimizer)
        unchecked = slim.learning.create_train_op(infinite, optimizer, check_numerics=False)
        session.run(v1.global_variables_initializer())
        with pytest.raises(tf.errors.InvalidArgumentError, match="LossTensor is inf or nan"):
            session.run(checked)
        assert not np.isfinite(session.run(unchecked))


def test_what_cannot_be_trained_is_said():
    with tf.Graph().as_default():
        frozen = slim.variable("frozen", [1], trainable=False)
        optimizer = v1.train.GradientDescentOptimizer(1.0)
        with pytest.raises(ValueError, match=r"no variable to train"):
            slim.learning.create_train_op(tf.constant(1.0), optimizer)
        with pytest.raises(ValueError, match=r"trainable=False:\n  frozen"):
            slim.learning.create_train_op(tf.constant(1.0), optimizer, variables_to_train=[frozen])
    with pytest.raises(RuntimeError, match=r"(?s)outside a graph.*tf\.Graph"):
        slim.learning.create_train_op(tf.constant(1.0), optimizer)


def test_a_run_leaves_the_files_of_tensorflow_1(tmp_path):
    with tf.Graph().as_default():
        last = slim.learning.train(train_op(), str(tmp_path), number_of_steps=4)
    assert last == pytest.approx(LOSSES[3], abs=2e-6)
    assert steps_saved(tmp_path) == [0, 4]
    assert {"checkpoint", "graph.pbtxt", "model.ckpt-4.meta"} < set(os.listdir(tmp_path))
    written = summaries(tmp_path)
    assert set(written) == {"loss", "global_step/sec"}
    step, value = written["loss"][0]
    assert step <= 4 and value > 0


def test_a_second_run_goes_on_where_the_first_one_ended(tmp_path):
    def unwanted(session):
        raise AssertionError("initialised again")

    for number_of_steps, init_fn in ((2, None), (4, unwanted)):
        with tf.Graph().as_default():
            last = slim.learning.train(
                train_op(), str(tmp_path), number_of_steps=number_of_steps, init_fn=init_fn, **QUIET
            )
    assert last == pytest.approx(LOSSES[3], abs=2e-6)
    assert steps_saved(tmp_path) == [2, 4]


def test_a_directory_of_another_network_is_refused_with_all_differences(tmp_path):
    with tf.Graph().as_default():
        slim.learning.train(train_op(), str(tmp_path), number_of_steps=1, **QUIET)
    with tf.Graph().as_default():
        value = slim.variable("fc/weights", [7], initializer=v1.zeros_initializer())
        op = slim.learning.create_train_op(tf.reduce_sum(value), v1.train.GradientDescentOptimizer(1.0))
        with pytest.raises(
            tf.errors.InvalidArgumentError, match=r"fc/weights: .*\[7\], the checkpoint \[2, 1\]"
        ):
            slim.learning.train(op, str(tmp_path), number_of_steps=1, **QUIET)


def test_what_does_not_fit_in_init_fn_comes_out_in_its_own_words(tmp_path):
    with tf.Graph().as_default():
        slim.learning.train(train_op(), str(tmp_path / "first"), number_of_steps=1, **QUIET)
    for path, words in (
        (f"{tmp_path}/first/model.ckpt-1", "Key extra not found in checkpoint"),
        (f"{tmp_path}/first/model.ckpt-2", r"the newest one in that directory is .*model\.ckpt-1"),
    ):
        with tf.Graph().as_default():
            op = train_op()
            variables = [*slim.get_model_variables(), slim.variable("extra", [1])]
            init_fn = slim.assign_from_checkpoint_fn(path, variables)
            with pytest.raises(tf.errors.NotFoundError, match=words):
                slim.learning.train(op, str(tmp_path / "second"), number_of_steps=1, init_fn=init_fn)


def test_the_log_line_counts_the_step_it_tells_of(caplog):
    v1.logging.set_verbosity(v1.logging.INFO)
    try:
        with tf.Graph().as_default(), caplog.at_level("INFO", logger="tensorflow"):
            slim.learning.train(train_op(), None, number_of_steps=4, log_every_n_steps=2)
    finally:
        v1.logging.set_verbosity(v1.logging.WARN)
    lines = [line.split(" (")[0] for line in caplog.messages if line.startswith("global step")]
    assert lines == ["global step 2: loss = 0.4248", "global step 4: loss = 0.1433"]


def test_a_trace_shows_the_ops_of_every_nth_step(tmp_path):
    with tf.Graph().as_default():
        slim.learning.train(train_op(), str(tmp_path), number_of_steps=4, trace_every_n_steps=2, **QUIET)
    assert sorted(tmp_path.glob("tf_trace-*.json")) == [tmp_path / f"tf_trace-{step}.json" for step in (1, 3)]
    trace = json.loads((tmp_path / "tf_trace-1.json").read_text())["traceEvents"]
    assert {"process_name", "ResourceApplyMomentum"} <= {event["name"] for event in trace}
    assert all(event["dur"] > 0 for event in trace if event["ph"] == "X")


def test_a_step_function_of_ones_own_decides_when_to_stop():
    seen = []

    def step(session, op, global_step, settings):
        seen.append(settings)
        return session.run(op), len(seen) == 3

    with tf.Graph().as_default():
        slim.learning.train(train_op(), None, train_step_fn=step, train_step_kwargs={"mine": 1})
    assert len(seen) == 3 and seen[0]["mine"] == 1


def test_steps_run_in_the_wrapped_session():
    class Wrapped:
        def __init__(self, session):
            self.session, self.runs = session, 0

        def run(self, *args, **kwargs):
            self.runs += 1
            return self.session.run(*args, **kwargs)

    made = []

    def wrap(session):
        made.append(Wrapped(session))
        return made[0]

    with tf.Graph().as_default():
        slim.learning.train(train_op(), None, number_of_steps=3, session_wrapper=wrap)
    assert made[0].runs == 6  # a step, and what comes after it, each


def test_a_train_step_without_settings_is_one_session_run():
    class Counting:
        runs = 0

        def run(self, fetches, options=None, run_metadata=None):
            self.runs += 1
            return 0.5

    session = Counting()
    assert slim.learning.train_step(session, "op", "step", {}) == (0.5, False)
    assert session.runs == 1
    with pytest.raises(ValueError, match="logdir must be present"):
        slim.learning.train_step(session, "op", "step", {"should_trace": True})


def test_the_end_of_the_input_ends_training_with_a_checkpoint(tmp_path):
    with tf.Graph().as_default():
        batch = v1.data.make_one_shot_iterator(tf.data.Dataset.range(3)).get_next()
        weight = slim.variable("w", [], initializer=v1.zeros_initializer())
        op = slim.learning.create_train_op(
            tf.square(weight - tf.cast(batch, tf.float32)), v1.train.GradientDescentOptimizer(0.1)
        )
        assert slim.learning.train(op, str(tmp_path), **QUIET) is not None
    assert steps_saved(tmp_path) == [3]


def test_queues_are_filled_while_training_runs(tmp_path):
    with tf.Graph().as_default():
        queue = tf.queue.FIFOQueue(2, [tf.float32], shapes=[[]])
        v1.train.add_queue_runner(v1.train.QueueRunner(queue, [queue.enqueue(1.0)]))
        weight = slim.variable("w", [], initializer=v1.zeros_initializer())
        op = slim.learning.create_train_op(
            tf.square(weight - queue.dequeue()), v1.train.GradientDescentOptimizer(0.5)
        )
        assert slim.learning.train(op, str(tmp_path), number_of_steps=3, **QUIET) == 0


@pytest.mark.parametrize("folder", ["run", None])
def test_replicas_in_step_end_without_waiting_for_gradients(folder, tmp_path):
    with tf.Graph().as_default():
        inner = v1.train.MomentumOptimizer(1.0, 0.9)
        optimizer = v1.train.SyncReplicasOptimizer(inner, 1, total_num_replicas=1)
        op = slim.learning.create_train_op(loss(), optimizer)
        last = slim.learning.train(
            op, folder and str(tmp_path / folder), number_of_steps=4, sync_optimizer=optimizer, **QUIET
        )
    assert last == pytest.approx(LOSSES[3], abs=2e-6)


def test_another_graph_than_the_default_one_is_trained():
    with tf.Graph().as_default() as graph:
        op = train_op()
    assert slim.learning.train(op, None, graph=graph, number_of_steps=2) == pytest.approx(LOSSES[1], abs=2e-6)
    with tf.Graph().as_default(), pytest.raises(ValueError, match=r"pass graph=train_op\.graph"):
        slim.learning.train(op, None)


def interrupted(folder, interrupt):
    """Trains, calling `interrupt` in the second step."""

    def step(session, op, global_step, settings):
        result = slim.learning.train_step(session, op, global_step, settings)
        if session.run(global_step) == 2:
            interrupt()
        return result

    with tf.Graph().as_default():
        slim.learning.train(train_op(), str(folder), train_step_fn=step, number_of_steps=9, **QUIET)


def test_ctrl_c_saves_and_comes_out(tmp_path):
    def interrupt():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted(tmp_path, interrupt)
    assert steps_saved(tmp_path) == [2]


def test_sigterm_saves_and_ends_the_program_with_143(tmp_path):
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    with pytest.raises(SystemExit) as ended:
        interrupted(tmp_path, lambda: signal.raise_signal(signal.SIGTERM))
    assert ended.value.code == 143
    assert steps_saved(tmp_path) == [2]
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_a_handler_of_the_programs_own_is_left_alone(tmp_path):
    heard = []
    before = signal.signal(signal.SIGTERM, lambda number, frame: heard.append(number))
    try:
        interrupted(tmp_path, lambda: signal.raise_signal(signal.SIGTERM))
    finally:
        signal.signal(signal.SIGTERM, before)
    assert heard == [signal.SIGTERM] and steps_saved(tmp_path) == [9]


def test_an_error_of_the_step_comes_out_and_saves_nothing(tmp_path):
    def fail():
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        interrupted(tmp_path, fail)
    assert steps_saved(tmp_path) == []


def test_bad_arguments_are_all_listed():
    optimizer = v1.train.GradientDescentOptimizer(1.0)
    with tf.Graph().as_default(), pytest.raises(ValueError, match="train_op cannot be None") as error:
        slim.learning.train(None, None, number_of_steps=-1, sync_optimizer=optimizer, startup_delay_steps=2)
    assert "`number_of_steps` must be either None or a positive number, not -1" in str(error.value)
    assert "startup_delay_steps must be zero when sync_optimizer is supplied, not 2" in str(error.value)
    assert "must be a tf.train.SyncReplicasOptimizer or a list of them" in str(error.value)


def test_without_a_directory_nothing_can_be_written():
    with tf.Graph().as_default():
        op = train_op()
        with pytest.raises(ValueError, match="Cannot provide summary_op because logdir=None") as error:
            slim.learning.train(
                op, None, summary_op=v1.summary.merge_all(), saver=v1.train.Saver(), trace_every_n_steps=1
            )
    assert "Cannot provide saver" in str(error.value)
    assert "Cannot provide trace_every_n_steps" in str(error.value)
