"""Names of classes of masks, and the colours and shades that stand for them."""

import pytest

from slimzoo.data.dense.coding import Classes, classes_of, find_classes, read_classes
from slimzoo.errors import SlimzooError


@pytest.mark.parametrize(
    ("name", "text"), [("classes.txt", "sky\nroad\ncar\n"), ("classes.json", '["sky", "road", "car"]')]
)
def test_names_come_one_a_line_or_as_json(tmp_path, name, text):
    (tmp_path / name).write_text(text)
    assert find_classes(tmp_path / "none", tmp_path) == Classes(("sky", "road", "car"))
    assert classes_of(str(tmp_path / name)).names == ("sky", "road", "car")


def test_ids_follow_the_order_of_names_and_void_has_none(tmp_path):
    path = tmp_path / "classes.json"
    path.write_text('{"sky": [1, 2, 3], "void": [9, 9, 9], "car": [[4, 5, 6], [7, 8, 9]]}')
    found = read_classes(path)
    assert found.names == ("sky", "car")
    assert dict(found.coding.colours or ()) == {
        (224, 224, 192): 255,
        (1, 2, 3): 0,
        (9, 9, 9): 255,
        (4, 5, 6): 1,
        (7, 8, 9): 1,
    }
    assert found.coding.shades is None


def test_everything_wrong_with_a_file_is_said_at_once(tmp_path):
    path = tmp_path / "classes.json"
    path.write_text('{"sky": [1, 2, 300], "car": "red", "tree": 4, "bush": 4}')
    with pytest.raises(SlimzooError) as caught:
        read_classes(path)
    for words in ("sky: [1, 2, 300] is no shade", "car: red is no shade", "bush: 4 is that of another class"):
        assert words in str(caught.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "is no JSON"),
        ("7", "names no classes"),
        ('["a"]', "1 classes; there are 2 to 255"),
        ('["a", "a"]', "named more than once: a"),
        ('["a", ""]', "a name is empty"),
    ],
)
def test_a_file_that_names_no_classes_says_why(tmp_path, text, words):
    (tmp_path / "classes.json").write_text(text)
    with pytest.raises(SlimzooError, match=words):
        read_classes(tmp_path / "classes.json")
    with pytest.raises(FileNotFoundError, match="it names the classes"):
        read_classes(tmp_path / "other.json")
