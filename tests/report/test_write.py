"""The page as a browser reads it: parsed with html.parser, not compared as text."""

import base64
import io
import json
import math
import os
import re
import subprocess
import sys
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

from slimzoo.errors import SlimzooError, clean
from slimzoo.report import (
    ExampleScore,
    Facts,
    Layer,
    ReportData,
    Run,
    Sample,
    confusion,
    read_report,
    redraw_report,
    select_examples,
    write_report,
)

CELLS = {"td", "th", "dt", "dd", "p", "pre", "b", "li", "div"}
VOID = {"meta", "img", "br", "wbr", "link", "input", "path", "use"}
HOSTILE = "<script>alert('x')</script>\"&{{ 7 * 7 }}$\\frac$ \u202e日本語 🐑"


class Page(HTMLParser):
    """Elements with their attributes, the text of each section, and whether every element is closed."""

    def __init__(self, html: str):
        super().__init__()
        self.elements, self.sections, self.open, self.section = [], {"": ""}, [], ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        if tag in CELLS:
            self.sections[self.section] += " "
        if tag == "section":
            self.section = dict(attributes).get("id", f"section {len(self.sections)}")
            self.sections[self.section] = ""
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] != "style":
            self.sections[self.section] += data

    def all(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]

    def text(self, section=None):
        text = "".join(self.sections.values()) if section is None else self.sections[section]
        return " ".join(text.split())


def page(folder, data) -> Page:
    return Page(write_report(folder, data).read_text("utf-8"))


def test_the_page_shows_what_was_learnt_from_and_says_where_that_is_not_known(sample, tmp_path):
    said = page(tmp_path / "run", sample).text("learnt")
    assert "dog" in said and "cat 0.70, sofa 0.30" in said
    assert "aeroplane 40 10" in said and "tvmonitor 21 29" in said
    sample.samples = [Sample("no picture", {"dog": 1.0})]
    without = page(tmp_path / "run", sample).text("learnt")
    assert "No image of a training batch was recorded" in without and "aeroplane 40 10" in without
    assert "was not recorded" in page(tmp_path / "run", ReportData("nothing")).text("learnt")


def test_the_page_has_every_part_in_order(sample, tmp_path):
    found = page(tmp_path / "run", sample)
    assert not found.open
    named = [name for name in found.sections if not name.startswith("section")]
    assert named == [
        "",
        "curves",
        "classes",
        "precision",
        "learnt",
        "layers",
        "images",
        "confusion",
        "tricks",
        "notes",
        "use",
    ]
    text = found.text("")
    assert "mobilenet_v1_025 on Pascal VOC 2012" in text and sample.command in text
    scratch = max(row["map"] for row in sample.comparison[0].history if "map" in row)
    low, high = sample.map_interval
    assert (
        f"mAP, all-point {sample.map:.3f} {low:.2f} to {high:.2f} mAP, 11-point {sample.map_11point:.3f}"
        in text
    )
    assert f"best step, of 4 000 {sample.best_step // 1000} {sample.best_step % 1000:03d}" in text
    assert f"against from scratch ({scratch:.3f}) +{sample.map - scratch:.3f}" in text
    assert "batch size 32" in found.text() and "TensorFlow 2.21.0" in found.text()
    assert f"slimzoo.load('{tmp_path / 'run'}')" in found.text("use")
    photo = sample.examples[0].image_path  # it is there: the line works as it stands
    assert f"slimzoo predict --model {tmp_path / 'run'} {photo}" in found.text("use")
    assert "photo.jpg" in page(tmp_path / "run", ReportData("no image")).text("use")


def test_the_page_loads_nothing_and_runs_nothing(sample, tmp_path):
    html = write_report(tmp_path, sample).read_text("utf-8")
    assert not re.search(r"https?:|//[a-z]|@import|url\((?!#)", re.sub(r"base64,[\w+/=]+", "", html))
    found = Page(html)
    assert not found.all("script") and not found.all("link") and not found.all("iframe")
    for _, attributes in found.elements:
        assert not any(name.startswith("on") for name in attributes)
        assert attributes.get("src", "data:").startswith("data:image/jpeg;base64,") or "src" not in attributes
        assert attributes.get("href", "#").startswith("#")
    policy = [meta for meta in found.all("meta") if meta.get("http-equiv") == "Content-Security-Policy"]
    assert policy[0]["content"].startswith("default-src 'none'")


