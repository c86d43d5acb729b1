"""Grad-CAM from the end points of a network: which map, and where it is bright."""

import base64
import io

import numpy as np
import tensorflow as tf
from PIL import Image

import slimzoo
from slimzoo.training import grad_cam
from tests.training import tiny
from tests.training.conftest import CLASSES


def model():
    tf.random.set_seed(3)
    return slimzoo.load("tiny", num_classes=len(CLASSES), multi_label=True)


def images(count=3):
    return np.random.RandomState(0).randn(count, tiny.PIXELS, tiny.PIXELS, 3).astype(np.float32)


def test_the_map_is_the_last_end_point_that_still_has_places():
    assert grad_cam.last_map(model()) == "conv2"


def test_it_is_the_map_weighted_by_the_mean_slopes_of_the_class():
    network, batch, classes = model(), images(), [2, 0, 1]
    found = grad_cam.grad_cam(network, batch, classes)
    values = network.end_points(batch)["conv2"].numpy()  # [3, 4, 4, 16]
    dense = network.variables_by_name["Tiny/logits/weights"].numpy().reshape(4, 4, 16, len(CLASSES))
    slopes = dense.mean((0, 1))[:, classes].T  # the logits are linear in the map, so their slopes are weights
    expected = np.maximum(np.einsum("nhwc,nc->nhw", values, slopes), 0)
    expected /= np.maximum(expected.max((1, 2), keepdims=True), 1e-12)
    np.testing.assert_allclose(found, expected, atol=1e-4)  # float32, sums in another order
    assert found.max() == 1


def test_a_picture_is_bright_where_the_map_is_and_there_is_none_where_it_is_nought():
    pixels = np.full((8, 8, 3), 200, np.uint8)
    heat = np.zeros((4, 4), np.float32)
    assert grad_cam._picture(pixels, heat) == ""
    heat[:, 2:] = 1
    picture = Image.open(io.BytesIO(base64.b64decode(grad_cam._picture(pixels, heat))))
    shown = np.asarray(picture.convert("L"), float)
    half = shown.shape[1] // 2
    assert picture.size == (grad_cam.SIDE, grad_cam.SIDE)
    assert shown[:, half + 30 :].mean() > 1.5 * shown[:, : half - 30].mean()


def test_without_a_map_there_is_nothing_to_show(monkeypatch):
    monkeypatch.setattr(grad_cam, "last_map", lambda network: None)
    assert grad_cam.grad_cam(model(), images(), [0, 1, 2]) is None
    assert grad_cam.pictures(model(), images(), [0, 1, 2]) == []
