"""Rates of what is left out become arguments of the network that has them."""

import pytest

from slimzoo import registry
from slimzoo.errors import SlimzooError
from slimzoo.training.rates import arguments
from slimzoo.training.recipes import Recipe


def found(network, **recipe):
    return arguments(Recipe(**recipe), registry.get_network(network).build, network)


def test_dropout_and_drop_path_are_set_where_a_network_has_them():
    given = {"network_arguments": {"global_pool": True}}
    assert found("mobilenet_v1", dropout=0.25, **given) == {"global_pool": True, "dropout_keep_prob": 0.75}
    config = {"dense_dropout_keep_prob": 0.5, "drop_path_keep_prob": 0.75}
    assert found("nasnet_mobile", dropout=0.5, drop_path=0.25) == {"config": config}


def test_a_network_that_leaves_nothing_out_is_refused_with_all_that_it_has_not():
    with pytest.raises(SlimzooError, match=r"(?s)dropout=0.5 cannot be.*drop_path=0.1 cannot be"):
        found("resnet_v1_50", dropout=0.5, drop_path=0.1)
