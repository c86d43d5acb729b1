"""Results in parts: killed at any moment, a job goes on, does nothing twice and loses no row."""

import json
import os
import shutil

import numpy as np
import pytest

from slimzoo.errors import SlimzooError
from slimzoo.streaming import results as module
from slimzoo.streaming.listing import Listing
from slimzoo.streaming.results import MANIFEST, Place, opened
from slimzoo.streaming.rows import End, Outcome, Piece
from slimzoo.streaming.sink import Sink
from tests.streaming.conftest import read_rows

JOB = {"network": "cifarnet", "weights": "0af3", "top": 2, "images, how many": 12}
SIZES = (7, 0, 5)  # rows of three containers


def row(container, position):
    error = "broken" if position == 3 else ""
    best = [] if error else [(position, f"thing {position}", 0.5)]
    features = None if error else np.full(3, position, np.float32)
    return Outcome(container, position, f"{container}/{position}", best, features, error)


def images():
    return Listing("*.tar", "tar", tuple(Piece(i, "tar", f"{i}.tar") for i in range(3)), None, "d1")


def run(place, computed, job=JOB, overwrite=False):
    """Does what is left of a job of SIZES, in parts of 3 rows; `computed` gets what was done now."""
    with opened(place, job, 3, overwrite) as results:
        if not results.joined:
            with Sink(results, rows=3, seconds=1e9) as sink:
                for piece in images().rest(results.done()):
                    for position in range(piece.first, SIZES[piece.container]):
                        computed.append((piece.container, position))
                        sink.add(row(piece.container, position))
                    sink.add(End(piece.container, SIZES[piece.container]))
        results.finish()


EXPECTED = [(container, position) for container, size in enumerate(SIZES) for position in range(size)]
NAMES = [f"{container}/{position}" for container, position in EXPECTED]


class Killed(BaseException):
    """Nothing of the program runs any more."""


def kill_at(moment, monkeypatch):
    """Lets no call that changes a file, from the `moment`-th on, do anything."""
    calls = [0]

    def guard(call):
        def guarded(*args, **kwargs):
            calls[0] += 1
            if calls[0] >= moment:
                raise Killed
            return call(*args, **kwargs)

        return guarded

    for name in ("replace", "unlink", "rmdir", "mkdir", "fsync", "remove"):
        monkeypatch.setattr(os, name, guard(getattr(os, name)))
    return calls


def test_a_job_killed_at_any_moment_goes_on_without_losing_or_repeating_a_row(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "fsync", lambda handle: None)  # which would take most of the time
    moment, ended = 0, False
    while not ended:
        moment += 1
        assert moment < 500
        folder = tmp_path / str(moment)
        folder.mkdir()
        place = Place.of(str(folder / "found.jsonl"), None, overwrite=False)
        first: list = []
        with monkeypatch.context() as patched:
            kill_at(moment, patched)
            try:
                run(place, first)
                ended = True
            except Killed:
                pass
        if place.out.exists() and not (place.folder / MANIFEST).exists():  # it was over
            assert [found["image"] for found in read_rows(place.out)] == NAMES
            continue
        written = os.listdir(place.folder) if place.folder.exists() else []
        kept = sum(int(name.split("-")[3]) for name in written if name.startswith("part-"))
        again, whole = [], place.out.exists()
        run(Place.of(str(place.out), None, overwrite=False), again)
        assert [found["image"] for found in read_rows(place.out)] == NAMES
        assert len(again) == (0 if whole else len(EXPECTED) - kept), (moment, written)
        assert os.listdir(folder) == ["found.jsonl"], moment
        shutil.rmtree(folder)
    assert moment > 30


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
def test_one_file_holds_all_rows_in_their_order_and_nothing_else_is_left(tmp_path, suffix):
    if suffix == ".parquet":
        pytest.importorskip("pyarrow", reason="pyarrow, of the extras test and parquet, is missing")
    run(Place.of(str(tmp_path / f"found{suffix}"), None, overwrite=False), [])
    assert os.listdir(tmp_path) == [f"found{suffix}"]
    text = (tmp_path / f"found{suffix}").read_bytes()
    if suffix == ".csv":
        lines = text.decode().splitlines()
        assert lines[0] == "image,classes,names,probabilities,features,error" and len(lines) == 13
        assert [line.split(",")[0] for line in lines[1:]] == NAMES


