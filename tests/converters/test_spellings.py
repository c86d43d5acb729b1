"""A checkpoint is found under any name people give it."""

import shutil

import numpy as np
import pytest

from slimzoo import converters
from slimzoo.converters.formats.safetensors import write_safetensors

V2_NAMES = [
    "",
    "checkpoint",
    "model.ckpt",
    "model.ckpt.index",
    "model.ckpt.meta",
    "model.ckpt.data-00000-of-00001",
]
SHARDED_V1 = ["", "checkpoint", "model.ckpt", "model.ckpt.meta", "model.ckpt-00001-of-00002"]


@pytest.mark.parametrize("name", V2_NAMES)
def test_v2_under_any_name(tmp_path, save_checkpoint, arrays, name):
    save_checkpoint(tmp_path / "model.ckpt", arrays)
    source = converters.read(tmp_path / name)
    assert set(source) == set(arrays) and source.path == tmp_path / "model.ckpt"
    assert [file.name for file in source.files] == ["model.ckpt.data-00000-of-00001", "model.ckpt.index"]


@pytest.mark.parametrize("name", ["", "checkpoint", "model.ckpt", "model.ckpt.meta"])
def test_v1_under_any_name(tmp_path, save_checkpoint, arrays, name):
    save_checkpoint(tmp_path / "model.ckpt", arrays, "V1")
    assert set(converters.read(tmp_path / name)) == set(arrays)


@pytest.mark.parametrize("name", SHARDED_V1)
def test_a_sharded_v1_set_under_any_name(tmp_path, save_checkpoint, arrays, name):
    save_checkpoint(tmp_path / "model.ckpt", arrays, "V1", sharded=True)
    source = converters.read(tmp_path / name)
    assert set(source) == set(arrays) and len(source.files) == 2


def test_relative_names_home_and_strings(tmp_path, save_checkpoint, arrays, monkeypatch):
    save_checkpoint(tmp_path / "model.ckpt", arrays)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("model.ckpt", "./model.ckpt.index", "checkpoint", ".", "~/model.ckpt"):
        assert set(converters.read(name)) == set(arrays)


def test_a_folder_that_was_moved_is_followed_to_its_new_place(tmp_path, save_checkpoint, arrays):
    save_checkpoint(tmp_path / "old" / "model.ckpt-7", arrays)
    state = tmp_path / "old" / "checkpoint"
    state.write_text(f'model_checkpoint_path: "{tmp_path}/old/model.ckpt-7"\n')
    shutil.move(tmp_path / "old", tmp_path / "new")
    assert converters.read(tmp_path / "new").path == tmp_path / "new" / "model.ckpt-7"


def test_the_content_decides_not_the_suffix(tmp_path, arrays):
    write_safetensors(tmp_path / "weights.ckpt", arrays)
    np.savez(tmp_path / "other.npz", **arrays)
    (tmp_path / "other.npz").rename(tmp_path / "other.bin")
    assert converters.read(tmp_path / "weights.ckpt").format == "safetensors"
    assert converters.read(tmp_path / "other.bin").format == "npz"


def test_the_only_file_of_a_folder_is_taken(tmp_path, arrays):
    write_safetensors(tmp_path / "weights.safetensors", arrays)
    (tmp_path / "readme.txt").write_text("hello")
    assert converters.read(tmp_path).path.name == "weights.safetensors"


def test_the_result_of_a_training_run_is_its_model(tmp_path, arrays):
    write_safetensors(tmp_path / "model.safetensors", arrays)
    np.savez(tmp_path / "predictions.npz", scores=np.zeros(3))
    assert converters.read(tmp_path).path.name == "model.safetensors"


def test_a_saved_model_gives_its_variables(tmp_path, save_checkpoint, arrays):
    save_checkpoint(tmp_path / "variables" / "variables", arrays)
    assert set(converters.read(tmp_path)) == set(arrays)


def test_several_checkpoints_in_a_folder_are_listed(tmp_path, save_checkpoint, arrays):
    for name in ("a.ckpt", "b.ckpt"):
        save_checkpoint(tmp_path / name, arrays)
    (tmp_path / "checkpoint").unlink()
    with pytest.raises(ValueError, match=r"several checkpoints; name one of them:\n  a.ckpt\n  b.ckpt"):
        converters.read(tmp_path)


def test_an_empty_folder_says_so(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no weights in the folder .* it holds nothing"):
        converters.read(tmp_path)


def test_what_is_not_there_is_answered_with_the_nearest(tmp_path):
    (tmp_path / "vgg_16.ckpt").write_bytes(b"x")
    with pytest.raises(FileNotFoundError, match=r"Nearest: vgg_16\.ckpt"):
        converters.read(tmp_path / "vgg16.ckpt")
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        converters.read(tmp_path / "nowhere" / "vgg_16.ckpt")
