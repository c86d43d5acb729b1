"""Registered networks by name and by pattern."""

import dataclasses
import logging
import re
import subprocess
import sys
from importlib.metadata import EntryPoint

import pytest

import slimzoo
from slimzoo import registry, weights
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


@pytest.fixture
def packages(tmp_path, monkeypatch):
    """Makes module my_package and entry points of these values; takes back what they register."""
    before = frozenset(slimzoo.list_models())
    monkeypatch.syspath_prepend(tmp_path)

    def offer(text, *values):
        (tmp_path / "my_package.py").write_text(text)
        points = [EntryPoint(f"point {i}", value, registry.ENTRY_POINTS) for i, value in enumerate(values)]
        monkeypatch.setattr(registry, "entry_points", lambda group: points)
        monkeypatch.setattr(registry, "_packages_asked", False)

    yield offer
    for name in registry.registered() - before:
        registry.networks().pop(name)
    sys.modules.pop("my_package", None)


ROWS = """
import dataclasses, slimzoo
row = slimzoo.get_network("lenet")
first, second = (dataclasses.replace(row, name=f"my_{i}") for i in (1, 2))
"""


@pytest.mark.parametrize(
    ("more", "values"),
    [
        ("for row in (first, second): slimzoo.register(row)", ["my_package"]),
        ("", ["my_package:first", "my_package:second"]),
        ("both = [first, second]", ["my_package:both"]),
        ("def both(): return first, second", ["my_package:both"]),
        ("def both(): [slimzoo.register(row) for row in (first, second)]", ["my_package:both"]),
        ("def one(): return second", ["my_package:first", "my_package:one"]),
    ],
)
def test_installed_packages_register_networks_by_their_entry_points(packages, more, values):
    packages(ROWS + more, *values)
    assert slimzoo.list_models("my_*") == ["my_1", "my_2"]
    assert slimzoo.get_network("my_2").image_size == 28


def test_their_networks_are_found_by_name_before_any_list_is_asked_for(packages):
    packages(ROWS, "my_package:first")
    assert registry.is_network("my_1")
    assert slimzoo.get_network("my_1").name == "my_1"


@pytest.mark.parametrize(
    ("text", "value", "said"),
    [
        ("import missing_module", "my_package", "ModuleNotFoundError: No module named 'missing_module'"),
        ("1 / 0", "my_package", "ZeroDivisionError"),
        (ROWS, "my_package:nothing", "AttributeError"),
        (ROWS + "wrong = 3", "my_package:wrong", "TypeError"),
        (
            ROWS + "wrong = dataclasses.replace(row, image_size=1)",
            "my_package:wrong",
            "'lenet' is registered twice",
        ),
    ],
)
def test_a_package_that_fails_is_one_warning_and_the_others_are_there(packages, caplog, text, value, said):
    packages(text, value)
    with caplog.at_level(logging.WARNING, "slimzoo"):
        assert "lenet" in slimzoo.list_models()
        slimzoo.list_models()
    (message,) = (record.getMessage() for record in caplog.records)
    assert value in message and said in message


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"name": ""}, "name is ''"),
        ({"name": "my/net"}, "name is 'my/net'"),
        ({"name": "x.keras"}, "name is 'x.keras'"),
        ({"heads": ()}, "heads is ()"),
        ({"heads": "a/b"}, "heads is 'a/b'"),
        ({"transfer_heads": ["a/b"]}, "transfer_heads is ['a/b']"),
    ],
)
def test_a_row_that_could_not_serve_is_refused_when_it_is_made(fields, words):
    with pytest.raises(SlimzooError, match=re.escape(words)):
        dataclasses.replace(slimzoo.get_network("lenet"), **fields)


def test_one_of_slimzoos_own_names_is_taken_before_its_family_is_imported():
    code = (
        "import dataclasses, slimzoo\n"
        "row = dataclasses.replace(slimzoo.get_network('lenet'), name='cifarnet')\n"
        "try:\n    slimzoo.register(row)\n"
        "except ValueError as error:\n    print(error, 'cifarnet' in slimzoo.list_models())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "'cifarnet' is registered twice; names must be unique True" in done.stdout


def test_a_name_with_a_dot_or_a_dash_is_a_network_like_others(monkeypatch):
    monkeypatch.setattr(registry, "_NETWORKS", dict(registry.networks()))
    for name in ("my.net", "my-net", "mobilenet_v1_025.mine"):
        row = slimzoo.register(dataclasses.replace(slimzoo.get_network("lenet"), name=name))
        assert slimzoo.get_network(name) is row and weights.split_name(name) == (name, "")
        assert slimzoo.load(name).network is row


def test_names_are_chosen_by_patterns_by_weights_and_without_some():
    assert slimzoo.list_models(["vgg_1*", "lenet"]) == ["lenet", "vgg_16", "vgg_19"]
    assert slimzoo.list_models(("vgg*", "lenet"), pretrained=True, exclude="*_19") == ["vgg_16"]
    assert slimzoo.list_models("vgg*", exclude=["vgg_a", "vgg_1?"]) == []
    assert set(slimzoo.list_models(pretrained=True)) < set(slimzoo.list_models())


def test_a_row_is_known_without_its_network():
    for name, row in registry.rows().items():
        known = {field: getattr(row, field) for field in registry.Row.__dataclass_fields__}
        network = slimzoo.get_network(name)
        assert known == {field: getattr(network, field) for field in known}, name
