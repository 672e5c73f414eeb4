"""Many mutations of what every reader reads: `make fuzz-readers`.

Whatever a file holds, a reader takes it or raises an error of our tree, in one line.
"""

import math
import random
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator
from pathlib import Path

from bireid_runtime.errors import BireidError
from bireid_runtime.terminal import one_line

sys.path.insert(0, str(Path(__file__).parents[1]))
from fuzz.readers import READERS, Reader

# In memory, where the system has such a folder: on a disk most readers wait for it, and reach four
# to twenty times fewer files.
_MEMORY = Path("/dev/shm")


def mutations(reader: Reader, folder: Path, seed: int) -> Iterator[tuple[bytes, Exception | None]]:
    """Read one hostile file after the other; gives each with an error that is not of our tree."""
    sound = reader.sound(folder)
    path, rng = folder / reader.name, random.Random(seed)
    path.write_bytes(sound)
    reader.read(path)  # Else nothing behind its first check would be reached.
    while True:
        data = reader.mutate(sound, rng)
        path.write_bytes(data)
        try:
            reader.read(path)
        except BireidError as error:
            # The command line says it in one bounded line whatever a name in the file is.
            yield data, (None if "\n" not in one_line(str(error)) else error)
        except Exception as error:
            yield data, error
        else:
            yield data, None


def main(seconds: float) -> int:
    """Spend so many seconds on every reader; returns the exit code."""
    failed = 0
    for name, reader in READERS.items():
        with tempfile.TemporaryDirectory(dir=_MEMORY if _MEMORY.is_dir() else None) as folder:
            end, count = math.inf, 0
            for data, error in mutations(reader, Path(folder), seed=time.time_ns()):
                count += 1
                # What the first one imports is not counted.
                end = min(end, time.monotonic() + seconds)
                if error is not None:
                    kept = Path("build", f"fuzz-{reader.name}")
                    kept.parent.mkdir(exist_ok=True)
                    kept.write_bytes(data)
                    traceback.print_exception(error)
                    print(f"{name}: the file is kept in {kept}", file=sys.stderr)
                    failed += 1
                    break
                if time.monotonic() > end:
                    break
        print(f"{name}: {count} files")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1])))
