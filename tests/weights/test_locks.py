"""One process at a time builds in a folder of the cache, wherever a file can be locked."""

import errno
import fcntl
import logging
import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from slimzoo import weights
from slimzoo.errors import SlimzooError
from slimzoo.weights.cache import alone_in, cached_weights
from tests.fetching import BODY, leftovers, row_of, sha


def is_alone(folder):
    with alone_in(folder) as alone:
        return alone


def test_what_another_is_at_work_on_is_waited_for(tmp_path, caplog):
    with ThreadPoolExecutor(1) as others, caplog.at_level(logging.INFO, "slimzoo"):
        with alone_in(tmp_path) as alone:
            other = others.submit(is_alone, tmp_path)
            while "waiting: another process is at work in" not in caplog.text:
                assert alone and not other.done()
        assert other.result(timeout=60)
    assert is_alone(tmp_path)


def test_or_it_is_left_alone(tmp_path):
    with alone_in(tmp_path), alone_in(tmp_path, wait=False) as second:
        assert not second


@pytest.mark.parametrize("reason", [errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP], ids=errno.errorcode.get)
def test_a_file_system_without_locks_is_no_hindrance(server, copying, cache, monkeypatch, reason):
    def flock(*_):
        raise OSError(reason, os.strerror(reason))

    monkeypatch.setattr(fcntl, "flock", flock)
    assert not is_alone(cache.parent)  # so that two processes do not share a part
    server.files["a.tgz"] = BODY
    assert weights.fetch(row_of(server.url("a.tgz"), sha256=sha(BODY))).read_bytes() == BODY
    assert leftovers(cache) == ["model.json", "model.safetensors"]


def test_what_an_interruption_left_is_found_though_its_lock_is_gone(server, copying, cache):
    server.files["a.tgz"], server.cut_after = BODY, [50_000, 0, 0, 0]
    with pytest.raises(SlimzooError, match="ended before the file did"):
        weights.fetch(row_of(server.url("a.tgz")))
    (cache / "vgg_16" / "test" / ".lock").unlink(missing_ok=True)
    (there,) = cached_weights()
    assert [path.suffix for path in there.leftovers] == [".part", ".json"]
