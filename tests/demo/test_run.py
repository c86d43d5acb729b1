"""The demo's own housekeeping; what it trains is tested in tests/training."""

import json

import pytest

from slimzoo.demo import drawn_set
from slimzoo.demo import run as demo


def test_what_was_unpacked_is_kept_and_what_another_demo_left_is_replaced(tmp_path):
    data = demo._unpacked(tmp_path, overwrite=False)
    first = data / "VOC2012" / "JPEGImages" / "2012_000001.jpg"
    first.write_bytes(b"kept")
    assert demo._unpacked(tmp_path, overwrite=False) == data and first.read_bytes() == b"kept"
    (tmp_path / "drawn.json").write_text(json.dumps({"seed": 7, "complete": True}))
    demo._unpacked(tmp_path, overwrite=False)
    assert first.read_bytes() != b"kept"


def test_overwrite_unpacks_again(tmp_path):
    first = demo._unpacked(tmp_path, overwrite=False) / "VOC2012" / "JPEGImages" / "2012_000001.jpg"
    first.write_bytes(b"changed")
    demo._unpacked(tmp_path, overwrite=True)
    assert first.read_bytes() != b"changed"


def test_a_demo_stopped_while_it_unpacks_leaves_no_half_set_and_goes_on(tmp_path, monkeypatch):
    def stopped():
        yield "VOCdevkit/VOC2012/JPEGImages/2012_000001.jpg", b"one"
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(drawn_set, "members", stopped)
        demo._unpacked(tmp_path, overwrite=False)
    assert [path.name for path in tmp_path.iterdir()] == ["drawn.json"]
    data = demo._unpacked(tmp_path, overwrite=False)
    assert len(list((data / "VOC2012" / "JPEGImages").iterdir())) == drawn_set.SET.images


def test_a_voc_folder_that_no_demo_made_is_left_alone(tmp_path):
    own = tmp_path / "VOCdevkit" / "VOC2012" / "JPEGImages" / "mine.jpg"
    own.parent.mkdir(parents=True)
    own.write_bytes(b"mine")
    for overwrite in (False, True):
        with pytest.raises(FileExistsError, match="no demo made it"):
            demo._unpacked(tmp_path, overwrite)
    assert own.read_bytes() == b"mine"


def test_a_second_demo_takes_the_next_folder(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert str(demo._next_folder()) == "slimzoo-demo"
    for name, finished in (("slimzoo-demo", True), ("slimzoo-demo-2", False)):
        (tmp_path / name / "restored").mkdir(parents=True)
        (tmp_path / name / "restored" / "config.json").write_text(json.dumps({"finished": finished}))
    assert str(demo._next_folder()) == "slimzoo-demo-2"  # it goes on there
