"""Checking the cache again finds every change; tidying it deletes what is of no use and nothing else."""

import os
from dataclasses import replace

import pytest

from slimzoo import weights
from slimzoo.errors import SlimzooError
from slimzoo.weights import cache as cache_module
from slimzoo.weights import checking, manifest
from tests.fetching import BODY, row_of, sha


@pytest.fixture
def rows(server, copying, monkeypatch):
    server.files["a.tgz"] = BODY
    published = row_of(server.url("a.tgz"), tag="published", sha256=sha(BODY))
    trusted = row_of(server.url("a.tgz"), tag="trusted")
    monkeypatch.setattr(manifest, "rows", lambda: (published, trusted))
    weights.fetch(published, keep_original=True)
    weights.fetch(trusted)
    return published, trusted


def wrong():
    return {finding.name: finding.wrong for finding in checking.verify() if finding.wrong}


def test_nothing_is_wrong_with_what_was_just_fetched(rows):
    assert wrong() == {}
    trust = [finding.trust for finding in checking.verify()]
    assert trust == ["has the published sha256", "trusted on first use"]


def test_a_changed_file_is_found_though_size_and_time_are_the_same(rows, cache):
    path = cache / "vgg_16" / "trusted" / "model.safetensors"
    time = path.stat().st_mtime_ns
    path.write_bytes(BODY[::-1])
    os.utime(path, ns=(time, time))
    assert list(wrong()) == ["vgg_16.trusted"]
    with pytest.raises(SlimzooError, match=r"not in the cache: vgg_16.other"):
        checking.verify(["vgg_16.other"])


def test_a_changed_original_is_found(rows, cache):
    (cache / "vgg_16" / "published" / "original" / "a.tgz").write_bytes(b"x")
    assert "its original a.tgz: its sha256 is" in wrong()["vgg_16.published"]


def test_a_file_made_of_another_than_was_published_since_is_found(rows, monkeypatch):
    published, trusted = rows
    monkeypatch.setattr(manifest, "rows", lambda: (published, replace(trusted, sha256="0" * 64)))
    assert "of the file it is made of: its sha256 is" in wrong()["vgg_16.trusted"]


def test_what_is_noted_on_first_use_outlives_the_weights(rows, cache, server):
    _, trusted = rows
    checking.prune(["vgg_16.trusted"])
    assert not (cache / "vgg_16" / "trusted").exists()
    server.files["a.tgz"] = BODY[::-1]
    with pytest.raises(
        SlimzooError, match=r"noted at the first fetch .to forget that, delete vgg_16.trusted"
    ):
        weights.fetch(trusted)


def test_tidying_takes_leftovers_and_weights_without_a_row(rows, cache, monkeypatch):
    published, _ = rows
    folder = cache / "vgg_16" / "published"
    for name in ("a.tgz.1234.part", "a.tgz.1234.part.json", ".model.safetensors.12.tmp"):
        (folder / name).write_bytes(b"12345")
    assert [path.name for path in checking.prune(None, dry_run=True)[0]] == [
        ".model.safetensors.12.tmp",
        "a.tgz.1234.part",
        "a.tgz.1234.part.json",
    ]
    monkeypatch.setattr(manifest, "rows", lambda: (published,))
    files, size = checking.prune(None)
    assert size > 15 + len(BODY)
    assert {path.parent.name for path in files} == {"published", "trusted"}
    assert {path.name for path in folder.iterdir()} == {
        ".lock",
        "model.json",
        "model.safetensors",
        "original",
    }
    assert [path.name for path in checking.prune(None, originals=True)[0]] == ["a.tgz"]
    checking.prune(None, everything=True)
    assert [path.name for path in cache.iterdir() if path.is_dir()] == []


def test_what_another_process_is_at_work_on_is_left_alone(rows):
    folder = cache_folder("trusted")
    with cache_module.alone_in(folder):
        assert checking.prune(["vgg_16.trusted"]) == ([], 0)


def cache_folder(tag):
    return cache_module.cache_dir() / "vgg_16" / tag
