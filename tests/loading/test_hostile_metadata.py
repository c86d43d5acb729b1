"""What a weight file of unknown origin says of itself: what cannot be is named, and nothing else happens."""

import numpy as np
import pytest

from slimzoo import converters
from slimzoo.converters.formats.safetensors import write_safetensors
from slimzoo.errors import MAX_MESSAGE, SlimzooError
from slimzoo.loading.source import from_file

DEEP = "[" * 5_000
SAID = {
    "absent": ("{", "3", "[1]", DEEP),
    "image_size": ("x", "0", "-1", "9" * 5_000),
    "label_offset": ("x", "2"),
    "labels": ("{", "5", "[1, 2]", '"elsewhere"', DEEP),
    "multi_label": ("x", "1"),
    "network_arguments": ("[", "3", "[]", DEEP),
    "new": ("{", "1", "[[1]]", DEEP),
    "num_classes": ("x", "-1", "1e9", "9" * 5_000),
    "preprocessing": ("{", "3", "[1]", '{"kind": [1]}', '{"kind": "vgg", "size": [1]}', DEEP),
}


def file_that_says(tmp_path, **metadata):
    """Writes a file as slimzoo does: it names a network. What other programs say is not ours to judge."""
    path = tmp_path / "a.safetensors"
    about = {"network": "cifarnet", **metadata}
    write_safetensors(path, {"w": np.zeros(2, np.float32)}, about, overwrite=True)
    return path


@pytest.mark.parametrize("field", SAID)
def test_a_file_that_says_what_cannot_be_is_refused_with_the_name_of_the_field(field, tmp_path):
    for text in SAID[field]:
        with pytest.raises(SlimzooError, match=field) as caught:
            from_file(file_that_says(tmp_path, **{field: text}))
        assert "a.safetensors" in str(caught.value)
        assert len(str(caught.value)) <= MAX_MESSAGE


def test_everything_that_is_wrong_is_named_at_once(tmp_path):
    path = file_that_says(tmp_path, labels="{", num_classes="x", preprocessing="[")
    with pytest.raises(SlimzooError, match=r"(?s)num_classes.*preprocessing.*labels|labels.*preprocessing"):
        from_file(path)


def test_labels_may_be_the_name_of_a_list(tmp_path):
    found = from_file(file_that_says(tmp_path, labels='"imagenet"', label_offset="1"))
    assert len(found.labels) == 1001


def test_a_conversion_refuses_arguments_that_are_none(tmp_path):
    path = file_that_says(tmp_path, network_arguments=DEEP)
    with pytest.raises(SlimzooError, match="network_arguments"):
        converters.convert(path, tmp_path / "b.npz")
    assert not (tmp_path / "b.npz").exists()
