"""A run remembers which images it trained on."""

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


def test_a_folder_that_no_run_left_remembers_nothing(tmp_path):
    assert held_out.count_trained_on(tmp_path, dataset("a")) == 0
    assert held_out.images(tmp_path, "validation") is None


def test_data_without_a_held_out_image_is_refused(tmp_path):
    held_out.remember(tmp_path, dataset("a"), dataset("b"))
    with pytest.raises(SlimzooError, match=r"none of the images that the run in .* held out"):
        held_out.only_held_out(tmp_path, dataset("a", "x"))
