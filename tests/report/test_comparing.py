"""Several runs on one page: what is shown side by side, what is warned of, what is refused."""

import re

import pytest

from slimzoo.errors import SlimzooError
from slimzoo.report import Facts, ReportData, write_comparison, write_report
from slimzoo.report.comparing import MOST
from tests.report.test_write import HOSTILE, Page


def run(folder, mean_ap=0.5, spread=0.01, **fields):
    """Writes the report of a run of two classes; returns its folder as text."""
    fields = {
        "evaluated_on": "val, 200 images",
        "classes": ["cat", "dog"],
        "ap": {"cat": (mean_ap, mean_ap, 9), "dog": (1 - mean_ap, 0.5, 3)},
        "history": [{"step": 1, "kind": "eval", "map": mean_ap, "loss": 1.0}],
        "settings": {"model": "vgg_16", "freeze": [], "learning_rate": mean_ap},
        **fields,
    }
    write_report(
        folder, ReportData("t", map=mean_ap, map_interval=(mean_ap - spread, mean_ap + spread), **fields)
    )
    return str(folder)


def page(folders, folder):
    return Page(write_comparison(folders, folder / "c.html", overwrite=True).read_text("utf-8"))


def test_runs_stand_side_by_side(tmp_path):
    facts = Facts(image_size=224, started_from="vgg_16.slim_in1k")
    found = page([run(tmp_path / "a", 0.5, facts=facts), run(tmp_path / "b", 0.75)], tmp_path)
    assert not found.open and not found.all("script")
    a, b = str(tmp_path / "a"), str(tmp_path / "b")
    assert f"Run {a} {b} mAP, all-point 0.500 0.750 (highest)" in found.text("figures")
    assert "0.49 to 0.51 0.74 to 0.76" in found.text("figures")
    assert "cat 0.500 0.750 (highest) 9 dog 0.500 (highest) 0.250 3 (few)" in found.text("classes")
    assert "image size 224 \u00d7 224 pixels not recorded" in found.text("facts")
    assert "learning rate 0.5 0.75" in found.text("settings") and "freeze" not in found.text("settings")
    assert "!" not in found.text("")


def test_what_the_images_do_not_tell_is_warned_of(tmp_path):
    near = [run(tmp_path / name, value, 0.05) for name, value in (("a", 0.5), ("b", 0.53))]
    assert f"{tmp_path / 'b'} has the highest mAP, but its interval overlaps that of {tmp_path / 'a'}" in (
        page(near, tmp_path).text("")
    )
    other = run(tmp_path / "c", 0.9, evaluated_on="test, 9 images")
    assert "Not all were measured on the same images" in page([near[0], other], tmp_path).text("")


def test_runs_that_cannot_be_compared_are_all_named_and_nothing_is_written(tmp_path):
    good = run(tmp_path / "good")
    other = run(tmp_path / "other", classes=["cat", "cow"])
    blind = run(tmp_path / "blind", float("nan"), history=[])
    (tmp_path / "damaged").mkdir()
    (tmp_path / "damaged" / "report.json").write_text("{")
    (tmp_path / "unfinished").mkdir()
    (tmp_path / "unfinished" / "config.json").write_text("{}")
    given = [good, other, blind, good, *(str(tmp_path / n) for n in ("damaged", "unfinished", "nowhere"))]
    with pytest.raises(SlimzooError) as refused:
        write_comparison(given, tmp_path / "c.html")
    for words in (
        r"good is given more than once",
        r"damaged/report\.json cannot be read",
        r"unfinished/report\.json is not there; the run is not finished",
        r"nowhere/report\.json is not there; give the folder",
        r"blind was not evaluated",
        r"other has other classes than .*good: it lacks dog and adds cow",
    ):
        assert re.search(words, str(refused.value)), words
    assert not (tmp_path / "c.html").exists()


def test_too_few_and_too_many_runs_are_refused(tmp_path):
    many = [str(tmp_path / str(i)) for i in range(MOST + 1)]  # that they are not there is said too
    for given in (many, many[:1]):
        with pytest.raises(SlimzooError, match=f"{len(given)} runs were given; a page compares 2 to {MOST}"):
            write_comparison(given, tmp_path / "c.html")


def test_a_page_that_is_there_is_kept(tmp_path):
    given = [run(tmp_path / "a"), run(tmp_path / "b")]
    (tmp_path / "c.html").write_text("mine")
    with pytest.raises(FileExistsError):
        write_comparison(given, tmp_path / "c.html")
    assert (tmp_path / "c.html").read_text() == "mine"


def test_hostile_runs_stay_text(tmp_path):
    fields = {"classes": [HOSTILE], "ap": {HOSTILE: (0.5, 0.5, 1)}, "evaluated_on": HOSTILE}
    fields |= {"settings": {HOSTILE: HOSTILE}, "facts": Facts(started_from=HOSTILE, date=HOSTILE)}
    found = page(
        [run(tmp_path / "<b>", **fields), run(tmp_path / "b", **(fields | {"settings": {}}))], tmp_path
    )
    assert not found.open and not found.all("script") and not found.all("b")
    html = (tmp_path / "c.html").read_text("utf-8")
    assert not re.search(r"https?:|//[a-z]|@import|url\((?!#)", html)
