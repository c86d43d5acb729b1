"""What holds for the project as a whole: its layout, what it imports, what it never says."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
TOP = {  # beside dot files
    *("slimzoo", "converters", "weights_manifest", "tests", "tools"),
    *("pyproject.toml", "README.md", "LICENSE", "CONTRIBUTING.md", "CHANGELOG.md", "setup.py"),
}


def tracked_files():
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("this is no git checkout, so it cannot be told which files belong to the project")
    return [ROOT / name for name in listed.stdout.splitlines() if (ROOT / name).is_file()]


def sources(*folders):
    return [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]


def in_a_fresh_python(code, cwd=ROOT):
    return subprocess.run(
        [sys.executable, "-c", code], cwd=cwd, capture_output=True, text=True, check=True
    ).stdout


def test_the_top_level_holds_what_contributors_expect_and_nothing_else():
    assert {
        p.relative_to(ROOT).parts[0]
        for p in tracked_files()
        if not p.relative_to(ROOT).parts[0].startswith(".")
    } == TOP


PRIVATE = r"tensorflow\.python|tf\.compat\.v1\.layers|\bkeras\.src|tf\.__internal__"


@pytest.mark.parametrize(
    "private, folders",
    [
        (PRIVATE, ("slimzoo", "converters", "tools")),
        (r"\btf_keras\b", ("slimzoo", "converters")),  # tools run tf-slim itself, which wants it, to compare
    ],
)
def test_only_public_tensorflow_is_used(private, folders):
    found = [
        f"{p.relative_to(ROOT)}: {m[0]}"
        for p in sources(*folders)
        if (m := re.search(private, p.read_text()))
    ]
    assert not found


def test_no_file_names_a_folder_of_one_machine():
    paths = re.compile(r"(?<![\w.])/(?:work|root|home|Users)/\w")
    text = [p for p in tracked_files() if p.suffix in (".py", ".md", ".toml", ".j2", ".tsv", "")]
    assert not [p for p in text if p.name != Path(__file__).name and paths.search(p.read_text("utf-8"))]


def test_no_tracked_file_is_large():
    # The demo's images (2.0 MB) and weights (0.9 MB) are the largest; everything else is text.
    sizes = {p: p.stat().st_size for p in tracked_files()}
    demo = [p for p in sizes if p.parent == ROOT / "slimzoo" / "demo"]
    assert sum(sizes.pop(p) for p in demo) < 3_000_000
    assert not [p for p, size in sizes.items() if size > 1_500_000]


def test_importing_slimzoo_imports_neither_tensorflow_nor_numpy():
    imports = "import sys, slimzoo, slimzoo.converters, slimzoo.cli"
    code = f"{imports}; print({{'tensorflow', 'keras', 'numpy'}} & {{*sys.modules}})"
    assert in_a_fresh_python(code).strip() == "set()"


def test_converters_and_manifest_are_found_from_the_checkout_root():
    code = "import slimzoo.converters, slimzoo.weights; print(len(slimzoo.weights.rows()) > 0)"
    assert in_a_fresh_python(code).strip() == "True"


def test_every_public_name_can_be_had():
    import slimzoo

    assert [name for name in slimzoo.__all__ if getattr(slimzoo, name, None) is None] == []
    with pytest.raises(AttributeError, match="has no attribute 'loadd'"):
        slimzoo.loadd  # noqa: B018


def test_files_stay_short_enough_to_read():
    long = [
        (p.relative_to(ROOT), n)
        for p in sources("slimzoo", "converters")
        if (n := len(p.read_text().splitlines())) > 400
    ]
    assert not long
