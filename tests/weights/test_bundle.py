"""A bundle carries weights to another cache whole, and one that is not what it should be brings nothing."""

import io
import json
import tarfile
from dataclasses import replace

import numpy as np
import pytest

from slimzoo import converters, weights
from slimzoo.errors import SlimzooError
from slimzoo.weights import bundle, cache, manifest
from tests.fetching import cifarnet_variables, row_of, sha

INSIDE = "cifarnet/one/model.safetensors"


@pytest.fixture(scope="module")
def variables():
    return cifarnet_variables()


@pytest.fixture
def rows(tmp_path, variables, monkeypatch):
    """Two rows: one with a published digest, one that is trusted on first use."""
    path = tmp_path / "there.safetensors"
    converters.write_safetensors(path, variables, {})
    facts = {"network": "cifarnet", "labels": ("a", "b"), "preprocessing": {"kind": "cifarnet"}}
    one = row_of(path.as_uri(), tag="one", sha256=sha(path.read_bytes()), **facts)
    two = row_of(path.as_uri(), tag="two", **facts)
    monkeypatch.setattr(manifest, "rows", lambda: (one, two))
    return one, two


@pytest.fixture
def packed(rows, tmp_path, monkeypatch):
    """A bundle of both, and a cache with nothing in it."""
    for row in rows:
        weights.fetch(row)
    digest, names = bundle.export_bundle(tmp_path / "b.tar")
    assert names == ["cifarnet.one", "cifarnet.two"]
    assert digest == sha((tmp_path / "b.tar").read_bytes())
    monkeypatch.setenv("SLIMZOO_CACHE", str(tmp_path / "far away"))
    return tmp_path / "b.tar"


def test_what_is_imported_is_used_without_a_request(packed, rows, monkeypatch):
    assert bundle.import_bundle(packed) == {"cifarnet.one": "imported", "cifarnet.two": "imported"}
    assert bundle.import_bundle(packed, sha(packed.read_bytes())) == {
        "cifarnet.one": "was here already",
        "cifarnet.two": "was here already",
    }
    monkeypatch.setenv("SLIMZOO_OFFLINE", "1")
    for row in rows:
        nowhere = replace(row, sources=("https://example.invalid/a.safetensors",))
        assert weights.fetch(nowhere, verify=True).is_file()


def test_what_was_trusted_on_first_use_is_carried_too_and_said(packed, rows, caplog):
    bundle.import_bundle(packed)
    assert f"noted the bundle's, {rows[0].sha256}" in caplog.text
    assert cache.first_seen(rows[1]) == {"sha256": rows[0].sha256}
    assert list(json.loads((cache.cache_dir() / "weights.lock").read_text())) == ["cifarnet.two"]


def test_another_file_than_the_one_first_trusted_here_is_refused(packed, rows):
    cache.cache_dir().mkdir()
    cache.note_first_seen("cifarnet.two", "0" * 64, "https://there", "2026-01-01")
    with pytest.raises(SlimzooError, match=r"cifarnet.two: of the file it is made of, its sha256 is"):
        bundle.import_bundle(packed)
    assert not list(cache.cache_dir().rglob("*.safetensors"))


def test_another_file_than_the_published_one_is_refused(packed, rows, monkeypatch):
    monkeypatch.setattr(manifest, "rows", lambda: (replace(rows[0], sha256="0" * 64), rows[1]))
    with pytest.raises(
        SlimzooError, match=r"cifarnet.one: of the file it is made of, its sha256 is .* not 0000"
    ):
        bundle.import_bundle(packed)


def test_a_bundle_of_another_digest_is_refused(packed):
    with pytest.raises(SlimzooError, match="it is another bundle, or damaged"):
        bundle.import_bundle(packed, "0" * 64)


def test_an_export_names_what_is_not_there_or_damaged(rows, tmp_path):
    weights.fetch(rows[0]).write_bytes(b"damaged")
    with pytest.raises(SlimzooError, match=r"(?s)cifarnet.two is not in the cache.*cifarnet.one is damaged"):
        bundle.export_bundle(tmp_path / "b.tar", ["cifarnet.one", "cifarnet.two"])
    assert not (tmp_path / "b.tar").exists()


