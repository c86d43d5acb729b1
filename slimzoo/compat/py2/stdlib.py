"""What stands for functions of Python 2's library where a name of today's does not do the same."""

import base64
import binascii
import configparser
import csv
import functools
import hashlib
import io
import json
import math
import os
import pickle
import struct
import subprocess
import zlib
from collections.abc import Iterator
from typing import Any

from slimzoo.compat.py2.data import Data

STRING_TYPES = (str, bytes)
SUBVERSION = ("CPython", "", "")
HIGHEST_PROTOCOL = 2


def nothing(*args: Any, **kwargs: Any) -> None:
    """Does nothing: what it set is not there any more."""


class Config(configparser.ConfigParser):
    """Python 2's ConfigParser: any value may be set, and readfp is there."""

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, strict=False, **kwargs)

    def readfp(self, fp: Any, filename: str | None = None) -> None:
        """Reads an open file."""
        self.read_file(fp, filename)

    def set(self, section: str, option: str, value: Any = None) -> None:
        """Sets an option; a value that is no text becomes one."""
        super().set(section, option, value if value is None else str(value))


class _Buffer(io.StringIO):
    """Text in memory that takes bytes as well, and grows at its end as a file does."""

    def __init__(self, value: Any = ""):
        super().__init__(_text(value), newline="\n")

    def write(self, value: Any) -> int:
        """Writes text or bytes."""
        return super().write(_text(value))


class _Image(io.BytesIO):
    """Bytes in memory."""


def StringIO(value: Any = "") -> Any:
    """Returns a file in memory: of bytes where it is given bytes, else of text."""
    return _Image(value) if isinstance(value, bytes | bytearray) else _Buffer(value)


def _text(value: Any) -> Any:
    return value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else value


def popen2(*args: Any) -> Any:
    """Says what to use."""
    raise OSError(f"os.popen2{args} is gone; use {subprocess.__name__}.Popen")


def _binary(file: Any) -> Any:
    """Returns the bytes under a file that was opened for text, as Python 2's were."""
    return getattr(file, "buffer", file)


def pickle_load(file: Any, **options: Any) -> Any:
    """Returns what is pickled in `file`; Python 2's texts are read as Latin-1, which every byte is."""
    return pickle.load(_binary(file), encoding=options.pop("encoding", "latin1"), **options)


def pickle_loads(data: Any, **options: Any) -> Any:
    """Returns what is pickled in `data`."""
    data = data.encode("latin-1") if isinstance(data, str) else data
    return pickle.loads(data, encoding=options.pop("encoding", "latin1"), **options)


def pickle_dump(value: Any, file: Any, protocol: int | None = 0) -> None:
    """Pickles as Python 2 does, so that it can read it."""
    target = _binary(file)
    if target is not file:
        file.flush()
    data = pickle_dumps(value, protocol)
    target.write(data.decode("latin-1") if isinstance(target, io.StringIO) else data)


def pickle_dumps(value: Any, protocol: int | None = 0) -> bytes:
    """Returns `value` pickled as Python 2 does."""
    wanted = 0 if protocol is None else protocol
    return pickle.dumps(value, HIGHEST_PROTOCOL if wanted < 0 or wanted > HIGHEST_PROTOCOL else wanted)


def _lines(file: Any) -> Iterator[str]:
    return (_text(line) for line in file)


class _Rows:
    """Where csv writes to: files for text and for bytes."""

    def __init__(self, file: Any):
        self._file = file

    def write(self, line: str) -> Any:
        """Writes a line; a file for bytes that is not ours gets bytes."""
        try:
            return self._file.write(line)
        except TypeError:
            return self._file.write(line.encode("utf-8"))


def csv_reader(file: Any, *args: Any, **kwargs: Any) -> Any:
    """csv.reader of a file for text or for bytes."""
    return csv.reader(_lines(file), *args, **kwargs)


def csv_writer(file: Any, *args: Any, **kwargs: Any) -> Any:
    """csv.writer to a file for text or for bytes."""
    return csv.writer(_Rows(file), *args, **kwargs)


def csv_DictReader(file: Any, *args: Any, **kwargs: Any) -> Any:
    """csv.DictReader of a file for text or for bytes."""
    return csv.DictReader(_lines(file), *args, **kwargs)


def csv_DictWriter(file: Any, *args: Any, **kwargs: Any) -> Any:
    """csv.DictWriter to a file for text or for bytes."""
    return csv.DictWriter(_Rows(file), *args, **kwargs)


def math_floor(x: Any) -> float:
    """math.floor, a float."""
    return float(math.floor(x)) if math.isfinite(x) else float(x)


