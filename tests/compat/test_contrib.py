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
