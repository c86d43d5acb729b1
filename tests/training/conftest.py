"""A drawn data set of a dozen images, two tiny networks, and what most training tests start from."""

from contextlib import contextmanager, nullcontext
from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf

import slimzoo
from slimzoo.data import dense, voc
from slimzoo.training import run_report
from slimzoo.training.finetune import finetune
from slimzoo.training.loop import Loss, Trainer
from slimzoo.training.masks import report as segmentation_report
from slimzoo.training.optimisation import gradient_factors, make_optimizer
from slimzoo.training.recipes import Recipe
from tests.data.dense.drawn import draw_voc as draw_masks
from tests.training import tiny
from tools.drawing.draw import draw_folder, draw_voc

CLASSES = ("bus", "chair", "dog", "sofa")


@pytest.fixture(scope="package", autouse=True)
def _tiny_networks():
    tiny.register()
    yield
    tiny.unregister()


@pytest.fixture(scope="session")
def devkit(tmp_path_factory):
    """VOCdevkit of 16 drawn images, 8 to train on and 8 held out."""
    return draw_voc(tmp_path_factory.mktemp("drawn"), CLASSES, 16, seed=1, size=48)


@pytest.fixture(scope="session")
def data(devkit):
    """(training, validation) data of 4 classes, several an image; a class here and there does not count."""
    return tuple(_with_difficult(voc.read(devkit, split=part, classes=CLASSES)) for part in ("train", "val"))


@pytest.fixture(scope="session")
def masks(tmp_path_factory):
    """(training, validation) data of masks in 3 classes: 12 images to train on and 4 held out."""
    kit = draw_masks(tmp_path_factory.mktemp("masks"), 16)
    return tuple(dense.voc.read(kit, split=part, classes=CLASSES[:3]) for part in ("train", "val"))


def _with_difficult(dataset):
    weights = np.where(
        (dataset.labels == 0) & (np.arange(len(dataset))[:, None] % 3 == 0), 0, dataset.weights
    )
    pairs = zip(dataset.examples, weights.astype(np.float32), strict=True)
    return replace(dataset, examples=tuple(replace(example, weights=row) for example, row in pairs))


@pytest.fixture(scope="session")
def class_folder(tmp_path_factory):
    """12 drawn images in a folder a class."""
    return draw_folder(tmp_path_factory.mktemp("folders") / "images", CLASSES[:3], 12, seed=2, size=48)


@pytest.fixture(scope="session")
def run(data):
    """Calls finetune() for a tiny network and few steps; op determinism would outlast the test.

    It leaves out report.html and report.json, half of the time of such a run, without `page`.
    """

    def start(out, train=None, validation=None, *, options=None, page=False, **arguments):
        arguments = {"model": "tiny", "weights": None, "steps": 4, "eval_every": 2, **arguments}
        arguments = {"deterministic": False, "tensorboard": False, **arguments}
        with nullcontext() if page else without_a_page():
            return finetune(
                data[0] if train is None else train,
                data[1] if validation is None else validation,
                out,
                options={"batch_size": 4, **(options or {})},
                **arguments,
            )

    return start


@contextmanager
def without_a_page():
    """Runs end without their report inside."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(run_report, "write", lambda folder, *_, **__: folder.path / "report.html")
        patched.setattr(segmentation_report, "_examples", lambda *_: [])
        patched.setattr(segmentation_report, "write_report", lambda folder, _: folder / "report.html")
        yield


def make_trainer(name="tiny", strategy=None, steps=10, loss_scaling=False, freeze=(), **arguments):
    """Returns a Trainer of a new tiny model for 4 classes, several an image; same arguments, same Trainer."""
    recipe = arguments.pop("recipe", Recipe(learning_rate=0.05, schedule="constant", warmup=0.0))
    strategy = strategy or tf.distribute.get_strategy()
    tf.random.set_seed(3)
    with strategy.scope():
        model = slimzoo.load(name, num_classes=len(CLASSES), **{"multi_label": True, **arguments})
        if freeze:
            model.freeze(freeze)
        replicas = strategy.num_replicas_in_sync
        optimizer = make_optimizer(recipe, steps, loss_scaling, model, replicas)
        model.together = recipe.sync_batch_norm
        model.recompute = recipe.gradient_checkpointing
    return Trainer(model, optimizer, strategy, gradient_factors(recipe, model), Loss.of(recipe))


def make_batches(count=1, size=6, seed=0, difficult=0.3, pixels=tiny.PIXELS):
    """Returns batches of noise; the labels follow from the images, so they can be learnt."""
    random = np.random.RandomState(seed)
    for _ in range(count):
        labels = (random.rand(size, len(CLASSES)) < 0.4).astype(np.float32)
        images = random.randn(size, pixels, pixels, 3).astype(np.float32) * 0.3
        images[:, :, :, 0] += 2 * labels[:, :1, None]
        images[:, :8, :, 1] += 2 * labels[:, 1:2, None]
        weights = (random.rand(size, len(CLASSES)) >= difficult).astype(np.float32)
        batch = {"image": images, "labels": labels, "weights": weights}
        yield {key: tf.constant(value) for key, value in batch.items()}


def values(model):
    """Returns {variable name: array}, copies."""
    return {name: np.array(variable.numpy()) for name, variable in model.variables_by_name.items()}
