"""Variables that TensorFlow stores in slices: they must be the whole, once."""

import pytest

from slimzoo.converters.budget import Budget
from slimzoo.converters.formats.tensor_proto import check_cover

FILE = 1_000_000  # bytes of the file that ten thousand slices are listed in
LEFT, RIGHT, TOP = ((0, None), (0, 2)), ((0, None), (2, 2)), ((0, 3), (0, None))


@pytest.mark.parametrize(
    "shape, slices",
    [
        ((), [()]),
        ((6, 4), [((0, None), (0, None))]),
        ((6, 4), [RIGHT, LEFT]),
        ((6, 4), [((3, 3), (0, 1)), TOP, ((3, 3), (1, 3))]),
        ((6, 4), [RIGHT, ((2, 0), (0, None)), LEFT]),  # one without elements
        ((0, 4), []),
    ],
)
def test_slices_that_are_the_whole_are_taken(shape, slices):
    check_cover("v", shape, slices, Budget(0))


@pytest.mark.parametrize(
    "slices, message",
    [
        ([LEFT], "12 elements"),
        ([LEFT, RIGHT, TOP], "36 elements"),
        ([LEFT, LEFT], "overlap"),
        ([TOP, LEFT], "overlap"),
        ([TOP, ((2, 3), (0, None))], "overlap"),
        ([LEFT, ((0, None), (3, 2))], "does not fit"),
    ],
)
def test_slices_that_leave_a_gap_overlap_or_lie_outside_are_refused(slices, message):
    with pytest.raises(ValueError, match=message):
        check_cover("v", (6, 4), slices, Budget(0))


def test_ten_thousand_slices_are_checked_at_once():
    count = 5000  # two combs whose teeth all cross, were they not beside each other
    first = [((i, 1), (0, count)) for i in range(count)]
    second = [((0, count), (count + i, 1)) for i in range(count)]
    whole = (count, 2 * count)
    check_cover("v", whole, [*first, *second], Budget(FILE))
    with pytest.raises(ValueError, match="overlap"):
        check_cover("v", whole, [*first, *second[1:], ((0, count), (0, 1))], Budget(FILE))
    with pytest.raises(ValueError, match="cut along 9 axes"):
        check_cover("v", (2,) * 9, [((0, 1),) * 9] * 512, Budget(FILE))
