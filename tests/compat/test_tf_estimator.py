"""tf.estimator against TensorFlow 1.15.5: values, files, events, log lines, signatures, calls, errors."""

import json
from pathlib import Path

import numpy as np
import pytest

from slimzoo.compat import faces
from slimzoo.compat.not_served import NotServedError
from tests.compat import tf_estimator_cases as cases
from tests.compat.support import slimzoo

RECORDED = json.loads(Path(__file__).with_name("tf_estimator.json").read_text())
TF = faces.resolve("tensorflow")
LONG = ("extended", "warm")  # 4 and 2 seconds: the default run has no room for them
E = TF.estimator


@pytest.fixture(scope="module", autouse=True)
def tensorflow_1():
    """Switches to the variables and the control flow of TensorFlow 1, as `slimzoo run` does."""
    TF.disable_resource_variables()
    TF.disable_control_flow_v2()
    yield
    TF.enable_resource_variables()
    TF.enable_control_flow_v2()


def assert_same(found, recorded, where):
    """Asserts that two records are equal, numbers to float32's rounding."""
    if isinstance(recorded, dict):
        assert sorted(found) == sorted(recorded), where
        for name, value in recorded.items():
            assert_same(found[name], value, f"{where}, {name}")
    elif isinstance(recorded, list):
        assert len(found) == len(recorded), (where, found, recorded)
        for index, value in enumerate(recorded):
            assert_same(found[index], value, f"{where}, {index}")
    elif isinstance(recorded, float):  # recorded to 5 digits, of sums in another order
        np.testing.assert_allclose(found, recorded, rtol=1e-4, atol=1e-5, err_msg=where)
    else:
        assert found == recorded, where


@pytest.mark.parametrize(
    "case", [pytest.param(name, marks=[pytest.mark.slow] if name in LONG else []) for name in cases.CASES]
)
def test_a_program_of_tf_estimator_does_what_it_did(case, tmp_path):
    assert_same(cases.measure(TF, case, tmp_path), RECORDED[case], case)


@pytest.mark.slow  # a process of its own, 15 seconds
def test_a_program_of_slim_under_tf_estimator_prints_what_it_printed(tmp_path):
    said, told = slimzoo("run", "slim_estimator.py", f"--model_dir={tmp_path}")
    assert said.splitlines() == [  # of TensorFlow 1.15.5
        "evaluated [('accuracy', '1.0000'), ('global_step', '20.0000'), ('loss', '0.0097')]",
        "predicted [('0', '0.993'), ('1', '0.016'), ('0', '0.989')]",
        "exported ['saved_model.pb', 'variables']",
    ]
    assert "INFO:tensorflow:loss = 1.04874" in told and "INFO:tensorflow:global_step/sec: " in told


@pytest.mark.parametrize(
    ("use", "words"),
    [
        (lambda: E.DNNClassifier, "In its place: an Estimator with a model_fn of slim layers"),
        (lambda: E.BoostedTreesClassifier, "In its place: the package tensorflow_decision_forests"),
        (lambda: E.MultiClassHead, "In its place: the loss and the metrics in your own model_fn"),
        (lambda: E.experimental.KMeans, "In its place: the package scikit-learn"),
        (lambda: TF.contrib.learn.Estimator(None), "In its place: tf.estimator.Estimator"),
        (lambda: TF.contrib.learn.learn_runner.run(None), "In its place: tf.estimator.Estimator"),
        (lambda: E.RunConfig(train_distribute=1), "one machine and one device. Leave it out"),
        (lambda: TF.contrib.tpu.RunConfig(master="grpc://x"), "RunConfig(master) is not served"),
        (
            lambda: TF.contrib.tpu.TPUEstimator(lambda features: 0, config=TF.contrib.tpu.RunConfig()),
            "Give use_tpu=False",
        ),
    ],
)
def test_what_is_not_served_of_tf_estimator_names_what_to_use(use, words):
    with pytest.raises((AttributeError, NotServedError)) as caught:
        use()
    assert words in str(caught.value)


def test_a_cluster_in_the_environment_is_refused(monkeypatch):
    monkeypatch.setenv("TF_CONFIG", '{"cluster": {"chief": ["a:1"], "worker": ["b:1"]}}')
    with pytest.raises(NotServedError, match="cluster in the environment variable TF_CONFIG"):
        E.RunConfig()


def test_a_message_has_all_that_is_wrong():
    with pytest.raises(
        ValueError, match=r"keep_checkpoint_max should be >= 0.*; log_step_count_steps should be"
    ):
        E.RunConfig(keep_checkpoint_max=-1, log_step_count_steps=0)
    with pytest.raises(ValueError, match=r"Missing loss, train_op\. An EstimatorSpec of mode 'train' needs"):
        E.EstimatorSpec("train")


def test_a_data_frame_is_fed_by_its_columns():
    class Frame(dict):  # what is asked of a pandas.DataFrame
        columns, index = property(dict.keys), range(3)

    class Series(list):
        index = range(3)

    with TF.Graph().as_default(), TF.Session() as session:
        made = E.inputs.pandas_input_fn(
            Frame(a=[1, 2, 3], b=["x", "y", "z"]), Series([4, 5, 6]), 2, shuffle=False
        )
        features, labels = made()
        session.run(TF.tables_initializer())
        given = session.run([features["a"], features["b"], labels])
    assert [values.tolist() for values in given] == [[1, 2], [b"x", b"y"], [4, 5]]


def test_an_optimizer_across_shards_is_the_optimizer_itself():
    with TF.Graph().as_default(), TF.Session() as session:
        w = TF.get_variable("w", initializer=TF.constant(2.0))
        optimizer = TF.contrib.tpu.CrossShardOptimizer(TF.train.MomentumOptimizer(0.5, 0.9))
        train = optimizer.minimize(w * w)
        session.run(TF.global_variables_initializer())
        session.run(train)
        assert session.run(w) == 0.0 and optimizer.get_slot(w, "momentum") is not None


def test_predicting_leaves_no_graph_behind_between_two_predictions(tmp_path):
    with TF.Graph().as_default() as graph:
        predicted = cases.made(TF, str(tmp_path)).predict(cases.dataset(TF, 1))
        next(predicted)
        assert TF.get_default_graph() is graph
