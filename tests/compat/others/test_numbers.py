"""The numbers of what SciPy took out: those of SciPy 1.1.0."""

import json
from pathlib import Path

import numpy as np
import pytest

from slimzoo.compat.faces import resolve
from tests.compat.others import scipy_cases

RECORDED = json.loads(Path(__file__).with_name("scipy_1_1.json").read_text())


# SciPy's own imresize gives the same as ours with Pillow 8.4 and 9.5. Pillow 13 keeps what lies between
# its two passes, over rows and columns, unrounded: a step for bilinear, more where a kernel overshoots.
STEPS = {"bilinear": 1, "bicubic": 8, "cubic": 8, "lanczos": 8}


def compare(found, atol=0.0):
    for name, value in found.items():
        kernel = name.rpartition(", ")[2] if name.startswith("imresize of") else ""
        steps = STEPS.get(kernel, 1 if name.startswith("imresize") and kernel != "nearest" else atol)
        np.testing.assert_allclose(value, RECORDED[name], rtol=1e-6, atol=steps, err_msg=name)


def test_images_are_scaled_resized_turned_and_written_as_by_scipy_1_1():
    compare(scipy_cases.images(resolve("scipy.misc")))  # rtol: float32 images; the others are whole


def test_integrals_derivatives_and_tests_are_those_of_scipy_1_1():
    pytest.importorskip("scipy", reason="scipy is not installed; slimzoo does not need it")
    found = scipy_cases.numbers(*map(resolve, ("scipy.misc", "scipy.integrate", "scipy.stats")))
    compare(found, atol=1e-12)  # order of sums
