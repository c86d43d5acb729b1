"""What engines compiled is kept, within bounds, by one process at a time."""

import os
import threading

import pytest
from filelock import FileLock

from slimzoo.engines import blobs
from slimzoo.errors import SlimzooError


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("SLIMZOO_CACHE", str(tmp_path))
    return tmp_path / "compiled"


def keep(digest, size, used):
    with blobs.kept_blobs("engine-1", digest) as folder:
        (folder / "a.blob").write_bytes(b"x" * size)
    os.utime(folder, (used, used))
    return folder


def test_the_longest_unused_goes_when_there_is_too_much(monkeypatch):
    monkeypatch.setenv("SLIMZOO_COMPILED_LIMIT", "250")
    folders = [keep("a", 100, 3), keep("b", 100, 1), keep("c", 100, 2)]
    assert [folder.is_dir() for folder in folders] == [True, False, True]


def test_what_another_process_compiles_into_is_left(cache):
    folder = keep("a", 100, 1)
    with FileLock(cache / "a.lock"):
        blobs.prune(cache, 0)
        assert folder.is_dir()
    blobs.prune(cache, 0)
    assert not folder.is_dir()


def test_a_limit_of_nothing_keeps_nothing(cache, monkeypatch):
    monkeypatch.setenv("SLIMZOO_COMPILED_LIMIT", "0")
    with blobs.kept_blobs("engine-1", "a") as folder:
        assert folder is None
    assert not cache.exists()


def test_a_limit_that_is_no_number_is_refused(monkeypatch):
    monkeypatch.setenv("SLIMZOO_COMPILED_LIMIT", "4G")
    with pytest.raises(SlimzooError, match="SLIMZOO_COMPILED_LIMIT is '4G'; it is a number of bytes"):
        blobs.limit()


def test_a_cache_that_cannot_be_written_only_costs_time(cache):
    cache.parent.mkdir(exist_ok=True)
    cache.write_text("a file in its place")
    with blobs.kept_blobs("engine-1", "a") as folder:
        assert folder is None


def test_a_second_one_waits_and_finds_what_the_first_left():
    inside, seen = threading.Event(), []

    def second():
        inside.wait()
        with blobs.kept_blobs("engine-1", "a") as folder:
            seen.append((folder / "a.blob").read_text())

    thread = threading.Thread(target=second)
    thread.start()
    with blobs.kept_blobs("engine-1", "a") as folder:
        inside.set()
        (folder / "a.blob").write_text("whole")
    thread.join(30)
    assert seen == ["whole"]
