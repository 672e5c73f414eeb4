"""Hostile variants of sound bytes and of sound JSON; the same seed gives the same ones."""

import copy
import json
import random
from typing import Any

_TOKENS = (
    b"\xff\xff\xff\xff",
    b"\x00" * 8,
    b"\x7f\xff\xff\xff\xff\xff\xff\xff",
    b"\x80",
    b"-1",
    b"1e999",
    b"99999999999999999999",
    b'"',
    b"{",
    b"[" * 2000,
    b"\n",
    b"\xed\xa0\x80",
    b"PK\x05\x06",
)
_VALUES: tuple[Any, ...] = (
    None,
    True,
    -1,
    0,
    2**31,
    2**63,
    10**30,
    1e308,
    float("nan"),
    "",
    "a\x1b[31m\n",
    "../../etc/passwd",
    "x" * 5000,
    [],
    {},
    [[[]]],
    {"a": 1},
)


def mutate_bytes(data: bytes, rng: random.Random) -> bytes:
    """One to four changes: bits, tokens, pieces cut out, doubled or moved, an early end."""
    found = bytearray(data)
    for _ in range(rng.randint(1, 4)):
        # Headers are short and matter most.
        limit = len(found) if rng.random() < 0.5 else min(len(found), 300)
        at = rng.randrange(limit + 1) if found else 0
        kind = rng.randrange(6)
        if kind == 0 and found:
            found[min(at, len(found) - 1)] ^= 1 << rng.randrange(8)
        elif kind == 1 and found:
            found[min(at, len(found) - 1)] = rng.randrange(256)
        elif kind == 2:
            token = rng.choice(_TOKENS)
            found[at : at + rng.choice((0, len(token)))] = token
        elif kind == 3:
            del found[at : at + rng.choice((1, 2, 4, 8, 64))]
        elif kind == 4:
            found[at:at] = found[at : at + rng.choice((1, 4, 16, 64))]
        elif rng.random() < 0.3:
            del found[at:]
    return bytes(found)


def mutate_json(data: bytes, rng: random.Random) -> bytes:
    """Values replaced, keys removed, doubled or renamed, anywhere in a document."""
    if rng.random() < 0.2:
        return mutate_bytes(data, rng)
    document = copy.deepcopy(json.loads(data))
    for _ in range(rng.randint(1, 3)):
        places = list(_places(document))
        if not places:
            break
        holder, key = rng.choice(places)
        kind = rng.randrange(4)
        if kind == 0 and isinstance(holder, dict):
            del holder[key]
        elif kind == 1 and isinstance(holder, dict):
            holder[rng.choice(("x", "", "\x1b[0m", str(key) * 50))] = holder.pop(key)
        elif kind == 2 and isinstance(holder, list):
            holder.extend(copy.deepcopy(holder[:3]) * rng.choice((1, 40)))
        else:
            holder[key] = copy.deepcopy(rng.choice(_VALUES))
    return json.dumps(document).encode()


def _places(document: Any) -> Any:
    """Every holder and key of a document."""
    items: Any = ()
    if isinstance(document, dict):
        items = list(document.items())
    elif isinstance(document, list):
        items = list(enumerate(document))
    for key, value in items:
        yield document, key
        yield from _places(value)
