"""`slimzoo compare`: the table, the picture, the chart, and what is refused."""

import os
import signal

import pytest

from slimzoo.catalogue import comparison
from tests import warm
from tests.cli.support import left_in


def test_compare_shows_a_table_and_a_picture_of_its_letters(slimzoo):
    text = slimzoo("compare", "mobilenet_v1*", "lenet").out
    lines = text.splitlines()
    letters = {line.split()[1]: line.split()[0] for line in lines if line.split()[1:2] and "_v1" in line}
    assert list(letters.values()) == ["b", "c", "d", "e"]  # by multiply-adds: after lenet
    assert next(line for line in lines if " lenet " in line).split()[-1] == "-"
    picture = text[text.rindex("  top-1\n") :].splitlines()
    assert picture[1].startswith(" 70.9 %") and picture[1].endswith("e")
    assert picture[-3].startswith(" 49.8 % |b")
    assert picture[-1].split()[:2] == ["41.0", "M"]
    columns = {letter: line.rindex(letter) for line in picture[1:-2] for letter in "bcde" if letter in line}
    assert columns["b"] < columns["c"] < columns["d"] < columns["e"]


def test_networks_that_give_masks_are_listed_and_compared_by_their_mean_iou(slimzoo, refused):
    listed = slimzoo("list", "--task", "segmentation", "--sort", "mIoU", "--with-weights").out.splitlines()
    assert "mIoU" in listed[1] and "top-1" not in listed[1]
    assert "deeplab_v3_plus_xception_65" in listed[3] and "82.2 % VOC" in listed[3]
    assert not [line for line in listed if "vgg_16 " in line]
    both = slimzoo("list", "deeplab_v3_mobilenet_v2", "mobilenet_v2").out
    assert "top-1" in both and "mIoU" in both
    refused("list", "vgg*", "--task", "segmentation", words=["of them is of the task segmentation"])
    compared = slimzoo("compare", "--task", "segmentation", "--json").json["networks"]
    found = {row["name"]: (row["mean_iou"], row["measured_on"]) for row in compared}
    assert found["deeplab_v3_mobilenet_v3_large"] == (72.41, "Cityscapes")
    assert "mIoU of VOC" in slimzoo("compare", "deeplab_v3_mobilenet_v2*").out
    shown = slimzoo("info", "deeplab_v3_mobilenet_v2.coco_voc_trainaug").out
    assert "mIoU 75.32 %" in shown


def test_compare_without_any_accuracy_says_so(slimzoo):
    assert "No accuracy is published" in slimzoo("compare", "lenet", "cifarnet").out


@pytest.mark.parametrize("suffix", ["png", "svg"])
def test_compare_draws_a_chart(slimzoo, tmp_path, suffix):
    found = slimzoo("compare", "vgg_*", "--out", f"charts/c.{suffix}", "--json").json
    assert found["chart"] == f"charts/c.{suffix}"
    assert [row["name"] for row in found["networks"]] == ["vgg_a", "vgg_16", "vgg_19"]
    start = (tmp_path / "charts" / f"c.{suffix}").read_bytes()[:5]
    assert start in (b"\x89PNG\r", b"<?xml")
    assert slimzoo("compare", "vgg_*", "--out", f"charts/c.{suffix}", "--overwrite").code == 0


def test_compare_measures_when_asked(slimzoo, monkeypatch, tmp_path):
    monkeypatch.setattr(comparison, "LEAST_SECONDS", 0)
    given = ("compare", "lenet", "mobilenet_v1_025", "--measure", "--batch-size", "2", "--out", "c.svg")
    rows = slimzoo(*given, "--json").json["networks"]
    assert all(row["images_per_second"] > 0 for row in rows)
    assert "images per second" in (tmp_path / "c.svg").read_text()
    result = slimzoo("compare", "lenet", "--measure", "--no-progress")
    assert "images/s" in result.out
    assert result.err == ""


def test_bad_input_is_refused_before_anything_is_measured(refused, tmp_path, monkeypatch):
    monkeypatch.setattr(comparison, "images_per_second", lambda *_: pytest.fail("it measured"))
    (tmp_path / "there.png").write_text("mine")
    (tmp_path / "folder.png").mkdir()
    measure = ("compare", "vgg_16", "--measure", "--out")
    refused("compare", "lenett", "vgg16", words=["'lenett'", "lenet", "'vgg16'", "vgg_16"])
    refused(*measure, "c.gif", words=["c.gif", ".png or an .svg"])
    refused(*measure, "there.png", words=["there.png exists already", "--overwrite"])
    refused(*measure, "folder.png", words=["folder.png is a folder"])
    refused(*measure, "there.png/c.png", words=["cannot write there.png/c.png"])
    refused(*measure, "c.png", "--batch-size", "0", words=["--batch-size", "x>=1"])
    assert left_in(tmp_path) == ["there.png"]
    assert (tmp_path / "there.png").read_text() == "mine"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_may_not_be_written_is_named(refused, tmp_path):
    (tmp_path / "closed").mkdir(mode=0o500)
    refused("compare", "vgg_16", "--out", "closed/c.png", words=["closed/c.png", "permission denied"])


def test_ctrl_c_while_measuring_leaves_nothing_behind(tmp_path):
    code = (
        "import os, signal, slimzoo.catalogue.comparison as c\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # a background job ignores it
        "c.images_per_second = lambda *_: os.kill(os.getpid(), signal.SIGINT) or 1.0\n"
        "from slimzoo.cli import main; main(['compare', 'vgg_16', '--measure', '--out', 'c.png'])"
    )
    done = warm.run("-c", code, cwd=tmp_path)
    assert done.returncode == 128 + signal.SIGINT
    assert "Traceback" not in done.stderr
    assert left_in(tmp_path) == []
