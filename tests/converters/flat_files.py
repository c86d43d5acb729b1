"""FlatBuffers out of plain values; one value may stand in many places, as in a file made to cost."""

import struct


def flat(root, identifier=b"TFL3"):
    """Returns the buffer whose root is the table `root`.

    A table is a dict {number of the field: value}, a vector of tables a list, a text bytes, a vector of
    numbers ("f", [1.0]), and a number in a table ("i", 3).
    """
    out, places = bytearray(4) + identifier, {}
    pointers = [(0, root)]
    for value in reversed(_ends_first(root)):  # what points stands before what it points to
        out += bytes(-len(out) % 8)
        places[id(value)] = _write(out, value, pointers)
    for at, value in pointers:
        struct.pack_into("<I", out, at, places[id(value)] - at)
    return bytes(out)


def _ends_first(root):
    """The values in `root`, each once, and after those that are inside it."""
    order, seen, waiting = [], set(), [(root, False)]
    while waiting:
        value, done = waiting.pop()
        if done:
            order.append(value)
        elif id(value) not in seen:
            seen.add(id(value))
            waiting.append((value, True))
            inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
            waiting += [(part, False) for part in inner if not _is_number(part)]
    return order


def _is_number(value):
    return isinstance(value, tuple) and not isinstance(value[1], list)


def _write(out, value, pointers):
    if isinstance(value, dict):
        return _write_table(out, value, pointers)
    at = len(out)
    if isinstance(value, list):
        pointers += [(at + 4 + 4 * i, part) for i, part in enumerate(value)]
        out += struct.pack("<I", len(value)) + bytes(4 * len(value))
    elif isinstance(value, bytes):
        out += struct.pack("<I", len(value)) + value + b"\0"
    else:
        kind, numbers = value
        out += struct.pack(f"<I{len(numbers)}{kind}", len(numbers), *numbers)
    return at


def _write_table(out, fields, pointers):
    count = max(fields, default=-1) + 1
    slots = [4 + 8 * i if i in fields else 0 for i in range(count)]
    layout = struct.pack(f"<HH{count}H", 4 + 2 * count, 4 + 8 * count, *slots)
    out += layout + bytes(-len(layout) % 8)
    at, length = len(out), len(layout) + -len(layout) % 8
    out += struct.pack("<i", length) + bytes(8 * count)
    for number, value in fields.items():
        if _is_number(value):
            struct.pack_into(f"<{value[0]}", out, at + slots[number], value[1])
        else:
            pointers.append((at + slots[number], value))
    return at
