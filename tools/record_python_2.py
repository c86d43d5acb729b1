"""Records what Python 2.7 prints of the programs in tests/compat/py2/programs.txt, beside them.

python tools/record_python_2.py PYTHON2
"""

import subprocess
import sys
import tempfile
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[1] / "tests/compat/py2"


def sections(file: Path) -> dict[str, str]:
    """Returns {title: text} of a file whose sections begin with `=== title`."""
    parts = file.read_text(encoding="utf-8").split("=== ")[1:]
    return {title: text for title, _, text in (part.partition("\n") for part in parts)}


def record(python_2: str) -> str:
    """Returns all sections, each with what its program prints."""
    said = []
    with tempfile.TemporaryDirectory() as folder:
        for title, program in sections(FOLDER / "programs.txt").items():
            file = Path(folder, "program.py")
            file.write_text(program, encoding="utf-8")
            done = subprocess.run([python_2, str(file)], capture_output=True, text=True, check=False)
            if done.returncode:
                sys.exit(f"{title}: {done.stderr}")
            said.append(f"=== {title}\n{done.stdout}")
    return "".join(said)


if __name__ == "__main__":
    (FOLDER / "outputs.txt").write_text(record(sys.argv[1]), encoding="utf-8")
