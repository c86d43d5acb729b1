"""Files whose names are not the network's: what stands before them, what else is there, and what is said."""

import logging
from pathlib import Path

import numpy as np
import pytest

from slimzoo.converters.matching import Misfit, match
from slimzoo.converters.name_maps import get_name_map
from slimzoo.converters.naming import named
from slimzoo.converters.source import Source, Tensor
from slimzoo.errors import SlimzooError
from slimzoo.registry import get_network
from slimzoo.tracing.parts import network_shapes

NETWORK, HEAD = "lenet", "LeNet/fc4"
SHAPES = network_shapes(NETWORK)
BODY = {name: shape for name, shape in SHAPES.items() if not name.startswith(HEAD)}
MOBILENET = network_shapes("mobilenet_v1_025", 5)


def source(shapes, **metadata):
    """Weights whose tensors have shapes, and no values to read."""
    tensors = {name: Tensor(tuple(shape), np.dtype("<f4"), lambda: None) for name, shape in shapes.items()}
    return Source("memory", Path("some/weights"), tensors, metadata=metadata)


def after(prefix, shapes=SHAPES):
    return {f"{prefix}{name}": shape for name, shape in shapes.items()}


def of_torch():
    return get_name_map("transformers", "mobilenet_v1_025").to_theirs(source(MOBILENET)).shapes


def read(shapes, network=NETWORK, **settings):
    return named(source(shapes), get_network(network), lambda: network_shapes(network), **settings)


def in_file(found):
    """{variable: name in the file} of what is read under slim's names."""
    return {name: found.in_file[name] for name in found.variables}


@pytest.mark.parametrize(
    "prefix",
    ["tower_0/", "FeatureExtractor/", "my_model/", "a/v0/", "module.", "_orig_mod.module.", "a.b/c."],
)
def test_one_prefix_before_every_name_is_taken_off_and_said(prefix, caplog):
    found = read(after(prefix))
    assert in_file(found) == {name: f"{prefix}{name}" for name in SHAPES}
    assert [r.message for r in caplog.records] == [
        f"some/weights: 8 names fit after {prefix}, which is taken off"
    ]


@pytest.mark.parametrize("prefix", ["", "module.", "model.", "backbone.", "module.encoder_q.", "net/"])
def test_another_librarys_names_are_known_after_any_prefix(prefix):
    found = read(after(prefix, of_torch()), "mobilenet_v1_025")
    assert found.variables.shapes == MOBILENET and found.name_map.library == "transformers"


def test_names_of_slim_are_taken_as_they_are_without_a_look_at_the_network(caplog):
    def fail():
        pytest.fail("the network was built")

    found = named(source(SHAPES), get_network(NETWORK), fail)
    assert found.variables.shapes == SHAPES and found.exclude.patterns == () and not caplog.text
    bare = source({"any/name": (1,)}, network=NETWORK)
    assert list(named(bare, get_network(NETWORK), fail).variables) == ["any/name"]


def test_several_networks_in_one_file_are_refused_with_the_names_of_each():
    both = after("tower_0/") | after("tower_1/")
    with pytest.raises(SlimzooError) as caught:
        read(both)
    assert "holds lenet 2 times: 8 names fit after each of tower_0/, tower_1/." in str(caught.value)
    assert 'rename={"tower_0": ""}\n  rename={"tower_1": ""}' in str(caught.value)


@pytest.mark.parametrize("settings", [{"rename": {"tower_1": ""}}, {"exclude": ["tower_0"]}])
def test_one_of_several_networks_is_taken_as_a_whole_when_it_is_named(settings):
    found = read(after("tower_0/") | after("tower_1/"), **settings)
    assert in_file(found) == {name: f"tower_1/{name}" for name in SHAPES}
    assert set(found.unused) == set(after("tower_0/")) and list(found.exclude) == []


