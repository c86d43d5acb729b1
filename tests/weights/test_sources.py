"""An address is told by its kind of source; each brings the file, and deletes only what is slimzoo's own."""

import pytest

from slimzoo import weights
from slimzoo.errors import SlimzooError
from slimzoo.weights import sources
from slimzoo.weights.download import SourceError
from slimzoo.weights.sources import Errand, FileSource, HttpSource, HubSource, KeptSource, PackageSource
from tests.fetching import BODY, row_of, sha

HUB = f"hf://owner/name@{'0' * 40}/sub/model.safetensors"


@pytest.fixture
def errand(cache):
    folder = cache / "vgg_16" / "test"
    folder.mkdir(parents=True)
    return Errand(row=row_of("https://there/a.tgz", sha256=sha(BODY)), folder=folder, progress=False)


@pytest.mark.parametrize(
    "text, kind, name",
    [
        ("package:demo/a.safetensors", PackageSource, "a.safetensors"),
        (HUB, HubSource, "model.safetensors"),
        ("file:///there/a%20b.tgz", FileSource, "a b.tgz"),
        ("https://there/a.tgz?x=1", HttpSource, "a.tgz"),
        ("http://there/a.tgz", HttpSource, "a.tgz"),
        ("ftp://there/a.tgz", HttpSource, "a.tgz"),
    ],
)
def test_an_address_is_of_one_kind_and_names_its_file(text, kind, name):
    source = sources.source_of(text)
    assert (type(source), source.file_name, str(source), source.recorded) == (kind, name, text, text)


@pytest.mark.parametrize("row", weights.rows(), ids=str)
def test_every_source_of_the_manifest_is_known_to_exactly_one_kind(row):
    for text in row.sources:
        assert len([kind for kind in sources.KINDS if kind.of(text)]) == 1


def test_an_address_of_no_kind_is_refused_with_the_reason(errand):
    with pytest.raises(SourceError, match="No connection adapters"):
        sources.source_of("ftp://there/a.tgz").bring(errand)


def test_a_file_of_the_users_own_is_never_deleted_and_a_kept_original_is(errand, tmp_path):
    path = tmp_path / "a.tgz"
    path.write_bytes(BODY)
    brought = FileSource(path.as_uri()).bring(errand)
    assert (brought.path, brought.digests, brought.resumed) == (path, {"sha256": sha(BODY)}, False)
    brought.discard()
    assert path.exists()
    kept = KeptSource(path.as_uri(), "https://there/a.tgz")
    assert kept.recorded == "https://there/a.tgz"
    kept.bring(errand).discard()
    assert not path.exists()


def test_a_download_is_deleted_where_it_is_the_wrong_file(server, errand):
    server.files["a.tgz"] = BODY
    brought = HttpSource(server.url("a.tgz")).bring(errand)
    assert brought.path.parent == errand.folder and brought.digests == {"sha256": sha(BODY)}
    brought.discard()
    assert list(errand.folder.iterdir()) == []


def test_two_processes_that_cannot_lock_download_to_files_of_their_own(server, errand):
    server.files["a.tgz"] = BODY
    shared = Errand(row=errand.row, folder=errand.folder, progress=False, alone=False)
    source = HttpSource(server.url("a.tgz"))
    assert source.bring(errand).path == source.bring(errand).path
    assert len({source.bring(shared).path for _ in range(3)}) == 3


def test_what_comes_with_slimzoo_is_used_where_it_lies_and_is_checked(errand):
    with pytest.raises(FileNotFoundError, match=r"vgg_16.test come with slimzoo; install it again"):
        PackageSource("package:demo/none.safetensors").bring(errand)
    with pytest.raises(SlimzooError, match=r"is damaged .its sha256 is .*; install it again"):
        PackageSource("package:py.typed").bring(errand)
