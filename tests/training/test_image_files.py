"""Images that are other files than when a run began are said before it goes on."""

import logging
import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from slimzoo.data import tfrecord
from slimzoo.data.packing import pack, plan
from slimzoo.errors import SlimzooError
from slimzoo.training import image_files


@pytest.fixture
def parts(data, tmp_path):
    """Training and validation data, their images in a folder of the test's own."""
    return {
        "train": copied(data[0], tmp_path / "train"),
        "validation": copied(data[1], tmp_path / "held out"),
    }


def copied(dataset, folder):
    folder.mkdir()
    examples = [replace(e, path=str(shutil.copy(e.path, folder))) for e in dataset.examples]
    return replace(dataset, examples=tuple(examples))


def said(folder, parts, caplog):
    caplog.clear()
    with caplog.at_level(logging.WARNING, "slimzoo"):
        image_files.check(folder, parts)
    return caplog.text


def test_the_same_images_are_no_news_though_their_times_differ(parts, tmp_path, caplog):
    image_files.remember(tmp_path, parts)
    assert said(tmp_path, parts, caplog) == ""
    for data in parts.values():
        for path in data.paths:
            os.utime(path, ns=(1, 1))
    assert said(tmp_path, parts, caplog) == ""


@pytest.mark.parametrize("part", ["train", "validation"])
def test_images_that_changed_places_are_counted_and_named(part, parts, tmp_path, caplog):
    image_files.remember(tmp_path, parts)
    first, second = map(Path, parts[part].paths[:2])
    one, other = first.read_bytes(), second.read_bytes()
    first.write_bytes(other)
    second.write_bytes(one)
    text = said(tmp_path, parts, caplog)
    assert f"2 of the 8 images of {parts[part].name} are other files" in text
    assert f"{first.name}, {second.name}." in text


def test_one_of_the_same_size_is_told_by_its_digest(parts, tmp_path, caplog):
    image_files.remember(tmp_path, parts)
    path = Path(parts["train"].paths[0])
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    os.utime(path, ns=(1, 1))  # a coarse clock may have stood still
    assert "1 of the 8 images" in said(tmp_path, parts, caplog)


def test_images_that_are_gone_are_an_error_before_anything_is_trained(parts, tmp_path):
    image_files.remember(tmp_path, parts)
    gone = parts["validation"].paths[3]
    Path(gone).unlink()
    with pytest.raises(SlimzooError, match=f"1 image of the run in .* is gone(?s:.*){Path(gone).name}"):
        image_files.check(tmp_path, parts)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"train": [], "validation": []}', '{"train": [[1, 2]]}'])
def test_a_damaged_note_of_them_is_said_once_and_made_again(content, parts, tmp_path, caplog):
    (tmp_path / "images.json").write_text(content)
    assert "is not known" in said(tmp_path, parts, caplog)
    assert said(tmp_path, parts, caplog) == ""


def test_a_run_that_noted_nothing_says_so_once_and_notes_it_now(parts, tmp_path, caplog):
    assert "images.json is not there" in said(tmp_path, parts, caplog)
    assert said(tmp_path, parts, caplog) == ""


def test_held_out_copies_of_images_trained_on_are_said(parts, tmp_path, caplog):
    with caplog.at_level(logging.WARNING, "slimzoo"):
        image_files.remember(tmp_path, parts)
    assert caplog.text == ""
    held_out, trained_on = parts["validation"].paths[0], parts["train"].paths[1]
    shutil.copy(trained_on, held_out)
    with caplog.at_level(logging.WARNING, "slimzoo"):
        image_files.remember(tmp_path, parts)
    assert f"1 of the {len(parts['validation'])} held-out images are copies" in caplog.text
    assert f"{held_out} of {trained_on}" in caplog.text


def test_images_that_were_packed_are_the_same_and_others_in_their_place_are_not(
    parts, tmp_path, caplog, monkeypatch
):
    def packed(**overwriting):
        for part, data in parts.items():
            pack(plan(data, part, shards=2), tmp_path / "packed", progress=False, **overwriting)
        return {part: tfrecord.read(tmp_path / "packed", part) for part in parts}

    monkeypatch.setenv("SLIMZOO_CACHE", str(tmp_path / "cache"))
    image_files.remember(tmp_path, parts)
    assert said(tmp_path, packed(), caplog) == ""
    first, second = (Path(path) for path in parts["train"].paths[:2])
    second.write_bytes(first.read_bytes())
    text = said(tmp_path, packed(overwrite=True), caplog)
    assert "1 of the 8 images of packed train are other files" in text
