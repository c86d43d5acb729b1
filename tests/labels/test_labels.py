"""Class names in the order of the outputs."""

import pytest

from slimzoo import labels
from slimzoo.errors import SlimzooError


def test_imagenet_has_1000_classes_and_with_background_1001():
    names = labels.imagenet(0)
    assert len(names) == 1000 and names[0] == "tench, Tinca tinca" and names[-1].startswith("toilet tissue")
    assert labels.imagenet(1) == ("background", *names)


def test_wordnet_ids_tell_classes_of_the_same_name_apart():
    names, ids = labels.imagenet(0), labels.imagenet_wordnet_ids(0)
    assert ids[0] == "n01440764" and len(set(ids)) == 1000
    assert [ids[i] for i, name in enumerate(names) if name == "crane"] == ["n02012849", "n03126707"]
    assert labels.imagenet_wordnet_ids(1) == ("", *ids)


def test_an_offset_that_no_network_has_is_refused():
    with pytest.raises(SlimzooError, match="offset is 2; it must be 0"):
        labels.imagenet(2)


def test_voc_classes_are_in_the_order_of_the_development_kit():
    assert labels.voc() == tuple(sorted(labels.VOC)) and len(labels.VOC) == 20
    assert labels.VOC[0] == "aeroplane" and labels.VOC[-1] == "tvmonitor"


@pytest.mark.parametrize(
    "text",
    [
        "0:background\n1:tench, Tinca tinca\n",
        "1: tench, Tinca tinca\n0:background",
        "background\ntench, Tinca tinca",
    ],
)
def test_both_forms_of_a_labels_file_are_read(tmp_path, text):
    path = tmp_path / "labels.txt"
    path.write_text(text)
    assert labels.read_labels(path) == ("background", "tench, Tinca tinca")


def test_a_name_may_hold_a_colon(tmp_path):
    path = tmp_path / "labels.txt"
    path.write_text("0:ratio 1:2\n1:ratio 2:1\n")
    assert labels.read_labels(path) == ("ratio 1:2", "ratio 2:1")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "it is empty"),
        (b"cat\n\ndog\n\nhen\n", "line 2 is empty\n  line 4 is empty"),
        (b"1:cat\n3:dog\n", "no line is numbered 0"),
        (b"0:cat\n0:dog\n", "no line is numbered 1"),
        (b"\xff\xfe\x00", "is no text in UTF-8"),
    ],
)
def test_a_wrong_labels_file_says_where(tmp_path, content, words):
    path = tmp_path / "labels.txt"
    path.write_bytes(content)
    with pytest.raises(SlimzooError, match=words):
        labels.read_labels(path)


def test_a_missing_labels_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"there is no labels file .*none\.txt"):
        labels.read_labels(tmp_path / "none.txt")


def test_the_labels_of_the_real_mobilenet_archive_are_ours(shared):
    theirs = labels.read_labels(shared / "checkpoints" / "real" / "labels.txt")
    assert theirs == labels.imagenet(1)
