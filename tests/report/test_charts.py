"""The charts as inline SVG: what is drawn, what is left out and said."""

import math
import re
import sys
import xml.etree.ElementTree as ET

import pytest

from slimzoo.report import Run
from slimzoo.report.charts import curves


def texts(svg: str) -> list[str]:
    return [(element.text or "").strip() for element in ET.fromstring(svg).iter("text")]


def test_colours_are_css_variables_so_that_light_and_dark_share_a_drawing(sample):
    runs = [Run("a", sample.history), *sample.comparison]
    for chart in curves(runs, sample.best_step):
        assert "var(--run0)" in chart.svg and "var(--run1)" in chart.svg and "var(--muted)" in chart.svg
        assert not re.search(r"(fill|stroke): ?#", chart.svg), "a colour of its own"


def test_a_chart_names_nothing_outside_the_page_and_its_ids_are_its_own(sample):
    charts = curves([Run("a", sample.history)], 3000)
    ids = [i for chart in charts for i in re.findall(r'\bid="([^"]+)"', chart.svg)]
    assert len(ids) == len(set(ids)) > 0
    for chart in charts:
        assert "http" not in chart.svg and "xmlns" not in chart.svg and "<style" not in chart.svg
        for target in re.findall(r'(?:href="|url\()#([^")]+)', chart.svg):
            assert target in ids


def test_the_best_evaluation_is_marked_with_its_value():
    history = [{"step": s, "kind": "eval", "map": m} for s, m in ((100, 0.2), (200, 0.4567), (300, 0.3))]
    assert "best 0.457" in texts(curves([Run("a", history)], 200)[1].svg)
    assert not any(text.startswith("best") for text in texts(curves([Run("a", history)], None)[1].svg))


@pytest.mark.parametrize("value", [math.nan, math.inf, 1e300])
def test_losses_that_are_not_finite_are_said(value):
    history = [{"step": s, "kind": "train", "loss": value if s > 5 else 1.0} for s in range(1, 10)]
    loss = curves([Run("mine", history)], None)[0]
    assert loss.svg and loss.remark == "mine: not a finite number at 4 steps, first at step 6; not drawn."
    only = curves([Run("mine", [{"step": 7, "kind": "train", "loss": value}])], None)[0]
    assert (
        only.problem == "No loss was recorded."
        and only.remark == "mine: not a finite number at step 7; not drawn."
    )


def test_columns_that_are_missing_are_said():
    assert [chart.problem for chart in curves([Run("a", [])], None)] == [
        "No loss was recorded.",
        "No mAP was recorded.",
        "No learning rate was recorded.",
    ]


@pytest.mark.parametrize("loss", [0.0, 1e-12, -3.0, 1e20])
def test_a_single_point_of_any_size_is_drawn(loss):
    history = [
        {"step": 1, "kind": "train", "loss": loss, "learning_rate": 0.0},
        {"step": 1, "kind": "eval", "map": 0.0},
    ]
    assert all(chart.svg for chart in curves([Run("a", history)], 1))


def test_a_long_run_is_drawn_in_few_points():
    history = [{"step": s, "kind": "train", "loss": 1 / (s + 1), "learning_rate": 0.1} for s in range(50_000)]
    assert all(
        len(chart.svg) < 60_000 for chart in curves([Run("a", history)], None)
    )  # bytes; all points are 1.5 MB


def test_drawing_leaves_no_pyplot_state_and_no_settings_behind(sample):
    import matplotlib

    before = dict(matplotlib.rcParams)
    curves([Run("a", sample.history)], None)
    assert dict(matplotlib.rcParams) == before
    assert "matplotlib.pyplot" not in sys.modules or not sys.modules["matplotlib.pyplot"].get_fignums()
