"""One annotation file of Pascal VOC's kind."""

import os
import re
from dataclasses import dataclass
from xml.etree import ElementTree

from slimzoo.data.headers import foreign
from slimzoo.data.text import same
from slimzoo.errors import shown
from slimzoo.files.reading import read_whole

_DIFFICULT = {"0": False, "1": True, "false": False, "true": True}
_LARGEST = 1 << 24  # bytes of one file: 100,000 objects and their boxes


@dataclass(frozen=True)
class Annotation:
    """What an annotation says: (class name, difficult) of each object, and how it calls its image."""

    objects: tuple[tuple[str, bool], ...] = ()
    filename: str = ""

    @property
    def names(self) -> set[str]:
        """The classes of all its objects."""
        return {name for name, _ in self.objects}

    @property
    def shown(self) -> set[str]:
        """The classes with an object that is not difficult."""
        return {name for name, difficult in self.objects if not difficult}


def read_annotation(path: str | os.PathLike) -> Annotation:
    """Returns what an annotation file says.

    A document type is refused, and with it entities: VOC has none, and they are how XML attacks its reader.

    Raises: ValueError: the file is no annotation; the message does not name the file.
    """
    content = read_whole(path, _LARGEST)
    try:
        root = ElementTree.fromstring(content, ElementTree.XMLParser(target=_PlainTree()))
    except ElementTree.ParseError as error:
        raise ValueError(f"broken XML ({error}){foreign(path)}") from error
    except (LookupError, ValueError) as error:  # an encoding that is unknown, or of several bytes a letter
        raise ValueError(f"broken XML ({error}); save it as UTF-8") from error
    if root.tag != "annotation":
        raise ValueError(f"the outermost element is <{shown(root.tag)}>, not <annotation>")
    filename = re.split(r"[\\/]", (root.findtext("filename") or "").strip())[-1]
    return Annotation(tuple(_read_object(element) for element in root.findall("object")), same(filename))


class _PlainTree(ElementTree.TreeBuilder):
    def doctype(self, name: str, pubid: str | None, system: str | None) -> None:
        raise ElementTree.ParseError(
            f"it declares a document type {shown(name)!r}, which VOC annotations never do"
        )


def _read_object(element: ElementTree.Element) -> tuple[str, bool]:
    name = same((element.findtext("name") or "").strip())
    if not name:
        raise ValueError("an <object> has no <name>")
    difficult = (element.findtext("difficult") or "0").strip()
    if difficult.lower() not in _DIFFICULT:
        raise ValueError(f"<difficult> of a {shown(name)} is {shown(difficult)!r}, not 0 or 1")
    return name, _DIFFICULT[difficult.lower()]
