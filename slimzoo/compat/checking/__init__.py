"""Reading old programs without running them: what of them would not work under `slimzoo run`."""

import ast
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from slimzoo.compat.checking import faults, sources
from slimzoo.compat.checking.faults import FAULT, WARNING, Finding
from slimzoo.compat.checking.program import Program
from slimzoo.errors import SlimzooError, listing, shown

__all__ = ["Finding", "Report", "check"]


@dataclass(frozen=True)
class Report:
    """What was read and what was found.

    files: the files that were read.
    findings: by file and line.
    served, not_served: the names with a row in the tables, TensorFlow's above all, that the program uses.
    """

    files: tuple[str, ...]
    findings: tuple[Finding, ...]
    served: tuple[str, ...]
    not_served: tuple[str, ...]

    @property
    def faults(self) -> tuple[Finding, ...]:
        """What would not work."""
        return tuple(one for one in self.findings if one.kind == FAULT)

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """What works, in another way."""
        return tuple(one for one in self.findings if one.kind == WARNING)

    @property
    def has_python_2(self) -> bool:
        """Says whether a finding is about Python 2."""
        return any(one.what.startswith("Python 2") for one in self.findings)

    def to_dict(self) -> dict[str, Any]:
        """Returns the report as plain data."""
        return {
            "files": list(self.files),
            "findings": [{**vars(one)} for one in self.findings],
            "served": list(self.served),
            "not_served": list(self.not_served),
        }


def check(paths: Sequence[str], exclude: Sequence[str] = ()) -> Report:
    """Reads programs: files, with the modules of their own that they import, or whole folders.

    Raises: SlimzooError: a path is no Python file and no folder that has one.
    """
    files = sources.files_of(paths, exclude)
    folders = [path if os.path.isdir(path) else os.path.dirname(path) or "." for path in paths]
    program = Program([os.path.abspath(folder) for folder in folders])
    _refuse_what_is_no_python(program, [path for path in paths if os.path.isfile(path)])
    files = _with_imported(program, files, exclude)
    defined = _defined(program, files)
    readings = [faults.read(program, path, defined) for path in files]
    findings = {one for reading in readings for one in reading.findings}
    faulty = {name for reading in readings for name in reading.faulty}
    served = {name for reading in readings for name in reading.served} - faulty
    return Report(tuple(files), tuple(sorted(findings)), tuple(sorted(served)), tuple(sorted(faulty)))


def _refuse_what_is_no_python(program: Program, files: Sequence[str]) -> None:
    wrong = []
    for path in files:
        source = program.module(path).source
        if not source.is_python or (source.tree is None and source.problems[0].what.startswith("cannot be")):
            wrong.append(f"{shown(path)}: {source.problems[0].what}")
    if wrong:
        raise SlimzooError(
            listing("nothing was checked; give Python files, or folders that have some:", wrong)
        )


def _with_imported(program: Program, files: list[str], exclude: Sequence[str]) -> list[str]:
    """Returns `files` and those of the program that they import, and so on."""
    found = {os.path.realpath(path): path for path in files}
    waiting = list(files)
    while waiting:
        for path in program.imports(waiting.pop()):
            shorter = os.path.relpath(path)
            path = path if shorter.startswith("..") else shorter
            if os.path.realpath(path) not in found and not sources.is_excluded(path, exclude):
                found[os.path.realpath(path)] = path
                waiting.append(path)
    return sorted(found.values())


def _defined(program: Program, files: Sequence[str]) -> frozenset[str]:
    """Returns the names of all functions and methods of the program."""
    trees = [tree for path in files if (tree := program.module(path).source.tree) is not None]
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    return frozenset(node.name for tree in trees for node in ast.walk(tree) if isinstance(node, functions))
