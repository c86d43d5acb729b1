"""Runs the code blocks of the seed document, each in a process of its own, and shows what TensorFlow says.

    python -m tools.seed_document DOCUMENT DEVKIT [--no-errata] [--full] [block ...]

Under Python 3.7 with TensorFlow 1.15.5 this shows why each erratum is one (--no-errata), and that the mended
blocks run there; under today's TensorFlow it runs them through slimzoo.compat. For Python 3.7 as well.
"""

import argparse
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from tests.seed import blocks, document


def run_block(name: str, args: argparse.Namespace) -> int:
    """Runs one block here; returns 0, or 1 after what it raised was printed."""
    import tensorflow as tf

    if not tf.__version__.startswith("1."):
        from slimzoo import compat

        compat.install()
    with tempfile.TemporaryDirectory() as folder:
        source = document.code(args.document, name, errata=not args.no_errata, shortened=not args.full)
        names = document.prepare(tf, name, folder)
        names.update(document.Pictures(tf, args.devkit).names())
        os.mkdir(names["folder"])
        if name == "evaluation_loop":
            heard = document.interrupt_when_summarised(tf, names["folder"], "recall")
        try:
            names["__file__"] = __file__  # so that slimzoo.compat takes the block for a part of this program
            with tf.Graph().as_default():
                exec(compile(source, name, "exec"), names)
        except KeyboardInterrupt:
            heard.set()
            print("interrupted, as meant")
        except Exception as error:  # noqa: BLE001  # whatever a block raises is what this tool is for
            print("{}: {}".format(type(error).__name__, str(error).split("\n")[0]))
            return 1
    return 0


def main() -> int:
    """Runs the named blocks, or all."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("document")
    parser.add_argument("devkit", help="VOCdevkit with VOC2012")
    parser.add_argument("block", nargs="*", help="default: all of " + ", ".join(blocks.BLOCKS))
    parser.add_argument("--no-errata", action="store_true", help="run the blocks as the document has them")
    parser.add_argument("--full", action="store_true", help="do not cut long loops short")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.here:
        return run_block(args.block[0], args)
    failed = 0
    for name in args.block or blocks.BLOCKS:
        options = ["--no-errata"] * args.no_errata + ["--full"] * args.full
        command = [sys.executable, "-m", "tools.seed_document", args.document, args.devkit, name, "--here"]
        done = subprocess.run(command + options, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        failed += done.returncode != 0
        print("{}: {}".format(name, "runs" if done.returncode == 0 else "REFUSED"))
        if done.returncode:
            print("    " + done.stdout.decode().strip().split("\n")[-1])
        sys.stdout.flush()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
