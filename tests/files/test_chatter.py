"""What libraries write to stderr by themselves is held back in commands, and nothing else is lost."""

import os

import pytest

from slimzoo.files.chatter import quiet, without_chatter

INFO = b"INFO: Created TensorFlow Lite XNNPACK delegate for CPU.\n"


def test_noise_is_dropped_in_commands_alone(capfd):
    with without_chatter():
        os.write(2, INFO)
    assert capfd.readouterr().err == INFO.decode()
    with quiet(), without_chatter(), without_chatter():
        os.write(2, INFO + b"ours\nW0000 00:00:17.0 1 a.cc:3] Ignored output_format.\nno end")
    assert capfd.readouterr().err == "ours\nno end"


def test_where_it_fails_all_is_shown(capfd):
    with pytest.raises(KeyboardInterrupt), quiet(), without_chatter():
        os.write(2, INFO)
        raise KeyboardInterrupt
    assert capfd.readouterr().err == INFO.decode()
