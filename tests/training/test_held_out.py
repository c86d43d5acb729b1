"""A run remembers which images it trained on."""

import os
import unicodedata

import numpy as np
import pytest

from slimzoo.data.dataset import Dataset, Example
from slimzoo.errors import SlimzooError
from slimzoo.training import held_out


def dataset(*names, folder="here"):
    one = np.ones(1, np.float32)
    return Dataset(tuple(Example(f"{folder}/cat/{n}.jpg", one, one) for n in names), ("cat",), "cats", False)


def test_images_are_known_again_wherever_the_data_lies(tmp_path):
    held_out.remember(tmp_path, dataset("a", "b"), dataset("c"))
    moved = dataset("a", "b", "c", "d", folder="/somewhere/else")
    assert held_out.count_trained_on(tmp_path, moved) == 2
    assert held_out.only_held_out(tmp_path, moved).paths == ("/somewhere/else/cat/c.jpg",)


def test_a_name_that_is_in_both_parts_is_not_held_against_the_images(tmp_path):
    held_out.remember(tmp_path, dataset("1", "2", folder="pets/train"), dataset("1", folder="pets/val"))
    assert held_out.count_trained_on(tmp_path, dataset("1", folder="pets/val")) == 0


def test_names_are_the_same_however_their_accents_are_written(tmp_path):
    composed, taken_apart = (unicodedata.normalize(form, "caf\u00e9") for form in ("NFC", "NFD"))
    held_out.remember(tmp_path, dataset(composed), dataset("c"))
    assert held_out.count_trained_on(tmp_path, dataset(taken_apart)) == 1


def test_a_folder_that_no_run_left_remembers_nothing(tmp_path):
    assert held_out.count_trained_on(tmp_path, dataset("a")) == 0
    assert held_out.images(tmp_path, "validation") is None


def test_data_without_a_held_out_image_is_refused(tmp_path):
    held_out.remember(tmp_path, dataset("a"), dataset("b"))
    with pytest.raises(SlimzooError, match=r"none of the images that the run in .* held out"):
        held_out.only_held_out(tmp_path, dataset("a", "x"))


def test_a_name_that_is_no_utf_8_is_known_again(tmp_path):
    strange = os.fsdecode(b"caf\xe9")
    held_out.remember(tmp_path, dataset("a", strange), dataset("c"))
    assert held_out.count_trained_on(tmp_path, dataset(strange)) == 1


def test_what_is_remembered_in_a_damaged_file_is_a_message_with_its_name(tmp_path):
    held_out.remember(tmp_path, dataset("a"), dataset("c"))
    (tmp_path / "validation.txt").write_bytes(b"\xff\0")
    with pytest.raises(SlimzooError, match=r"validation\.txt is damaged .*Delete it"):
        held_out.images(tmp_path, "validation")
