"""What the pixels of masks stand for: class ids as they are, or the colours and shades that a file names."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from slimzoo.data.text import read_lines, same
from slimzoo.errors import SlimzooError, listing, shown, some
from slimzoo.files.reading import read_whole
from slimzoo.labels.dense import VOID, VOID_COLOUR

FILES = ("classes.json", "classes.txt", "labels.txt")  # in a folder of masks, the first of them that is there
IGNORED = ("void", "ignore", "ignored", "unlabeled", "unlabelled")  # names, of what counts for nothing
MOST = VOID  # classes: their ids are 0 to 254
Colour = tuple[int, int, int]
HOW = 'a classes.json beside the masks says so: {"road": [128, 64, 128], "sky": [70, 130, 180]}'


@dataclass(frozen=True)
class Coding:
    """How a pixel says its class.

    Attributes:
      shades: (shade or palette index, class id), for every one that is known; None: they are the ids.
      colours: ((red, green, blue), class id); None: none is known.
    """

    shades: tuple[tuple[int, int], ...] | None = None
    colours: tuple[tuple[Colour, int], ...] | None = None


AS_THEY_ARE = Coding()


@dataclass(frozen=True)
class Classes:
    """Names of classes, class 0 first, and how masks say them."""

    names: tuple[str, ...]
    coding: Coding = AS_THEY_ARE


def classes_of(given: str | Sequence[str] | Classes) -> Classes:
    """Returns the classes that `given` is, or names: in the order of the ids, or by a file of them.

    Raises: SlimzooError, FileNotFoundError: as read_classes() does, or names that stand twice.
    """
    if isinstance(given, Classes):
        return given
    if isinstance(given, str):
        return read_classes(Path(given))
    return _checked("the classes", Classes(tuple(map(same, given))))


def find_classes(*folders: Path) -> Classes | None:
    """Returns the classes that a file in the first of `folders` that has one names; None without."""
    paths = (folder / name for folder in folders for name in FILES)
    found = next((path for path in paths if path.is_file()), None)
    return None if found is None else read_classes(found)


def read_classes(path: Path) -> Classes:
    """Reads a file that names classes: one a line, class 0 first, or JSON.

    JSON is a list of names in the order of the ids, or {name: value}, the value being a shade or palette
    index (7), a colour ([128, 64, 128]), or a list of such. Ids follow the order there; pixels of a name of
    IGNORED count for nothing.

    Raises: FileNotFoundError: there is none. SlimzooError: it says something else; everything is listed.
    """
    if not path.is_file():
        raise FileNotFoundError(f"there is no file {path}; it names the classes, one a line, or is JSON")
    if path.suffix.lower() != ".json":
        return _checked(path, Classes(tuple(read_lines(path))))
    try:
        raw = json.loads(read_whole(path).decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise SlimzooError(f"{path} is no JSON: {error}") from error
    if isinstance(raw, list) and all(isinstance(name, str) for name in raw):
        return _checked(path, Classes(tuple(map(same, raw))))
    if not isinstance(raw, dict):
        raise SlimzooError(
            f"{path} names no classes: it is a list of names, or {{name: colour or shade}}, "
            'as {"sky": [70, 130, 180]}'
        )
    return _checked(path, _from_values(path, raw))


def _from_values(path: Path, raw: Mapping[str, Any]) -> Classes:
    names = [name for name in raw if name.lower() not in IGNORED]
    said: dict[int | Colour, int] = {}
    problems = []
    for name, value in raw.items():
        number = names.index(name) if name in names else VOID
        for one in _values(value):
            key = _key(one)
            if key is None:
                problems.append(
                    f"{shown(name)}: {shown(one)} is no shade of 0 to 255, and no colour of three such"
                )
            elif said.setdefault(key, number) != number:
                problems.append(f"{shown(name)}: {shown(one)} is that of another class too")
    if problems:
        raise SlimzooError(listing(f"{path} cannot be used:", problems))
    shades = {key: number for key, number in said.items() if isinstance(key, int)}
    colours = {key: number for key, number in said.items() if not isinstance(key, int)}
    return Classes(
        tuple(map(same, names)),
        Coding(
            tuple({VOID: VOID, **shades}.items()) if shades else None,
            tuple({VOID_COLOUR: VOID, **colours}.items()) if colours else None,
        ),
    )


def _values(value: Any) -> list[Any]:
    """Returns the shades and colours of a class: `value`, or those in it; of three numbers it is a colour."""
    if not isinstance(value, list):
        return [value]
    return value if len(value) != 3 or any(isinstance(item, list) for item in value) else [value]


def _key(value: Any) -> int | Colour | None:
    """Returns a shade as it is, a colour as a tuple; None for what is neither."""
    if isinstance(value, list) and len(value) == 3 and all(map(_is_byte, value)):
        return value[0], value[1], value[2]
    return value if _is_byte(value) else None


def _is_byte(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 255


def _checked(where: Any, classes: Classes) -> Classes:
    """Raises SlimzooError: names stand twice or are empty, or they are fewer than 2, or too many."""
    names, problems = classes.names, []
    twice = sorted({name for name in names if names.count(name) > 1})
    problems += [f"named more than once: {some(twice)}"] if twice else []
    problems += ["a name is empty"] if not all(names) else []
    if not 2 <= len(names) <= MOST:
        problems.append(f"{len(names)} classes; there are 2 to {MOST}, background included")
    if problems:
        raise SlimzooError(listing(f"{where} cannot be used:", problems))
    return classes
