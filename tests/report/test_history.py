"""Reading history rows as a csv reader or a training loop gives them."""

import math

from slimzoo.report.history import best_step, last_step, number, rank, series

ROWS = [
    {"step": "10", "kind": "train", "loss": "0.9", "map": ""},
    {"step": "10", "kind": "eval", "loss": "1.0", "map": "0.2"},
    {"step": "20", "kind": "train", "loss": "nan", "map": ""},
    {"step": "20", "kind": "eval", "loss": "0.8", "map": "0.5"},
    {"step": "30", "kind": "eval", "loss": "inf", "map": "0.5"},
]


def test_text_and_empty_cells_are_read_as_numbers_and_nothing():
    assert series(ROWS, "map", "eval")[:2] == ([10, 20, 30], [0.2, 0.5, 0.5])
    assert series(ROWS, "map", "train") == ([], [], [])
    assert math.isnan(number("")) and math.isnan(number(None)) and number("1e-3") == 0.001


def test_values_that_are_not_finite_are_told_apart_from_those_not_written():
    assert series(ROWS, "loss", "train") == ([10], [0.9], [20])
    assert series(ROWS, "loss", "eval") == ([10, 20], [1.0, 0.8], [30])


def test_the_best_step_is_the_first_of_equal_ones():
    assert best_step(ROWS) == 20
    assert best_step([]) is None and last_step([]) is None
    assert last_step(ROWS) == 30


def test_equal_maps_are_told_apart_by_accuracy_or_the_other_map_then_by_loss():
    def rows(column, values, losses):
        made = zip(values, losses, strict=True)
        return [
            {"step": i, "kind": "eval", "map": 1.0, column: v, "loss": loss}
            for i, (v, loss) in enumerate(made)
        ]

    for column in ("accuracy", "map_11point"):
        assert best_step(rows(column, (0.5, 0.75, 0.75, 0.75), (0.1, 0.9, 0.4, 0.4))) == 2
    assert best_step(rows("accuracy", ("", "", ""), ("nan", 0.5, 0.6))) == 1
    assert rank(0.5, math.nan, 0.4, 2.0) == [0.5, 0.4, -2.0] > rank(math.nan, 1.0, 1.0, 0.0)


def test_a_resumed_run_shows_the_later_of_two_rows_with_one_step_in_order():
    rows = [
        {"step": s, "kind": "train", "loss": loss} for s, loss in ((1, 5.0), (3, 4.0), (2, 3.0), (3, 2.0))
    ]
    assert series(rows, "loss", "train")[:2] == ([1, 2, 3], [5.0, 3.0, 2.0])


def test_without_a_kind_rows_with_a_map_are_evaluations():
    rows = [{"step": 1, "loss": 1.0}, {"step": 2, "loss": 0.5, "map": 0.3}]
    assert series(rows, "loss", "train").steps == [1]
    assert series(rows, "loss", "eval").steps == [2]
