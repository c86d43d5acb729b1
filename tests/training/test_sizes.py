"""Sides of images that fit a network's strides."""

from slimzoo.registry import get_row
from slimzoo.training.sizes import grid_of, on_grid, problem_of_size


def test_deeplab_takes_multiples_of_its_stride_and_one_more_and_fcn_multiples():
    deeplab, fcn = get_row("deeplab_v3_mobilenet_v2"), get_row("fcn_8s")
    assert grid_of(deeplab, {}) == (16, 1) and grid_of(deeplab, {"output_stride": 8}) == (8, 1)
    assert grid_of(fcn, {}) == (32, 0) and grid_of(get_row("fcn_32s"), {}) == (1, 0)
    assert [on_grid(size, (16, 1)) for size in (1, 17, 128, 129, 513)] == [17, 17, 129, 129, 513]
    assert on_grid(50, (32, 0)) == 64 and on_grid(7, (1, 0)) == 7


def test_a_size_that_does_not_fit_is_answered_with_those_around_it():
    assert problem_of_size("net", 129, (16, 1)) == ""
    assert "a multiple of 16 and 1, as 145 or 161" in problem_of_size("net", 150, (16, 1))
    assert "a multiple of 32, as 64 or 96" in problem_of_size("net", 90, (32, 0))
    assert problem_of_size("net", 3, (16, 1)).endswith("as 17")
