"""Members from `TF_CONFIG`, the variable that TensorFlow's own strategies read."""

import json
from collections.abc import Mapping
from typing import Any

from bireid_runtime.errors import ArgumentError

from bireid_deploy.training.workers.members import Members

_KINDS = ("chief", "worker")
_EXAMPLE = (
    '{"cluster": {"worker": ["host1:2222", "host2:2222"]}, "task": {"type": "worker", "index": 0}}'
)


def from_tf_config(environment: Mapping[str, str]) -> Members:
    """Read `{"cluster": {"worker": [ADDRESS...]}, "task": {"type": "worker", "index": I}}`.

    A `chief` in the cluster comes before the workers; without one the first worker is it.

    Raises:
        ArgumentError: The variable is missing or says something else.
    """
    text = environment.get("TF_CONFIG", "")
    if not text:
        raise ArgumentError(f"--workers tf-config needs the variable TF_CONFIG, such as {_EXAMPLE}")
    try:
        document = json.loads(text)
        cluster, task = document["cluster"], document["task"]
        kind, index = task["type"], task["index"]
        parts = {name: _addresses(cluster.get(name, [])) for name in _KINDS}
        others = sorted(set(cluster) - set(_KINDS))
    except (ValueError, RecursionError, KeyError, TypeError, AttributeError) as error:
        raise ArgumentError(
            f"TF_CONFIG cannot be read ({type(error).__name__}: {error}); it must be such as "
            f"{_EXAMPLE}"
        ) from error
    if others or kind not in _KINDS:
        raise ArgumentError(
            f"TF_CONFIG has {others[0] if others else kind!r}; this training knows chief and worker"
        )
    if len(parts["chief"]) > 1:
        raise ArgumentError(
            f"TF_CONFIG has {len(parts['chief'])} of the kind chief; name one, and the others as "
            "workers"
        )
    # `true` is an int to Python.
    if type(index) is not int or not 0 <= index < len(parts[kind]):
        raise ArgumentError(
            f"TF_CONFIG has {len(parts[kind])} of the kind {kind}, and this process is number "
            f"{index} of them, counted from 0"
        )
    rank = index + (len(parts["chief"]) if kind == "worker" else 0)
    return Members((*parts["chief"], *parts["worker"]), rank)


def _addresses(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise TypeError("the addresses of a cluster must be a list of texts")
    return tuple(value)
