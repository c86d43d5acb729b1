"""What TensorFlow says, without what it says of itself."""

import pytest

from slimzoo.errors import tensorflow_says, without_nodes

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
