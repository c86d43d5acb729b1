"""The other library's process: whatever it does, what comes back is an answer or one message."""

import sys

import numpy as np
import pytest

from slimzoo.errors import MAX_MESSAGE, SlimzooError
from slimzoo.parity import process
from slimzoo.parity.originals import get_original

TITLE = "timm's vgg_16"


def run(name, folder):
    process.run(f"tests.parity.misbehaving:{name}", folder, TITLE)


def message_of(name, folder):
    """Returns the message about the function `name` of misbehaving.py."""
    with pytest.raises(SlimzooError) as caught:
        run(name, folder)
    return str(caught.value)


def test_a_function_that_returns_ran_without_tensorflow_and_without_a_gpu(tmp_path):
    run("answer", tmp_path)
    assert (tmp_path / "answer.txt").read_text() == "False -1"


@pytest.mark.parametrize(
    "name, told",
    [
        ("crash", r"was ended by signal 11 (SIGSEGV: a crash in its compiled code), and said nothing"),
        ("abort", "was ended by signal 6 (SIGABRT). The last it said:\n  terminate called after throwing"),
        ("run_out_of_memory", "was ended by signal 9 (SIGKILL: as a rule, memory ran out)"),
        ("leave", "ended with exit code 3"),
        ("leave_as_if_all_were_well", "ended before it had an answer"),
        ("miss_a_library", "\n  OSError: libcudart.so.13: cannot open shared object file: No such file or"),
    ],
)
def test_however_the_process_ends_the_message_says_how_and_what_to_do(name, told, tmp_path):
    message = message_of(name, tmp_path)
    assert message.startswith(f"{TITLE} cannot be run: its process ") and told in message
    assert message.endswith("Nothing is proven; without --prove the file is converted nevertheless")


def test_a_process_that_does_not_end_is_ended(tmp_path, monkeypatch):
    monkeypatch.setattr(process, "PATIENCE", 2)
    assert "did not end within 2 seconds. The last it said:\n  Downloading" in message_of("hang", tmp_path)


def test_a_python_that_cannot_be_started_is_a_message(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    assert "could not be started" in message_of("answer", tmp_path)


def test_of_much_that_it_said_the_last_is_quoted_and_steers_no_terminal(tmp_path):
    message = message_of("say_much", tmp_path)
    assert "\n  \\x1b[2Jthe last\n" in message and "line 99999 xxx" in message
    assert len(message) < MAX_MESSAGE and message.count("\n") <= 10


def fake(folder, **modules):
    """Writes modules of these names and texts into `folder`; one that PyTorch's libraries need is empty."""
    for name, text in {"torch": "", "torchvision": "", **modules}.items():
        (folder / f"{name}.py").write_text(text)


def compute(library):
    arrays, images = {"a": np.zeros(3, np.float32)}, np.zeros((4, 8, 8, 3), np.float32)
    return process.compute(library, "mobilenet_v1_025", 5, arrays, images)


def test_a_library_that_crashes_as_it_is_imported_is_a_message(tmp_path, monkeypatch):
    fake(tmp_path, transformers="import os; os.kill(os.getpid(), 11)")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(SlimzooError, match=r"transformers's mobilenet_v1_025 cannot be run: .*signal 11"):
        compute("transformers")


def test_a_library_on_pytorch_finds_no_tensorflow(tmp_path, monkeypatch):
    fake(tmp_path, transformers="import tensorflow")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(SlimzooError, match="import of tensorflow halted"):
        compute("transformers")


def test_a_disk_that_is_too_full_for_the_weights_is_said_before_they_are_written(tmp_path, monkeypatch):
    fake(tmp_path, transformers="")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(process.shutil, "disk_usage", lambda _: type("Usage", (), {"free": 5}))
    with pytest.raises(SlimzooError, match=r"hands 12 bytes over in .*, which has 5: free some, or set TMP"):
        compute("transformers")


def test_importing_a_library_of_originals_is_left_to_the_process(tmp_path, monkeypatch):
    fake(tmp_path, transformers="raise SystemExit('imported here')")
    monkeypatch.syspath_prepend(tmp_path)
    assert get_original("transformers", "mobilenet_v1_025").title == "MobileNetV1"
