"""`slimzoo download`, `verify` and `cache` do what their functions do, and say it."""

import pytest

from slimzoo import weights
from slimzoo.engines import blobs
from slimzoo.weights import manifest
from tests.cli.support import values, write
from tests.fetching import row_of, sha

FACTS = {"network": "cifarnet", "num_classes": 10, "labels": tuple("abcdefghij")}


@pytest.fixture
def rows(tmp_path, monkeypatch):
    """Two rows of cifarnet whose file is on this disk, and one that cannot be had."""
    for name in ("SLIMZOO_MIRROR", "SLIMZOO_OFFLINE", "SLIMZOO_SHARED_CACHE", "SLIMZOO_KEEP_ORIGINALS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SLIMZOO_CACHE", str(tmp_path / "cache"))
    path = write(tmp_path / "there.safetensors", values())
    one = row_of(path.as_uri(), tag="one", sha256=sha(path.read_bytes()), **FACTS)
    two = row_of(path.as_uri(), tag="two", **FACTS)
    gone = row_of("file:///no/such/file", network="lenet", tag="gone")
    monkeypatch.setattr(manifest, "rows", lambda: (one, two, gone))
    return one, two


def test_download_fetches_what_is_named_and_says_where_it_is(slimzoo, rows):
    (done,) = slimzoo("download", "cifarnet", "--json").json
    assert (done["weights"], done["path"]) == ("cifarnet.one", str(weights.fetch(rows[0])))
    assert [row["weights"] for row in slimzoo("download", "cifar*", "--json").json] == ["cifarnet.one"]
    both = slimzoo("download", "cifar*.*", "--json").json
    assert [row["weights"] for row in both] == ["cifarnet.one", "cifarnet.two"]


def test_download_goes_on_after_a_failure_and_ends_with_its_reason(slimzoo, rows):
    done = slimzoo("download", "--all")
    assert done.code == 2
    assert "cifarnet.two" in done.out
    assert "no source delivers the weights lenet.gone" in done.err


def test_what_is_to_be_downloaded_must_be_said_and_known(refused, rows):
    refused("download", words=["name weights, or give --all"])
    refused("download", "vgg*", words=["no released weights match 'vgg*'"])
    refused("download", "cifarnet.three", words=["'three'", "one, two"])


def test_verify_finds_a_damaged_file(slimzoo, rows):
    slimzoo("download", "cifarnet.*")
    done = slimzoo("verify", "--all")
    assert (done.code, done.out.count("as it was written")) == (0, 2)
    path = weights.fetch(rows[0])
    path.write_bytes(path.read_bytes()[:-1] + b"!")
    done = slimzoo("verify", "--all")
    assert done.code == 2
    assert "`slimzoo download cifarnet.one` makes them again" in done.err
    assert slimzoo("verify", "cifarnet.two", "--json").json[0]["trust"] == "trusted on first use"


def test_the_cache_is_listed_and_tidied(slimzoo, rows, tmp_path):
    assert "0 weights" in slimzoo("cache", "list").out
    slimzoo("download", "cifarnet.one", "--keep-original")
    (found,) = slimzoo("cache", "list", "--json").json
    assert (found["name"], found["originals"]) == ("cifarnet.one", ["there.safetensors"])
    assert "1 original" in slimzoo("cache", "list").out
    assert "would be deleted" in slimzoo("cache", "prune", "--originals", "--dry-run").out
    assert slimzoo("cache", "prune", "cifarnet", "--json").json["deleted"] is True
    assert slimzoo("cache", "list", "--json").json == []
    assert (tmp_path / "there.safetensors").is_file()


