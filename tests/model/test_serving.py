"""SavedModels that take image files: the numbers of preprocess() and a call, in a graph of their own."""

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

import slimzoo
from slimzoo.errors import SlimzooError
from slimzoo.model import exporting
from tests.networks import assert_same, little_model, values

SMALL = {"kind": "inception", "size": 8, "crop": 0.875, "channel_order": "RGB"}


@pytest.fixture(scope="module")
def model():
    return little_model(preprocessing=SMALL, labels=("low", "middle", "high"))


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A JPEG and a PNG of other sizes, gray and colour, and a photograph that was taken sideways."""
    folder = tmp_path_factory.mktemp("files")
    random = np.random.RandomState(0)
    Image.fromarray(random.randint(0, 255, (130, 90, 3), np.uint8)).save(folder / "a.jpg")
    Image.fromarray(random.randint(0, 255, (40, 70), np.uint8)).save(folder / "b.png")
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(random.randint(0, 255, (96, 120, 3), np.uint8)).save(folder / "c.jpg", exif=exif)
    return sorted(folder.iterdir())


def served(folder, files):
    answer = tf.saved_model.load(str(folder)).signatures["serving_default"]
    return answer(images=tf.constant([file.read_bytes() for file in files]))


def test_files_give_the_numbers_of_preprocess_and_a_call(model, files, tmp_path):
    model.export(tmp_path / "served", inputs="jpeg", verbose=False)
    answer = served(tmp_path / "served", files)
    images = model.preprocess(files, turn=False)
    want = model(images).numpy()
    # The same kernels in another graph: float32 rounding of resizing and sums.
    np.testing.assert_allclose(answer["logits"], want, rtol=0, atol=2e-5 * np.abs(want).max())
    np.testing.assert_allclose(answer["probabilities"], tf.nn.softmax(want), rtol=0, atol=1e-5)
    assert [name.decode() for name in answer["label"].numpy()] == [
        best[0][1] for best in model.decode_predictions(want, top=1)
    ]


def test_a_saved_model_that_takes_files_can_be_loaded_again(tmp_path):
    model = slimzoo.Model("cifarnet", preprocessing={"kind": "cifarnet", "size": 32, "channel_order": "RGB"})
    path = exporting.export(model, f"{tmp_path}/served/", inputs="jpeg")
    again = slimzoo.load("cifarnet", weights=path)
    assert_same(values(again), values(model))
    assert again.preprocessing == model.preprocessing


def test_a_backbone_takes_files_and_gives_maps_by_name(model, files, tmp_path):
    backbone = model.backbone([1, 2])
    backbone.export(tmp_path / "maps", inputs="jpeg", verbose=False)
    answer = served(tmp_path / "maps", files)
    maps = backbone(model.preprocess(files, turn=False))
    assert set(answer) == {level.end_point for level in backbone.feature_info}
    for level, want in zip(backbone.feature_info, maps, strict=True):
        # As above: of the largest value of the map.
        got = answer[level.end_point]
        np.testing.assert_allclose(got, want, rtol=0, atol=2e-5 * np.abs(want).max())


def test_what_files_cannot_go_into_is_said_at_once(model, tmp_path):
    with pytest.raises(
        SlimzooError, match=r"(?s)wants a model with preprocessing.*format is 'onnx'.*extra is"
    ):
        little_model().export(tmp_path / "m", "onnx", inputs="jpeg", extra=1)
    with pytest.raises(SlimzooError, match=r"(?s)inputs is 'jpg'; allowed are 'pixels'.*'jpeg'.*input_sig"):
        model.export(tmp_path / "m", inputs="jpg", input_signature=[tf.TensorSpec([1])])
    with pytest.raises(SlimzooError, match=r"m\.tflite is TFLite; only a SavedModel, NAME/, takes files"):
        exporting.export(model, f"{tmp_path}/m.tflite", inputs="jpeg")
    assert not list(tmp_path.iterdir())
