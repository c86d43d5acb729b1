"""The mechanism of name maps, with a map made up here."""

import importlib
import inspect
import json
from pathlib import Path

import numpy as np
import pytest

from slimzoo.converters.name_maps import LIBRARIES, NameMap, Row, get_name_map, row
from slimzoo.converters.name_maps.transforms import OIHW, Transform
from slimzoo.converters.source import Source, tensors_of
from slimzoo.errors import SlimzooError
from slimzoo.preprocessing import KINDS
from slimzoo.registry import get_network

FOLDED = Transform("bias into mean", lambda b, m: (m - b,), lambda m: (np.zeros_like(m), m))
MAP = NameMap(
    library="torch",
    network="net",
    rows=(
        row("c.weight", "net/c/weights", OIHW),
        row("d.bias", "net/d/biases"),
        Row(("c.bias", "n.mean"), ("net/n/moving_mean",), FOLDED),
    ),
    ignored=(r".*\.num_batches_tracked",),
    absent=("net/aux",),
)
ARRAYS = {
    "c.weight": np.arange(24.0).reshape(4, 3, 2, 1),
    "d.bias": np.arange(4.0),
    "c.bias": np.zeros(4),
    "n.mean": np.arange(4.0),
    "n.num_batches_tracked": np.array(3),
}


def source(arrays):
    return Source("memory", Path("weights.pth"), tensors_of(arrays))


def test_names_and_layout_become_ours_and_nothing_is_read_before_it_is_asked_for():
    ours = MAP.apply(source(ARRAYS | {"c.bias": np.ones(4)}))
    assert ours.shapes == {"net/c/weights": (2, 1, 3, 4), "net/d/biases": (4,), "net/n/moving_mean": (4,)}
    np.testing.assert_array_equal(ours["net/c/weights"], ARRAYS["c.weight"].transpose(2, 3, 1, 0))
    np.testing.assert_array_equal(ours["net/n/moving_mean"], np.arange(4.0) - 1)


def test_the_same_table_leads_back_but_for_what_it_ignores():
    ours = MAP.apply(source(ARRAYS))
    with_head = source({**{name: ours[name] for name in ours}, "net/aux/weights": np.zeros(3)})
    back = MAP.to_theirs(with_head)
    assert set(back) == set(ARRAYS) - {"n.num_batches_tracked"}
    for name in back:
        np.testing.assert_array_equal(back[name], ARRAYS[name])


def test_a_map_is_total():
    arrays = {name: ARRAYS[name] for name in ("c.weight", "c.bias", "n.mean")} | {"e.weight": np.zeros(1)}
    with pytest.raises(
        SlimzooError, match=r"torch/net is for:\n  no row for the tensor e.weight\n  no tensor .* d.bias"
    ):
        MAP.apply(source(arrays))


def test_two_rows_of_one_tensor_are_refused():
    with pytest.raises(ValueError, match="torch/net: x of ours in two rows"):
        NameMap(library="torch", network="net", rows=(row("a", "x"), row("b", "x")))


def test_slims_own_names_need_no_map_and_an_unknown_library_is_said():
    assert get_name_map("", "vgg_16") is None
    with pytest.raises(SlimzooError, match="no name maps of 'kerras'; there are those of"):
        get_name_map("kerras", "vgg_16")


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_map_that_names_a_difference_names_the_arguments_that_undo_it(library):
    module = importlib.import_module(f"slimzoo.converters.name_maps.{library}")
    for network in module.NETWORKS:
        name_map = module.name_map(network)
        assert bool(name_map.note) == bool(name_map.arguments), network
        takes = inspect.signature(get_network(network).build).parameters
        assert set(name_map.arguments) <= set(takes), network
        assert json.loads(json.dumps(name_map.arguments)) == name_map.arguments  # as a file keeps them
        assert name_map.preprocessing in ("", *KINDS)
