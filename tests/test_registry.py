"""Registered networks by name and by pattern."""

import dataclasses

import pytest

import slimzoo
from slimzoo.compat.preprocessing.preprocessing_factory import preprocessing_map
from slimzoo.errors import SlimzooError
from slimzoo.preprocessing import KINDS
from slimzoo.training import RECIPES

NAMES = [
    *("cifarnet", "lenet", "mobilenet_v1", "mobilenet_v1_025", "mobilenet_v1_050", "mobilenet_v1_075"),
    *("vgg_16", "vgg_19", "vgg_a"),
    *("mobilenet_v2", "mobilenet_v2_035", "mobilenet_v2_050", "mobilenet_v2_140"),
    *("mobilenet_v2_075", "mobilenet_v2_130", "mobilenet_v3_small_075"),
    *("mobilenet_v3_large", "mobilenet_v3_large_075", "mobilenet_v3_large_minimalistic"),
    *("mobilenet_v3_small", "mobilenet_v3_small_minimalistic"),
    *("mobilenet_edgetpu", "mobilenet_edgetpu_075"),
    *("alexnet_v2", "overfeat", "resnet_v1_50", "resnet_v2_50"),
    *("inception_v1", "inception_v2", "inception_v3", "inception_v4", "inception_resnet_v2"),
    *("nasnet_cifar", "nasnet_mobile", "nasnet_large", "pnasnet_mobile", "pnasnet_large"),
]


def test_the_networks_of_these_families_are_listed_sorted():
    assert set(NAMES) <= set(slimzoo.list_models())
    assert slimzoo.list_models() == sorted(slimzoo.list_models())


def test_a_pattern_selects():
    assert slimzoo.list_models("mobilenet_v1*") == NAMES[2:6]
    assert slimzoo.list_models("no_such*") == []


@pytest.mark.parametrize(
    "wrong, near", [("vgg16", "vgg_16"), ("VGG_16", "vgg_16"), ("mobilenetv1", "mobilenet_v1")]
)
def test_an_unknown_name_suggests_the_nearest(wrong, near):
    with pytest.raises(SlimzooError, match=f"no network is named '{wrong}'. Nearest: .*{near}"):
        slimzoo.get_network(wrong)


def test_a_name_is_registered_once():
    row = slimzoo.get_network("lenet")
    assert slimzoo.register(row) is row  # the same row again is fine: a module imported twice
    with pytest.raises(SlimzooError, match="'lenet' is registered twice"):
        slimzoo.register(dataclasses.replace(row, num_classes=11))
    assert slimzoo.get_network("lenet") is row


def test_every_row_names_a_preprocessing_and_a_recipe_that_exist():
    for network in map(slimzoo.get_network, slimzoo.list_models()):
        assert network.preprocessing in KINDS and network.recipe in ("", *RECIPES), network.name


def test_the_rows_name_the_preprocessing_of_the_old_factory():
    for name in set(preprocessing_map) & set(slimzoo.list_models()):
        module = preprocessing_map[name].__name__.rpartition(".")[2]
        assert module == f"{slimzoo.get_network(name).preprocessing}_preprocessing", name