def test_every_class_has_its_numbers_sorted_and_one_without_positives_is_said(sample, tmp_path):
    text = page(tmp_path, sample).text("classes")
    places = [
        text.index(f"{name} ") for name in sorted(sample.ap, key=lambda n: -np.nan_to_num(sample.ap[n][0]))
    ]
    assert places == sorted(places)
    for name, (all_point, eleven_point, positives) in sample.ap.items():
        numbers = f"{all_point:.3f} {eleven_point:.3f}" if positives else "no positives"
        assert f"{name} {numbers} {positives}" in text


def test_layers_are_shown_by_share_and_by_stretches(sample, tmp_path):
    found = page(tmp_path, sample)
    text = found.text("layers")
    assert "restored: 215 584 (96.4 %)" in text and "new: 5 140 (2.3 %)" in text
    assert "MobilenetV1/Conv2d_0 to MobilenetV1/Conv2d_3_pointwise" in text
    assert "MobilenetV1/Logits 5 140 2.3 % truncated normal, 0.001" in text
    assert all(layer.scope in text for layer in sample.layers)
    widths = [a["style"] for a in found.all("i") if a.get("style", "").startswith("flex-grow")]
    assert widths == [f"flex-grow:{layer.parameters}" for layer in sample.layers]


def test_images_come_with_thumbnails_classes_and_scores_and_stay_small(sample, tmp_path):
    path = write_report(tmp_path, sample)
    assert path.stat().st_size < 3_000_000  # bytes, for 24 thumbnails
    found = Page(path.read_text("utf-8"))
    images = found.all("img")
    assert len(images) == 24 + 2 and all(image["alt"] and image["width"] for image in images)  # and samples
    text = found.text("images")
    first = next(example for example in sample.examples if example.group == "wrong")
    for name in first.true_labels:
        assert f"{name} (in the image" in text
    assert f"\u2212{-first.score:.2f}" in text
    assert "✗" in text and "not in the image" in text  # told by sign and word, not by colour alone


def test_the_confusion_of_several_labels_names_what_was_seen_instead(sample, tmp_path):
    text = page(tmp_path, sample).text("confusion")
    for name, counts, positives in zip(
        sample.classes, sample.confusion.counts, sample.confusion.positives, strict=True
    ):
        assert f"{name} {sum(counts)} of {positives}" in text or (
            positives == 0 and f"{name} no positives" in text
        )


@pytest.mark.parametrize(
    ("classes", "expected"), [(5, "The outlined diagonal is right"), (50, "of 50 classes")]
)
def test_the_confusion_of_one_label_is_a_matrix_or_its_pairs(tmp_path, classes, expected):
    rng = np.random.default_rng(0)
    names = [f"class {i}" for i in range(classes)]
    labels, scores = np.eye(classes)[rng.integers(0, classes, 300)], rng.random((300, classes))
    data = ReportData("t", classes=names, confusion=confusion(labels, scores, names, multi_label=False))
    found = page(tmp_path, data)
    assert expected in found.text("confusion")
    assert sum(a.get("class") == "right" for a in found.all("td")) == (classes if classes == 5 else 0)


def test_a_report_of_nothing_says_what_is_missing(tmp_path):
    found = page(tmp_path, ReportData("only a title"))
    for section, words in {
        "": "not measured",
        "curves": "No history was recorded",
        "classes": "No classes were recorded",
        "precision": "Not recorded",
        "layers": "Which layers were restored was not recorded",
        "images": "No predictions were recorded",
        "confusion": "Not recorded",
        "tricks": "Not recorded",
    }.items():
        assert words in found.text(section)


