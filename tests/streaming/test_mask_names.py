"""Names of masks: of each image one of its own, whatever images are called."""

import os

import pytest

from slimzoo.streaming.mask_names import named


@pytest.mark.parametrize(
    "files",
    [
        ("x.jpg", "x.JPG", "x.png"),
        ("strasse.jpg", "straße.jpg"),
        ("segment", "segment.jpg", "legend.jpg", "Legend.PNG"),
        ("x.png", "x.jpg", "x.png.jpg"),
        ("a/X.jpg", "A/x.jpg"),
    ],
)
def test_no_two_masks_are_called_alike_even_where_capitals_do_not_count(files):
    names = named(files)
    assert [*names] == [*files]
    assert len({name.casefold() for name in names.values()}) == len(files)
    assert not {name.casefold() for name in names.values()} & {"segment", "legend"}
    assert named(files[::-1]) == names  # whatever their order


def test_masks_are_called_as_images_below_what_these_have_in_common():
    files = ("photos/a/cat.jpg", "photos/b/cat.jpg", "photos/b/dog.jpg", "photos/b/dog.png")
    assert [*named(files).values()] == [
        os.path.join("a", "cat"),
        os.path.join("b", "cat"),
        os.path.join("b", "dog.jpg"),
        os.path.join("b", "dog.png"),
    ]
