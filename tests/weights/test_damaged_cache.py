"""A cache in any state serves the right file again; what it once trusted is never forgotten in silence."""

import errno
import json
import logging
import os
from dataclasses import dataclass

import pytest

from slimzoo import weights
from slimzoo.errors import SlimzooError
from slimzoo.weights import bundle, checking, manifest
from slimzoo.weights import cache as caching
from tests.fetching import BODY, row_of, sha

WRONG = {  # a field of model.json, and what it cannot be
    "source": [None, 5, ["x"]],
    "source_digests": [None, [], "x", {}, {"sha256": 5}, {"sha256": "x"}],
    "sha256": [None, 5, "0" * 63, "X" * 64],
    "size": [None, "300000", -1, 1.5, True],
    "mtime_ns": [None, "now", 1.5],
    "fetched": [5, ["today"]],
}
CUT = {
    "empty": lambda text: b"",
    "zeros": lambda text: bytes(len(text)),
    "half": lambda text: text[: len(text) // 2],
    "no text": lambda text: b"\xff" + text,
    "a list": lambda text: b"[]",
    "nested": lambda text: b"[" * 100_000,
    "a number": lambda text: b"9" * 5_000,
}


@pytest.fixture
def trusted(server, copying, cache):
    """A row that nobody published a digest of, fetched once."""
    server.files["a.tgz"] = BODY
    row = row_of(server.url("a.tgz"), tag="trusted")
    weights.fetch(row)
    return row


def warnings(caplog):
    return "\n".join(r.getMessage() for r in caplog.records if r.levelno == logging.WARNING)


def record_of(folder):
    return folder / "vgg_16" / "trusted" / "model.json"


@pytest.mark.parametrize("name", CUT)
def test_a_damaged_record_means_that_the_file_is_made_again(name, trusted, server, cache, caplog):
    path = record_of(cache)
    path.write_bytes(CUT[name](path.read_bytes()))
    assert weights.fetch(trusted).read_bytes() == BODY
    assert len(server.asked) == 2
    assert str(path) in warnings(caplog) and "made again" in warnings(caplog)
    assert caching.read_record(path.parent)["sha256"] == sha(BODY)


@pytest.mark.parametrize(("field", "value"), [(f, v) for f, values in WRONG.items() for v in values])
def test_a_record_that_says_what_cannot_be_is_named_and_made_again(
    field, value, trusted, server, cache, caplog
):
    path = record_of(cache)
    path.write_text(json.dumps({**json.loads(path.read_text()), field: value}))
    assert weights.fetch(trusted).read_bytes() == BODY
    assert f"{field} is " in warnings(caplog)
    assert len(server.asked) == 2


@pytest.mark.parametrize("work", ["list", "verify", "prune", "export"])
def test_no_damaged_record_keeps_the_cache_from_being_looked_at(work, trusted, cache, monkeypatch, tmp_path):
    monkeypatch.setattr(manifest, "rows", lambda: (trusted,))
    for content in [cut(b"{}") for cut in CUT.values()] + [b'{"source_digests": []}']:
        record_of(cache).write_bytes(content)
        if work == "list":
            assert [there.record for there in caching.cached_weights()] == [{}]
        elif work == "verify":
            assert [found.wrong for found in checking.verify()] == ["it is not complete"]
        elif work == "prune":
            assert checking.prune(None, dry_run=True) == ([], 0)
        else:
            with pytest.raises(SlimzooError, match=r"vgg_16\.trusted is not in the cache"):
                bundle.export_bundle(tmp_path / "b.tar", ["vgg_16.trusted"])


# --- weights.lock ---


@dataclass(frozen=True)
class Lock:
    """A state of weights.lock: its new content made of the old one."""

    change: object
    kept: bool = False  # the note of the row in question outlives it


def without_sha(text):
    return json.dumps({**json.loads(text), "vgg_16.trusted": {"source": "x"}}).encode()


LOCKS = {
    **{name: Lock(cut) for name, cut in CUT.items()},
    "a row that is no object": Lock(lambda text: b'{"vgg_16.trusted": "x"}'),
    "a digest that is none": Lock(lambda text: b'{"vgg_16.trusted": {"sha256": "x"}}'),
    "a row without its digest": Lock(without_sha),
    "another row that is wrong": Lock(
        lambda text: json.dumps({**json.loads(text), "vgg_16.b": 5}).encode(), True
    ),
}


@pytest.mark.parametrize("name", LOCKS)
def test_a_damaged_weights_lock_is_kept_aside_and_said_and_nothing_is_trusted_in_silence(
    name, trusted, server, cache, caplog
):
    path, state = cache / "weights.lock", LOCKS[name]
    damaged = state.change(path.read_bytes())
    path.write_bytes(damaged)
    checking.prune(["vgg_16.trusted"])  # or its record would tell the digest
    server.files["a.tgz"] = BODY[::-1]
    if state.kept:
        with pytest.raises(SlimzooError, match="noted at the first fetch"):
            weights.fetch(trusted)
    else:
        assert weights.fetch(trusted).read_bytes() == BODY[::-1]
        assert f"noted its sha256 {sha(BODY[::-1])}; an earlier note may be in" in warnings(caplog)
    aside = path.with_name("weights.lock.damaged-1")
    assert aside.read_bytes() == damaged
    assert f"It is kept as {aside}" in warnings(caplog)


def test_a_second_damage_is_kept_beside_the_first(trusted, cache):
    for _ in range(2):
        (cache / "weights.lock").write_bytes(b"{")
        assert caching.known(cache) == {}
    assert [path.name for path in caching.set_aside(cache)] == [
        "weights.lock.damaged-1",
        "weights.lock.damaged-2",
    ]


def test_a_folder_in_the_place_of_weights_lock_is_kept_aside(trusted, cache):
    (cache / "weights.lock").unlink()
    (cache / "weights.lock").mkdir()
    assert caching.known(cache) == {}
    assert [path.is_dir() for path in caching.set_aside(cache)] == [True]


def test_the_record_of_the_weights_still_holds_what_was_trusted(trusted, server, cache):
    (cache / "weights.lock").write_bytes(b"")
    (cache / "vgg_16" / "trusted" / "model.safetensors").unlink()
    server.files["a.tgz"] = BODY[::-1]
    with pytest.raises(SlimzooError, match="noted at the first fetch"):
        weights.fetch(trusted)


def test_a_damaged_weights_lock_of_a_shared_cache_is_said_and_left_as_it_is(
    trusted, server, cache, tmp_path, monkeypatch, caplog
):
    shared = cache.rename(tmp_path / "shared")
    (shared / "weights.lock").write_bytes(b"{")
    monkeypatch.setenv("SLIMZOO_SHARED_CACHE", str(shared))
    weights.fetch(row_of(server.url("a.tgz"), tag="other"))
    assert f"{shared / 'weights.lock'} is damaged" in warnings(caplog)
    assert (shared / "weights.lock").read_bytes() == b"{"
    assert not (shared / "weights.lock.damaged-1").exists()


def test_where_it_cannot_be_kept_aside_nothing_is_written_over_it(
    trusted, server, cache, monkeypatch, caplog
):
    (cache / "weights.lock").write_bytes(b"{")
    real = os.replace

    def refused(source, target):
        if "damaged" in str(target):
            raise PermissionError(errno.EACCES, "Permission denied")
        real(source, target)

    monkeypatch.setattr(os, "replace", refused)
    assert caching.known(cache) == {}
    assert "weights.lock is damaged" in warnings(caplog)
    with pytest.raises(SlimzooError, match=r"cannot write .*weights\.lock\.damaged-1: permission denied"):
        weights.fetch(row_of(server.url("a.tgz"), tag="other"))
    assert (cache / "weights.lock").read_bytes() == b"{"


# --- what else may lie there ---


@pytest.mark.parametrize("where", ["vgg_16/trusted/.lock", ".lock"])
@pytest.mark.parametrize("kind", ["folder", "link"])
def test_a_lock_that_is_none_is_said(where, kind, trusted, cache, tmp_path):
    lock, mine = cache / where, tmp_path / "mine"
    mine.write_text("mine")
    lock.unlink()
    lock.mkdir() if kind == "folder" else lock.symlink_to(mine)
    (cache / "vgg_16" / "trusted" / "model.safetensors").unlink()
    with pytest.raises(SlimzooError, match=rf"\.lock is a {kind}; .*move it away"):
        weights.fetch(trusted)
    assert mine.read_text() == "mine"


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'{"url": 5}', b'{"url": "x", "validator": "\\u2603\\n"}', b"[" * 100_000]
)
def test_a_damaged_note_beside_a_part_begins_the_download_anew(content, server, copying, cache):
    server.files["a.tgz"], server.cut_after = BODY, [50_000, 0, 0, 0]
    row = row_of(server.url("a.tgz"), sha256=sha(BODY))
    with pytest.raises(SlimzooError, match="ended before the file did"):
        weights.fetch(row)
    (note,) = cache.rglob("*.part.json")
    note.write_bytes(content)
    server.cut_after = []
    assert weights.fetch(row).read_bytes() == BODY
    assert server.asked[-1] == ("/a.tgz", None)
