"""finetune and evaluate of networks that give masks, at the command line."""

import pytest

from tests.data.dense.drawn import draw_folder, draw_voc
from tests.training import tiny


@pytest.fixture(scope="module", autouse=True)
def _tiny_networks():
    tiny.register()
    yield
    tiny.unregister()


@pytest.fixture
def kit(tmp_path):
    return draw_voc(tmp_path)


NETWORK = ("--model", "tiny_masks", "--weights", "none")
QUICK = ("--steps", "2", "--batch-size", "2", "--no-progress", "--no-tensorboard", "--no-deterministic")


def test_a_run_on_masks_is_measured_by_evaluate_with_the_same_figures(slimzoo, kit):
    lists = ("--split", "train", "--validation", "val", "--classes", "ground,sign,lamp")
    trained = slimzoo("finetune", "voc", "--data", kit, *lists, *NETWORK, *QUICK, "--out", "run", "--json")
    assert trained.code == 0, trained.err
    measured = slimzoo("evaluate", "voc", "--data", kit, "--model", "run", "--no-progress", "--json")
    assert measured.code == 0, measured.err
    assert measured.json["data"] == "VOC2012 all, held out" and measured.json["images"] == 2
    for name in ("miou", "pixel_accuracy", "iou", "pixels"):
        assert measured.json[name] == trained.json[name], name
    shown = slimzoo("evaluate", "voc", "--data", kit, "--model", "run", "--split", "val", "--no-progress")
    assert "boundary F" in shown.out and f"mIoU {trained.json['miou']:.4f}" in shown.out
    looked = slimzoo(
        *("evaluate", "voc", "--data", kit, "--model", "run", "--task", "segmentation", "--no-progress"),
        *("--scales", "0.5,1", "--flip", "--size", "33"),
    )
    assert looked.code == 0, looked.err


def test_a_folder_of_masks_with_colours_is_learnt_and_measured(slimzoo, tmp_path):
    root = draw_folder(tmp_path / "roads", count=5)
    (root / "classes.json").write_text('{"ground": 0, "sign": 1, "lamp": 2, "void": 255}')
    trained = slimzoo("finetune", "folder", "--train", root, *NETWORK, *QUICK, "--out", "run")
    assert trained.code == 0, trained.err
    assert "sign" in trained.out and "report: run/report.html" in trained.out
    measured = slimzoo("evaluate", "folder", "--data", root, "--model", "run", "--no-progress", "--json")
    assert measured.code == 0, measured.err
    assert measured.json["iou"].keys() == {"ground", "sign", "lamp"} and measured.json["images"] == 5


def test_a_dry_run_says_what_would_be_learnt(slimzoo, kit):
    found = slimzoo("finetune", "voc", "--data", kit, *NETWORK, "--hard-pixels", "0.25", "--dry-run")
    assert found.code == 0, found.err
    assert "classes: background, aeroplane" in found.out
    assert "the loss is of the hardest 0.25 of each image's pixels" in found.out


def test_a_network_of_another_task_is_refused_before_anything_is_read(refused):
    given = ("--data", "nowhere", "--task", "segmentation", "--model", "mobilenet_v1_025")
    refused("finetune", "voc", *given, words=("mobilenet_v1_025 tells images apart, not pixels",))
    refused("finetune", "voc", *given[:4], words=("nowhere",))


def test_everything_wrong_is_said_in_the_words_of_the_options(refused, kit):
    given = ("finetune", "voc", "--data", kit, *NETWORK)
    wrong = ("--size", "20", "--mixup", "0.2", "--random-scale", "2", "1")
    refused(*given, *wrong, words=("--random-scale", "the lower one first"))
    refused(*given, *wrong[:4], words=("size is 20", "as 19 or 21", "--mixup 0.2", "task classification"))
    refused(*given[:4], "--classes", "a,b", *NETWORK, words=("class ids that do not exist: 2",))
    refused(*given[:4], "--split", "none", *NETWORK, words=("lists there: train, trainval, val",))


def test_views_are_for_masks(refused, kit, tmp_path, cifarnet):
    del kit
    refused(
        "evaluate",
        "voc",
        "--data",
        tmp_path,
        "--model",
        cifarnet,
        "--flip",
        words=("networks that give masks",),
    )
