"""tools/peer_tests.py: what it lays out, selects, reads and concludes. The peer's tests are not run here."""

import json

import pytest

from tools import peer_tests
from tools.peer.plugin import SHIMS

REPORT = """<testsuites><testsuite name="pytest">
<testcase classname="layers.a_test.A" name="test_good"/>
<testcase classname="layers.a_test.A" name="test_bad"><failure message="AssertionError: 1 != 2
second line">text
E   AssertionError: 1 != 2
E   and more</failure></testcase>
<testcase classname="layers.a_test.A" name="test_out"><skipped message="no GPU"/></testcase>
<testcase classname="" name="layers.b_test"><error message="collection failure">x
E   ImportError: no tf_slim.nope</error></testcase>
</testsuite></testsuites>"""


@pytest.fixture
def peer(tmp_path):
    """A small package in the shape of the peer's, in the folder that holds it."""
    files = {
        "__init__.py": "",
        "learning.py": "",
        "learning_test.py": "j = int(2 * self._labels[i] + 1)\n",
        "data/test_utils.py": "x.tostring()\n",
        "data/reader.py": "",
        "data/reader_test.py": "",
        "layers/layers_test.py": "",
        "layers/utils_test.py": "",
    }
    for name, text in files.items():
        (tmp_path / "tf_slim" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "tf_slim" / name).write_text(text)
    return tmp_path


def names(tree, files):
    return [file.relative_to(tree).as_posix() for file in files]


def test_only_test_files_and_their_support_are_laid_out(peer, tmp_path):
    tree = peer_tests.lay_out(peer / "tf_slim", tmp_path / "tree")
    assert sorted(names(tree, (file for file in tree.rglob("*") if file.is_file()))) == [
        "data/reader_test.py",
        "data/test_utils.py",
        "layers/layers_test.py",
        "layers/utils_test.py",
        "learning_test.py",
    ]


def test_what_current_numpy_refuses_in_a_test_file_is_written_for_it(peer, tmp_path):
    tree = peer_tests.lay_out(peer / "tf_slim", tmp_path / "tree")
    assert (tree / "learning_test.py").read_text() == "j = int(2 * self._labels[i, 0] + 1)\n"
    assert (tree / "data" / "test_utils.py").read_text() == "x.tobytes()\n"


@pytest.mark.parametrize(
    ("wanted", "chosen"),
    [
        ([], ["data/reader_test.py", "layers/layers_test.py", "layers/utils_test.py", "learning_test.py"]),
        (["layers"], ["layers/layers_test.py", "layers/utils_test.py"]),
        (["layers/utils_test", "learning_test.py"], ["layers/utils_test.py", "learning_test.py"]),
    ],
)
def test_files_are_chosen_by_name_or_folder(peer, tmp_path, wanted, chosen):
    tree = peer_tests.lay_out(peer / "tf_slim", tmp_path / "tree")
    assert names(tree, peer_tests.select(tree, wanted)) == chosen


def test_a_name_that_chooses_nothing_is_an_error_that_lists_the_files(peer, capsys):
    assert peer_tests.main(["--source", str(peer), "layer", "learning_test"]) == 2
    assert (
        "no test file or folder layer; there are data/reader_test, layers/layers_test"
        in capsys.readouterr().err
    )


def test_a_source_without_the_peer_is_an_error(tmp_path, capsys):
    assert peer_tests.main(["--source", str(tmp_path)]) == 2
    assert "--source takes the folder in which tf_slim lies" in capsys.readouterr().err


def test_a_report_is_read_with_the_reasons_of_failures():
    outcomes, reasons = peer_tests.read_report(REPORT)
    assert outcomes == {
        "layers.a_test.A.test_good": "passed",
        "layers.a_test.A.test_bad": "failed",
        "layers.a_test.A.test_out": "skipped",
        "layers.b_test": "failed",
    }
    assert reasons == {
        "layers.a_test.A.test_bad": "AssertionError: 1 != 2",
        "layers.b_test": "ImportError: no tf_slim.nope",
    }


def test_a_test_that_passes_on_the_baseline_and_not_here_is_a_regression():
    baseline = {"a": "passed", "b": "passed", "c": "passed", "d": "failed", "e": "skipped"}
    here = {"a": "passed", "b": "failed", "d": "passed", "e": "failed"}
    assert peer_tests.regressions(baseline, here) == ["b", "c"]


def test_a_row_counts_outcomes_for_each_subject():
    header = peer_tests.header(["slimzoo", "baseline"]).split()
    row = peer_tests.row("x", [{"a": "passed", "b": "failed"}, {"a": "passed", "b": "passed"}]).split()
    assert (len(header), header[1:3]) == (13, ["slimzoo", "passed"])
    assert row == ["x", "1", "1", "0", "2", "0", "0"]


@pytest.mark.parametrize(("there", "code"), [("passed", 1), ("failed", 0)])
def test_the_exit_code_says_whether_something_is_worse_than_the_baseline(
    peer, monkeypatch, tmp_path, there, code
):
    def run_file(subject, file, tree, path):
        return {file.stem: there if subject == "baseline" else "failed"}, {}

    monkeypatch.setattr(peer_tests, "_run_file", run_file)
    arguments = ["--source", str(peer), "--keras", str(peer), "--baseline", "learning_test"]
    assert peer_tests.main([*arguments, "--json", str(tmp_path / "out.json")]) == code
    written = json.loads((tmp_path / "out.json").read_text())
    assert written["baseline"] == {"learning_test": {"learning_test": there}}


def test_every_name_that_is_put_back_has_a_place():
    from tools.peer.plugin import _located

    for names_of_module in SHIMS.values():
        for place in names_of_module.values():
            _located(place)
