"""The chart of compared networks: every name in it, with or without accuracy, none outside or on another."""

import itertools
import xml.etree.ElementTree as ET
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from slimzoo.catalogue import chart
from slimzoo.catalogue.comparison import Compared
from slimzoo.catalogue.entries import Entry
from slimzoo.errors import SlimzooError

ENTRY = Entry("net", 224, 3, 1000, 10**6, 10**9, 70.0, ("first",))


def networks(count, published, speed=None):
    """Networks of as many families, crowded around one place."""
    return [
        Compared(
            replace(
                ENTRY,
                name=f"family{i}_v1_{i}",
                multiply_adds=10**9 + 10**6 * i,
                top1=70 + 0.1 * i if i < published else None,
            ),
            speed and speed + i,
        )
        for i in range(count)
    ]


def boxes(figure, axes=slice(None)):
    return [
        text.get_window_extent()
        for each in figure.axes[axes]
        for text in each.texts
        if text.get_text().startswith("family")
    ]


@pytest.mark.parametrize("published, speed", [(9, None), (0, None), (4, None), (5, 100.0)])
def test_every_network_is_named_in_each_panel(published, speed, tmp_path):
    rows = networks(9, published, speed)
    chart.draw(rows, str(tmp_path / "c.svg"))
    said = [element.text for element in ET.parse(tmp_path / "c.svg").iter() if element.tag.endswith("}text")]
    panels = 2 if speed else 1
    assert all(said.count(row.entry.name) == panels for row in rows)
    assert said.count("multiply-adds of one image") == 1
    assert said.count("images per second on this machine") == panels - 1
    assert any("not" in (text or "") for text in said) == (published < 9)


def test_names_do_not_hide_each_other():
    figure = chart.figure_of(networks(24, 10), [chart.MULTIPLY_ADDS])
    found = boxes(figure)
    assert len(found) == 24
    assert not [
        1 for a, b in itertools.combinations(found, 2) if a.shrunk(0.9, 0.9).overlaps(b.shrunk(0.9, 0.9))
    ]
    for box in found:
        assert figure.bbox.x0 <= box.x0 and box.x1 <= figure.bbox.x1 and figure.bbox.y0 <= box.y0


def test_a_png_shows_something_and_is_the_same_each_time(tmp_path):
    held = []
    for i in range(5):
        for suffix in ("png", "PNG", "svg"):
            held.append([object() for _ in range(1000 * i)])  # the layout's solver sees other addresses
            chart.draw(networks(3, 2, 10.0), str(tmp_path / f"{i}.{suffix}"))
    assert np.asarray(Image.open(tmp_path / "0.png")).std() > 5
    pictures, drawings = (
        [path.read_bytes() for path in tmp_path.iterdir() if path.suffix.lower() == suffix]
        for suffix in (".png", ".svg")
    )
    assert (len(pictures), len(set(pictures))) == (10, 1)
    assert (len(drawings), len(set(drawings))) == (5, 1)


def test_a_file_of_another_kind_or_that_is_there_is_refused(tmp_path):
    with pytest.raises(SlimzooError, match=r"\.png or an \.svg"):
        chart.draw(networks(1, 1), str(tmp_path / "c.gif"))
    (tmp_path / "c.png").write_text("mine")
    with pytest.raises(FileExistsError, match="exists already"):
        chart.draw(networks(1, 1), str(tmp_path / "c.png"))
    assert (tmp_path / "c.png").read_text() == "mine"


@pytest.mark.parametrize(
    "name, expected",
    [
        ("resnet_v1_50", "resnet_v1"),
        ("inception_resnet_v2", "inception_resnet_v2"),
        ("vgg_16", "vgg"),
        ("nasnet_large", "nasnet"),
    ],
)
def test_variants_share_a_family(name, expected):
    assert chart.family(name) == expected


def test_places_are_spread_no_more_than_they_must_be():
    assert chart.spread([0.1, 0.5, 0.9], 0.1) == [0.1, 0.5, 0.9]
    assert chart.spread([0.5, 0.5, 0.98, 0.99], 0.1) == pytest.approx([0.5, 0.6, 0.9, 1.0])
    crowded = chart.spread([0.5] * 30, 0.1)
    assert min(crowded) >= 0 and max(crowded) <= 1
    assert np.diff(crowded) == pytest.approx(np.full(29, 1 / 30))
