"""Files that are not what their names say: pointers, and folders whose state names what is gone."""

import shutil

import numpy as np
import pytest

from slimzoo import converters
from slimzoo.errors import SlimzooError

POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:0000\nsize 12345678\n"


def checkpoint(folder, step, value=1.0):
    """Writes a V2 checkpoint model.ckpt-STEP and returns its prefix."""
    np.savez(folder / "w.npz", **{"net/w": np.full((200, 3), value, np.float32)})
    prefix = folder / f"model.ckpt-{step}"
    converters.convert(folder / "w.npz", prefix)
    (folder / "w.npz").unlink()
    return prefix


def state(folder, name):
    (folder / "checkpoint").write_text(f'model_checkpoint_path: "{name}"\n')
    return folder / "checkpoint"


@pytest.mark.parametrize("suffix", [".data-00000-of-00001", ".index"])
def test_a_pointer_in_place_of_a_file_of_a_set_is_called_one(tmp_path, suffix):
    prefix = checkpoint(tmp_path, 7)
    pointer = prefix.with_name(prefix.name + suffix)
    pointer.write_bytes(POINTER)
    with pytest.raises(SlimzooError, match=rf"{pointer.name} is a Git LFS pointer, .*git lfs pull"):
        converters.read(prefix)


@pytest.mark.parametrize("name", ["model.h5", "model.pth", "model.tflite", "graph.pb", "model.ckpt-1"])
def test_a_folder_of_a_pointer_says_so(tmp_path, name):
    (tmp_path / name).write_bytes(POINTER)
    for path in (tmp_path, tmp_path / name):
        with pytest.raises(SlimzooError, match="is a Git LFS pointer"):
            converters.read(path)


@pytest.mark.parametrize("name, whose", [("m.onnx", "ONNX"), ("m.msgpack", "Flax"), ("m.weights", "Darknet")])
def test_the_files_of_others_are_called_theirs(tmp_path, name, whose):
    (tmp_path / name).write_bytes(b"\x08\x07\x12\x07pytorch")
    with pytest.raises(SlimzooError, match=f"is a file of {whose}, by its name; these are not read"):
        converters.read(tmp_path / name)


def test_the_graph_of_a_checkpoint_alone_is_called_one(tmp_path):
    (tmp_path / "model.ckpt-1.meta").write_bytes(bytes.fromhex("0ae21812c2180a3a0a034164"))
    with pytest.raises(SlimzooError, match="is the graph of a checkpoint without its values"):
        converters.read(tmp_path / "model.ckpt-1.meta")


@pytest.mark.parametrize("given", ["", "checkpoint"])
def test_a_state_whose_step_is_gone_is_said_with_what_is_taken(tmp_path, given, caplog):
    checkpoint(tmp_path, 100)
    state(tmp_path, "model.ckpt-200")
    assert list(converters.read(tmp_path / given)) == ["net/w"]
    assert "names model.ckpt-200, whose files are gone: model.ckpt-100 is taken in its place" in caplog.text


@pytest.mark.parametrize("given", ["", "checkpoint"])
def test_of_several_other_steps_none_is_chosen(tmp_path, given):
    for step in (100, 200):
        checkpoint(tmp_path, step)
    state(tmp_path, "model.ckpt-300")
    with pytest.raises(FileNotFoundError, match=r"names model.ckpt-300, .*model.ckpt-100, model.ckpt-200"):
        converters.read(tmp_path / given)


def test_another_format_does_not_take_the_place_of_the_step_that_is_gone(tmp_path):
    np.savez(tmp_path / "w.npz", w=np.ones(3))
    state(tmp_path, "model.ckpt-300")
    with pytest.raises(FileNotFoundError, match=r"names model\.ckpt-300, whose files are gone; no other"):
        converters.read(tmp_path)


def test_a_sharded_step_does_not_stand_for_the_name_before_its_number(tmp_path, shared):
    written = shared / "checkpoints" / "tf1_written"
    shards = [p for p in sorted(written.rglob("*-00000-of-00002")) if ".data-" not in p.name]
    if not shards:
        pytest.skip("no V1 shards in the shared data")
    base = shards[0].name.removesuffix("-00000-of-00002")
    for path in shards[0].parent.glob(f"{base}-*-of-00002"):
        shutil.copy(path, tmp_path / path.name.replace(base, "model.ckpt-7"))
    with pytest.raises(FileNotFoundError, match="there is no file, folder or checkpoint"):
        converters.read(tmp_path / "model.ckpt")
    assert len(converters.read(tmp_path / "model.ckpt-7"))


def test_the_step_named_is_taken_in_a_folder_below(tmp_path):
    (tmp_path / "steps").mkdir()
    checkpoint(tmp_path / "steps", 5, 5.0)
    state(tmp_path, "steps/model.ckpt-5")
    assert converters.read(tmp_path)["net/w"][0, 0] == 5.0