def test_a_damaged_bundle_is_told_wherever_it_is_cut_or_changed(packed):
    whole, random = packed.read_bytes(), np.random.default_rng(0)
    for size in (0, 100, 511, 512, 700, 2000, len(whole) // 3, len(whole) // 2 + 100_000):
        packed.write_bytes(whole[:size])
        with pytest.raises(SlimzooError):
            bundle.import_bundle(packed)
    for at in random.integers(0, len(whole) - 11_000, 30):  # behind it: nothing but the end of a tar
        changed = bytearray(whole)
        changed[at] ^= 0xFF
        packed.write_bytes(changed)
        try:
            done = bundle.import_bundle(packed)
        except SlimzooError:
            continue
        assert set(done) == {"cifarnet.one", "cifarnet.two"}  # a byte that nobody reads: padding, a date
    for path in cache.cache_dir().rglob("*.safetensors"):
        assert sha(path.read_bytes()) == cache.read_record(path.parent)["sha256"]


def write_tar(path, index, *members):
    content = index if isinstance(index, bytes) else json.dumps(index).encode()
    with tarfile.open(path, "w") as tar:
        for member, data in [(bundle._member(bundle.INDEX, len(content)), content), *members]:
            tar.addfile(member, io.BytesIO(data))


def changed(name, **facts):
    member = tarfile.TarInfo(name)
    for key, value in facts.items():
        setattr(member, key, value)
    return member


@pytest.fixture
def index(packed):
    with tarfile.open(packed) as tar:
        found = json.loads(tar.extractfile(bundle.INDEX).read())
        data = tar.extractfile(INSIDE).read()
    return {**found, "weights": found["weights"][:1]}, data


@pytest.mark.parametrize(
    "hostile",
    [
        lambda size: changed("../../../evil", size=size),
        lambda size: changed("/etc/evil", size=size),
        lambda size: changed(INSIDE, size=size + 1),
        lambda size: changed(INSIDE, type=tarfile.SYMTYPE, linkname="/etc/passwd"),
        lambda size: changed(INSIDE, type=tarfile.LNKTYPE, linkname="../../evil"),
        lambda size: changed(INSIDE, type=tarfile.CHRTYPE),
        lambda size: changed(INSIDE, type=tarfile.DIRTYPE),
        lambda size: changed(INSIDE, type=tarfile.FIFOTYPE),
    ],
)
def test_a_member_that_is_not_the_file_it_should_be_is_refused(packed, index, tmp_path, hostile):
    facts, data = index
    member = hostile(len(data))
    write_tar(packed, facts, (member, data + b"!" if member.isreg() else b""))
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(SlimzooError):
        bundle.import_bundle(packed)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_member_that_the_index_does_not_name_is_refused(packed, index):
    facts, data = index
    write_tar(packed, facts, (changed(INSIDE, size=len(data)), data), (changed("more", size=1), b"1"))
    with pytest.raises(SlimzooError, match="'more', which its index does not name"):
        bundle.import_bundle(packed)


@pytest.mark.parametrize(
    "change",
    [
        {"weights": "cifarnet.three"},
        {"weights": "../../evil.one"},
        {"weights": "cifarnet"},
        {"weights": None},
        {"size": "1"},
        {"sha256": "../../evil"},
        {"source_digests": {}},
    ],
)
def test_an_index_that_says_something_else_is_refused(packed, index, change):
    facts, data = index
    facts = {**facts, "weights": [{**facts["weights"][0], **change}]}
    write_tar(packed, facts, (changed(INSIDE, size=len(data)), data))
    with pytest.raises(SlimzooError, match="cannot be imported"):
        bundle.import_bundle(packed)
    assert not cache.cache_dir().exists()


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b"\xff", b'{"format": 99}', b"[" * 100_000])
def test_an_index_that_is_none_is_refused(packed, content):
    write_tar(packed, content)
    with pytest.raises(SlimzooError, match="bundle"):
        bundle.import_bundle(packed)


def test_a_header_that_claims_more_than_there_is_is_not_believed(packed):
    with tarfile.open(packed, "w", format=tarfile.PAX_FORMAT) as tar:
        tar.addfile(changed("x" * 5_000_000, size=0))
    with pytest.raises(SlimzooError, match="a header claims 5,000,"):
        bundle.import_bundle(packed)


def test_weights_of_another_shape_or_with_nan_are_refused(packed, index, variables, tmp_path):
    facts, _ = index
    name = next(iter(variables))
    about = {"network": "cifarnet", "tag": "one"}
    for value in (np.full_like(variables[name], np.nan), np.zeros((3, 3), np.float32)):
        converters.write_safetensors(
            tmp_path / "w.safetensors", {**variables, name: value}, about, overwrite=True
        )
        data = (tmp_path / "w.safetensors").read_bytes()
        line = {**facts["weights"][0], "size": len(data), "sha256": sha(data)}
        write_tar(packed, {**facts, "weights": [line]}, (changed(INSIDE, size=len(data)), data))
        with pytest.raises(SlimzooError, match=r"NaN|is \[3, 3\] in the file"):
            bundle.import_bundle(packed)
        assert not list(cache.cache_dir().rglob("*.safetensors"))
