"""Threads that no CPU would run are not started."""

import os
import subprocess
import sys

import pytest
from skips import skip_unavoidably
from zoo import REID_BUNDLE

PROGRAM = """
import os, sys
import numpy as np
from bireid_runtime import Extractor
os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: int(sys.argv[2])])
extractor = Extractor.open(sys.argv[1], backend="native", threads=16)
before = len(os.listdir("/proc/self/task"))
extractor.embed([np.zeros((128, 64, 3), np.uint8)] * 20)
print(len(os.listdir("/proc/self/task")) - before)
"""


@pytest.mark.parametrize("cpus", [1, 2])
def test_no_more_threads_than_cpus(cpus):
    if len(os.sched_getaffinity(0)) < cpus:
        skip_unavoidably(f"this process may use fewer than {cpus} CPUs")
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, REID_BUNDLE, str(cpus)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert int(done.stdout) <= cpus - 1