def test_unreadable_images_and_nan_are_said(tmp_path):
    (tmp_path / "broken.jpg").write_bytes(b"no image")
    labels, scores = np.eye(4), np.eye(4) * 0.5 + 0.1
    examples = select_examples(["broken.jpg", "gone.jpg", "", "x\0y"], labels, scores, list("abcd"), count=4)
    examples[0].score = math.nan
    examples[0].scores["a"] = math.nan
    examples[1].scores = {}
    data = ReportData("t", classes=["a"], ap={"a": (math.nan, math.nan, 3)}, examples=examples, map=math.nan)
    found = page(tmp_path, data)
    text = found.text("images")
    assert "image file cannot be read" in text and text.count("image file not found") == 3
    assert "no margin" in text and "no score" in text and "nan" not in text.replace(tmp_path.name, "")
    assert "a not measured 3" in found.text("classes")


def test_hostile_text_stays_text(tmp_path):
    labels, scores = np.eye(2), np.eye(2)
    names = [HOSTILE, "b"]
    folder = tmp_path / "a 'quoted' <b> folder"
    data = ReportData(
        HOSTILE,
        command=HOSTILE,
        evaluated_on=HOSTILE,
        history=[{"step": 1, "map": 0.5}],
        classes=names,
        ap={HOSTILE: (0.5, 0.5, 1)},
        layers=[Layer(HOSTILE, 5, "new", HOSTILE)],
        examples=select_examples([f"{HOSTILE}.jpg", "b"], labels, scores, names),
        confusion=confusion(labels, scores[::-1], names, multi_label=True),
        settings={HOSTILE: HOSTILE},
        environment={HOSTILE: [HOSTILE]},
        notes=[HOSTILE],
        comparison=[Run(HOSTILE, [{"step": 1, "map": 0.5, "loss": 1.0}], 0.5)],
        run_name=HOSTILE,
    )
    found = page(folder, data)
    assert not found.open and not found.all("script")
    for section in ("", "curves", "classes", "layers", "images", "confusion", "notes"):
        assert clean(HOSTILE) in found.text(section), section
    assert "'\"'\"'quoted'" in found.text("use")  # a shell reads the folder as one word


def test_a_file_name_that_is_not_utf8_does_not_stop_the_report(tmp_path):
    name = os.fsdecode(b"photo-\xff.jpg")
    labels = np.eye(2)
    data = ReportData("t", examples=select_examples([name, "b"], labels, labels, ["a", "b"]))
    assert "photo-\\udcff.jpg" in page(tmp_path, data).text("images")
    assert any(e.image_path == name for e in read_report(tmp_path).examples)


def test_more_classes_than_a_screen_holds_are_folded(tmp_path):
    ap = {f"class {i}": (i / 1000, 0.5, 3) for i in range(1000)}
    found = page(tmp_path, ReportData("t", ap=ap))
    assert "Best 20" in found.text("classes") and "All 1000 classes" in found.text("classes")
    assert found.all("details") == [{}]  # folded: not open


def test_more_runs_than_colours_are_listed_and_said(tmp_path):
    runs = [Run(f"run {i}", [{"step": 1, "map": 0.1 * i}]) for i in range(7)]
    text = page(tmp_path, ReportData("t", comparison=runs)).text("curves")
    assert "run 6 0.600" in text and "Only the first five runs are drawn." in text


def test_a_report_is_drawn_again_from_its_folder(sample, tmp_path):
    first = write_report(tmp_path, sample).read_bytes()
    (tmp_path / "report.html").unlink()
    assert redraw_report(tmp_path).read_bytes() == first
    assert {p.name for p in tmp_path.iterdir() if p.suffix != ".jpg"} == {"report.html", "report.json"}


def test_images_in_the_folder_are_found_when_the_folder_has_moved(sample, tmp_path):
    for example in sample.examples:
        example.image_path = os.path.basename(example.image_path)
    write_report(tmp_path, sample)
    moved = tmp_path.rename(tmp_path.with_name("moved"))
    assert "image file not found" not in Page(redraw_report(moved).read_text("utf-8")).text()


