"""An .xml and its .bin are put in their place so that no half of one pair is ever beside half of another."""

import os
from pathlib import Path

import pytest

from slimzoo.errors import SlimzooError
from slimzoo.model import placing
from tests.cli.support import left_in

OLD, NEW = {"m.xml": "old", "m.bin": "old"}, {"m.xml": "new", "m.bin": "new"}


def write(path: Path) -> None:
    path.write_text("new")
    path.with_suffix(".bin").write_text("new")


def seen(folder: Path) -> dict[str, str]:
    """What whoever opens m.xml finds."""
    return {path.name: path.read_text() for path in folder.glob("m.*")}


@pytest.fixture
def moves(monkeypatch):
    """Calls what it is told to before and after each renaming."""
    found, replace = [], os.replace

    def noting(source, target):
        for look in found:
            look()
        replace(source, target)
        for look in found:
            look()

    monkeypatch.setattr(placing.os, "replace", noting)
    return found


@pytest.mark.parametrize("before", [OLD, {"m.bin": "old"}, {}], ids=["a pair", "a half", "nothing"])
def test_wherever_a_kill_comes_the_xml_has_its_own_bin(tmp_path, moves, before):
    for name, text in before.items():
        (tmp_path / name).write_text(text)
    states = []
    moves.append(lambda: states.append(seen(tmp_path)))
    placing.write_pair(tmp_path / "m.xml", write, overwrite=True)
    assert seen(tmp_path) == NEW and left_in(tmp_path) == ["m.bin", "m.xml"]
    assert len(states) >= 4 and {"m.bin": "new"} in states
    assert all("m.xml" not in state or state in (OLD, NEW) for state in states)


@pytest.mark.parametrize("before", [OLD, {"m.bin": "old"}, {}], ids=["a pair", "a half", "nothing"])
def test_a_renaming_that_fails_leaves_what_was_there(tmp_path, moves, before):
    for name, text in before.items():
        (tmp_path / name).write_text(text)
    for failing in range(2 * (len(before) + 2)):
        calls = iter(range(100))

        def fail(failing=failing, calls=calls):
            if next(calls) == failing:
                raise OSError(28, "No space left on device")

        moves[:] = [fail]
        with pytest.raises(SlimzooError, match="the disk is full"):
            placing.write_pair(tmp_path / "m.xml", write, overwrite=True)
        assert seen(tmp_path) == before and left_in(tmp_path) == sorted(before)


def test_what_a_kill_left_of_an_old_pair_goes_when_the_place_is_written_again(tmp_path):
    (tmp_path / ".m.xml.abc123.tmp").mkdir()
    (tmp_path / ".m.xml.abc123.tmp" / "old.xml").write_text("old")
    (tmp_path / "m.bin").write_text("old")
    with pytest.raises(FileExistsError, match=r"m\.bin exists already"):
        placing.write_pair(tmp_path / "m.xml", write, overwrite=False)
    placing.write_pair(tmp_path / "m.xml", write, overwrite=True)
    assert left_in(tmp_path) == ["m.bin", "m.xml"]
