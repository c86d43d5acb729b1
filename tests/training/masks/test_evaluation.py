"""evaluate_masks(): the figures are those of predict_masks(), however images are batched and looked at."""

import json

import numpy as np
import pytest
import tensorflow as tf

import slimzoo
from slimzoo.data.dense.masks import read_mask
from slimzoo.errors import SlimzooError
from slimzoo.preprocessing import of_kind
from slimzoo.preprocessing.views import Views
from slimzoo.training.interrupt import BrokenOff
from slimzoo.training.masks.evaluation import evaluate_masks, evaluate_masks_together, rank
from slimzoo.training.masks.scores import confusion_of
from tests.training.conftest import CLASSES
from tests.training.part_of_two import PartOfTwo


@pytest.fixture(scope="module")
def model(masks):
    tf.random.set_seed(2)
    return slimzoo.load("tiny_masks", num_classes=3, labels=masks[0].classes)


def by_hand(found, data):
    return sum(confusion_of(read_mask(path), one, 3) for path, one in zip(data.masks, found, strict=True))


@pytest.mark.parametrize("given", [{}, {"scales": (0.5, 1.0), "flip": True}, {"tile": 8}])
def test_the_figures_are_those_of_the_masks_that_the_model_predicts(model, masks, given):
    found = evaluate_masks(model, masks[0], views=Views(**given))
    wanted = by_hand(model.predict_masks(list(masks[0].paths), **given), masks[0])
    np.testing.assert_array_equal(found.counts.confusion, wanted)
    ious = np.diag(wanted) / (wanted.sum(0) + wanted.sum(1) - np.diag(wanted))
    assert found.miou == pytest.approx(np.nanmean(ious))
    assert found.pixel_accuracy == pytest.approx(np.diag(wanted).sum() / wanted.sum())
    assert np.isnan(found.loss) == ("tile" in given)
    low, high = found.interval
    assert low <= found.miou <= high


def test_the_batch_size_changes_nothing(model, masks):
    whole, single = evaluate_masks(model, masks[0]), evaluate_masks(model, masks[0], batch_size=1)
    np.testing.assert_array_equal(whole.counts.by_image, single.counts.by_image)
    assert whole.loss == pytest.approx(single.loss, rel=1e-5)  # float32, other kernels for other sizes


@pytest.mark.parametrize("given", [{}, {"tile": 8}])
@pytest.mark.parametrize("images", [12, 3])  # of the second there is nothing for another process
def test_two_processes_put_together_what_one_measures_to_the_last_bit(model, masks, images, given):
    data, views, parts = masks[0].subset(range(images)), Views(**given), []
    whole = evaluate_masks(model, data, 4, views=views)
    with pytest.raises(BrokenOff):  # the other has nothing yet
        evaluate_masks_together(model, data, 4, False, views, PartOfTwo(0, parts))
    found = evaluate_masks_together(model, data, 4, False, views, PartOfTwo(1, parts))
    assert len(parts[1]["losses"]) == (4 if images == 12 else 0)
    np.testing.assert_array_equal(found.counts.by_image, whole.counts.by_image)
    np.testing.assert_array_equal(found.counts.confusion, whole.counts.confusion)
    assert json.dumps(found.to_dict()) == json.dumps(whole.to_dict())


def test_the_loss_is_the_mean_over_labelled_pixels_as_the_network_sees_them(masks):
    """At the size of the images nothing is shrunk, and the formula is numpy's."""
    tf.random.set_seed(2)
    model = slimzoo.load("tiny_masks", num_classes=3, labels=masks[0].classes, size=49)
    total = count = 0
    for image, mask in zip(masks[0].paths, masks[0].masks, strict=True):
        truth = read_mask(mask)
        logits = model(model.preprocess([image]))[0].numpy()[: truth.shape[0], : truth.shape[1]]
        shares = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
        labelled = truth != 255
        true = np.take_along_axis(shares, np.where(labelled, truth, 0)[..., None].astype(int), -1)[..., 0]
        total, count = total - np.log(true[labelled]).sum(), count + labelled.sum()
    assert evaluate_masks(model, masks[0]).loss == pytest.approx(total / count, rel=1e-4)  # float32


def test_all_figures_go_to_json_and_better_ones_rank_higher(model, masks):
    found = evaluate_masks(model, masks[0])
    said = found.to_dict()
    assert said["task"] == "segmentation" and said["images"] == len(masks[0])
    assert said["iou"].keys() == set(masks[0].classes) and sum(said["pixels"].values()) > 0
    assert repr(found).startswith("<MaskEvaluation of 12 images: loss ")
    assert rank({"miou": 0.5, "pixel_accuracy": 0.9, "loss": 1}) > rank({"miou": 0.5, "pixel_accuracy": 0.8})
    assert rank({"miou": 0.5, "pixel_accuracy": 0.9, "loss": 1}) > rank({"miou": 0.5, "pixel_accuracy": 0.9})


def test_what_does_not_fit_is_refused(masks, data):
    with pytest.raises(SlimzooError, match=r"the model has 5 classes, VOC2012 train has 3"):
        evaluate_masks(slimzoo.load("tiny_masks", num_classes=5), masks[0])
    with pytest.raises(SlimzooError, match="tells images apart, not pixels"):
        evaluate_masks(slimzoo.load("tiny", num_classes=4), masks[0])
    with pytest.raises(SlimzooError, match="tells pixels apart, not images"):
        slimzoo.evaluate(slimzoo.load("tiny_masks", num_classes=len(CLASSES)), data[0])
    with pytest.raises(SlimzooError, match=r"VOC2012 train has masks: slimzoo.training.evaluate_masks"):
        slimzoo.evaluate(slimzoo.load("tiny_masks", num_classes=3), masks[0])
    other = slimzoo.load("tiny_masks", num_classes=3, preprocessing=of_kind("vgg", 17))
    with pytest.raises(SlimzooError, match="which masks do not follow; kinds that do neither: deeplab"):
        evaluate_masks(other, masks[0])
