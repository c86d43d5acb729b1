"""The modules of a program that one can tell from its text: those it imports, from its folder."""

import ast
import os
from collections.abc import Iterator
from pathlib import Path

from slimzoo.compat.py2.translation import Translation, translate


def translations(script: str) -> Iterator[Translation]:
    """Yields the translation of `script`, and of each module that it or they import from its folder."""
    top = Path(os.path.abspath(script)).parent
    waiting, seen = [Path(os.path.abspath(script))], set[Path]()
    while waiting:
        file = waiting.pop(0)
        if file in seen:
            continue
        seen.add(file)
        made = translate(file.read_bytes(), str(file))
        yield made
        waiting += _imported(ast.parse(made.after), file.parent, top)


def _imported(tree: ast.AST, folder: Path, top: Path) -> Iterator[Path]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield from _files(alias.name, (folder, top))
        elif isinstance(node, ast.ImportFrom):
            above = folder.joinpath(*[".."] * (node.level - 1)).resolve()
            places = (above,) if node.level else (folder, top)
            names = [f"{node.module}.{alias.name}" if node.module else alias.name for alias in node.names]
            for name in names:
                yield from _files(name, places)


def _files(name: str, folders: tuple[Path, ...]) -> Iterator[Path]:
    """Yields the file of a module, and those of the packages it is in."""
    parts = name.split(".")
    for folder in folders:
        found = []
        for depth in range(1, len(parts) + 1):
            place = folder.joinpath(*parts[:depth])
            found += [file for file in (place / "__init__.py", place.with_suffix(".py")) if file.is_file()]
        if found:
            yield from found
            return