def test_what_engines_compiled_is_listed_and_goes_when_it_is_asked_to(slimzoo, refused, rows):
    slimzoo("download", "cifarnet.one")
    with blobs.kept_blobs("openvino-1", "0123456789abcdef") as folder:
        (folder / "a.blob").write_bytes(b"x" * 1000)
    found = slimzoo("cache", "list", "--json").json
    assert [row["kind"] for row in found] == ["weights", "compiled"]
    assert (found[1]["engine"], found[1]["digest"], found[1]["bytes"]) == (
        *("openvino-1", "0123456789abcdef"),
        1000,
    )
    listed = slimzoo("cache", "list").out
    assert "openvino-1" in listed and "1 compiled, 1,000 bytes, of 4,294,967,296" in listed
    assert slimzoo("cache", "prune", "--json").json["files"] == [] and folder.is_dir()
    assert "1,000 bytes would be deleted" in slimzoo("cache", "prune", "--compiled", "--dry-run").out
    refused("cache", "prune", "--compiled", "cifarnet.one", words=["of every model: give it without names"])
    assert folder.is_dir()
    assert slimzoo("cache", "prune", "--compiled", "--json").json["bytes"] == 1000
    assert not folder.exists()
    assert [row["kind"] for row in slimzoo("cache", "list", "--json").json] == ["weights"]


def test_indices_of_shards_are_listed_and_go_with_their_shards(slimzoo, rows, classes, tmp_path):
    slimzoo("pack", "folder", "--data", classes, "--out", "packed", "--shards", "2", "--no-progress")
    slimzoo("pack", "folder", "--data", classes, "--out", "other", "--shards", "1", "--no-progress")
    found = slimzoo("cache", "list", "--json").json
    assert [row["kind"] for row in found] == ["index"] * 3
    shards = sorted(tmp_path.glob("*/*.tfrecord"))
    assert [row["shard"] for row in found] == [str(path) for path in shards]
    assert "indices of shards: 3, " in slimzoo("cache", "list").out
    assert slimzoo("cache", "prune", "--json").json["files"] == []
    shards[0].unlink()
    shards[1].write_bytes(b"")
    (tmp_path / "cache/shards/damaged.json").write_text("{")
    useless = {row["file"] for row in found[:2]} | {str(tmp_path / "cache/shards/damaged.json")}
    assert "gone, changed or damaged" in " ".join(slimzoo("cache", "list").out.split())
    assert {*slimzoo("cache", "prune", "--dry-run", "--json").json["files"]} == useless
    assert {*slimzoo("cache", "prune", "--json").json["files"]} == useless
    assert [row["file"] for row in slimzoo("cache", "list", "--json").json] == [found[2]["file"]]
    assert len(slimzoo("cache", "prune", "--everything", "--json").json["files"]) == 1
    assert slimzoo("cache", "list", "--json").json == []


@pytest.mark.parametrize("command", [["list"], ["prune"], ["export", "b.tar"]], ids=lambda words: words[0])
def test_a_cache_that_is_a_file_is_refused(refused, tmp_path, monkeypatch, command):
    (tmp_path / "cache").write_text("mine")
    monkeypatch.setenv("SLIMZOO_CACHE", str(tmp_path / "cache"))
    refused("cache", *command, words=["is a file; SLIMZOO_CACHE names a folder"])
    assert (tmp_path / "cache").read_text() == "mine"


def test_a_bundle_carries_weights_to_another_cache(slimzoo, refused, rows, tmp_path, monkeypatch):
    refused("cache", "export", "b.tar", words=["is empty"])
    slimzoo("download", "cifarnet.*")
    told = slimzoo("cache", "export", "b.tar", "--json").json
    assert told["weights"] == ["cifarnet.one", "cifarnet.two"]
    refused("cache", "export", "b.tar", words=["exists already"])
    monkeypatch.setenv("SLIMZOO_CACHE", str(tmp_path / "other"))
    refused("cache", "import", "b.tar", "--sha256", "0" * 64, words=["another bundle"])
    done = slimzoo("cache", "import", "b.tar", "--sha256", told["sha256"], "--json").json
    assert done == {"cifarnet.one": "imported", "cifarnet.two": "imported"}
    monkeypatch.setenv("SLIMZOO_OFFLINE", "1")
    assert slimzoo("verify", "--all").code == 0