def test_an_existing_report_is_kept_unless_it_may_be_overwritten(tmp_path):
    before = write_report(tmp_path, ReportData("first")).read_bytes()
    with pytest.raises(FileExistsError):
        write_report(tmp_path, ReportData("second"), overwrite=False)
    assert (tmp_path / "report.html").read_bytes() == before
    assert write_report(tmp_path, ReportData("second")).read_bytes() != before


def test_a_folder_without_a_report_says_what_to_give(tmp_path):
    with pytest.raises(FileNotFoundError, match="give the folder that a training run wrote"):
        redraw_report(tmp_path)


def test_the_report_imports_no_tensorflow():
    code = "import sys, slimzoo.report, slimzoo.report.page; sys.exit('tensorflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(
    ("limits", "lead", "words"),
    [
        ((0.55, 0.70), True, []),
        ((0.40, 0.80), False, ["Another 20 images could as well give 0.40 or 0.80"]),
        ((math.nan, math.nan), False, ["How far mAP may be off was not recorded"]),
    ],
)
def test_a_figure_is_set_large_only_where_its_interval_is_narrow(limits, lead, words, tmp_path):
    data = ReportData("t", map=0.6, map_interval=limits, images=20)
    found = page(tmp_path, data)
    assert sum(attributes.get("class") == "lead" for attributes in found.all("div")) == lead
    warnings = sum(attributes.get("class") == "warning" for attributes in found.all("p"))
    assert warnings == len(words) and all(word in found.text("") for word in words)


def test_classes_with_fewer_than_five_positives_are_warned_of(tmp_path):
    ap = {"one": (0.5, 0.5, 1), "four": (0.5, 0.5, 4), "five": (0.5, 0.5, 5), "none": (math.nan, math.nan, 0)}
    found = page(tmp_path, ReportData("t", map=0.5, map_interval=(0.45, 0.55), ap=ap))
    assert "Fewer than 5 images show one, four (2 of 4 classes)" in found.text("")
    text = found.text("classes")
    assert "1 few" in text and "4 few" in text and "5 few" not in text and "0 few" not in text


def test_what_the_run_was_like_is_said_and_so_is_what_was_not_recorded(tmp_path):
    facts = Facts(
        224, "vgg_16.slim_in1k", "2026-01-31 12:00 UTC", 3 * 3600 + 5 * 60, 41.26, 1_400_000_000, None
    )
    text = page(tmp_path, ReportData("t", facts=facts)).text("")
    for words in (
        *(
            "started from vgg_16.slim_in1k",
            "image size 224 \u00d7 224 pixels",
            "finished 2026-01-31 12:00 UTC",
        ),
        *("training took 3 h 05 min", "images a second 41.3", "most memory 1.4 GB"),
    ):
        assert words in text
    facts = page(tmp_path, ReportData("t")).text("").partition("started from")[2].partition("The command")[0]
    assert facts.count("not recorded") == 6


def test_a_report_of_before_these_fields_is_still_drawn(sample, tmp_path):
    raw = json.loads(sample.to_json()) | {"format": 1}
    new = ("map_interval", "accuracy_interval", "images", "facts", "curves", "samples", "counts")
    for example in raw["examples"]:
        del example["seen"], example["seen_class"]
    (tmp_path / "report.json").write_text(json.dumps({k: v for k, v in raw.items() if k not in new}))
    found = Page(redraw_report(tmp_path).read_text("utf-8"))
    assert found.text("").count("not recorded") == 7 and "Not recorded" in found.text("precision")
    assert len(found.all("img")) == 24


def test_the_tricks_that_were_on_are_said_and_what_a_damaged_file_says_of_them_is_not(tmp_path):
    settings = {"mixup": 0.2, "crop_area": [0.3, 1.0], "sync_batch_norm": True, "label_smoothing": 0.0}
    damaged = {"crop_aspect": [1], "accumulate": {}, "early_stopping": "<b>"}
    text = page(tmp_path, ReportData("t", settings={**settings, **damaged})).text("tricks")
    for words in ("mixup, Beta(0.2, 0.2)", "crops of 0.3 to 1 of the area", "batch norm over all devices"):
        assert words in text
    assert not [words for words in ("smoothing", "<b>", "gradients of", "times the height") if words in text]
    assert "None beside" in page(tmp_path, ReportData("t", settings={"seed": 0})).text("tricks")


