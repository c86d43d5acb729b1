"""tools/check_manifest.py: the manifest passes; what is wrong with a row or at a source is named."""

import pytest

from tests.fetching import BODY, Server, serving, sha
from tests.weights.test_manifest import FAMILY, ROW
from tools import check_manifest


@pytest.fixture
def server():
    with serving(Server()) as running:
        yield running


@pytest.fixture
def check(tmp_path, capsys):
    """Runs the tool over one row; returns its exit code and what it says."""

    def run(text, *options):
        (tmp_path / "a.toml").write_text(text)
        code = check_manifest.main(["--folder", str(tmp_path), *options])
        return code, capsys.readouterr().out

    return run


def test_the_manifest_of_slimzoo_passes(capsys):
    assert check_manifest.main([]) == 0, capsys.readouterr().out


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.replace("vgg_16", "vgg_99"), "there is no network 'vgg_99'"),
        (lambda t: t.replace("crop = 0.875, ", ""), "key 'crop' is missing"),
        (lambda t: t.replace('["a", "b"]', '"imagenet"'), "2 classes, where its labels are 1000"),
        (lambda t: t, "an accuracy without a source"),
        (lambda t: t.replace('"unpublished"', "40.0"), "top-1 50.0 and top-5 40.0 cannot both be right"),
        (lambda t: t.replace('name_map = ""', 'name_map = "nobody"'), "no name maps of 'nobody'"),
        (lambda t: t + ROW.replace("one", "two"), "is a source of vgg_16.one too"),
        (lambda t: t.replace('maths = "same"\nnote = ""', 'maths = "other"\nnote = "x"'), "the first of its"),
        (lambda t: t.replace('license = "Apache-2.0"', 'license = ""'), "license is empty"),
        (lambda t: t.replace("size = 0", "size = -"), "a.toml: Invalid"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_row_is_named(check, change, message):
    code, said = check(change(FAMILY + ROW))
    assert (code, message in said) == (1, True), said


def row_at(server, **changes):
    text = (FAMILY + ROW).replace('accuracy_source = ""', 'accuracy_source = "there"')
    text = text.replace("https://example.org/a.tgz", server.url(changes.pop("file", "a.tgz")))
    for name, value in {"sha256": sha(BODY), **changes}.items():
        text = text.replace(f'{name} = ""', f'{name} = "{value}"').replace(f"{name} = 0", f"{name} = {value}")
    return text


def test_online_the_sizes_are_compared(check, server):
    server.files["a.tgz"] = BODY
    assert check(row_at(server, size=len(BODY)), "--online")[0] == 0
    code, said = check(row_at(server, size=7), "--online")
    assert (code, "has 300,000 bytes, not 7" in said) == (1, True), said
    assert server.sent <= 2 * len(BODY)


def test_online_a_source_that_is_gone_is_named(check, server):
    code, said = check(row_at(server), "--online")
    assert (code, "HTTP 404" in said) == (1, True), said


def test_online_the_digests_are_compared_and_unknown_ones_told(check, server):
    server.files["a.tgz"] = BODY
    code, said = check(row_at(server, md5=sha(BODY, "md5")), "--online", "--hashes", "vgg_16*")
    assert (code, sha(BODY) in said) == (0, True), said
    code, said = check(row_at(server, md5="0" * 32), "--online", "--hashes")
    assert (code, f"has the md5 {sha(BODY, 'md5')}, not 0000" in said) == (1, True), said


def test_online_the_hint_in_a_file_name_is_compared(check, server):
    server.files["a-00000000.pth"] = BODY
    code, said = check(row_at(server, file="a-00000000.pth"), "--online", "--hashes")
    assert (code, "does not begin with 00000000" in said) == (1, True), said
