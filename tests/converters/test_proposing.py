"""Proposals for renamed checkpoints: which tensor is which variable, how sure, and what is not paired."""

import json
import re

import numpy as np
import pytest

from slimzoo import converters
from slimzoo.converters.proposing import GUESS, LIKELY, SURE, propose, propose_for, read_map, write_map
from slimzoo.errors import SlimzooError
from slimzoo.tracing.parts import network_shapes


def counted_from_0(name):
    return re.sub(r"(unit_|block|Mixed_|Conv2d_|conv)(\d+)", lambda m: f"{m[1]}{int(m[2]) - 1}", name)


def other_words(name):
    for old, new in (("bottleneck_v1", "res"), ("unit_", "u"), ("BatchNorm", "bn"), ("block", "stage")):
        name = name.replace(old, new)
    return name.replace("weights", "kernel").replace("moving_variance", "pop_var")


RENAMED = {
    "prefixed": lambda name: f"tower_0/module/FeatureExtractor/{name}",
    "without the outermost scope": lambda name: name.partition("/")[2],
    "counted from 0": counted_from_0,
    "other words": other_words,
    "dots": lambda name: name.replace("/", "."),
}


@pytest.mark.parametrize("how", RENAMED)
@pytest.mark.parametrize("network", ["vgg_16", "resnet_v1_50", "inception_v3", "mobilenet_v2"])
def test_every_tensor_of_a_renamed_network_is_found(network, how):
    wanted = network_shapes(network)
    # A checkpoint has its tensors in the order of their names.
    file = dict(sorted((RENAMED[how](name), shape) for name, shape in wanted.items()))
    found = propose(file, wanted)
    assert (found.missing, found.unused) == ((), ())
    assert [pair for pair in found.pairs if RENAMED[how](pair.ours) != pair.theirs] == []


def test_what_no_other_tensor_fits_is_sure_and_what_only_names_tell_apart_is_likely():
    shapes = {"net/a/weights": (3, 3), "net/b/weights": (5, 5), "net/c/weights": (5, 5)}
    found = propose({"x/a/w": (3, 3), "x/b/w": (5, 5), "x/c/w": (5, 5)}, shapes)
    assert [(p.ours[4], p.theirs[2], p.confidence) for p in found.pairs] == [
        ("a", "a", SURE),
        ("b", "b", LIKELY),
        ("c", "c", LIKELY),
    ]


def towers(name):
    return [f"tower_{i}/{name}" for i in (0, 1)]


@pytest.mark.parametrize("how", ["prefixed", "other words"])
def test_of_two_towers_one_is_taken_whole_and_the_other_is_said(how):
    wanted = network_shapes("resnet_v1_50")
    file = {tower: shape for name, shape in wanted.items() for tower in towers(RENAMED[how](name))}
    found = propose(file, wanted)
    assert [pair for pair in found.pairs if pair.theirs != towers(RENAMED[how](pair.ours))[0]] == []
    assert found.missing == () and [rival[:8] for rival in found.rivals] == ["tower_0/", "tower_1/"]
    if how == "prefixed":  # all names are equal after it
        assert {pair.confidence for pair in found.pairs} == {SURE}


def test_no_pair_is_sure_whose_name_says_another_layer():
    shapes = {"net/fc6/weights": (3, 3), "net/fc7/weights": (5, 5)}
    found = propose({"x/fc6/w": (5, 5), "x/fc7/w": (3, 3)}, shapes)
    assert [(pair.ours, pair.theirs, pair.confidence) for pair in found.pairs] == [
        ("net/fc6/weights", "x/fc7/w", GUESS),
        ("net/fc7/weights", "x/fc6/w", GUESS),
    ]


def test_equal_names_are_not_taken_for_equal_layers_where_units_count_from_0():
    wanted = network_shapes("resnet_v1_50")
    file = {re.sub(r"unit_(\d+)", lambda m: f"unit_{int(m[1]) - 1}", n): shape for n, shape in wanted.items()}
    theirs = dict(zip(wanted, file, strict=True))
    assert [pair for pair in propose(file, wanted).pairs if theirs[pair.ours] != pair.theirs] == []


def of_tf_layers(shapes):
    """{their name: ours}: layers called by their kind and a number, as they were made."""
    kinds = {"BatchNorm": "batch_normalization", "depthwise_weights": "depthwise_conv2d"}
    numbers, found = {}, {}
    for name in shapes:
        kind = next((theirs for ours, theirs in kinds.items() if ours in name), "conv2d")
        layer = name.rpartition("/")[0]
        number = numbers.setdefault(kind, {}).setdefault(layer, len(numbers[kind]))
        found[
            f"{kind}_{number}/{name.rpartition('/')[2]}" if number else f"{kind}/{name.rpartition('/')[2]}"
        ] = name
    return found


@pytest.mark.parametrize("network", ["vgg_16", "inception_v3", "resnet_v1_50", "mobilenet_v1"])
def test_layers_with_numbers_alone_are_paired_by_number_and_only_as_a_guess(network):
    wanted = network_shapes(network)
    theirs = of_tf_layers(wanted)
    found = propose({name: wanted[ours] for name, ours in sorted(theirs.items())}, wanted)
    assert {pair.theirs: pair.ours for pair in found.pairs} == theirs
    assert {pair.confidence for pair in found.pairs} == {GUESS}


def test_tensors_of_no_variable_and_variables_without_a_tensor_are_said():
    found = propose({"x/a/w": (3, 3), "x/odd": (7,)}, {"net/a/weights": (3, 3), "net/b/weights": (4,)})
    assert (found.missing, found.unused) == (("net/b/weights",), ("x/odd",))


def test_a_head_of_other_classes_is_known_by_its_last_axis_and_an_auxiliary_head_may_be_absent():
    wanted = network_shapes("inception_v3", 7)
    file = {f"x/{name}": shape for name, shape in wanted.items() if "/AuxLogits/" not in name}
    found, classes = propose_for(file, "inception_v3")
    assert (classes, found.missing, found.unused) == (7, (), ())


def test_a_map_file_converts_as_the_proposal_did(tmp_path):
    wanted = network_shapes("lenet")
    random = np.random.default_rng(0)
    arrays = {f"module/{name}": random.normal(size=s).astype("f") for name, s in wanted.items()}
    converters.write_safetensors(tmp_path / "theirs.safetensors", {**arrays, "module/odd": np.zeros(3)}, {})
    found, _ = propose_for({name: a.shape for name, a in arrays.items()} | {"module/odd": (3,)}, "lenet")
    write_map(tmp_path / "map.json", found, "lenet")
    rename, left_out, network = read_map(tmp_path / "map.json")
    assert (left_out, network) == (("module/odd",), "lenet")
    out = tmp_path / "ours.safetensors"
    converters.convert(tmp_path / "theirs.safetensors", out, network="lenet", rename=rename, exclude=left_out)
    ours = converters.read(out)
    assert all(np.array_equal(ours[name], arrays[f"module/{name}"]) for name in wanted)


@pytest.mark.parametrize(
    "content, words",
    [
        ("{", "is no name map"),
        ("[1]", "is no name map"),
        (
            json.dumps({"format": "slimzoo name map 1", "network": "x", "rename": {"a": 3, "b": None}}),
            "'a': 3 is no name\n  'b'",
        ),
        (json.dumps({"format": "2", "rename": {}}), "is no name map"),
    ],
)
def test_a_file_that_is_no_map_is_refused(tmp_path, content, words):
    path = tmp_path / "map.json"
    path.write_text(content)
    with pytest.raises(SlimzooError, match=words):
        read_map(path)
