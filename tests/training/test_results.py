"""results.csv: read as it was written, and nothing else taken for it."""

from dataclasses import dataclass

import pytest

from slimzoo.errors import SlimzooError
from slimzoo.training.results import COLUMNS, Results, plain_row

ROW = {
    **dict.fromkeys(COLUMNS, "1.5"),
    "network": 'a, "b"',
    "tag": "",
    "settings": "x",
    "images": "3",
    "top-5": "",
}


def test_a_line_is_found_again_and_the_rest_stays(tmp_path):
    path = tmp_path / "new" / "results.csv"
    first = Results.of(path)
    first.add(ROW)
    second = Results.of(path)
    assert second.find("x") == ROW and second.find("y") is None
    second.add({**ROW, "settings": "y"})
    first.add({**ROW, "settings": "z"})  # of another process: it keeps what came in between
    assert [row["settings"] for row in Results.of(path).rows] == ["x", "y", "z"]
    assert [p.name for p in path.parent.iterdir()] == ["results.csv"]


def test_of_no_file_nothing_is_kept():
    results = Results.of(None)
    results.add(ROW)
    assert results.find("x") == ROW


def test_numbers_are_numbers_and_what_is_not_known_is_none():
    found = plain_row(ROW)
    assert (found["top-1"], found["images"], found["top-5"], found["tag"]) == (1.5, 3, None, "")


@dataclass
class Wrong:
    text: bytes
    words: tuple[str, ...]


HEADER = ",".join(COLUMNS).encode()


@pytest.mark.parametrize(
    "wrong",
    [
        Wrong(b"", ("no column network, tag",)),
        Wrong(b"model,top1\na,b\n", ("no column network", "unknown columns model, top1")),
        Wrong(HEADER.replace(b"network,tag", b"tag,network") + b"\n", ("another order",)),
        Wrong(HEADER + b"\na,b\n" + b"x," * 20 + b"x\n", ("line 2 has 2 fields", "line 3: size is 'x'")),
        Wrong(b"\xff\xfe\x00", ("utf-8",)),
        Wrong(HEADER + b'\n"a\n', ("no results.csv",)),
    ],
    ids=["empty", "other", "order", "damaged", "binary", "quote"],
)
def test_another_file_is_refused_and_stays(tmp_path, wrong):
    path = tmp_path / "results.csv"
    path.write_bytes(wrong.text)
    with pytest.raises(SlimzooError) as caught:
        Results.of(path)
    assert not [words for words in (*wrong.words, "--out", str(path)) if words not in str(caught.value)]
    assert path.read_bytes() == wrong.text
