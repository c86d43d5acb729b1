"""The folding CRC against the definition, bit by bit."""

import numpy as np
import pytest

from slimzoo.files.crc32c import FOLDS, Crc32c, crc32c

LEVEL_1 = FOLDS[0][1] * 8  # bytes from which the first folding sets in
LEVEL_2 = FOLDS[1][1]


def by_definition(data):
    register = 0xFFFFFFFF
    for byte in data:
        register ^= byte
        for _ in range(8):
            register = (register >> 1) ^ (0x82F63B78 if register & 1 else 0)
    return register ^ 0xFFFFFFFF


def test_the_check_value_of_the_standard():
    assert crc32c(b"123456789") == 0xE3069283


@pytest.mark.parametrize(
    "size", [0, 1, 3, 4, 7, LEVEL_2, LEVEL_2 + 1, LEVEL_1 - 5, LEVEL_1, LEVEL_1 + 3, 270_001]
)
def test_every_way_of_shortening_leaves_the_remainder(size):
    data = np.random.RandomState(size).bytes(size)
    assert crc32c(data) == by_definition(data)


@pytest.mark.parametrize("cuts", [(0, 0), (1, 2), (3, 50_000), (100_000, 100_001), (262_144, 299_999)])
def test_parts_give_what_the_whole_gives(cuts):
    data = np.random.RandomState(1).bytes(300_000)
    crc = Crc32c()
    for start, stop in zip((0, *cuts), (*cuts, None), strict=True):
        crc.update(data[start:stop])
    assert crc.value == crc32c(data)


def test_one_bit_changes_it():
    data = np.zeros(500_000, np.uint8)
    before = crc32c(data)
    data[123_456] = 4
    assert crc32c(data) != before
