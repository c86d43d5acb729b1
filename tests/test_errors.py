"""Messages: clean, short, and cheap whatever they quote."""

import logging
import pickle

import pytest

from slimzoo.errors import (
    MAX_MESSAGE,
    Faults,
    SlimzooError,
    clean,
    listing,
    shown,
    some,
    tensorflow_says,
    without_nodes,
)

STEERING = ("\x1b]0;title\x07", "\x1b[2J", "\x9b31m", "\r", "\x00", "\u202e", "\u2066", "\u200b", "\ufeff")


@pytest.mark.parametrize("characters", STEERING, ids=ascii)
def test_no_character_of_a_message_steers_the_terminal(characters):
    text = str(SlimzooError(f"no tensor {characters} in it"))
    assert text.isprintable()
    assert text.startswith("no tensor \\")


def test_letters_of_any_language_stay_as_they_are():
    text = "größe 大きさ размер\n\tzweite Zeile"
    assert clean(text) == text
    assert str(SlimzooError(text)) == text


def test_a_long_message_keeps_its_head_and_its_end_and_all_of_it_in_full():
    long = "head\n" + "middle\n" * 10_000 + "what to do"
    error = SlimzooError(long)
    assert len(str(error)) <= MAX_MESSAGE
    assert str(error).startswith("head\n")
    assert str(error).endswith("what to do")
    assert error.full == long


def test_an_error_can_be_sent_to_another_process():
    error = pickle.loads(pickle.dumps(SlimzooError("a\x07" * 5000)))
    assert str(error) == str(SlimzooError("a\x07" * 5000))


def test_shown_costs_nothing_for_a_value_of_any_size():
    value = (1,)
    for _ in range(200):
        value = (value, value)
    assert shown(value) == "[<tuple>, <tuple>]"
    assert shown([value] * 1000) == f"[{', '.join(['<tuple>'] * 8)}, ...]"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ((3, 4), "[3, 4]"),
        (["a\nb", None, True, 0.5], "[a\\nb, None, True, 0.5]"),
        (b"\x00\xff", "b'\\x00\\xff'"),
        (1 << 5000, "<int>"),
        ("x" * 1000, "x" * 97 + "..."),
        ({"a": 1}, "[a]"),
        (object, "<type>"),
    ],
)
def test_shown_is_one_short_line(value, text):
    assert shown(value) == text


def test_listing_and_some_count_what_they_leave_out():
    assert listing("head:", ["a", "b", "c"], limit=2) == "head:\n  a\n  b\n  ... and 1 more"
    assert some(["a", "b", "c"], 2) == "a, b and 1 more"
    assert some(["a", "b"], 2) == "a, b"


def test_the_log_is_as_clean_as_an_error(caplog):
    with caplog.at_level(logging.INFO, "slimzoo"):
        logging.getLogger("slimzoo").info("%s was left out", "\x1b[2J")
        logging.getLogger("slimzoo").info("long %s", "x" * 10_000)
    assert caplog.messages[0] == "\\x1b[2J was left out"
    assert len(caplog.messages[1]) <= MAX_MESSAGE


# --- what TensorFlow says, without what it says of itself ---

FUNCTION = "{{function_node __wrapped__DecodeImage_device_/job:localhost/device:CPU:0}}"
TRACE = 'Detected at node f defined at (most recent call last):\n  File "x.py", line 3'
SAID = {  # how it begins and ends in different places: the reason in it
    f"{FUNCTION} Got 3 frames [Op:DecodeImage] name: ": "Got 3 frames",
    "Shapes differ: [2,3] vs. [4]\n\t [[{{node add}}]] [Op:__inference_f_12]": "Shapes differ: [2,3] vs. [4]",
    "2 root error(s) found.\n  (0) NOT_FOUND:  a.jpg\n\t [[{{node ReadFile}}]]\n  (1) N": "NOT_FOUND:  a.jpg",
    f"Graph execution error:\n\n{TRACE}\n\nbad JPEG\n\t [[{{{{node f}}}}]] [Op:__inference_step]": "bad JPEG",
    "": "ValueError",
}


def test_brackets_and_numbers_that_are_not_tensorflow_s_stay():
    text = f"{FUNCTION} two things:\n  (1) [[1, 2]] is no shape\n  (2) {{{{x}}}}"
    assert without_nodes(text) == " two things:\n  (1) [[1, 2]] is no shape\n  (2) {{x}}"


@pytest.mark.parametrize("text", SAID)
def test_the_reason_is_left_in_one_line(text):
    assert tensorflow_says(ValueError(text)) == SAID[text]


def test_faults_of_several_steps_are_raised_at_once_and_one_alone_as_it_is():
    faults = Faults()
    faults.raise_all()
    with faults.noted():
        raise FileNotFoundError("no such file")
    with pytest.raises(FileNotFoundError, match="no such file"):
        faults.raise_all()
    with faults.noted():
        raise SlimzooError("a" * MAX_MESSAGE + "end")
    with pytest.raises(SlimzooError) as caught:
        faults.raise_all()
    assert caught.value.full == f"no such file\n{'a' * MAX_MESSAGE}end"
    with pytest.raises(KeyError), faults.noted():
        raise KeyError("a mistake of the program")
