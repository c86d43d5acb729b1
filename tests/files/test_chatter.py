"""What libraries write to stderr by themselves is held back in commands, and nothing else is lost."""

import logging
import os

import pytest

from slimzoo.files.chatter import errors_alone, quiet, without_chatter

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


def test_a_logger_that_was_silenced_says_again_what_it_said_and_handlers_keep_their_level(caplog):
    log = logging.getLogger("slimzoo.test_chatter")
    log.setLevel(logging.INFO)
    with pytest.raises(ValueError, match="it failed"), errors_alone(log.name):
        log.warning("not heard")
        log.error("an error")
        raise ValueError("it failed")
    log.info("heard")
    assert caplog.messages == ["an error", "heard"]
