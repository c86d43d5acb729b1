"""What another library may do to the process that it runs in; functions for test_process."""

import os
import signal
import sys
import time


def answer(folder):
    (folder / "answer.txt").write_text(f"{'tensorflow' in sys.modules} {os.environ['CUDA_VISIBLE_DEVICES']}")


def crash(folder):
    os.kill(os.getpid(), signal.SIGSEGV)


def abort(folder):
    print("terminate called after throwing an instance of 'c10::Error'", file=sys.stderr)
    os.abort()


def run_out_of_memory(folder):
    os.kill(os.getpid(), signal.SIGKILL)


def leave(folder):
    os._exit(3)


def leave_as_if_all_were_well(folder):
    sys.exit(0)


def miss_a_library(folder):
    raise OSError("libcudart.so.13: cannot open shared object file: No such file or directory")


def hang(folder):
    print("Downloading", flush=True)
    time.sleep(600)


def say_much(folder):
    for i in range(100_000):
        print(f"line {i}", "x" * 1000)
    print("\x1b[2Jthe last")
    sys.exit(1)
