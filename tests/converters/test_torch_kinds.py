"""What PyTorch saves beside state dicts is called what it is."""

import zipfile

import numpy as np
import pytest

from slimzoo import converters
from slimzoo.errors import SlimzooError
from tests.converters.torch_files import FORMS, Contents, Raw, call, encode, name, pickled, write_zip


@pytest.mark.parametrize("form", sorted(FORMS))
@pytest.mark.parametrize("wrapped", [False, True])
def test_a_list_of_tensors_is_called_one(tmp_path, form, wrapped):
    contents = Contents()
    saved = [contents.add(np.zeros(2, np.float32)), contents.add(np.zeros(3, np.float32))]
    root = {"epoch": 3, "params": saved} if wrapped else saved
    path = FORMS[form](tmp_path / "w.pth", pickled(root), contents.storages)
    with pytest.raises(SlimzooError, match=r"w\.pth holds a list of 2 tensors, and no names"):
        converters.read(path)


def test_a_tensor_alone_is_called_one(tmp_path):
    contents = Contents()
    path = write_zip(
        tmp_path / "w.pth", pickled(contents.add(np.zeros((2, 3), np.float32))), contents.storages
    )
    with pytest.raises(SlimzooError, match=r"one tensor of shape \(2, 3\) without a name"):
        converters.read(path)


def test_lists_beside_named_tensors_are_passed_over(tmp_path):
    contents = Contents()
    saved = {"w": contents.add(np.zeros(2, np.float32)), "steps": [1, 2]}
    assert list(converters.read(write_zip(tmp_path / "w.pth", pickled(saved), contents.storages))) == ["w"]


@pytest.mark.parametrize("form", sorted(FORMS))
@pytest.mark.parametrize("make", [list, tuple])
def test_a_state_dict_in_a_list_is_read_under_its_place(tmp_path, form, make):
    def read(*names):
        contents = Contents()
        dicts = [{name: contents.add(np.zeros((2, 2), np.float32))} for name in names]
        root = make([*dicts, 3])
        return converters.read(FORMS[form](tmp_path / "w.pth", pickled(root), contents.storages))

    assert list(read("w")) == ["w"] and read("w").metadata["unwrapped"] == "0"
    assert list(read("w", "exp_avg")) == ["0.w", "1.exp_avg"]


def test_quantized_tensors_are_called_what_they_are(tmp_path):
    held = Raw(encode(("storage", name("torch.QInt8Storage"), "0", "cpu", 4)) + b"Q")
    scheme = (name("torch.per_tensor_affine"), 0.5, 0)
    saved = {"w": call("torch._utils._rebuild_qtensor", held, 0, (4,), (1,), scheme, False, {})}
    path = write_zip(tmp_path / "w.pth", pickled(saved), {"0": np.zeros(4, np.int8)})
    with pytest.raises(SlimzooError, match=r"holds quantized tensors, which are not read\. .*dequantize"):
        converters.read(path)


def test_torchscript_is_called_what_it_is(tmp_path):
    contents = Contents()
    root = Raw(call("__torch__.Net", {"w": contents.add(np.zeros(2, np.float32))}))
    path = write_zip(tmp_path / "w.pt", pickled(root), contents.storages)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("archive/code/__torch__.py", "class Net(Module): ...")
        archive.writestr("archive/constants.pkl", pickled(()))
    with pytest.raises(SlimzooError, match=r"w\.pt is TorchScript, .*torch\.jit\.load"):
        converters.read(path)


@pytest.mark.parametrize(
    ("members", "words"),
    [
        (("m/version", "m/model.json", "m/code/m.py"), "is TorchScript"),  # before PyTorch 1.4
        (("m/bytecode.pkl", "m/constants.pkl"), "is TorchScript"),  # for phones
        (("archive_format", "models/model.json"), r"torch\.export wrote, .*torch\.export\.load"),
    ],
)
def test_programs_of_pytorch_are_called_so_in_whatever_order_they_were_packed(tmp_path, members, words):
    with zipfile.ZipFile(tmp_path / "w.pt", "w") as archive:
        for member in members:
            archive.writestr(member, b"x")
    with pytest.raises(SlimzooError, match=rf"w\.pt .*{words}"):
        converters.read(tmp_path / "w.pt")
