"""`--import`: a file or a module that registers networks of one's own before a command runs."""

import importlib
import importlib.util
import sys
import traceback
from pathlib import Path

import click

from slimzoo.errors import SlimzooError
from slimzoo.registry import Row, get_row, registered

IMPORTED = "slimzoo.imported"  # what a command was told to import, in its click.Context.meta
_imported: set[str] = set()  # sources that have registered theirs


def import_networks(source: str) -> None:
    """Imports `source`, a .py file or a module, for the networks that it registers.

    It can import what lies beside the file, or in the working directory.
    Raises: SlimzooError: there is no such file or module, it fails, it registers no network, or one whose row
      names a preprocessing or a recipe that does not exist.
    """
    file = Path(source).resolve() if source.endswith(".py") else None
    if file is not None and not file.is_file():
        raise SlimzooError(f"--import {source}: there is no such file")
    if file is None and not all(part.isidentifier() for part in source.split(".")):
        raise SlimzooError(f"--import {source}: this is no name of a module; a file is named with its .py")
    before = registered()
    _import(source, file)
    new = registered() - before
    if not new and source not in _imported:
        raise SlimzooError(
            f"--import {source} registers no network: slimzoo.register(slimzoo.Network(...)) in it does"
        )
    _imported.add(source)
    for network in sorted(new):
        _check(get_row(network))


def imported() -> tuple[str, ...]:
    """Returns what this command imported so, for another process that is to know the same networks."""
    context = click.get_current_context(silent=True)
    return context.meta.get(IMPORTED, ()) if context else ()


def _check(network: Row) -> None:
    """Raises SlimzooError if the row names a preprocessing or a recipe that does not exist."""
    from slimzoo.loading.plan import kind_for
    from slimzoo.training.recipes import recipe_for

    kind_for(network)
    recipe_for(network)


def _import(source: str, file: Path | None) -> None:
    folder = str(file.parent if file else Path.cwd())
    if folder not in sys.path:
        sys.path.append(folder)
    try:
        if file is None:
            importlib.import_module(source)
        else:
            _run_file(file)
    except (Exception, SystemExit) as error:
        if (
            file is None
            and isinstance(error, ModuleNotFoundError)
            and f"{source}.".startswith(f"{error.name}.")
        ):
            raise SlimzooError(
                f"--import {source}: there is no such module, here or among what is installed; a file is "
                "named with its .py"
            ) from error
        text = traceback.format_exception_only(error)[-1].strip()
        raise SlimzooError(f"--import {source} failed{_place(error)}: {text}") from error


def _run_file(file: Path) -> None:
    """Imports `file` under its own name, or another where a module has that already; once in a process."""
    name = file.stem if file.stem not in sys.modules else f"slimzoo_import_{file.stem}"
    there = sys.modules.get(file.stem)
    if there is not None and Path(getattr(there, "__file__", None) or "/").resolve() == file:
        return
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec is not None and spec.loader is not None, "it ends in .py"
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise


def _place(error: BaseException) -> str:
    """Returns where the imported module stood when `error` came: " in my_nets.py, line 7"."""
    if isinstance(error, SyntaxError):
        return f" in {error.filename}, line {error.lineno}"
    frames = traceback.extract_tb(error.__traceback__)
    file = next((frame.filename for frame in frames if frame.name == "<module>"), None)
    lines = [frame.lineno for frame in frames if frame.filename == file]
    return f" in {file}, line {lines[-1]}" if lines else ""