def test_of_several_towers_the_one_whose_shapes_fit_is_taken():
    wide = {name: (*shape[:-1], 2 * shape[-1]) for name, shape in SHAPES.items()}
    with pytest.raises(SlimzooError, match="2 times"):
        read(after("a/", wide) | after("b/", wide))
    body = after("a/", {n: s for n, s in wide.items() if n in BODY}) | after("b/", BODY)
    assert in_file(read(body)) == {name: f"b/{name}" for name in BODY}


@pytest.mark.parametrize("prefix", ["", "module.", "tower_0/"])
def test_dots_in_place_of_slashes_are_known_and_said(prefix, caplog):
    theirs = {name.replace("/", "."): shape for name, shape in SHAPES.items()}
    assert read(after(prefix, theirs)).variables.shapes == SHAPES
    assert 'its names are those of slim, with "." for "/"' in caplog.text


def test_a_detector_gives_its_backbone_and_what_is_left_out_is_said(caplog):
    extra = {"BoxPredictor_0/weights": (3,), "FeatureExtractor/LeNet/conv9/weights": (3,)}
    found = read(after("FeatureExtractor/", BODY) | extra)
    assert found.variables.shapes == BODY and found.absent == (HEAD,)
    assert set(found.unused) == set(extra) and found.left_out == {"of other layers": 2}
    assert "left out, no part of the network: 2 in BoxPredictor_0, FeatureExtractor" in caplog.text


def test_a_backbone_in_two_parts_is_named_in_the_hint_and_read_after_it():
    parts = {f"{'First' if 'conv' in name else 'Second'}/{name}": shape for name, shape in SHAPES.items()}
    found = read(parts)
    assert list(found.variables) == list(parts)
    assert found.hint().endswith('rename={"First": "", "Second": ""}')
    assert read(parts, rename={"First": "", "Second": ""}).variables.shapes == SHAPES


@pytest.mark.parametrize(
    "shapes, hint",
    [
        (after("t/") | {"odd": (3,)}, 'all 8 names fit after t/: rename={"t": ""} and exclude=["odd"]'),
        (after("t/", dict(list(SHAPES.items())[1:])), '7 of 8 names fit after t/: rename={"t": ""}'),
        (SHAPES | after("t/"), 'what else is there: exclude=["t"]'),
        (SHAPES | {f"{HEAD}_2/weights": (3,)}, f'what else is there: exclude=["{HEAD}_2"]'),
        (
            after("t/") | {"t/aside/w": (3,)},
            'all 8 names fit after t/: rename={"t": ""} and exclude=["aside"]',
        ),
        (
            {name if HEAD in name else f"t/{name}": shape for name, shape in SHAPES.items()},
            'all 8 names fit after t/ and nothing: rename={"t": ""}',
        ),
    ],
)
def test_what_fits_only_in_part_stays_as_it_is_with_the_rename_that_would_help(shapes, hint):
    found = read(shapes)
    assert list(found.variables) == list(shapes)
    with pytest.raises(Misfit) as caught:
        match(found.variables.shapes, SHAPES)
    told = str(caught.value.hinting(found.hint))
    assert told.endswith(f"\nLikely: {hint}") and "another network" not in told


def test_the_hint_is_the_same_for_any_number_of_classes():
    shapes = {name: (*shape[:-1], 77) if name.startswith(HEAD) else shape for name, shape in SHAPES.items()}
    text = read(shapes | {"odd/weights": (3,)}).hint()
    assert text.endswith('exclude=["odd"]')
    text = read(after("t/", shapes) | {"odd/weights": (3,)}).hint()
    assert text.endswith('all 8 names fit after t/: rename={"t": ""} and exclude=["odd"]')


@pytest.mark.parametrize("prefix", ["", "module.", "online_model."])
def test_numbers_beside_a_network_are_left_out_and_counted(prefix):
    for ours, theirs in ((MOBILENET, of_torch()), (MOBILENET, MOBILENET)):
        found = read(after(prefix, theirs) | {"n_averaged": (), "best/step": ()}, "mobilenet_v1_025")
        assert found.variables.shapes == ours and found.left_out == {"numbers of no variable": 2}
    counters = {"a.num_batches_tracked": ()}
    assert not read(after(prefix, of_torch()) | counters, "mobilenet_v1_025").left_out


