"""`--import`: a file or a module that registers networks of one's own before a command runs."""

import importlib
import sys
import traceback
from pathlib import Path

from slimzoo.cli.quiet import start_held_back
from slimzoo.errors import SlimzooError
from slimzoo.registry import Network, get_network, registered


def import_networks(source: str) -> None:
    """Imports `source`, a .py file or a module, for the networks that it registers.

    It can import what lies beside the file, or in the working directory.
    Raises: SlimzooError: there is no such file or module, it fails, it registers no network, or one whose row
      names a preprocessing or a recipe that does not exist.
    """
    file = Path(source).resolve() if source.endswith(".py") else None
    if file is not None and not file.is_file():
        raise SlimzooError(f"--import {source}: there is no such file")
    name, folder = (file.stem, file.parent) if file is not None else (source, Path.cwd())
    before, again = registered(), name in sys.modules
    with start_held_back(python=False):
        there = _import(name, str(folder), source)
    if file is not None and (there is None or not file.samefile(there)):
        raise SlimzooError(
            f"--import {source}: another module has that name, {there or name}; rename the file"
        )
    new = registered() - before
    if not new and not again:
        raise SlimzooError(
            f"--import {source} registers no network: slimzoo.register(slimzoo.Network(...)) in it does"
        )
    for network in (
        sorted(new) if "tensorflow" in sys.modules else ()
    ):  # or they are checked where they are used
        _check(get_network(network))


def _check(network: Network) -> None:
    """Raises SlimzooError if the row names a preprocessing or a recipe that does not exist."""
    from slimzoo.loading.plan import kind_for
    from slimzoo.training.recipes import recipe_for

    kind_for(network)
    recipe_for(network)


def _import(name: str, folder: str, source: str) -> str | None:
    """Imports the module `name`, from `folder` if it is nowhere else; returns its file."""
    if folder not in sys.path:
        sys.path.append(folder)
    try:
        return getattr(importlib.import_module(name), "__file__", None)
    except (Exception, SystemExit) as error:
        if isinstance(error, ModuleNotFoundError) and f"{name}.".startswith(f"{error.name}."):
            raise SlimzooError(
                f"--import {source}: there is no such module, here or among what is installed; a file is "
                "named with its .py"
            ) from error
        text = traceback.format_exception_only(error)[-1].strip()
        raise SlimzooError(f"--import {source} failed{_place(error)}: {text}") from error


def _place(error: BaseException) -> str:
    """Returns where the imported module stood when `error` came: " in my_nets.py, line 7"."""
    if isinstance(error, SyntaxError):
        return f" in {error.filename}, line {error.lineno}"
    frames = traceback.extract_tb(error.__traceback__)
    file = next((frame.filename for frame in frames if frame.name == "<module>"), None)
    lines = [frame.lineno for frame in frames if frame.filename == file]
    return f" in {file}, line {lines[-1]}" if lines else ""
