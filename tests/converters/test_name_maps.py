"""The mechanism of name maps, with a map made up here."""

from pathlib import Path

import numpy as np
import pytest

from slimzoo.converters.name_maps import NameMap, get_name_map
from slimzoo.converters.source import Source, tensors_of
from slimzoo.errors import SlimzooError

MAP = NameMap(
    name="torch", names={"c.weight": "net/c/weights", "c.bias": "net/c/biases"}, axes={4: (2, 3, 1, 0)}
)
ARRAYS = {"c.weight": np.arange(24.0).reshape(4, 3, 2, 1), "c.bias": np.arange(4.0)}


def source(arrays):
    return Source("memory", Path("weights.pth"), tensors_of(arrays))


def test_names_and_axes_become_ours():
    ours = MAP.apply(source(ARRAYS))
    assert ours.shapes == {"net/c/weights": (2, 1, 3, 4), "net/c/biases": (4,)}
    np.testing.assert_array_equal(ours["net/c/weights"], ARRAYS["c.weight"].transpose(2, 3, 1, 0))


def test_the_same_table_leads_back():
    back = MAP.inverse().apply(MAP.apply(source(ARRAYS)))
    for name, value in ARRAYS.items():
        np.testing.assert_array_equal(back[name], value)


def test_a_map_is_total():
    with pytest.raises(SlimzooError, match=r"no row for the tensor d.weight\n  no tensor for the row c.bias"):
        MAP.apply(source({"c.weight": ARRAYS["c.weight"], "d.weight": np.zeros(1)}))


def test_two_tensors_of_one_name_are_refused():
    with pytest.raises(ValueError, match="one name"):
        NameMap(name="wrong", names={"a": "x", "b": "x"})


def test_slims_own_names_need_no_map():
    assert get_name_map("") is None
    with pytest.raises(SlimzooError, match="no name map 'keras'"):
        get_name_map("keras")
