"""Parts of tf.contrib against TensorFlow 1.15.5: outputs, gradients, variables, steps of training."""

import json
from pathlib import Path

import numpy as np
import pytest

from slimzoo.compat import faces
from tests.compat import contrib_cases as cases

RECORDED = json.loads(Path(__file__).with_name("contrib_cases.json").read_text())
TF = faces.resolve("tensorflow")


@pytest.fixture(scope="module", autouse=True)
def tensorflow_1():
    """Switches to the variables and the control flow of TensorFlow 1, as `slimzoo run` does."""
    TF.disable_resource_variables()
    TF.disable_control_flow_v2()
    yield
    TF.enable_resource_variables()
    TF.enable_control_flow_v2()


@pytest.fixture(scope="module")
def measured():
    """All programs of TENSORS, in one graph: a graph and a session for each would cost a second."""
    return cases.tensors(TF, faces.resolve)


RULES = ("Nadam", "LazyAdam", "AdaMax", "AdamW", "LazyAdamGS", "LARS", "AddSign", "RegAdagrad", "clipped")


@pytest.mark.parametrize(
    ("case", "resource"), [(case, False) for case in cases.OPTIMIZERS] + [(case, True) for case in RULES]
)
def test_an_optimizer_takes_the_steps_and_has_the_slots_that_it_had(case, resource):
    found = cases.steps(TF, case, faces.resolve, resource)
    assert [row[:2] for row in found] == [row[:2] for row in RECORDED[case]]
    sums, recorded = ([row[2] for row in rows] for rows in (found, RECORDED[case]))
    np.testing.assert_allclose(sums, recorded, rtol=2e-5, atol=2e-5)  # float32, recorded to 6 digits


@pytest.mark.parametrize("case", cases.TENSORS)
def test_a_program_of_contrib_gives_what_it_gave(measured, case):
    found, recorded = measured[case], RECORDED[case]
    assert found["names"] == recorded["names"]
    assert [row[0] for row in found["values"]] == [row[0] for row in recorded["values"]]
    sums, wanted = ([row[1] for row in rows["values"]] for rows in (found, recorded))
    np.testing.assert_allclose(sums, wanted, rtol=1e-4, atol=1e-4)  # float32; a spline solves a system


def test_a_swapping_saver_saves_the_averages_under_the_names_of_the_variables(tmp_path):
    with TF.Graph().as_default():
        with TF.variable_scope("net", partitioner=TF.fixed_size_partitioner(2)):
            whole = TF.get_variable("w", initializer=TF.constant(cases.ramp((4, 2))))
        parts = list(whole)
        optimizer = TF.contrib.opt.MovingAverageOptimizer(TF.train.GradientDescentOptimizer(0.5), 0.5)
        train_op = optimizer.minimize(TF.add_n([TF.reduce_sum(part) for part in parts]))
        saver = optimizer.swapping_saver()
        with TF.Session() as session:
            session.run(TF.global_variables_initializer())
            session.run(train_op)
            path = saver.save(session, str(tmp_path / "model"))
            trained = np.concatenate(session.run(parts))
    saved = TF.train.load_checkpoint(path)
    np.testing.assert_allclose(saved.get_tensor("net/w"), trained + 0.25, rtol=1e-6)  # half of a step of 0.5
    np.testing.assert_array_equal(saved.get_tensor("net/w/ExponentialMovingAverage"), trained)


def test_scipy_minimises_within_bounds_and_constraints():
    with TF.Graph().as_default(), TF.Session() as session:
        v = TF.get_variable("v", initializer=[7.0, 7.0])
        loss, seen = TF.reduce_sum(TF.square(v)), []
        optimizer = TF.contrib.opt.ScipyOptimizerInterface(
            loss,
            equalities=[v[0] - 2.0 * v[1]],
            inequalities=[v[1] - 1.0],
            var_to_bounds={v: (0.5, [9.0, 9.0])},
            method="SLSQP",
        )
        session.run(TF.global_variables_initializer())
        optimizer.minimize(session, fetches=[loss], loss_callback=seen.append)
        np.testing.assert_allclose(
            session.run(v), [2.0, 1.0], atol=1e-4
        )  # the least v with both, by SLSQP's tolerance
        assert seen[0] == 98.0
        with pytest.raises(ValueError, match=r"jac: set automatically"):
            TF.contrib.opt.ScipyOptimizerInterface(loss, jac=False).minimize(session)


def test_samples_are_stratified_and_rejected():
    training = TF.contrib.training
    with TF.Graph().as_default(), TF.Session() as session:
        TF.set_random_seed(1)
        labels = TF.constant([0] * 18 + [1] * 2)
        batch, labels = training.stratified_sample([labels * 2], labels, [0.5, 0.5], 40, [0.9, 0.1], True)
        (counted,), _ = training.stratified_sample([TF.constant(3.0)], TF.constant(1), [0.5, 0.5], 4)
        (kept,) = training.rejection_sample(
            [TF.range(10)], lambda x: TF.cast(x[0] > 6, TF.float32), 6, enqueue_many=True, runtime_checks=True
        )
        session.run(TF.global_variables_initializer())
        coordinator = TF.train.Coordinator()
        threads = TF.train.start_queue_runners(session, coordinator)
        numbers, classes = session.run([batch[0], labels])
        assert (numbers == classes * 2).all() and 8 < classes.sum() < 32  # of 40; as they come it would be 4
        assert session.run(counted).tolist() == [3.0] * 4
        assert session.run(kept).min() > 6
        coordinator.request_stop()
        session.close()
        coordinator.join(threads, stop_grace_period_secs=5, ignore_live_threads=True)


