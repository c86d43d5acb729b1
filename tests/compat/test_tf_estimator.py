"""tf.estimator against TensorFlow 1.15.5: values, files, events, log lines, signatures, the order of calls, errors."""

import json
from pathlib import Path

import numpy as np
import pytest

from slimzoo.compat import faces
from tests.compat import tf_estimator_cases as cases

RECORDED = json.loads(Path(__file__).with_name("tf_estimator.json").read_text())
TF = faces.resolve("tensorflow")
LONG = ("extended",)  # 4 seconds
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
