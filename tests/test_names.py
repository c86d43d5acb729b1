"""Names on their way to Keras and back, and what lies in a scope."""

import pytest

from slimzoo.errors import SlimzooError
from slimzoo.names import Scopes, escape, in_scopes, near, near_or_in, nearest, unescape

NAMES = [
    "vgg_16/conv1/conv1_1/weights",
    "a.b/c",
    "a/b.c",
    "a/b/c",
    "a-0b/-1",
    "-",
    "-.-/.",
    "Conv",
    "a-1b",
    "a.1",
]


@pytest.mark.parametrize("name", NAMES)
def test_escaping_is_undone(name):
    assert unescape(escape(name)) == name
    assert "/" not in escape(name)


def test_different_names_stay_different():
    assert len({escape(name) for name in NAMES}) == len(NAMES)


def test_a_scope_holds_what_lies_in_it_and_nothing_that_begins_alike():
    assert in_scopes("vgg_16/fc8/weights", ["vgg_16/fc8"])
    assert in_scopes("vgg_16/fc8/weights", ["vgg_16/fc8/"])
    assert in_scopes("vgg_16/fc8", ["vgg_16/fc8"])
    assert not in_scopes("vgg_16/fc80/weights", ["vgg_16/fc8"])
    assert not in_scopes("vgg_16/fc8", ["vgg_16/fc8/weights"])
    assert not in_scopes("a", [])


NAMES = ["a/conv1/weights", "a/conv1/biases", "a/conv10/weights", "b/conv1/weights", "step"]


@pytest.mark.parametrize(
    ("pattern", "meant"),
    [
        ("a/conv1", ["a/conv1/weights", "a/conv1/biases"]),  # a scope ends at a slash
        ("a/conv1/", ["a/conv1/weights", "a/conv1/biases"]),
        ("a/conv1/biases", ["a/conv1/biases"]),
        ("*/biases", ["a/conv1/biases"]),
        ("*/conv?", ["a/conv1/weights", "a/conv1/biases", "b/conv1/weights"]),  # a pattern of a scope
        ("a/conv*", ["a/conv1/weights", "a/conv1/biases", "a/conv10/weights"]),
        ("step", ["step"]),
        ("conv1", []),  # scopes are written from their start
    ],
)
def test_a_scope_or_pattern_means_the_same_names_everywhere(pattern, meant):
    assert Scopes(pattern).of(NAMES) == meant
    assert [name for name in NAMES if in_scopes(name, Scopes(pattern).among(NAMES) if meant else ())] == meant


def test_what_matches_nothing_is_named_by_its_option_with_what_may_have_been_meant():
    with pytest.raises(SlimzooError) as error:
        Scopes(["conv10", "a", "nonsense"], "freeze").check(NAMES)
    assert str(error.value) == (
        'freeze=["conv10"] matches nothing; did you mean "a/conv10"?\n'
        'freeze=["nonsense"] matches nothing; the scopes are a, a/conv1, a/conv1/biases, a/conv1/weights, '
        "a/conv10, a/conv10/weights, b, b/conv1, b/conv1/weights, step"
    )


def test_scopes_of_scopes_keep_the_name_of_their_option():
    assert Scopes(Scopes("a", "new"), "exclude").option == "new"


def test_only_what_is_near_is_nearest_and_what_ends_so_comes_first():
    known = ["vgg_16/fc6", "vgg_16/fc7", "VGG_16/fc8", "lenet/conv1"]
    assert near("vgg_16/fc9", known) == ["VGG_16/fc8", "vgg_16/fc7", "vgg_16/fc6"]
    assert near("vgg_16/fc8", known, 1) == ["VGG_16/fc8"]  # however it is written
    assert near("nothing", known) == [] and nearest("nothing", known) == ""
    assert near_or_in("fc8", known) == ["VGG_16/fc8"]
    assert near_or_in("conv1", [*known, "conv11"]) == ["lenet/conv1", "conv11"]
