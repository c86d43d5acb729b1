"""The report shows the first batch as the network saw it."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

import slimzoo
from slimzoo.data.pipeline import batches
from slimzoo.preprocessing.ranges import denormalise
from slimzoo.training.recipes import Recipe
from slimzoo.training.samples import SHOWN, samples
from slimzoo.training.settings import Settings


@pytest.fixture(scope="module")
def shown(data):
    model = slimzoo.load("tiny", num_classes=4, multi_label=True, quiet=True)

    def shown(weights=None, **recipe):
        settings = Settings(
            train=data[0],
            validation=data[1],
            recipe=Recipe(batch_size=4, new=("Tiny/logits",), **recipe),
            model="tiny",
            weights=weights,
            ema=False,
            size=None,
            steps=4,
            seed=0,
            eval_every=None,
            keep_best=True,
            precision="float32",
            data_format="NHWC",
            deterministic=False,
            replicas=1,
        )
        return model, samples(settings, model)

    return shown


def pixels(sample):
    with Image.open(io.BytesIO(base64.b64decode(sample.picture))) as image:
        return np.asarray(image, np.float32)


def test_they_are_the_images_of_the_first_step_with_their_classes(shown, data):
    model, found = shown()
    batch = next(iter(batches(data[0], model.preprocessing, 4, seed=0)))
    wanted = denormalise(model.preprocessing, batch["image"])
    assert len(found) == 4
    for sample, picture, index in zip(found, wanted, batch["index"].numpy(), strict=True):
        assert np.abs(pixels(sample) - picture).mean() < 12  # of 255: JPEG of 16 pixels
        example = data[0].examples[index]
        true = (np.asarray(example.labels) > 0) & (np.asarray(example.weights) > 0)
        assert set(sample.classes) == {
            name for name, there in zip(data[0].classes, true, strict=True) if there
        }


def test_mixed_images_say_their_shares(shown):
    _, found = shown(mixup=5.0)
    assert any(0 < share < 1 for sample in found for share in sample.classes.values())


def test_a_fit_shows_the_images_as_they_are(shown, data):
    model, found = shown(weights="x", method="probe")
    assert len(found) == min(SHOWN, len(data[0]))
    first = next(iter(batches(data[0], model.preprocessing, 1, training=False)))
    picture = denormalise(model.preprocessing, first["image"])[0]
    assert np.abs(pixels(found[0]) - picture).mean() < 12  # of 255: JPEG of 16 pixels
