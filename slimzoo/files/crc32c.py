"""CRC-32C (Castagnoli) in NumPy: the checksum inside TensorFlow's checkpoints, at gigabytes a second.

A CRC is a remainder of polynomials, so a long input may first be shortened by anything that leaves the
remainder. Each row of FOLDS says that y^a + y^b + y^c + 1 is a multiple of the CRC's polynomial, y being x^64
or x^8. So the word at position i may be added (XOR) to the words at i+a-b, i+a-c and i+a and dropped, which
NumPy does for thousands of words at a time. Of the few thousand bytes that are left each adds what a table
has for its value at its place.

Written here because zlib has another CRC, and a compiled package for one checksum is a dependency too many.
"""

import functools

import numpy as np

_POLYNOMIAL = 0x82F63B78  # bit-reversed
_MASK_DELTA = 0xA282EAD8
_CHUNK = 1 << 18  # bytes copied at a time: fits the second-level cache
_FEW = 256  # bytes that go through one after another
FOLDS = (  # word, a, b, c
    (np.dtype("<u8"), 5685, 1362, 426),
    (np.dtype("u1"), 5321, 3574, 2491),
)


def _byte_table() -> list[int]:
    table = []
    for value in range(256):
        for _ in range(8):
            value = (value >> 1) ^ (_POLYNOMIAL if value & 1 else 0)
        table.append(value)
    return table


_TABLE = _byte_table()


@functools.cache
def _tables() -> np.ndarray:
    """Returns what a byte leaves in the register that so many others follow, uint32 [FOLDS[1].a, 256]."""
    step = np.array(_TABLE, np.uint32)
    rows = [step]
    for _ in range(FOLDS[1][1] - 1):
        rows.append(step[rows[-1] & 0xFF] ^ (rows[-1] >> 8))
    return np.stack(rows)


_START = np.frombuffer(bytes.fromhex("54641f64"), np.uint8)  # takes a register of 0 to all ones


class Crc32c:
    """The CRC-32C of bytes that come one part after another."""

    def __init__(self) -> None:
        self._rest = _START  # bytes as good as all those so far

    def update(self, data: bytes | np.ndarray) -> None:
        """Adds `data`; an array must be C-contiguous."""
        part = (
            data.reshape(-1).view(np.uint8) if isinstance(data, np.ndarray) else np.frombuffer(data, np.uint8)
        )
        self._rest = _fold(self._rest, part, *FOLDS[0])

    @property
    def value(self) -> int:
        rest = _fold(self._rest[:0], self._rest, *FOLDS[1])
        if rest.size > _FEW:
            places = np.arange(rest.size - 1, -1, -1)
            return int(np.bitwise_xor.reduce(_tables()[places, rest])) ^ 0xFFFFFFFF
        register = 0
        for byte in rest.tobytes():
            register = _TABLE[(register ^ byte) & 0xFF] ^ (register >> 8)
        return register ^ 0xFFFFFFFF

    @property
    def masked(self) -> int:
        """The value in the rotated form that TensorFlow stores."""
        return (((self.value >> 15) | (self.value << 17)) + _MASK_DELTA) & 0xFFFFFFFF


def crc32c(data: bytes | np.ndarray) -> int:
    """Returns the CRC-32C of `data`."""
    crc = Crc32c()
    crc.update(data)
    return crc.value


def _fold(rest: np.ndarray, data: np.ndarray, word: np.dtype, a: int, b: int, c: int) -> np.ndarray:
    """Returns at most `a` words, as bytes, with the CRC of `rest` (no more than that either) and `data`."""
    if rest.size + data.size <= a * word.itemsize:
        return np.concatenate([rest, data])
    whole = min(_CHUNK, -(-data.size // 8) * 8)
    count = whole // word.itemsize
    work = np.zeros(a + count, word)  # [what is left | next chunk]; zeros in front change nothing
    memory = work.view(np.uint8)
    size = data.size % whole or whole  # the first chunk is the odd one, and stands at the right end
    memory[memory.size - size - rest.size : memory.size - size] = rest
    memory[memory.size - size :] = data[:size]
    while True:
        for start in range(0, count, a - b):
            stop = min(start + a - b, count)
            for shift in (a - b, a - c, a):
                work[start + shift : stop + shift] ^= work[start:stop]
        if size == data.size:
            return work[count:].view(np.uint8)
        work[:a] = work[count:]
        memory[memory.size - whole :] = data[size : size + whole]
        size += whole
