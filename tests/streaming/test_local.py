"""A stream on this machine: the same results as predictions(), broken images as rows, stops that go on."""

import logging
import os
import signal
import threading
import time
from dataclasses import replace

import numpy as np
import pytest

from slimzoo.streaming import local
from slimzoo.streaming.ahead import background, mapped
from slimzoo.streaming.engine import job_of, load_recipe
from slimzoo.streaming.listing import listing_of
from slimzoo.streaming.results import Place, opened
from slimzoo.streaming.watchdog import watchdog
from slimzoo.training.interrupt import Stopped
from tests.streaming.conftest import BROKEN, read_rows


def stream(loaded, images, out, make=None, **settings):
    place = Place.of(str(out), None, overwrite=False)
    with opened(place, job_of(loaded, images), loaded.width, overwrite=False) as results:
        make = make or (lambda pieces: local.outcomes(loaded, pieces))
        local.collect(make, images, results, local.Settings(rows=5, **settings))
    return read_rows(out)


def test_a_stream_says_what_predictions_do_and_features_are_the_end_points(
    loaded, cifarnet, pictures, tmp_path
):
    import slimzoo

    rows = stream(loaded, listing_of(str(pictures)), tmp_path / "found.jsonl")
    expected = [*slimzoo.predictions(cifarnet, str(pictures), top=2)]
    model = slimzoo.load(cifarnet)
    assert [row["image"] for row in rows] == [prediction.path for prediction in expected]
    broken = [row for row in rows if "error" in row]
    assert sorted(os.path.basename(row["image"]) for row in broken) == [f"{i:02d}.jpg" for i in BROKEN]
    for row, prediction in zip(rows, expected, strict=True):
        assert row.get("error", "") == prediction.problem
        if not prediction.problem:
            found = [(best["class"], best["name"]) for best in row["predictions"]]
            assert found == [(number, name) for number, name, _ in prediction.best]
            # float32 in batches of another size, and pixels of another last place: logits of up to 100
            np.testing.assert_allclose(
                [best["probability"] for best in row["predictions"]],
                [score for *_, score in prediction.best],
                rtol=1e-4,
            )
            features = model.features(model.preprocess(row["image"]), "fc3")
            np.testing.assert_allclose(row["features"], features[0], rtol=1e-4, atol=1e-4)  # of up to 50


def test_an_engine_finds_what_the_model_does(loaded, pictures, tmp_path):
    how = replace(loaded.recipe, arguments={"engine": "tensorflow"})
    images = listing_of(str(pictures))
    expected = stream(loaded, images, tmp_path / "model.jsonl")
    found = stream(load_recipe(how), images, tmp_path / "engine.jsonl")
    for row, twin in zip(found, expected, strict=True):
        assert row["image"] == twin["image"] and row.get("error") == twin.get("error")
        if "error" not in row:
            assert [best["class"] for best in row["predictions"]] == [
                best["class"] for best in twin["predictions"]
            ]
            np.testing.assert_allclose(row["features"], twin["features"], rtol=1e-4, atol=1e-4)  # of up to 50


def test_the_graph_that_prepares_images_gives_what_preprocess_does(pictures):
    """But for a unit in the last place: a graph multiplies by 1 / scale where preprocess() divides."""
    from slimzoo.data.images import read_image
    from slimzoo.preprocessing import of_kind
    from slimzoo.preprocessing.transform import prepared
    from slimzoo.streaming.decoding import decoder
    from slimzoo.streaming.rows import Item

    path = next(iter(sorted(pictures.rglob("01.jpg"))))
    for kind in ("inception", "vgg", "cifarnet"):
        preprocessing = of_kind(kind, 24)
        row = decoder(preprocessing, True)(Item(0, 0, "01.jpg", path.read_bytes()))
        expected = prepared(preprocessing, read_image(path))
        np.testing.assert_allclose(row.pixels, expected, rtol=3e-7, atol=1e-7, err_msg=kind)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_after_what_is_computed_is_written_and_the_same_call_goes_on(
    loaded, pictures, tmp_path, number
):
    images, out = listing_of(str(pictures)), tmp_path / "found.jsonl"
    computed = []

    def stopping(pieces):
        for row in local.outcomes(loaded, pieces):
            computed.append(row)
            if len(computed) == 9:
                os.kill(os.getpid(), number)
            yield row

    with pytest.raises(Stopped, match=r"of 23 images are in .*The same command goes on") as stopped:
        stream(loaded, images, out, stopping)
    assert stopped.value.signal == number and not out.exists()
    rows = stream(loaded, images, out, stopping)
    assert len(rows) == 23 and len({row["image"] for row in rows}) == 23
    assert len(computed) <= 23 + 2  # the End, and the row that a signal may take back


def test_a_wait_for_images_is_left_at_once(loaded, pictures, tmp_path):
    def hanging(pieces):
        rows = local.outcomes(loaded, pieces)
        yield next(rows)
        threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGTERM)).start()
        time.sleep(60)
        yield from rows

    start = time.monotonic()
    with pytest.raises(Stopped, match="1 of 23 images"):
        stream(loaded, listing_of(str(pictures)), tmp_path / "found.jsonl", hanging)
    assert time.monotonic() - start < 20


def test_it_is_said_when_nothing_moves(loaded, pictures, tmp_path, caplog):
    def slow(pieces):
        rows = local.outcomes(loaded, pieces)
        yield next(rows)
        time.sleep(0.8)
        yield from rows

    with caplog.at_level(logging.WARNING, "slimzoo"):
        stream(loaded, listing_of(str(pictures)), tmp_path / "found.jsonl", slow, patience=0.3)
    assert "nothing has come for" in caplog.text and "of 23 images are written" in caplog.text


def test_a_watchdog_is_quiet_while_something_moves(caplog):
    with watchdog(lambda: "here", patience=1.5) as dog:  # a busy machine may take a second of ours
        for _ in range(9):
            time.sleep(0.2)
            dog.moved()
    assert not caplog.records


def test_threads_work_ahead_by_a_bounded_number_and_end_when_nobody_asks():
    begun = []

    def work(i):
        begun.append(i)
        return i

    before = threading.active_count()
    results = background(mapped(work, iter(range(10_000)), threads=2, most=4), 3)
    assert [next(results) for _ in range(5)] == [0, 1, 2, 3, 4]
    time.sleep(0.3)
    assert len(begun) <= 5 + 3 + 4 + 2
    results.close()
    assert threading.active_count() <= before


def test_what_a_thread_raises_is_raised_where_results_are_wanted():
    def work(i):
        return 1 / (3 - i)

    results = background(mapped(work, iter(range(9)), threads=2, most=4), 3)
    with pytest.raises(ZeroDivisionError):
        list(results)