def test_parquet_has_lists_of_classes_features_of_one_length_and_null_for_what_is_broken(tmp_path):
    pyarrow = pytest.importorskip("pyarrow", reason="pyarrow, of the extras test and parquet, is missing")
    from pyarrow import parquet

    run(Place.of(str(tmp_path / "found.parquet"), None, overwrite=False), [])
    table = parquet.read_table(tmp_path / "found.parquet")
    assert table.schema.field("features").type == pyarrow.list_(pyarrow.float32(), 3)
    rows = table.to_pylist()
    assert [found["image"] for found in rows] == NAMES
    assert rows[2] == {
        "image": "0/2",
        "classes": [2],
        "names": ["thing 2"],
        "probabilities": [0.5],
        "features": [2.0, 2.0, 2.0],
        "error": None,
    }
    assert rows[3]["features"] is None and rows[3]["error"] == "broken" and rows[3]["classes"] == []


def test_a_finished_job_does_nothing_again(tmp_path):
    pytest.importorskip("pyarrow", reason="pyarrow, of the extras test and parquet, is missing")
    for out in ("found.parquet", "folder"):
        run(Place.of(str(tmp_path / out), None, overwrite=False), [])
        again: list = []
        run(Place.of(str(tmp_path / out), None, overwrite=False), again)
        assert again == []


def test_the_manifest_says_which_rows_are_where(tmp_path):
    run(Place.of(str(tmp_path / "found"), ".csv", overwrite=False), [])
    said = json.loads((tmp_path / "found" / MANIFEST).read_text())
    assert said["complete"] and said["rows"] == 12 and said["errors"] == 2 and said["job"] == JOB
    ranges = [(part["container"], part["first"], part["rows"]) for part in said["parts"]]
    assert ranges == [(0, 0, 3), (0, 3, 3), (0, 6, 1), (1, 0, 0), (2, 0, 3), (2, 3, 2)]
    assert all((tmp_path / "found" / part["file"]).is_file() for part in said["parts"])


def test_results_of_another_job_are_refused_with_the_differences(tmp_path):
    place = Place.of(str(tmp_path / "found"), ".csv", overwrite=False)
    run(place, [])
    before = sorted(os.listdir(place.folder))
    with pytest.raises(
        SlimzooError, match=r"another job:\n  weights: there 0af3, now 77\n  --top: there 2, now 5"
    ):
        run(place, [], {**JOB, "weights": "77", "top": 5})
    with pytest.raises(SlimzooError, match=r"another job:\n  --engine: there none, now openvino\nName"):
        run(place, [], {**JOB, "weights": "77", "engine": "openvino"})  # of other numbers for that alone
    assert sorted(os.listdir(place.folder)) == before
    run(place, again := [], {**JOB, "top": 5}, overwrite=True)
    assert again == EXPECTED


def test_what_is_no_result_is_left_alone(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("mine")
    with pytest.raises(SlimzooError, match=r"notes.txt"):
        Place.of(str(tmp_path / "mine"), ".csv", overwrite=True)
    (tmp_path / "found.csv").write_text("mine")
    with pytest.raises(FileExistsError, match="exists already; if this command wrote it, it is done"):
        Place.of(str(tmp_path / "found.csv"), None, overwrite=False)
    (tmp_path / "found.parquet").write_text("mine")
    with pytest.raises(FileExistsError, match="exists already; name another file"):
        Place.of(str(tmp_path / "found.parquet"), None, overwrite=False)
    with pytest.raises(SlimzooError, match=r"a file ends in .parquet, .csv, .jsonl"):
        Place.of(str(tmp_path / "found.txt"), None, overwrite=False)
    with pytest.raises(SlimzooError, match="copied to a store"):
        Place.of("s3://bucket/found", None, overwrite=False)


def test_two_processes_do_not_write_one_place(tmp_path):
    place = Place.of(str(tmp_path / "found"), ".csv", overwrite=False)
    with (
        opened(place, JOB, 0, overwrite=False),
        pytest.raises(SlimzooError, match="in use by process"),
        opened(place, JOB, 0, overwrite=False),
    ):
        pass


def test_a_part_that_cannot_be_written_is_an_error_and_leaves_none(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setitem(module.FORMATS, ".csv", module.FORMATS[".csv"].__class__(full, full))
    with pytest.raises(SlimzooError, match="the disk is full"):
        run(Place.of(str(tmp_path / "found"), ".csv", overwrite=False), [])
    assert os.listdir(tmp_path) == []
