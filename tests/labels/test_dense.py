"""Names and colours of pixels."""

import numpy as np
import pytest

from slimzoo import labels
from slimzoo.errors import SlimzooError
from slimzoo.labels import dense


def test_voc_is_the_background_and_the_twenty_classes_in_their_usual_colours():
    assert dense.names("voc") == ("background", *labels.voc()) == labels.named("voc_segmentation")
    usual = {"aeroplane": (128, 0, 0), "person": (192, 128, 128), "tvmonitor": (0, 64, 128)}
    known = dict(zip(dense.names("voc"), dense.colours("voc"), strict=True))
    assert {name: known[name] for name in usual} == usual
    assert [*map(tuple, dense.palette()[:21])] == [*dense.colours("voc")]  # the rule that has 256 colours


def test_the_sets_have_as_many_classes_as_the_released_weights_tell_apart():
    assert {name: len(dense.names(name)) for name in dense.datasets()} == {
        "voc": 21,
        "cityscapes": 19,
        "ade20k": 151,
    }
    with pytest.raises(
        SlimzooError, match=r"no set of classes is called 'ade'\..* There are voc, cityscapes, ade20k"
    ):
        dense.names("ade")


def test_a_mask_is_coloured_and_laid_over_its_image_but_for_the_background():
    image = np.full((2, 3, 3), 100, np.uint8)
    mask = np.array([[0, 1, 255], [0, 0, 2]], np.uint8)
    assert dense.coloured(mask)[0, 1].tolist() == [128, 0, 0]
    assert dense.coloured(mask)[0, 2].tolist() == list(dense.VOID_COLOUR)
    over = dense.overlay(image, mask, opacity=0.5)
    assert over[0, 0].tolist() == [100, 100, 100] and over[0, 1].tolist() == [114, 50, 50]
    city = dense.palette_for(dense.names("cityscapes"))
    assert dense.coloured(mask, city)[0, 0].tolist() == [128, 64, 128]
    assert (dense.palette_for(("cat", "dog")) == dense.palette()).all()


def test_masks_that_do_not_fit_are_refused_with_what_does():
    with pytest.raises(SlimzooError, match=r"the image is \(2, 3, 3\) and its mask \(3, 2\)"):
        dense.overlay(np.zeros((2, 3, 3), np.uint8), np.zeros((3, 2), np.uint8))
    with pytest.raises(SlimzooError, match="class ids, whole numbers of 0 to 255; this is float64"):
        dense.coloured(np.zeros((2, 2)))
    with pytest.raises(SlimzooError, match="opacity is 2"):
        dense.overlay(np.zeros((2, 3, 3), np.uint8), np.zeros((2, 3), np.uint8), opacity=2)
