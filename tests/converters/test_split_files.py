"""One state dict in several files is read as one, whichever of them is named."""

import numpy as np
import pytest

from slimzoo import converters
from slimzoo.converters import write_safetensors
from slimzoo.errors import SlimzooError
from tests.converters.torch_files import Contents, pickled, write_zip

ARRAYS = {"a": np.arange(3, dtype=np.float32), "b": np.ones((2, 2), np.float32)}


@pytest.fixture(params=["model-{:05}-of-00002.safetensors", "pytorch_model-{:05}-of-00002.bin"])
def parts(request, tmp_path):
    """The files of a set, an array in each."""
    paths = [tmp_path / request.param.format(number) for number in (1, 2)]
    for path, (name, array) in zip(paths, ARRAYS.items(), strict=True):
        if path.suffix == ".safetensors":
            write_safetensors(path, {name: array})
        else:
            contents = Contents()
            write_zip(path, pickled({name: contents.add(array)}), contents.storages)
    (tmp_path / "model.safetensors.index.json").write_text('{"weight_map": {}}')
    return paths


def test_a_set_is_read_whole_by_any_of_its_files_and_by_its_folder(parts):
    for given in (*parts, parts[0].parent):
        source = converters.read(given)
        assert {*source.files} == {*parts}
        assert {name: array.tolist() for name, array in source.items()} == {
            name: array.tolist() for name, array in ARRAYS.items()
        }


def test_a_part_that_is_missing_is_named(parts):
    parts[1].unlink()
    for given in (parts[0], parts[0].parent):
        with pytest.raises(FileNotFoundError, match=rf"one of 2 files that belong .* {parts[1].name} is not"):
            converters.read(given)


def test_a_tensor_in_two_files_is_refused(parts):
    parts[1].write_bytes(parts[0].read_bytes())
    with pytest.raises(SlimzooError, match=r"tensors are in several files of its set:\n  a"):
        converters.read(parts[0])


def test_the_list_of_a_set_says_what_to_give(parts):
    with pytest.raises(SlimzooError, match="give one of these, or their folder"):
        converters.read(parts[0].parent / "model.safetensors.index.json")


def test_a_number_beyond_its_set_is_a_name_like_any_other(tmp_path):
    write_safetensors(tmp_path / "w-00003-of-00002.safetensors", ARRAYS)
    assert len(converters.read(tmp_path / "w-00003-of-00002.safetensors")) == 2
