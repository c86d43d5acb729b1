"""Writing that never costs the user a file."""

import errno
import os

import pytest

from slimzoo.errors import SlimzooError, listing
from slimzoo.files import atomic_write, check_folder, check_writable, write_text


def test_a_write_makes_folders_and_leaves_nothing_beside_the_file(tmp_path):
    path = tmp_path / "new" / "folder" / "file.txt"
    write_text(path, "äöü")
    assert path.read_text(encoding="utf-8") == "äöü"
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("error", [RuntimeError("broken"), KeyboardInterrupt()])
def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path, error):
    path = write_text(tmp_path / "file.txt", "old")
    with pytest.raises(type(error)), atomic_write(path, overwrite=True) as temporary:
        temporary.write_text("half")
        raise error
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_exists_stays_unless_overwriting_is_allowed(tmp_path):
    path = write_text(tmp_path / "file.txt", "old")
    with (
        pytest.raises(FileExistsError, match=r"exists already; name another file; overwrite=True"),
        atomic_write(path),
    ):
        pass
    write_text(path, "new")
    assert path.read_text() == "new"


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(FileExistsError, match="is a folder"):
        check_writable(tmp_path)


def test_a_file_in_place_of_a_folder_says_so(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(SlimzooError, match=r"cannot write .*: (a part of the path is a file|File exists)"):
        check_writable(tmp_path / "file" / "below" / "x.txt")


@pytest.mark.parametrize("number, words", [(errno.ENOSPC, "the disk is full"), (errno.EDQUOT, "quota")])
def test_a_full_disk_says_what_to_do_and_leaves_nothing(tmp_path, number, words):
    path = tmp_path / "file.txt"
    with (
        pytest.raises(SlimzooError, match=f"cannot write .*file.txt: .*{words}"),
        atomic_write(path) as temporary,
    ):
        temporary.write_text("half")
        raise OSError(number, os.strerror(number))
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_permission_says_so(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(SlimzooError, match="permission denied"):
        check_writable(tmp_path / "file.txt")


def test_a_long_listing_is_cut_and_counted():
    text = listing("wrong:", [f"problem {i}" for i in range(50)], limit=3)
    assert text.splitlines() == ["wrong:", *(f"  problem {i}" for i in range(3)), "  ... and 47 more"]


def test_text_with_a_file_name_that_is_no_utf_8_can_be_written(tmp_path):
    path = write_text(tmp_path / "file.txt", f"{os.fsdecode(b'caf' + bytes([0xE9]))}\n")
    assert path.read_text("utf-8") == "caf\\udce9\n"


def test_a_place_for_a_folder_is_looked_at_and_nothing_is_made(tmp_path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(FileExistsError, match=r"file is a file; name a folder, out=DIR"):
        check_folder(tmp_path / "file")
    with pytest.raises(SlimzooError, match=r"cannot write .*b: .*file is a file, not a folder"):
        check_folder(tmp_path / "file" / "a" / "b")
    (tmp_path / "gone").symlink_to(tmp_path / "nowhere")
    with pytest.raises(FileExistsError, match="gone is a file"):
        check_folder(tmp_path / "gone")
    assert check_folder(str(tmp_path / "a" / "b")) == tmp_path / "a" / "b" and not (tmp_path / "a").exists()
