"""Reads files in a process that is held to what any of them may cost."""

import json
import subprocess
import sys

from slimzoo.errors import MAX_MESSAGE

LIMITS = {"seconds": 5, "bytes": 2 << 30}  # of work, for each file, and of memory
READ = """
import json, resource, sys, time
resource.setrlimit(resource.RLIMIT_AS, ({bytes}, {bytes}))
from slimzoo.converters.formats import open_source
from slimzoo.errors import SlimzooError
for path in sys.argv[1:]:
    resource.setrlimit(resource.RLIMIT_CPU, (int(time.process_time()) + 1 + {seconds}, -1))
    try:
        source = open_source(path)
        for name in source:
            source[name]
        source.layers and source.layers()
        print(json.dumps("read"))
    except SlimzooError as error:
        print(json.dumps(str(error)))
"""


def messages_of(*paths):
    """Returns how reading each of the files ends, "read" for those that can be."""
    command = [sys.executable, "-c", READ.format(**LIMITS), *map(str, paths)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    lines = done.stdout.splitlines()
    assert done.returncode == 0, f"{paths[len(lines)]}: exit {done.returncode}: {done.stderr[-800:]}"
    return [json.loads(line) for line in lines]


def check_refused(*paths):
    """Every one of the files ends in a short clean message, and nothing is written."""
    before = [set(path.parent.iterdir()) for path in paths]
    for path, text in zip(paths, messages_of(*paths), strict=True):
        assert text != "read", path
        assert len(text) <= MAX_MESSAGE
        assert text.replace("\n", "").isprintable()
    assert [set(path.parent.iterdir()) for path in paths] == before