def test_a_number_that_is_a_variable_or_excluded_is_not_left_out():
    shapes = {"net/w": (3,), "net/scale": ()}
    found = named(source(after("t/", shapes)), get_network(NETWORK), lambda: shapes)
    assert {"t/net/scale", "net/scale"} & set(found.variables) and not found.left_out
    found = read(SHAPES | {"epoch": ()}, exclude=["epoch"])
    assert "epoch" in found.variables and list(found.exclude) == ["epoch"]


def test_tensors_beside_another_librarys_network_are_not_left_out_unasked():
    shapes = after("module.", of_torch()) | {"criterion.weight": (5,)}
    assert list(read(shapes, "mobilenet_v1_025").variables) == list(shapes)
    found = read(shapes, "mobilenet_v1_025", exclude=["criterion"])
    assert found.variables.shapes == MOBILENET


def test_a_file_of_nothing_alike_gets_no_hint():
    assert read({f"a/{i}": (3,) for i in range(9)}).hint() == ""


def test_a_scope_in_place_of_the_networks_is_known_unless_it_is_another_networks():
    theirs = {name.replace("LeNet", "my_net"): shape for name, shape in SHAPES.items()}
    assert read(theirs).variables.shapes == SHAPES
    assert read({name.partition("/")[2]: shape for name, shape in SHAPES.items()}).variables.shapes == SHAPES
    of_other = {name.replace("LeNet", "CifarNet"): shape for name, shape in SHAPES.items()}
    assert list(read(of_other).variables) == list(of_other)


def test_names_of_tensors_are_those_of_their_variables():
    assert read({f"{name}:0": shape for name, shape in SHAPES.items()}).variables.shapes == SHAPES
    assert read({f"tower_0/{name}:0": shape for name, shape in SHAPES.items()}).variables.shapes == SHAPES


@pytest.mark.parametrize("prefix", ["", "tower_0/"])
def test_an_auxiliary_head_that_the_file_is_without_is_said_to_be_absent(prefix):
    shapes = {n: s for n, s in network_shapes("inception_v3").items() if "/AuxLogits/" not in n}
    found = read(after(prefix, shapes), "inception_v3")
    assert found.absent == ("InceptionV3/AuxLogits",) and found.variables.shapes == shapes


def test_names_as_tf_layers_makes_them_are_known():
    words = {"weights": "kernel", "biases": "bias", "BatchNorm": "batch_normalization"}
    for network, shapes in ((NETWORK, SHAPES), ("mobilenet_v1_025", network_shapes("mobilenet_v1_025"))):
        theirs = {}
        for name, shape in shapes.items():
            for ours, word in words.items():
                name = name.replace(ours, word)
            theirs[name] = shape
        assert read(dict(sorted(theirs.items())), network).variables.shapes == shapes


def of_numbered_layers():
    """{name: shape} of Keras's MobileNet with layers called by kind and number, in the alphabet's order."""
    theirs = get_name_map("keras", "mobilenet_v1_025").without_top().to_theirs(source(MOBILENET)).shapes
    kinds = {"depthwise_kernel": "depthwise_conv2d", "kernel": "conv2d"}
    numbers, names = {}, {}
    for name in theirs:
        layer = name.rpartition("/")[0]
        kind = kinds.get(name.rpartition("/")[2], "batch_normalization")
        number = numbers.setdefault(kind, {}).setdefault(layer, len(numbers[kind]))
        names[
            f"{kind}_{number}/{name.rpartition('/')[2]}" if number else f"{kind}/{name.rpartition('/')[2]}"
        ] = name
    return dict(sorted(names.items())), theirs


