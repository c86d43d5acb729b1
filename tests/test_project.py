"""What holds for the project as a whole: its layout, what it imports, what it never says."""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.conftest import QUICK

ROOT = Path(__file__).resolve().parents[1]
TOP = {  # beside dot files
    *("slimzoo", "converters", "weights_manifest", "tests", "tools"),
    *("pyproject.toml", "setup.py", "README.md", "LICENSE", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md"),
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


DISTRIBUTIONS = {"PIL": "pillow"}  # where a package is not called as what it is imported by
FOUND_WHERE_IT_IS = {  # nothing of slimzoo's needs them: the proof against PyTorch, and old programs that do
    *("torch", "cv2", "pandas", "skimage", "sklearn"),
}


def imported(*folders):
    """Returns the names of all packages that are imported, in functions too, but for Python's and ours."""
    nodes = [node for path in sources(*folders) for node in ast.walk(ast.parse(path.read_text("utf-8")))]
    names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module for node in nodes if isinstance(node, ast.ImportFrom) and not node.level]
    return {name.split(".")[0] for name in names} - sys.stdlib_module_names - {"slimzoo"}


def test_what_is_imported_is_declared_and_what_is_declared_is_imported():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = project["optional-dependencies"]
    needed = [
        *project["dependencies"],
        *(
            text
            for name in ("mlflow", "onnx", "openvino", "parquet", "py2", "ray", "remote", "tfds", "wandb")
            for text in extras[name]
        ),
    ]
    declared = {re.match(r"[\w-]+", text)[0].replace("-", "_") for text in needed}
    used = {DISTRIBUTIONS.get(name, name) for name in imported("slimzoo", "converters")}
    assert used - FOUND_WHERE_IT_IS - declared == set()
    for_others = {"tensorboard"}  # TensorFlow imports it for tf.summary.scalar
    for_others |= {"gcsfs", "s3fs"}  # and fsspec these, for the addresses of stores
    assert declared - used == for_others


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


def test_the_root_of_the_package_holds_six_modules_at_most():
    assert len([p for p in sources("slimzoo") if p.parent == ROOT / "slimzoo"]) <= 6


LIKE_THE_PROJECT = {  # folders of tests that are no folder of the package
    "converters": "it stands at the top of the repository",
    "seed": "the document that the project was created from",
    "tools": "it stands at the top of the repository",
}


def test_folders_of_tests_mirror_the_package_and_cannot_clash():
    tested = {p.parent for p in sources("tests") if p.name.startswith("test_")}
    assert not [folder for folder in tested if not (folder / "__init__.py").is_file()]
    tops = {p.relative_to(ROOT / "tests").parts[0] for p in tested if p != ROOT / "tests"}
    assert not [top for top in tops - LIKE_THE_PROJECT.keys() if not (ROOT / "slimzoo" / top).is_dir()]


def test_what_is_quick_is_there():
    places = {name.partition("::")[0] for name in QUICK}
    assert not [place for place in places if not (ROOT / "tests" / place).exists()]


def modules():
    """{the name of each module of the package: its file}."""
    found = {}
    for folder, package in (("slimzoo", "slimzoo"), ("converters", "slimzoo.converters")):
        for path in sources(folder):
            parts = path.relative_to(ROOT / folder).with_suffix("").parts
            name = ".".join((package, *parts)).removesuffix(".__init__")
            found[name] = path
    return found


def test_every_module_that_is_imported_by_name_is_there():
    # mypy passes over what is missing, and an import inside a function is met where somebody calls it
    known = {*modules(), "slimzoo.weights_manifest"}
    wrong = [
        f"{path.relative_to(ROOT)}:{node.lineno}: {node.module}"
        for path in sources("slimzoo", "converters", "tools", "tests")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and not node.level and node.module is not None
        if node.module.split(".")[0] == "slimzoo" and node.module not in known
    ]
    assert not wrong
