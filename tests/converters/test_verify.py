"""Comparing weight files."""

import numpy as np

from slimzoo import converters


def test_equal_sources_compare_true(arrays):
    result = converters.compare(arrays, dict(arrays))
    assert result and result.compared == len(arrays) and "0 differences" in str(result)


def test_every_kind_of_difference_is_found(arrays):
    other = {**arrays, "new": np.zeros(2)}
    del other["global_step"]
    other["net/fc/biases"] = np.zeros(71, np.float32)
    other["net/fc/weights"] = arrays["net/fc/weights"] + 0.5
    other["net/conv1/BatchNorm/beta"] = arrays["net/conv1/BatchNorm/beta"].astype(np.float64)
    result = converters.compare(arrays, other)
    assert not result
    assert result.only_first == ("global_step",) and result.only_second == ("new",)
    assert result.shapes == {"net/fc/biases": ((70,), (71,))}
    assert result.types == {"net/conv1/BatchNorm/beta": ("float32", "float64")}
    # one rounding of a float32 sum below 8
    assert set(result.values) == {"net/fc/weights"} and abs(result.values["net/fc/weights"] - 0.5) < 1e-6
    assert "5 differences" in str(result) and "values differ by up to 0.5" in str(result)


def test_a_tolerance_covers_small_differences(arrays):
    other = {name: value + np.asarray(1e-3).astype(value.dtype) for name, value in arrays.items()}
    assert not converters.compare(arrays, other) and converters.compare(arrays, other, tolerance=2e-3)


def test_nan_equals_nan_and_nothing_else():
    nan, one = {"a": np.array([np.nan, 1])}, {"a": np.array([1.0, 1])}
    assert converters.compare(nan, nan) and converters.compare(nan, one).values == {"a": np.inf}
    infinite = {"a": np.array([np.inf, 1])}
    assert converters.compare(infinite, infinite) and converters.compare(infinite, one).values == {
        "a": np.inf
    }


def test_nan_and_infinity_are_counted():
    found = converters.nonfinite({"a": np.array([np.nan, np.inf, 1]), "b": np.ones(3), "c": np.arange(3)})
    assert found == {"a": 2}