def test_layers_with_numbers_alone_are_taken_by_number_not_by_the_alphabet(caplog):
    names, theirs = of_numbered_layers()
    assert list(names).index("conv2d_10/kernel") < list(names).index("conv2d_2/kernel")
    found = read({name: theirs[plain] for name, plain in names.items()}, "mobilenet_v1_025")
    rows = {row.theirs[0]: row.ours[0] for row in get_name_map("keras", "mobilenet_v1_025").rows}
    assert in_file(found) == {rows[plain]: name for name, plain in names.items()}
    assert "no name says which layer is which; they are taken by number" in caplog.text


def test_layers_in_the_alphabets_order_with_other_names_are_not_taken_by_order():
    names, theirs = of_numbered_layers()
    shapes = {
        f"x{i:03}/{name.partition('/')[2]}": theirs[plain] for i, (name, plain) in enumerate(names.items())
    }
    assert list(read(shapes, "mobilenet_v1_025").variables) == list(shapes)


# rename and exclude.


@pytest.mark.parametrize(
    "rename",
    [{"module": ""}, {"module.": ""}, {"module/": ""}, lambda name: name.removeprefix("module.")],
)
def test_rename_acts_before_the_names_of_a_library_are_known(rename, caplog):
    found = read(after("module.", of_torch()), "mobilenet_v1_025", rename=rename)
    assert found.variables.shapes == MOBILENET and not caplog.text


def test_whole_names_are_renamed_too():
    theirs = after("t.", of_torch()) | {"t.head.weight": (5, 256), "t.head.bias": (5,)}
    del theirs["t.classifier.weight"], theirs["t.classifier.bias"]
    rename = {"t.head": "t.classifier", "t.head.bias": "t.classifier.bias"}
    assert read(theirs, "mobilenet_v1_025", rename=rename).variables.shapes == MOBILENET


@pytest.mark.parametrize("scope", ["t.classifier", "t.classifier.*", "t/classifier", "MobilenetV1/Logits"])
def test_exclude_is_of_the_files_names_or_of_slims(scope):
    found = read(after("t.", of_torch()), "mobilenet_v1_025", exclude=[scope])
    head = {f"MobilenetV1/Logits/Conv2d_1c_1x1/{kind}" for kind in ("weights", "biases")}
    assert set(found.exclude.of(found.variables)) == head and len(found.variables) == len(MOBILENET)


def test_what_is_excluded_need_not_be_of_the_network():
    keras = get_name_map("keras", "mobilenet_v1_025").to_theirs(source(MOBILENET)).shapes
    found = read(keras | {"dense_1/kernel": (5, 7)}, "mobilenet_v1_025", exclude=["dense_1"])
    assert found.variables.shapes == MOBILENET
    assert found.unused == ("dense_1/kernel",) and found.left_out == {"excluded": 1}


# Averages.


@pytest.mark.parametrize("plain, averaged", [("model.", "model_ema."), ("", "ema/"), ("module.", "swa.")])
def test_averages_in_a_scope_of_their_own_are_taken_when_asked_for(plain, averaged, caplog):
    both = after(plain) | after(averaged)
    assert in_file(read(both)) == {name: f"{plain}{name}" for name in SHAPES}
    with caplog.at_level(logging.WARNING, "slimzoo"):
        taken = read(both, ema=True)
    assert taken.variables.shapes == SHAPES and taken.left_out == {"plain values": 8}


def test_a_message_shows_the_first_differences_of_each_kind_and_has_them_all():
    with pytest.raises(Misfit) as caught:
        match({f"a/{i}": (1,) for i in range(500)}, {f"b/{i}": (2,) for i in range(300)} | {"a/0": (3,)})
    short, full = str(caught.value).splitlines(), caught.value.full.splitlines()
    assert len(short) <= 60 and "(300 missing, 499 unexpected, 1 of another shape)" in short[0]
    assert "  ... and 288 more missing" in short and "  ... and 487 more unexpected" in short
    assert len(full) >= 801 and len(caught.value.differences.missing) == 300
