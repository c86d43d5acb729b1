"""What is written down of each network is what tracing counts, its golden counts, and was published."""

import dataclasses
import json

import pytest

from slimzoo import facts
from slimzoo.catalogue import entries as catalogue
from slimzoo.catalogue import tracing
from slimzoo.errors import SlimzooError
from slimzoo.registry import Row, get_network, networks
from slimzoo.tracing.parts import network_shapes
from tests.goldens import load_golden

# Multiply-adds of one image, as they are printed there. The README's 66 and 65 million of MobileNetV3 small
# and of its minimalistic form do not belong to the published code, whose variables the goldens have.
PUBLISHED = {
    "mobilenet_v1": (569e6, "Howard et al. 2017, arXiv:1704.04861, table 6"),
    "mobilenet_v1_075": (325e6, "the same"),
    "mobilenet_v1_050": (149e6, "the same"),
    "mobilenet_v1_025": (41e6, "the same"),
    "mobilenet_v2": (300e6, "Sandler et al. 2018, arXiv:1801.04381, table 4"),
    "mobilenet_v2_140": (582e6, "tensorflow/models, research/slim/nets/mobilenet/README.md; the paper: 585"),
    "mobilenet_v2_130": (509e6, "the same README"),
    "mobilenet_v2_075": (209e6, "the same README"),
    "mobilenet_v2_050": (97e6, "the same README"),
    "mobilenet_v2_035": (59e6, "the same README"),
    "mobilenet_v3_large": (217e6, "the same README; Howard et al. 2019, arXiv:1905.02244: 219"),
    "mobilenet_v3_large_075": (155e6, "the same README and paper"),
    "mobilenet_v3_large_minimalistic": (209e6, "the same README"),
    "mobilenet_v3_small": (56e6, "Howard et al. 2019, arXiv:1905.02244v5, table 3"),
    "mobilenet_edgetpu": (990e6, "the same README"),
    "mobilenet_edgetpu_075": (624e6, "the same README"),
    "nasnet_mobile": (564e6, "Zoph et al. 2018, arXiv:1707.07012, table 3"),
    "nasnet_large": (23.8e9, "the same, table 2"),
    "pnasnet_mobile": (588e6, "Liu et al. 2018, arXiv:1712.00559, table 4"),
    "pnasnet_large": (25.0e9, "the same, table 5"),
    "inception_v1": (1.5e9, "Szegedy et al. 2014, arXiv:1409.4842, section 1"),
    "inception_v3": (5.71e9, "torchvision's documentation of inception_v3"),
    "resnet_v1_50": (3.5e9, "the MobileNet README again; those who stride in a block's first unit have more"),
    "vgg_a": (7.61e9, "torchvision's documentation of vgg11"),
    "vgg_16": (15.47e9, "torchvision's documentation of vgg16"),
    "vgg_19": (19.63e9, "torchvision's documentation of vgg19; He et al. 2015, arXiv:1512.03385: 19.6"),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_multiply_adds_are_the_published_ones_within_a_percent(name):
    (row,) = [row for row in catalogue.entries(name) if row.name == name]
    assert row.multiply_adds == pytest.approx(PUBLISHED[name][0], rel=0.01), PUBLISHED[name][1]


def test_parameters_are_those_of_the_goldens(shared):
    compared = 0
    for row in catalogue.entries():
        if (shared / "goldens" / f"{row.name}.npz").is_file():
            variant = "lenet_gray" if row.name == "lenet" else row.name  # ours is the published one: gray
            assert row.parameters == load_golden(shared, variant).facts["params_model_variables"], row.name
            compared += 1
    assert compared >= 30


def test_every_network_of_slimzoos_own_has_its_row_as_it_is_now():
    own = {name: network for name, network in networks().items() if not name.startswith(("tiny", "my_"))}
    assert sorted(facts.rows()) == sorted(own), "run tools/measure_zoo.py"
    for name, network in own.items():
        written = {field: getattr(network, field) for field in tracing.ROW}
        known = {field: facts.rows()[name][field] for field in tracing.ROW}
        assert known == {k: list(v) if isinstance(v, tuple) else v for k, v in written.items()}, name
    fields = {field.name for field in dataclasses.fields(Row)}
    assert fields == {"name", *tracing.ROW}  # nothing of a row is left out


def check_facts(name):
    assert facts.rows()[name] == tracing.counted(name), "run tools/measure_zoo.py"
    traced = {**tracing.traced(name), **tracing.depends(name)}
    assert facts.parts(name) == json.loads(json.dumps(traced)), "run tools/measure_zoo.py"
    for classes in (None, 0, 7):
        shapes = network_shapes(name, classes)
        assert list(facts.shapes(name, classes).items()) == list(shapes.items()), classes


@pytest.mark.parametrize("name", ["lenet", "mobilenet_v1_025"])
def test_facts_are_what_tracing_finds(name):
    check_facts(name)


@pytest.mark.slow  # three minutes
@pytest.mark.parametrize("name", sorted(facts.rows()))
def test_all_facts_are_what_tracing_finds(name):
    check_facts(name)


def test_a_network_that_is_not_slimzoos_own_is_traced(monkeypatch):
    own = dataclasses.replace(get_network("lenet"), name="my_lenet")
    monkeypatch.setitem(networks(), "my_lenet", own)
    mine, lenet = (catalogue.describe(name) for name in ("my_lenet", "lenet"))
    assert mine.variables == lenet.variables
    assert mine.layers == lenet.layers
    assert mine.entry == dataclasses.replace(lenet.entry, name="my_lenet")


def test_accuracy_is_that_of_the_first_weights():
    top1 = {entry.name: entry.top1 for entry in catalogue.entries("mobilenet_v1_025", "vgg_19", "lenet")}
    assert top1 == {"lenet": None, "mobilenet_v1_025": 49.8, "vgg_19": 71.1}


def test_patterns_that_match_nothing_are_all_named():
    with pytest.raises(SlimzooError, match=r"'vgg16'.*vgg_16(.|\n)*'lenett'.*lenet"):
        catalogue.entries("vgg16", "vgg*", "lenett")


def test_an_auxiliary_head_of_training_is_counted_apart():
    found = catalogue.describe("nasnet_cifar")
    auxiliary = [size for name, size in found.variables.items() if name.startswith("aux_11/")]
    assert auxiliary
    assert found.training_parameters == 5_017_076 - 3_383_786  # the golden's, in training and in inference
    assert dataclasses.asdict(found.entry).items() <= found.to_dict().items()
