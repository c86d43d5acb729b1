"""The demo's own housekeeping; what it trains is tested in tests/training."""

import json

import pytest

from slimzoo.demo import run as demo


@pytest.fixture
def small(monkeypatch, tmp_path):
    monkeypatch.setattr(demo, "IMAGES", 20)
    monkeypatch.setattr(demo, "SIZE", 32)
    return tmp_path


def test_what_was_drawn_is_kept_and_what_was_half_drawn_is_drawn_again(small):
    data = demo._drawn(small, overwrite=False)
    first = data / "VOC2012" / "JPEGImages" / "2012_000001.jpg"
    before = first.stat().st_mtime_ns
    assert demo._drawn(small, overwrite=False) == data and first.stat().st_mtime_ns == before
    (small / "drawn.json").write_text(json.dumps({"complete": False}))
    first.unlink()
    demo._drawn(small, overwrite=False)
    assert first.is_file()


def test_a_voc_folder_that_no_demo_made_is_left_alone(small):
    own = small / "VOCdevkit" / "VOC2012" / "JPEGImages" / "mine.jpg"
    own.parent.mkdir(parents=True)
    own.write_bytes(b"mine")
    for overwrite in (False, True):
        with pytest.raises(FileExistsError, match="no demo made it"):
            demo._drawn(small, overwrite)
    assert own.read_bytes() == b"mine"


def test_a_second_demo_takes_the_next_folder(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert str(demo._next_folder()) == "slimzoo-demo"
    for name, finished in (("slimzoo-demo", True), ("slimzoo-demo-2", False)):
        (tmp_path / name / "restored").mkdir(parents=True)
        (tmp_path / name / "restored" / "config.json").write_text(json.dumps({"finished": finished}))
    assert str(demo._next_folder()) == "slimzoo-demo-2"  # it goes on there