def test_empty_settings_are_said_in_words(tmp_path):
    settings = {"freeze": [], "network_arguments": {}, "keep_best": True, "resume": None, "new": ["a", "b"]}
    settings |= {"scope_arguments": {"weight_decay": 4e-05, "deep": {"x": []}}, "rates": [[]]}
    text = page(tmp_path, ReportData("t", settings=settings)).text()
    for words in (
        *("freeze none", "network arguments none", "keep best yes", "resume not set", "new a, b"),
        *('scope arguments weight_decay = 4e-05, deep = {"x": []}', "rates none"),
    ):
        assert words in text
    assert "[]" not in text.replace('{"x": []}', "") and "{}" not in text


def test_most_right_shows_only_right_ones_and_most_wrong_only_wrong_ones(tmp_path):
    examples = [
        ExampleScore(f"{m}.jpg", ["a"], {}, m, g) for m in (-0.5, 0.0, 0.5) for g in ("right", "wrong")
    ]
    text = page(tmp_path, ReportData("t", examples=examples)).text("images")
    right, wrong = text.split("Most wrong")
    assert "0.5.jpg" in right and "-0.5.jpg" not in right and "0.0.jpg" not in right
    assert "-0.5.jpg" in wrong and "0.0.jpg" in wrong and " 0.5.jpg" not in wrong


def test_a_curve_of_each_class_goes_from_no_recall_to_all_of_it(tmp_path):
    curves = {"cat": [(0.5, 1.0), (0.5, 0.5), (1.0, 0.25)], HOSTILE: [(1.0, 0.1)], "dog": []}
    data = ReportData("t", curves=curves, ap={"cat": (0.75, 0.7, 4), HOSTILE: (0.1, 0.1, 9)})
    found = page(tmp_path, data)
    paths = [attributes["d"] for attributes in found.all("path") if attributes.get("class") == "curve"]
    assert paths == ["M0.0 0.0L50.0 0.0L50.0 50.0L100.0 75.0", "M0.0 90.0L100.0 90.0"]
    assert "cat0.75" in found.text("precision") and clean(HOSTILE) in found.text("precision")
    assert not found.open and not found.all("script")


def test_a_picture_of_what_was_seen_is_read_and_written_again(tmp_path):
    picture = io.BytesIO()
    Image.new("RGB", (2000, 20), "red").save(picture, "JPEG", comment=b"<script>")
    good = base64.b64encode(picture.getvalue()).decode()
    large = io.BytesIO()
    Image.new("1", (4000, 4000)).save(large, "PNG")
    hostile = (
        '"><script>',
        base64.b64encode(b"GIF89a<script>").decode(),
        "\u00e9",
        "A" * 9,
        base64.b64encode(large.getvalue()).decode(),
    )
    examples = [
        ExampleScore("x.jpg", ["a"], {"b": 0.9}, -0.5, seen=s, seen_class="b") for s in (good, *hostile)
    ]
    found = page(tmp_path, ReportData("t", examples=examples))
    (image,) = found.all("img")
    assert image["src"].startswith("data:image/jpeg;base64,") and int(image["width"]) <= 360
    assert b"script" not in base64.b64decode(image["src"].partition(",")[2])
    assert found.text("images").count("bright: what spoke for b") == 1 and not found.all("script")


@pytest.mark.parametrize("content", [b"\xff\0", b"{", b"[" * 100_000])
def test_a_damaged_report_json_is_named_with_its_folder(tmp_path, content):
    (tmp_path / "report.json").write_bytes(content)
    with pytest.raises(SlimzooError, match=rf"{re.escape(str(tmp_path))}/report\.json cannot be read"):
        redraw_report(tmp_path)
