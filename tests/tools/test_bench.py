"""tools/bench.py: its statistics, its choice of rows, its table. What it measures is not tested here."""

import json
import random
import statistics

import pytest

from tools import bench
from tools.benchmarks.pairs import difference, measure_pairs, speed_ratio, time_ratio
from tools.benchmarks.rows import ROWS, select
from tools.benchmarks.statistics import Target, bound_rank, judge, median_bound
from tools.benchmarks.twins import TWINS


@pytest.mark.parametrize(("count", "rank"), [(4, None), (5, 1), (10, 2), (20, 6), (30, 11)])
def test_the_rank_of_the_bound_is_that_of_the_sign_test(count, rank):
    assert bound_rank(count) == rank  # tables of the one-sided binomial at 5 %


def test_the_bound_lies_on_the_side_asked_for():
    values = [3.0, 1.0, 2.0, 5.0, 4.0]
    assert median_bound(values, upper=True) == 5.0
    assert median_bound(values, upper=False) == 1.0
    assert median_bound(values[:4], upper=True) is None


def test_the_bound_holds_in_95_of_100_experiments_at_least():
    rng = random.Random(0)
    draws = [[rng.expovariate(1.0) for _ in range(30)] for _ in range(2000)]
    held = statistics.mean(
        median_bound(draw, upper=True) >= 0.6931 for draw in draws
    )  # median of the law: ln 2
    assert held >= 0.94  # 0.951 is exact; 2000 draws scatter by 0.005


def test_a_row_passes_by_its_bound_and_fails_by_its_median():
    most, least = Target("at most", 1.0), Target("at least", 1.0)
    spread = [0.8, 0.9, 0.95, 0.97, 1.2]
    assert judge([0.5] * 5, most).word == "pass" and judge([1.5] * 5, least).word == "pass"
    assert judge(spread, most).word == "open" and judge(spread, most).bound == 1.2
    assert judge(spread, least).word == "FAIL" and judge(spread, least).bound == 0.8
    assert judge([0.5] * 4, most).word == "open"  # too few for a bound
    assert judge(spread, Target()).word == "shown"


def test_ratios_go_in_the_direction_of_their_name():
    assert time_ratio(1.0, 2.0) == 0.5
    assert speed_ratio(1.0, 2.0) == 2.0
    assert difference(3.0, 2.0) == 1.0


def test_pairs_are_measured_in_turn_and_begin_with_either_side():
    order = []

    def side(name):
        return lambda: order.append(name) or float(len(order))

    sample = measure_pairs(side("ours"), side("theirs"), pairs=2)
    assert order == ["ours", "theirs", "theirs", "ours"]
    assert sample.ours == [1.0, 4.0] and sample.theirs == [2.0, 3.0]


def test_rows_are_selected_by_key_by_beginning_and_by_pattern():
    assert [row.key for row in select(["load"])] == [f"load/{network}" for network in TWINS]
    assert [row.key for row in select(["step/vgg_16", "import"])] == ["import", "step/vgg_16"]
    assert len(select(["forward/*/predict/1"])) == len(TWINS)
    assert len(select([])) == len(ROWS)


def test_an_unknown_row_is_refused_with_the_rows_there_are(capsys):
    assert bench.main(["speed"]) == 2
    assert "no row is called 'speed'; there are import, load/vgg_16" in capsys.readouterr().err


def test_the_table_and_the_json_say_the_same():
    row = ROWS["load/vgg_16"]
    summary = bench.summarise(row, [1.0, 1.1, 1.2, 1.3, 1.4], [4.0] * 5, ["logits equal bit for bit"])
    failed = {"key": "import", "title": "import", "target": "at most 0.3", "word": "error"}
    report = json.loads(json.dumps({"machine": "2 cores", "pairs": 5, "rows": [summary, failed]}))
    table = bench.render(report)
    assert "| 0.300 | 0.350 | at most 0.4 | pass | 1.20 s | 4.00 s | logits equal bit for bit |" in table
    assert "2 cores; 5 interleaved pairs a row" in table
    assert "| import | | | at most 0.3 | error |" in table
