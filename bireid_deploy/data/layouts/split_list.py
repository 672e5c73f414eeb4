"""`split.csv` beside folders of people: who trains, and who tests.

A line per person, `person,split`: the name of a folder, and `train` or `test`. A first line
`person,split` is a heading.
"""

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from bireid_runtime.files import read_text

from bireid_deploy.errors import DatasetError

SPLIT_FILE = "split.csv"

_HEADING = ["person", "split"]
_MAX_BYTES = 64 * 1024 * 1024


def read_split_list(path: Path, people: Sequence[str]) -> frozenset[str]:
    """The people that train.

    Args:
        path: The list, untrusted.
        people: Names of all folders of people.

    Raises:
        DatasetError: It cannot be read; a line is malformed, of nobody or a second one of somebody;
            somebody is missing; or nobody trains or tests.
    """
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise DatasetError(f"{path}: larger than {_MAX_BYTES} bytes: not a list of people")
        text = read_text(path).removeprefix("\ufeff")
        rows = [[each.strip() for each in row] for row in csv.reader(io.StringIO(text)) if row]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DatasetError(f"{path}: cannot be read as person,split: {error}") from error
    known = frozenset(people)
    splits: dict[str, str] = {}
    for number, row in enumerate(rows, start=1):
        if number == 1 and row == _HEADING:
            continue
        if len(row) != 2 or row[1] not in ("train", "test"):
            raise DatasetError(f"{path}: line {number} is not person,train or person,test")
        if row[0] not in known:
            raise DatasetError(f"{path}: line {number}: there are no images of {row[0][:60]!r}")
        if row[0] in splits:
            raise DatasetError(f"{path}: line {number}: {row[0]!r} is listed twice")
        splits[row[0]] = row[1]
    if missing := [name for name in people if name not in splits]:
        raise DatasetError(
            f"{path}: says nothing of {missing[0]!r}"
            + (f" and {len(missing) - 1} others" if len(missing) > 1 else "")
        )
    if set(splits.values()) != {"train", "test"}:
        raise DatasetError(f"{path}: somebody must train and somebody test")
    return frozenset(name for name, split in splits.items() if split == "train")
