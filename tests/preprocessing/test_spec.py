"""A Preprocessing is strict data: it survives JSON, and says everything that is wrong with it."""

import pytest

from slimzoo.errors import SlimzooError
from slimzoo.preprocessing import KINDS, Preprocessing, of_kind

ROWS = [
    Preprocessing(kind="inception", size=128, crop=0.875),
    Preprocessing(kind="vgg", size=224, resize_side=256, channel_order="BGR"),
    Preprocessing(kind="cifarnet", size=32),
    Preprocessing(kind="lenet", size=28, channel_order="GRAY"),
    *(Preprocessing(kind=kind, size=513) for kind in ("deeplab", "deeplab_mean", "fcn")),
    Preprocessing(
        kind="mean_std",
        size=331,
        resize_side=363,
        interpolation="bicubic",
        mean=(127.5, 127.5, 127.5),
        std=(127.5, 127.5, 127.5),
    ),
]


def test_every_kind_is_tried_here():
    assert {row.kind for row in ROWS} == set(KINDS)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.kind)
def test_a_preprocessing_survives_dict_and_json(row):
    assert Preprocessing.from_dict(row.to_dict()) == row
    assert Preprocessing.from_json(row.to_json()) == row


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.kind)
def test_each_key_is_needed(row):
    for key in set(row.to_dict()) - {"kind"}:
        values = row.to_dict()
        del values[key]
        with pytest.raises(SlimzooError, match=f"key '{key}' is missing"):
            Preprocessing.from_dict(values)


def test_missing_and_unknown_keys_are_listed_together():
    with pytest.raises(SlimzooError) as caught:
        Preprocessing.from_dict({"kind": "vgg", "size": 224, "channel_order": "RGB", "crop": 0.875})
    assert "key 'resize_side' is missing" in str(caught.value)
    assert "key 'crop' is not used by kind 'vgg'" in str(caught.value)


def test_an_unknown_kind_suggests_the_nearest():
    with pytest.raises(SlimzooError, match=r"kind 'incepton' does not exist\. Nearest: inception"):
        Preprocessing(kind="incepton", size=224)
    with pytest.raises(SlimzooError, match="kind None does not exist"):
        Preprocessing.from_dict({"size": 224})


def test_all_wrong_values_are_listed_together():
    with pytest.raises(SlimzooError) as caught:
        Preprocessing(kind="inception", size=0, crop=87.5, resize_side=256, channel_order="RBG")
    for part in ("size is 0", "crop is 87.5", "resize_side=256 is not used", "channel_order is 'RBG'"):
        assert part in str(caught.value)


def test_a_side_below_the_crop_is_refused():
    with pytest.raises(
        SlimzooError, match=r"resize_side is 200; it must be a whole number, at least size \(224\)"
    ):
        Preprocessing(kind="vgg", size=224, resize_side=200)


@pytest.mark.parametrize("text", ["{", "[1]", "null"])
def test_json_that_is_no_object_is_refused(text):
    with pytest.raises(SlimzooError, match="preprocessing"):
        Preprocessing.from_json(text)


def test_a_kind_has_usual_values_at_every_size():
    assert of_kind("inception", 128) == Preprocessing(kind="inception", size=128, crop=0.875)
    assert (of_kind("vgg", 224).resize_side, of_kind("vgg", 299).resize_side) == (256, 299)
    assert of_kind("lenet", 28, channel_order="GRAY").shape == (28, 28, 1)
    assert {of_kind(kind, 32).kind for kind in KINDS} == set(KINDS)
    with pytest.raises(SlimzooError, match=r"kind 'lnet' does not exist\. Nearest: lenet"):
        of_kind("lnet", 28)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("std", (0, 1, 1), r"std is \(0, 1, 1\); it must be three numbers"),
        ("mean", (1, 2), "mean is .1, 2.; it must be three numbers"),
        ("interpolation", "nearest", "interpolation is 'nearest'; it must be one of bilinear, bicubic"),
    ],
)
def test_mean_std_and_interpolation_are_checked(field, value, message):
    with pytest.raises(SlimzooError, match=message):
        Preprocessing.from_dict({**ROWS[-1].to_dict(), field: value})


@pytest.mark.parametrize(
    ("kind", "before", "field"), [("vgg", 224 / 256, "resize_side"), ("inception", 0.875, "crop")]
)
def test_another_crop_keeps_the_size(kind, before, field):
    plain = of_kind(kind, 224)
    assert plain.fraction == before
    for fraction, wanted in ((1, {"resize_side": 224, "crop": 1}), (0.5, {"resize_side": 448, "crop": 0.5})):
        other = plain.cropped(fraction)
        assert (other.size, other.fraction, getattr(other, field)) == (224, fraction, wanted[field])


def test_a_crop_that_cannot_be_is_refused():
    with pytest.raises(SlimzooError, match="crop is 0"):
        of_kind("vgg", 224).cropped(0)
    with pytest.raises(SlimzooError, match="'lenet' cuts out 28 pixels as they are: it has no crop"):
        of_kind("lenet", 28).cropped(1)
