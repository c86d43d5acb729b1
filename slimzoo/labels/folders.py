"""Which of ImageNet's classes a folder of images is, by what the folder is called."""

import re
from collections.abc import Sequence
from functools import cache

from slimzoo.errors import some
from slimzoo.labels import imagenet, imagenet_wordnet_ids

_WORDNET_ID = re.compile(r"(n\d{8})(?:[ _.-].*)?", re.IGNORECASE)  # "n01440764", "n01440764-tench"
_CLASSES = 1000


def imagenet_classes(names: Sequence[str]) -> tuple[dict[str, int], list[str]]:
    """Returns {name: its class, 0 to 999}, and what is wrong with the names that are none.

    A name is a WordNet id, with words behind it or without; a label as a whole, or one of the names in it,
    however the letters, spaces and signs are written; or a number, where all are and 0 is among them, which
    says that they count from 0. Several names may mean one class.
    """
    digits = [name for name in names if name.isdecimal()]
    wrong_numbers = _wrong_numbers(digits, len(names))
    found: dict[str, int] = {}
    problems: list[str] = []
    for name in names:
        if name.isdecimal():
            found |= {} if wrong_numbers else {name: int(name)}
            continue
        classes = _classes_called(name)
        if len(classes) == 1:
            found[name] = classes[0]
        else:
            problems.append(_problem(name, classes))
    return found, [*wrong_numbers, *problems]


def _wrong_numbers(digits: list[str], names: int) -> list[str]:
    """Returns why these numbers tell no classes; several ways to count are in use."""
    if not digits:
        return []
    numbers = sorted(map(int, digits))
    if len(digits) == names and numbers[0] == 0 and numbers[-1] < _CLASSES:
        return []
    if len(digits) < names:
        why = "they stand beside names"
    elif numbers[-1] >= _CLASSES:
        why = f"the classes go from 0 to {_CLASSES - 1}"
    else:
        why = "without a 0 among them they may count from 0 or from 1"
    shown = some([str(number) for number in numbers])
    return [f"folders called by numbers ({shown}): {why}. Call them by WordNet ids, as n01440764"]


def _classes_called(name: str) -> list[int]:
    """Returns the classes that `name` may mean: none, one, or several that share it."""
    if match := _WORDNET_ID.fullmatch(name):
        return [i for i, known in enumerate(imagenet_wordnet_ids(0)) if known == match[1].lower()]
    return next((level[_plain(name)] for level in _levels() if _plain(name) in level), [])


@cache
def _levels() -> tuple[dict[str, list[int]], ...]:
    """Returns {name: classes} of labels as a whole, of what stands first in them, and of all that does.

    "harp" is a harp, though a harmonica is one too; "crane" is two classes in any case. A label of one word
    is no more than what stands first in it: another may begin with the same.
    """
    levels: tuple[dict[str, list[int]], ...] = ({}, {}, {})
    for number, label in enumerate(imagenet(0)):
        names = [_plain(name) for name in label.split(",")]
        for level, those in zip(levels, ([_plain(label)] * (len(names) > 1), names[:1], names), strict=True):
            for name in dict.fromkeys(those):
                level.setdefault(name, []).append(number)
    return levels


def _plain(name: str) -> str:
    return re.sub(r"[\W_]+", " ", name.casefold()).strip()


def _problem(name: str, classes: Sequence[int]) -> str:
    if not classes:
        return f"{name}: neither a WordNet id nor a name of ImageNet's 1000 classes"
    ids, labels = imagenet_wordnet_ids(0), imagenet(0)
    those = " or ".join(f"{ids[i]} ({labels[i]})" for i in classes)
    return f"{name}: several classes are called so; name the folder {those}"
