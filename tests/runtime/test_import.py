import json
import subprocess
import sys

SCRIPT = """
import json, sys
import numpy
before = {name.partition(".")[0] for name in sys.modules}
import bireid_runtime
import bireid_runtime.images, bireid_runtime.backends, bireid_runtime.errors
after = {name.partition(".")[0] for name in sys.modules}
print(json.dumps(sorted(after - before - set(sys.stdlib_module_names))))
"""


def test_import_loads_numpy_alone():
    result = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True
    )
    assert set(json.loads(result.stdout)) == {"bireid_runtime"}


def test_exports():
    import bireid_runtime

    assert callable(bireid_runtime.self_test)
    for name in bireid_runtime.__all__:
        assert hasattr(bireid_runtime, name)