def math_ceil(x: Any) -> float:
    """math.ceil, a float."""
    return float(math.ceil(x)) if math.isfinite(x) else float(x)


def walk(top: str, func: Any, arg: Any) -> None:
    """os.path.walk: calls func(arg, folder, names) for `top` and all folders below."""
    names = os.listdir(top)
    func(arg, top, names)
    for name in names:
        below = os.path.join(top, name)
        if os.path.isdir(below) and not os.path.islink(below):
            walk(below, func, arg)


def _method(name: str) -> Any:
    return lambda value, *args: getattr(value, name)(*args)


for _name in (
    *("capitalize", "center", "count", "expandtabs", "find", "index", "ljust", "lower", "lstrip", "replace"),
    *("rfind", "rindex", "rjust", "rstrip", "split", "strip", "swapcase", "upper", "zfill"),
):
    globals()[f"string_{_name}"] = _method(_name)
string_splitfields = _method("split")


def string_join(words: Any, sep: str = " ") -> str:
    """Returns the words with `sep` between them."""
    return sep.join(words)


string_joinfields = string_join


def string_atoi(value: str, base: int = 10) -> int:
    """Returns the whole number that `value` is."""
    return int(value, base)


string_atol = string_atoi
string_atof = float


def string_maketrans(then: Any, now: Any) -> Any:
    """Returns a table for translate()."""
    return str.maketrans(_text(then), _text(now))


def string_translate(value: str, table: Any, deleted: str = "") -> str:
    """Returns `value` by the table, without the characters `deleted`."""
    return "".join(character for character in value if character not in deleted).translate(table)


def _bytes(value: Any) -> Any:
    return value.encode("latin-1") if isinstance(value, str) else value


def _of_bytes(function: Any, text_back: bool) -> Any:
    """Returns `function` of bytes as one of texts too; `text_back`: its result is text then."""

    def call(*args: Any, **kwargs: Any) -> Any:
        found = function(*map(_bytes, args), **kwargs)
        return Data(found) if text_back and isinstance(found, bytes) else found

    return call


for _name in (
    *("b64encode", "b64decode", "urlsafe_b64encode", "urlsafe_b64decode", "standard_b64encode"),
    *("standard_b64decode", "b32encode", "b32decode", "b16encode", "b16decode"),
):
    globals()[f"base64_{_name}"] = _of_bytes(getattr(base64, _name), True)
base64_encodestring = _of_bytes(base64.encodebytes, True)
base64_decodestring = _of_bytes(base64.decodebytes, True)
for _name in ("adler32", "compress", "crc32", "decompress"):
    globals()[f"zlib_{_name}"] = _of_bytes(getattr(zlib, _name), True)
for _name in ("hexlify", "unhexlify", "crc32"):
    globals()[f"binascii_{_name}"] = _of_bytes(getattr(binascii, _name), True)


class _Hash:
    """A hash that is fed with texts too."""

    def __init__(self, name: str, data: Any = b""):
        self._hash = hashlib.new(name, _bytes(data))

    def update(self, data: Any) -> None:
        """Feeds it."""
        self._hash.update(_bytes(data))

    def digest(self) -> Data:
        """Returns the hash as bytes."""
        return Data(self._hash.digest())

    def __getattr__(self, name: str) -> Any:
        return getattr(self._hash, name)


for _name in ("md5", "sha1", "sha224", "sha256", "sha384", "sha512"):
    globals()[f"hash_{_name}"] = functools.partial(_Hash, _name)


def struct_pack(form: Any, *values: Any) -> Data:
    """struct.pack, of texts too."""
    return Data(struct.pack(form, *map(_bytes, values)))


def struct_unpack(form: Any, data: Any) -> tuple[Any, ...]:
    """struct.unpack, of a text too; the texts in it are as those of a file."""
    return tuple(Data(v) if isinstance(v, bytes) else v for v in struct.unpack(form, _bytes(data)))


def _without_encoding(function: Any) -> Any:
    return lambda *args, encoding=None, **kwargs: function(*args, **kwargs)


json_dump, json_dumps = _without_encoding(json.dump), _without_encoding(json.dumps)
json_load, json_loads = _without_encoding(json.load), _without_encoding(json.loads)
_AS_TEXT = {"encoding": "utf-8", "errors": "surrogateescape"}


class Popen(subprocess.Popen):
    """A process whose pipes are text."""

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **{**_AS_TEXT, **kwargs})


def check_output(*args: Any, **kwargs: Any) -> Any:
    """subprocess.check_output, as text."""
    return subprocess.check_output(*args, **{**_AS_TEXT, **kwargs})