def test_a_saved_model_is_a_function_of_arrays(tmp_path):
    with TF.Graph().as_default(), TF.Session() as session:
        x = TF.placeholder(TF.float32, [None], name="x")
        y = TF.identity(x * 2.0, name="y")
        TF.saved_model.simple_save(session, str(tmp_path / "model"), {"x": x}, {"y": y})
    predictor = TF.contrib.predictor
    twice = predictor.from_saved_model(str(tmp_path / "model"))
    assert twice({"x": [1.0, 2.0]})["y"].tolist() == [2.0, 4.0]
    named = predictor.from_saved_model(
        str(tmp_path / "model"), input_names={"a": "x:0"}, output_names={"b": "y:0"}
    )
    assert named({"a": [3.0]})["b"].tolist() == [6.0]
    with pytest.raises(ValueError, match=r"unexpected keys in input_dict: \['z'\]; expected: \['x'\]"):
        twice({"z": [1.0]})
    with pytest.raises(
        ValueError, match=r'Got signature_def_key "no". Available signatures are .*serving_default'
    ):
        predictor.from_saved_model(str(tmp_path / "model"), "no")
    with pytest.raises(ValueError, match="at most one of signature_def_key OR"):
        predictor.from_saved_model(str(tmp_path / "model"), "a", input_names={}, output_names={})


def test_the_profiler_counts_parameters_and_operations():
    from tensorflow.compat.v1 import profiler

    analyzer = TF.contrib.tfprof.model_analyzer
    with TF.Graph().as_default() as graph:
        TF.matmul(TF.ones([2, 3]), TF.get_variable("w", [3, 4]))
        quiet = {"output": "none"}
        options = {**analyzer.TRAINABLE_VARS_PARAMS_STAT_OPTIONS, **quiet}
        assert analyzer.print_model_analysis(graph, tfprof_options=options).total_parameters == 12
        options = {**analyzer.FLOAT_OPS_OPTIONS, **quiet}
        assert analyzer.print_model_analysis(graph, tfprof_options=options).total_float_ops >= 2 * 2 * 3 * 4
    assert (
        analyzer.PRINT_ALL_TIMING_MEMORY["select"]
        == profiler.ProfileOptionBuilder.time_and_memory()["select"]
    )


def test_what_is_out_of_date_says_so_once(caplog):
    framework = TF.contrib.framework

    @framework.deprecated("2020-01-31", "Use new.")
    def old(x):
        return x

    @framework.deprecated_args(None, "Leave it out.", "y")
    @framework.deprecated_arg_values("2020-01-31", "Say 1.", z=0)
    def newer(x, y=None, z=1):
        return x

    assert [old(1), old(2), newer(1), newer(1, y=None), newer(1, y=2), newer(1, z=0), newer(1, z=0)]
    said = [record.getMessage() for record in caplog.records if "deprecated" in record.getMessage()]
    parts = [".old is deprecated and will be removed after 2020-01-31", "y of ", "z=0 of "]
    assert len(said) == 3 and all(part in text for part, text in zip(parts, said, strict=True))


def test_what_cannot_be_used_says_why():
    contrib, framework = TF.contrib, TF.contrib.framework
    with TF.Graph().as_default():
        x = TF.zeros([2, 3])
        for match, error, make in (
            ("expected \\(3, 3\\), got \\(2, 3\\)", ValueError, lambda: framework.with_shape([3, 3], x)),
            ("Expected integer type", ValueError, lambda: framework.assert_scalar_int(x)),
            ("`pred` must be a Tensor", TypeError, lambda: framework.smart_cond("a", list, list)),
            ("`false_fn` must be callable", TypeError, lambda: framework.smart_cond(True, list)),
            ("needs to be a Graph", TypeError, lambda: framework.get_placeholders(x)),
            ("No tensors provided", ValueError, lambda: framework.reduce_sum_n([])),
            ("Must specify vocab size", ValueError, lambda: contrib.layers.embed_sequence([1])),
            ("saturation from 2 to 1", ValueError, lambda: yiq().random_hsv_in_yiq(x, lower_saturation=2)),
            ("rank 2 \\(HW\\) or 3", TypeError, lambda: contrib.image.connected_components([1])),
            ("keep_prob must be", ValueError, lambda: contrib.nn.alpha_dropout(x, 0.0)),
            (
                "momentum=-1.0 and weight_decay=-2.0",
                ValueError,
                lambda: contrib.opt.LARSOptimizer(1, -1.0, -2.0),
            ),
            ("Must call apply_gradients", RuntimeError, lambda: average().swapping_saver()),
            ("instance of tf.train.Optimizer", TypeError, lambda: contrib.opt.MultitaskOptimizerWrapper(1)),
            (
                "no more inputs than outputs",
                ValueError,
                lambda: framework.convolutional_delta_orthogonal()([1, 3, 2]),
            ),
        ):
            with pytest.raises(error, match=match):
                make()


def yiq():
    return faces.resolve("tensorflow.contrib.image.python.ops.distort_image_ops")


def average():
    return TF.contrib.opt.MovingAverageOptimizer(TF.train.AdamOptimizer())
