"""Files as torch.save writes them, made without PyTorch: its pickles operation by operation."""

import struct
import zipfile
from pathlib import Path

import numpy as np

KINDS = {
    "float32": "Float",
    "float64": "Double",
    "float16": "Half",
    "int64": "Long",
    "int32": "Int",
    "int16": "Short",
    "int8": "Char",
    "uint8": "Byte",
    "bool": "Bool",
}
MAGIC = 0x1950A86A20F9469CFC6C


class Raw(bytes):
    """Operations of a pickle that leave one value."""


def name(text):
    """A global."""
    module, _, attribute = text.rpartition(".")
    return Raw(f"c{module}\n{attribute}\n".encode())


def call(function, *arguments):
    return Raw(name(function) + encode(arguments) + b"R")


def encode(value):
    """The operations that leave `value`, a plain one or Raw."""
    if isinstance(value, Raw):
        return value
    if isinstance(value, dict):
        return b"}(" + b"".join(encode(part) for item in value.items() for part in item) + b"u"
    if isinstance(value, list | tuple):
        parts = b"".join(map(encode, value))
        return b"(" + parts + b"t" if isinstance(value, tuple) else b"](" + parts + b"e"
    if isinstance(value, str):
        return b"X" + struct.pack("<I", len(value.encode())) + value.encode()
    if value is None or isinstance(value, bool):
        return {None: b"N", True: b"\x88", False: b"\x89"}[value]
    if isinstance(value, float):
        return b"G" + struct.pack(">d", value)
    raw = value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)
    return b"\x8a" + bytes([len(raw)]) + raw


def pickled(value):
    return b"\x80\x02" + encode(value) + b"."


def storage(key, kind, size, *view):
    return Raw(encode(("storage", name(f"torch.{kind}Storage"), key, "cpu", size, *view)) + b"Q")


def tensor(held, shape, strides=None, offset=0, function="_rebuild_tensor_v2"):
    """A tensor of the storage `held`; strides None: in C order."""
    strides = tuple(int(np.prod(shape[i + 1 :])) for i in range(len(shape))) if strides is None else strides
    more = (False, call("collections.OrderedDict")) if function.endswith("v2") else ()
    return call(f"torch._utils.{function}", held, offset, tuple(shape), strides, *more)


class Contents:
    """What a file holds: the storages that tensors were put into, in order."""

    def __init__(self):
        self.storages = {}

    def add(self, array, kind=None):
        """Returns the tensor of `array`, which gets a storage of its own."""
        array = np.asarray(array)
        return tensor(self.hold(array.reshape(-1), kind), array.shape)

    def hold(self, values, kind=None):
        key = str(len(self.storages))
        self.storages[key] = np.asarray(values)
        return storage(key, kind or KINDS[values.dtype.name], values.size)


def write_zip(path, pickle, storages, folder="archive", compression=zipfile.ZIP_STORED):
    """Writes the form that torch.save has written since 1.6."""
    with zipfile.ZipFile(path, "w", compression) as out:
        out.writestr(f"{folder}/data.pkl", pickle)
        out.writestr(f"{folder}/byteorder", b"little")
        for key, values in storages.items():
            out.writestr(f"{folder}/data/{key}", values.tobytes())
        out.writestr(f"{folder}/version", b"3\n")
    return Path(path)


def write_legacy(path, pickle, storages):
    """Writes the form of PyTorch before 1.6: five pickles, then the storages."""
    system = {"protocol_version": 1001, "little_endian": True}
    out = pickled(MAGIC) + pickled(1001) + pickled(system) + pickle + pickled(list(storages))
    for values in storages.values():
        out += struct.pack("<q", values.size) + values.tobytes()
    Path(path).write_bytes(out)
    return Path(path)


FORMS = {"zip": write_zip, "legacy": write_legacy}
