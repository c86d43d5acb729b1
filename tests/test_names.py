"""Names on their way to Keras and back, and what lies in a scope."""

import pytest

from slimzoo.names import escape, in_scopes, unescape

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
