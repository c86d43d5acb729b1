"""load() and restore() of files that are wrapped, renamed, half of something else, or several in one."""

import logging
from pathlib import Path

import numpy as np
import pytest

import slimzoo
from slimzoo import converters
from slimzoo.converters.name_maps import get_name_map
from slimzoo.converters.source import Source, tensors_of
from slimzoo.errors import SlimzooError
from slimzoo.tracing.parts import network_shapes
from tests.converters.torch_files import Contents, pickled, write_zip
from tests.networks import values

SMALL = "mobilenet_v1_025"
HEAD = "MobilenetV1/Logits/Conv2d_1c_1x1"


def drawn(network, classes=5, seed=0):
    random = np.random.default_rng(seed)
    return {n: random.normal(size=s).astype("f") for n, s in network_shapes(network, classes).items()}


def after(prefix, arrays):
    return {f"{prefix}{name}": array for name, array in arrays.items()}


@pytest.fixture
def written(tmp_path):
    """written(arrays) -> a file of them without metadata."""

    def write(arrays):
        converters.write_safetensors(tmp_path / "w.safetensors", arrays, {}, overwrite=True)
        return tmp_path / "w.safetensors"

    return write


def assert_holds(model, arrays):
    found = values(model)
    assert [n for n in model.restore_report.restored if not np.array_equal(found[n], arrays[n])] == []


def test_a_prefix_changes_no_number_and_is_said_once(written, caplog):
    arrays = drawn("lenet")
    model = slimzoo.load("lenet", weights=written(after("tower_0/", arrays)))
    assert model.restore_report.fraction == 1 and model.num_classes == 5
    assert_holds(model, arrays)
    assert [r.message.partition(": ")[2] for r in caplog.records] == [
        "8 names fit after tower_0/, which is taken off"
    ]


def test_of_two_towers_only_the_one_that_is_named_is_loaded(written):
    one, two = drawn("lenet"), drawn("lenet", seed=1)
    path = written(after("tower_0/", one) | after("tower_1/", two))
    with pytest.raises(SlimzooError, match="holds lenet 2 times"):
        slimzoo.load("lenet", weights=path)
    assert_holds(slimzoo.load("lenet", weights=path, rename={"tower_1": ""}), two)
    assert_holds(slimzoo.load("lenet", weights=path, exclude="tower_1"), one)
    model = slimzoo.Model("lenet", 5)
    with pytest.raises(SlimzooError, match=r'rename=\{"tower_0": ""\}'):
        model.restore(path)
    report = model.restore(path, rename={"tower_0": ""}, exclude="tower_1")
    assert_holds(model, one)
    assert set(report.unused) == set(after("tower_1/", two))


def test_a_detector_lends_its_backbone_to_a_new_head_and_to_none(written, caplog):
    arrays = {name: array for name, array in drawn(SMALL).items() if not name.startswith(HEAD)}
    path = written(after("FeatureExtractor/", arrays) | {"BoxPredictor_0/weights": np.ones(3, "f")})
    with pytest.raises(SlimzooError, match="without the last layer of mobilenet_v1_025: num_classes=N"):
        slimzoo.load(SMALL, weights=path)
    model = slimzoo.load(SMALL, weights=path, num_classes=3)
    assert_holds(model, arrays)
    assert set(model.restore_report.reinitialised) == {f"{HEAD}/weights", f"{HEAD}/biases"}
    assert model.restore_report.unused == ("BoxPredictor_0/weights",)
    assert "1 in BoxPredictor_0" in caplog.text and f"without {HEAD}: new here" in caplog.text
    assert_holds(slimzoo.load(SMALL, weights=path, features_only=True).model, arrays)
    whole = slimzoo.Model(SMALL, 5)
    with pytest.raises(
        SlimzooError, match=r'135 of 137 names fit after .*: rename=\{"FeatureExtractor": ""\}'
    ):
        whole.restore(path)
    whole.restore(path, exclude=[HEAD, "BoxPredictor_0"])
    assert_holds(whole, arrays)


def of_transformers(arrays):
    source = Source("memory", Path("m"), tensors_of(arrays))
    return dict(get_name_map("transformers", SMALL).to_theirs(source))


@pytest.mark.parametrize("prefix, wrapper", [("", "state_dict"), ("module.", "model"), ("_orig_mod.", "net")])
def test_a_pytorch_file_gives_its_plain_values_or_its_averages_and_says_which(
    tmp_path, caplog, prefix, wrapper
):
    plain, averaged = drawn(SMALL), drawn(SMALL, seed=1)
    contents = Contents()
    saved = {
        "epoch": 3,
        "best_acc1": contents.add(np.float32(1)),
        wrapper: {prefix + n: contents.add(array) for n, array in of_transformers(plain).items()},
        "state_dict_ema": {n: contents.add(array) for n, array in of_transformers(averaged).items()},
    }
    path = write_zip(tmp_path / "w.pth", pickled(saved), contents.storages)
    assert_holds(slimzoo.load(SMALL, weights=path), plain)
    assert "137 moving averages too; the plain values are taken" in caplog.text
    caplog.clear()
    model = slimzoo.load(SMALL, weights=path, ema=True)
    assert_holds(model, averaged)
    assert len(model.restore_report.restored) == 137 and "moving averages" not in caplog.text


def test_a_head_of_a_librarys_file_is_excluded_by_its_own_name(written):
    arrays = drawn(SMALL)
    path = written(after("backbone.", of_transformers(arrays)))
    model = slimzoo.load(SMALL, weights=path, exclude="backbone.classifier")
    assert set(model.restore_report.reinitialised) == {f"{HEAD}/weights", f"{HEAD}/biases"}
    assert_holds(model, arrays)
    with pytest.raises(SlimzooError, match=r'exclude=\["backbone.classifyer"\] matches nothing'):
        slimzoo.load(SMALL, weights=path, exclude="backbone.classifyer")


def test_names_of_slim_and_their_averages_are_loaded_without_a_word_of_prefixes(written, caplog):
    caplog.set_level(logging.WARNING, "slimzoo")
    arrays = drawn("lenet")
    assert_holds(slimzoo.load("lenet", weights=written(arrays)), arrays)
    assert not caplog.text
    averages = {f"{name}/ExponentialMovingAverage": array + 1 for name, array in arrays.items()}
    slimzoo.load("lenet", weights=written(arrays | averages))
    assert [r.message.partition(" holds ")[2] for r in caplog.records] == [
        "8 moving averages too; the plain values are taken, ema=True takes the averages"
    ]
