"""The chart of compared networks: every name is in it, and hides nothing."""

import itertools
from dataclasses import replace

import matplotlib
import numpy as np
import pytest
from PIL import Image

from slimzoo.catalogue import chart
from slimzoo.catalogue.comparison import Compared
from slimzoo.catalogue.entries import Entry, entries
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


WIDTHS = [  # two networks of several widths, whose lines cross
    Compared(replace(ENTRY, name=name, multiply_adds=work, top1=top1), 1e10 / work)
    for name, work, top1 in (
        ("a_v1_025", 10**8, 50.0),
        ("a_v1_050", 3 * 10**8, 60.0),
        ("a_v1", 10**9, 70.0),
        ("b_v1_050", 10**8, 55.0),
        ("b_v1_130", 10**9, 65.0),
        ("c_v1_101", 10**8, 52.0),
        ("c_v1_152", 10**9, 75.0),
    )
]
PANELS = [chart.MULTIPLY_ADDS, chart.SPEED]


@pytest.fixture(scope="module", params=[PANELS, PANELS[:1], PANELS[1:]], ids=["both", "work", "speed"])
def zoo(request):
    """Every network there is, drawn against work, a speed that follows from it, or both."""
    rows = [Compared(entry, 3e11 / (entry.multiply_adds + 2e8)) for entry in entries()]
    with matplotlib.rc_context(chart.SETTINGS):
        return rows, chart.figure_of(rows, request.param)


def names(axes):
    """The boxes of the names in a panel, pixels, a little shrunk: what only touches hides nothing."""
    found = {text.get_text(): text.get_window_extent().extents for text in axes.texts}
    return {name: box + np.array((1, 1, -1, -1)) for name, box in found.items()}


def joined(axes):
    """The corners of each line of accuracies, pixels."""
    lines = [line for line in axes.lines if len(line.get_xdata()) > 1 and line.get_zorder() == 3]
    return [axes.transData.transform(line.get_xydata()) for line in lines]


def said(figure):
    return " ".join(" ".join(text.get_text().split()) for text in figure.texts)


@pytest.mark.parametrize("published, speed", [(9, None), (4, None), (5, 100.0)])
def test_a_network_with_an_accuracy_is_named_in_each_panel_the_others_in_the_note(published, speed):
    figure = chart.figure_of(networks(9, published, speed), PANELS[: 2 if speed else 1])
    scored = {f"family{i}_v1_{i}" for i in range(published)}
    assert [set(names(axes)) for axes in figure.axes] == [scored] * len(figure.axes)
    note = said(figure)
    assert all((f"family{i}_v1_{i}" in note) == (i >= published) for i in range(9))
    assert ("no accuracy is published" in note) == (published < 9)
    assert figure.get_suptitle().startswith(
        f"Published accuracy of {published} networks against multiply-adds"
    )


def test_only_the_widths_of_one_network_are_joined():
    figure = chart.figure_of(WIDTHS, PANELS)
    for axes in figure.axes:
        assert sorted(map(len, joined(axes))) == [2, 3]  # b_v1 and a_v1; c_v1's numbers are of layers
    assert "A line joins the width multipliers of one network." in said(figure)
    assert "line" not in said(chart.figure_of(WIDTHS[2:4], PANELS))
    assert [
        chart.width_family(name) for name in ("a_v1_025", "a_140", "r_101", "r_200", "vgg_16", "x_300")
    ] == [*("a_v1", "a", "r_101", "r_200", "vgg_16", "x_300")]


def test_in_the_whole_zoo_no_name_hides_a_name_a_point_or_a_line(zoo):
    rows, figure = zoo
    for axes in figure.axes:
        boxes = names(axes)
        assert len(boxes) == sum(row.entry.top1 is not None for row in rows) > 25
        shared = [
            (a, b)
            for (a, one), (b, other) in itertools.combinations(boxes.items(), 2)
            if (np.minimum(one[2:], other[2:]) > np.maximum(one[:2], other[:2])).all()
        ]
        drawn = [line for line in axes.lines if line.get_zorder() == 3]  # without what leads to a name
        points = np.concatenate([axes.transData.transform(line.get_xydata()) for line in drawn])
        dots = np.concatenate([points, *map(along, joined(axes))])
        hidden = [n for n, box in boxes.items() if ((dots > box[:2]) & (dots < box[2:])).all(1).any()]
        frame = axes.get_window_extent().extents
        outside = [
            n for n, box in boxes.items() if (box[:2] < frame[:2]).any() or (box[2:] > frame[2:]).any()
        ]
        assert (shared, hidden, outside) == ([], [], [])
        leads = [axes.transData.transform(line.get_xydata()) for line in axes.lines if line not in drawn]
        touched = [[n for n, box in boxes.items() if crosses(lead, box)] for lead in leads]
        assert leads and all(len(names) <= 1 for names in touched)  # its own name, at its edge


def crosses(line, box):
    places = along(line)
    return ((places > box[:2]) & (places < box[2:])).all(1).any()


def along(corners):
    """Places on a line, less than a pixel apart."""
    return np.concatenate([np.linspace(a, b, 2000) for a, b in itertools.pairwise(corners)])


def test_without_any_accuracy_there_is_nothing_to_draw(tmp_path):
    with pytest.raises(SlimzooError, match=r"no accuracy is published for family0_v1_0, .*Leave --out away"):
        chart.draw(networks(9, 0), str(tmp_path / "c.svg"))
    assert not list(tmp_path.iterdir())


def test_a_png_shows_something_and_is_the_same_each_time(tmp_path):
    held = []
    for i in range(3):
        for suffix in ("png", "svg"):
            held.append([object() for _ in range(1000 * i)])  # the layout's solver sees other addresses
            chart.draw(networks(3, 2), str(tmp_path / f"{i}.{suffix}"))
    assert np.asarray(Image.open(tmp_path / "0.png")).std() > 5
    for suffix in ("png", "svg"):
        assert len({path.read_bytes() for path in tmp_path.glob(f"*.{suffix}")}) == 1


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
