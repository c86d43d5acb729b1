"""Text as people's programs leave it: with a byte order mark, in UTF-16, in Windows' code page."""

import codecs
import contextlib
import unicodedata
from pathlib import Path

from slimzoo.data.headers import foreign_start
from slimzoo.data.signatures import MARKS
from slimzoo.errors import SlimzooError
from slimzoo.files.reading import read_whole

_MARKS = (  # UTF-32's begins with UTF-16's
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_NO_TEXT = (
    (b"\x1f\x8b", "; it is compressed (gzip): unpack it"),
    (b"PK\x03\x04", "; it is a zip file, as spreadsheets are: save what is in it as text, CSV or TSV"),
    (b"\xd0\xcf\x11\xe0", "; it is a document of an office program: save it as text, CSV or TSV"),
    (b"PAR1", "; it is Parquet: save it as CSV"),
    *((mark, "; it is an image") for mark in MARKS if len(mark) > 2),  # BM begins words, too
)
_BLANK = "".join(filter(str.isspace, map(chr, range(0x3001)))) + "\ufeff"  # marks: files were joined


def read_lines(path: Path) -> list[str]:
    """Returns the lines of a file that hold something, without the blanks around them.

    The encoding is that of its byte order mark, else UTF-8, else UTF-16 where every other byte is 0, else
    Windows' (1252: Latin-1 with dashes and quotes), else Latin-1, which reads everything.
    """
    return [line for line in all_lines(path) if line]


def all_lines(path: Path) -> list[str]:
    """Returns what read_lines() does, the empty ones too: of a file in which the number of a line counts.

    Raises: OSError. SlimzooError: it is no file, or too large to be such a list.
    """
    return [same(line.strip(_BLANK)) for line in all_text(path).splitlines()]


def all_text(path: Path) -> str:
    """Returns the text of a file as it stands there.

    Raises: OSError. SlimzooError: it is no text, no file, or too large to be a list.
    """
    try:
        content = read_whole(path)
    except ValueError as error:
        raise SlimzooError(f"{path} cannot be read: {error}") from error
    start = content[:64]
    other = next((said for mark, said in _NO_TEXT if start.startswith(mark)), "")
    if start and (other := other or foreign_start(start)):
        raise SlimzooError(f"{path} is no text{other}")
    return _decode(content)


def same(name: str) -> str:
    """Returns `name` with accents and letters in one (NFC), so that a Mac's names equal everybody's.

    Bytes of a file name that are no UTF-8 stand as \\udce9: whatever is kept of it can be written down.
    """
    return unicodedata.normalize("NFC", name).encode("utf-8", "backslashreplace").decode("utf-8")


def _decode(content: bytes) -> str:
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return content.decode(encoding, "replace")
    if b"\0" in content[:2]:
        return content.decode("utf-16-be" if content[0] == 0 else "utf-16-le", "replace")
    for encoding in ("utf-8", "cp1252"):
        with contextlib.suppress(UnicodeDecodeError):
            return content.decode(encoding)
    return content.decode("latin-1")
