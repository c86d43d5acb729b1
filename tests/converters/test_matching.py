"""Names and shapes, both ways, with the likely reason."""

import pytest

from slimzoo.converters.matching import Misfit, match
from slimzoo.errors import SlimzooError

VGG = {
    "vgg_16/conv1/weights": (3, 3, 3, 64),
    "vgg_16/conv1/biases": (64,),
    "vgg_16/fc6/weights": (7, 7, 512, 4096),
    "vgg_16/fc8/weights": (1, 1, 4096, 1000),
    "vgg_16/fc8/biases": (1000,),
}


def message(*args, **kwargs):
    with pytest.raises(SlimzooError) as caught:
        match(*args, **kwargs)
    return str(caught.value)


def test_equal_names_and_shapes_fit():
    assert match(VGG, VGG).sources == {name: name for name in VGG}


def test_every_difference_is_listed_at_once():
    target = {**VGG, "vgg_16/conv2/weights": (1,), "vgg_16/fc6/weights": (1, 1, 512, 64)}
    del target["vgg_16/conv1/biases"]
    text = message(VGG, target)
    assert "1 missing, 1 unexpected, 1 of another shape" in text
    assert "missing in the file: vgg_16/conv2/weights [1]" in text
    assert "not in the network: vgg_16/conv1/biases [64]" in text
    assert "vgg_16/fc6/weights is [7, 7, 512, 4096] in the file, [1, 1, 512, 64] in the network" in text


def test_a_missing_name_comes_with_the_nearest():
    source = {"net/conv1/weigths": (1,), "net/a": (1,)}
    assert "missing in the file: net/conv1/weights [1]; nearest: net/conv1/weigths" in message(
        source, {"net/conv1/weights": (1,), "net/a": (1,)}
    )


@pytest.mark.parametrize("exclude", [["vgg_16/fc8"], "vgg_16/fc8", ["vgg_16/fc8/"], ["*/fc8/*"]])
def test_excluded_scopes_are_left_out_on_both_sides(exclude):
    target = {**VGG, "vgg_16/fc8/weights": (1, 1, 4096, 20), "vgg_16/fc8/biases": (20,)}
    found = match(VGG, target, exclude=exclude)
    assert set(found.excluded) == set(found.unused) == {"vgg_16/fc8/weights", "vgg_16/fc8/biases"}
    assert set(found.sources) == set(VGG) - set(found.excluded)


def test_an_exclusion_may_concern_the_file_alone():
    source = {**VGG, "vgg_16/AuxLogits/weights": (1,)}
    assert match(source, VGG, exclude=["vgg_16/AuxLogits"]).unused == ("vgg_16/AuxLogits/weights",)


def test_a_pattern_that_matches_nothing_is_answered_with_what_was_meant():
    text = message(VGG, VGG, exclude=["fc8", "vgg_16/fc88"])
    assert 'exclude=["fc8"] matches nothing; did you mean "vgg_16/fc8"?' in text
    assert 'exclude=["vgg_16/fc88"] matches nothing; did you mean "vgg_16/fc8"' in text


@pytest.mark.parametrize(
    "rename", [{"old": "vgg_16"}, {"old/": "vgg_16/"}, lambda n: n.replace("old", "vgg_16")]
)
def test_prefixes_are_renamed(rename):
    source = {name.replace("vgg_16", "old"): shape for name, shape in VGG.items()}
    assert match(source, VGG, rename=rename).sources["vgg_16/fc6/weights"] == "old/fc6/weights"


def test_a_scope_can_be_added_or_taken_away():
    bare = {name.removeprefix("vgg_16/"): shape for name, shape in VGG.items()}
    assert match(bare, VGG, rename={"": "vgg_16"}).sources["vgg_16/conv1/biases"] == "conv1/biases"
    assert match(VGG, bare, rename={"vgg_16": ""}).sources["conv1/biases"] == "vgg_16/conv1/biases"


def test_renaming_that_makes_one_name_of_two_or_meets_nothing_is_refused():
    both = {"a/w": (1,), "b/w": (1,)}
    assert "a/w and b/w both become c/w" in message(both, {"c/w": (1,)}, rename={"a": "c", "b": "c"})
    assert 'rename=["x"] matches nothing' in message(both, both, rename={"x": "c"})


def with_norm(scope):
    return {
        f"{scope}/weights": (3, 3, 3, 8),
        f"{scope}/BatchNorm/beta": (8,),
        f"{scope}/BatchNorm/gamma": (8,),
    }


def plain(scope):
    return {f"{scope}/weights": (3, 3, 3, 8), f"{scope}/biases": (8,)}


@pytest.mark.parametrize(
    ("source", "target", "reason"),
    [
        (
            {"variables/0": (3,), "variables/1": (3,), "net/seed_state": (2,)},
            VGG,
            "that Keras exported numbers its variables",
        ),
        (with_norm("net/conv1"), plain("net/conv1"), "arg_scope was forgotten"),
        (plain("net/conv1"), with_norm("net/conv1"), "another arg_scope"),
        (VGG, {**VGG, "vgg_16/fc8/biases": (1001,), "vgg_16/fc8/weights": (1, 1, 4096, 1001)}, "background"),
        (
            VGG,
            {**VGG, "vgg_16/fc8/biases": (20,), "vgg_16/fc8/weights": (1, 1, 4096, 20)},
            "num_classes=1000",
        ),
        ({**VGG, "vgg_16/fc6/weights": (25088, 4096)}, VGG, "dense layer on one side"),
        ({n.replace("vgg_16", "vgg_19"): s for n, s in VGG.items()}, VGG, 'rename={"vgg_19": "vgg_16"}'),
        ({"MobilenetV1/w": (1,)}, VGG, "another network: the file's variables are in MobilenetV1"),
        ({"a/w/ExponentialMovingAverage": (1,)}, {"a/w": (1,)}, "ema=True"),
    ],
)
def test_the_likely_reason_is_given(source, target, reason):
    assert reason in message(source, target).partition("Likely: ")[2]


def test_no_reason_is_made_up():
    assert "Likely" not in message({"a/x": (1,), "a/y": (2,)}, {"a/x": (3, 1), "a/z": (2,)})


def test_another_network_is_named_by_the_outermost_scopes_whatever_separates_them():
    given = {f"model.layer{i}.weight": (3,) for i in range(9)}
    with pytest.raises(Misfit, match=r"the file's variables are in model, the network's in LeNet$"):
        match(given, {"LeNet/conv1/weights": (3,)})
    given = {f"part_{i}/weights": (3,) for i in range(9)}
    with pytest.raises(Misfit, match=r"are in part_0 and part_1 and part_2 and 6 others, the network's"):
        match(given, {"LeNet/conv1/weights": (3,)})
