"""The manifest says everything, guesses nothing, and names what is wrong in it."""

import pytest

from slimzoo.errors import SlimzooError
from slimzoo.weights.manifest import read_manifest

FAMILY = """
[family]
sources = ["https://example.org/a.tgz"]
member = ""
sha256 = ""
sha384 = ""
md5 = ""
size = 0
format = "tf_checkpoint"
name_map = ""
ema = false
preprocessing = { kind = "inception", size = 8, crop = 0.875, channel_order = "RGB" }
num_classes = 2
label_offset = 0
labels = ["a", "b"]
top1 = 50.0
top5 = "unpublished"
mean_iou = "unpublished"
accuracy_source = ""
license = "Apache-2.0"
citation = ""
provenance = "a test"
maths = "same"
note = ""
"""
ROW = '[[weights]]\nnetwork = "vgg_16"\ntag = "one"\n'


def test_a_row_is_its_family_and_its_own_lines(tmp_path):
    (tmp_path / "a.toml").write_text(FAMILY + ROW)
    (row,) = read_manifest(tmp_path)
    assert (str(row), row.labels, row.top1, row.top5) == ("vgg_16.one", ("a", "b"), 50.0, None)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.replace('license = "Apache-2.0"\n', ""), "a.toml: vgg_16.one: license is missing"),
        (lambda t: t + "colour = 1\n", "a.toml: vgg_16.one: colour is not a field"),
        (lambda t: t + "size = 1\n", r"size stands in \[family\] and in the row"),
        (lambda t: t.replace("size = 0", 'size = "big"'), "size is 'big', which is no int"),
        (lambda t: t + ROW, "vgg_16.one: is there twice"),
        (lambda t: t.replace("num_classes = 2", "num_classes = 3"), "2 labels for 3 classes"),
        (lambda t: t.replace('sha256 = ""', 'sha256 = "abc"'), "sha256 'abc' is not 64"),
        (lambda t: t.replace("https://", "http://"), "is plain http; that needs a published digest"),
        (lambda t: t.replace("https://", "ftp://"), "begins with none of https://"),
        (lambda t: t.replace("https://example.org", "hf://o/n@main"), "the commit with all 40 digits"),
        (lambda t: t.replace("https://example.org", "hf://o/n"), "is not hf://owner/name@revision/file"),
        (lambda t: t.replace('maths = "same"', 'maths = "alike"'), "maths 'alike' is none of same, differs"),
        (lambda t: t.replace('maths = "same"', 'maths = "differs"'), "maths 'differs' needs a note"),
        (lambda t: t + 'group = "a"\n', "group 'a' does not exist; groups: none"),
        (lambda t: t + 'group = "a"\n[groups.a]\nsize = 1', r"size stands in .family. and in its group"),
        (lambda t: t.replace('"one"', '"../one"'), "tag '../one' is no name"),
        (lambda t: t.replace("[family]", "[famly]"), "unknown table 'famly'"),
        (lambda t: t + "=", "a.toml: Invalid"),
    ],
)  # fmt: skip
def test_what_is_wrong_in_a_manifest_names_file_row_and_field(tmp_path, change, message):
    (tmp_path / "a.toml").write_text(change(FAMILY + ROW))
    with pytest.raises(SlimzooError, match=message):
        read_manifest(tmp_path)


def test_everything_wrong_is_listed_at_once(tmp_path):
    (tmp_path / "a.toml").write_text(FAMILY.replace('md5 = ""', "") + ROW + "colour = 1\n")
    with pytest.raises(SlimzooError, match=r"(?s)md5 is missing.*colour is not a field"):
        read_manifest(tmp_path)


def test_a_row_is_its_group_too(tmp_path):
    group = '[groups.old]\nnote = "old"\n'
    (tmp_path / "a.toml").write_text(FAMILY.replace('note = ""\n', group) + ROW + 'group = "old"\n')
    (row,) = read_manifest(tmp_path)
    assert (row.note, row.maths) == ("old", "same")
    changed = FAMILY.replace('note = ""\n', group) + ROW + 'group = "old"\nnote = "new"\n'
    (tmp_path / "a.toml").write_text(changed)
    with pytest.raises(SlimzooError, match=r"note stands in \[family\] or its group and in the row"):
        read_manifest(tmp_path)


def test_a_published_sha256_pins_what_a_branch_of_the_hub_holds(tmp_path):
    text = FAMILY.replace("https://example.org", "hf://o/n@main").replace(
        'sha256 = ""', f'sha256 = "{"0" * 64}"'
    )
    (tmp_path / "a.toml").write_text(text + ROW)
    assert read_manifest(tmp_path)[0].sources == ("hf://o/n@main/a.tgz",)


def test_the_eight_digits_in_the_name_of_a_file_are_a_hint(tmp_path):
    (tmp_path / "a.toml").write_text(FAMILY.replace("a.tgz", "net-0123abcd.pth") + ROW)
    assert read_manifest(tmp_path)[0].hint == "0123abcd"
    (tmp_path / "a.toml").write_text(FAMILY.replace("a.tgz", "net-0123.pth") + ROW)
    assert read_manifest(tmp_path)[0].hint == ""
