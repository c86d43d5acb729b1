"""A model on ImageNet's classes: the right outputs are looked at, however the images are batched."""

import numpy as np
import pytest
import tensorflow as tf

import slimzoo
from slimzoo.data import folder
from slimzoo.errors import SlimzooError
from slimzoo.labels import imagenet
from slimzoo.labels.folders import imagenet_classes
from slimzoo.training.evaluation import evaluate
from slimzoo.training.ranking import for_imagenet, for_its_own, rank, settings_of


def load(classes, **arguments):
    tf.random.set_seed(2)
    return slimzoo.load("tiny_bn", num_classes=classes, **arguments)


@pytest.fixture(scope="module")
def known(class_folder, tmp_path_factory):
    """Drawn images of three of ImageNet's classes, and these."""
    root = tmp_path_factory.mktemp("val")
    for name, source in zip(
        ("n01443537", "tench", "Tabby_Cat"), sorted(class_folder.iterdir()), strict=False
    ):
        (root / name).symlink_to(source)
    return folder.read_numbered(root, imagenet_classes)


@pytest.fixture(scope="module")
def thousand():
    """A model without a background."""
    return load(1000)


@pytest.fixture
def biases(thousand):
    """Its last ones, which a test may change."""
    variable = thousand.variables_by_name["Tiny/logits/biases"]
    before = variable.numpy()
    yield variable
    variable.assign(before)


@pytest.mark.parametrize("classes", [1000, 1001])
def test_the_figures_are_those_of_the_logits(known, thousand, classes):
    model = thousand if classes == 1000 else load(classes)
    labelled = for_imagenet(model, *known)
    found = rank(model, labelled, batch_size=4)
    logits = model(model.preprocess(list(known[0].paths))).numpy()
    true = known[1] + classes - 1000
    assert labelled.classes == 3 and set(true - labelled.true) == {0}
    each = tf.nn.sparse_softmax_cross_entropy_with_logits(true, logits)
    assert found.top.loss.value == pytest.approx(float(tf.reduce_mean(each)), rel=1e-5)  # float32
    best = np.argsort(-logits, 1, kind="stable")
    assert found.top.top1.value == np.mean(best[:, 0] == true)
    assert found.top.top5.value == np.mean((best[:, :5] == true[:, None]).any(1))
    assert found.images_per_second > 0 and found.batch == 4
    assert found.parameters == sum(v.numpy().size for v in model.variables_by_name.values())
    convolutions = 8 * 8 * 8 * (9 * 3) + 4 * 4 * 16 * (9 * 8)  # at 16 pixels, both of stride 2
    assert found.multiply_adds == convolutions + 4 * 4 * 16 * classes


def test_a_models_own_classes_give_what_evaluate_gives(class_folder):
    data = folder.read(class_folder)
    model = load(len(data.classes), labels=data.classes)
    top = evaluate(model, data).top
    found = rank(model, for_its_own(model, data), batch_size=5).top
    assert found.top1 == top.top1
    assert found.loss.value == pytest.approx(top.loss.value, rel=1e-5)  # float32 probabilities and logits


def test_what_does_not_know_imagenet_is_refused_with_everything_wrong(known):
    model = load(10, multi_label=True)
    model.preprocessing = None
    with pytest.raises(SlimzooError) as caught:
        for_imagenet(model, *known)
    for words in ("has 10 classes", "1000, or 1001", "no preprocessing", "several labels"):
        assert words in str(caught.value)
    swapped = ("goldfish", "tench", *imagenet(0)[2:])
    with pytest.raises(SlimzooError, match="class 0 is 'goldfish' in the model, 'tench, Tinca tinca'"):
        for_imagenet(load(1000, labels=swapped), *known)


def test_other_weights_images_or_preprocessing_are_other_settings(known, thousand, biases):
    model = thousand
    labelled = for_imagenet(model, *known)
    before = settings_of(model, labelled)
    assert settings_of(model, for_imagenet(model, *known)) == before
    others = {before}
    others.add(settings_of(model, for_imagenet(model, known[0].subset([0, 1]), known[1][:2])))
    others.add(settings_of(model, for_imagenet(model, known[0], known[1] + 1)))
    biases.assign(np.ones(1000))
    others.add(settings_of(model, labelled))
    others.add(settings_of(load(1000, size=24), labelled))
    assert len(others) == 5


def test_nan_is_refused(known, thousand, biases):
    biases.assign(np.full(1000, np.nan))
    with pytest.raises(SlimzooError, match="not finite"):
        rank(thousand, for_imagenet(thousand, *known))
