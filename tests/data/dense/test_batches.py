"""Batches of images with masks: step s is the same however it is come to, and both change alike."""

import numpy as np
import pytest

from slimzoo.data.dense import voc
from slimzoo.data.dense.batches import batches
from slimzoo.errors import SlimzooError
from slimzoo.preprocessing import of_kind
from slimzoo.preprocessing.augmentation import get_augmentation
from slimzoo.preprocessing.paired import Pairing
from tests.data.dense.drawn import COLOURS, draw_voc

SPEC = of_kind("deeplab", 33)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return voc.read(draw_voc(tmp_path_factory.mktemp("drawn")), split="train")


def taken(data, count, start=0, shrink=True, strength="original", **given):
    pairing = Pairing(how=get_augmentation(SPEC, strength), shrink=shrink)
    found = batches(data, SPEC, 4, pairing=pairing, seed=5, start_step=start, **given).take(count)
    return [{name: value.numpy() for name, value in batch.items()} for batch in found]


def test_a_step_is_the_same_however_it_is_come_to(data):
    whole, later, one = taken(data, 5), taken(data, 3, start=2), taken(data, 5, num_parallel_calls=1)
    for a, b in zip([*whole[2:], *whole], [*later, *one], strict=True):
        assert a.keys() == {"image", "mask", "index"}
        assert all(np.array_equal(a[name], b[name]) for name in a)
    assert whole[0]["image"].shape == (4, 33, 33, 3) and whole[0]["mask"].shape == (4, 33, 33)
    assert not np.array_equal(whole[0]["image"], whole[1]["image"])


@pytest.mark.parametrize("shrink", [True, False])
def test_an_image_and_its_mask_are_scaled_cropped_and_mirrored_alike(data, shrink):
    """The colour of a pixel says its class, and the mean what is no image: the mask says the same of it."""
    seen = set()
    for batch in taken(data, 6, shrink=shrink):
        pixels = (batch["image"] + 1) * 127.5
        nearest = np.abs(pixels[..., None, :] - COLOURS[:3].astype(np.float32)).sum(-1).argmin(-1)
        padding = (np.abs(batch["image"]) < 1e-6).all(-1)  # float32 of the mean colour, near 0
        agrees = (nearest == batch["mask"]) | (batch["mask"] == 255)
        assert agrees.mean() > 0.93  # edges of objects are mixed colours, 1 pixel in some scales
        assert (batch["mask"][padding] == 255).all()
        seen |= set(np.unique(batch["mask"]).tolist())
    assert seen == {0, 1, 2, 255}


def test_without_augmentation_a_view_is_what_the_evaluation_sees(data):
    from slimzoo.data.images import read_image
    from slimzoo.preprocessing import apply

    (batch,) = list(batches(data, SPEC, 6, pairing=Pairing(how=None)).take(1))
    for image, index in zip(batch["image"].numpy(), batch["index"].numpy(), strict=True):
        np.testing.assert_array_equal(image, apply(SPEC, read_image(data.paths[index])))


def test_odds_decide_how_often_an_image_is_drawn(data):
    odds = np.array([1.0] + [1e-9] * 5)
    assert {i for batch in taken(data, 3, odds=odds) for i in batch["index"].tolist()} == {0}


def test_numbers_out_of_range_are_refused(data):
    with pytest.raises(SlimzooError, match="seed is -1"):
        batches(data, SPEC, 4, pairing=Pairing(how=None), seed=-1)
