"""RNN cells against TensorFlow 1.15.5: variables, names, outputs, states, gradients."""

import json
from pathlib import Path

import numpy as np
import pytest

from slimzoo.compat import faces
from tests.compat import tf_rnn_cases, tf_seq2seq_cases
from tests.compat.tf_rnn_cases import measure

RECORDED = json.loads(Path(__file__).with_name("tf_rnn.json").read_text())
PROGRAMS = {**tf_rnn_cases.CASES, **tf_seq2seq_cases.CASES}
TF = faces.resolve("tensorflow")


@pytest.fixture(scope="module", autouse=True)
def tensorflow_1():
    """Switches to the variables and the control flow of TensorFlow 1, as `slimzoo run` does."""
    TF.disable_resource_variables()
    TF.disable_control_flow_v2()
    yield
    TF.enable_resource_variables()
    TF.enable_control_flow_v2()


@pytest.mark.parametrize("case", PROGRAMS)
def test_a_program_of_cells_gives_what_it_gave(case):
    found, recorded = measure(TF, PROGRAMS[case]), RECORDED[case]
    for what in ("outputs", "variables", "penalties", "gradients"):
        assert found[what] == recorded[what], what
    # of float32 values, recorded to 6 digits
    np.testing.assert_allclose(found["sums"], recorded["sums"], rtol=2e-5, atol=2e-5)
