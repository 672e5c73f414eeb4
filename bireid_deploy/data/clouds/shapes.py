"""Ten shapes as clouds of points on their surfaces, for the demo and for tests.

Each has its axes scaled by 0.4 to 1 and noise of 0.01; y points up. They are too easy to rank
networks by.
"""

from collections.abc import Callable

import numpy as np

NOISE = 0.01
_LEAST_SCALE = 0.4
_TUBE = 0.35  # of the torus' radius
_HELIX_TURNS, _HELIX_TUBE = 2.5, 0.12


def sample_shape(name: str, points: int, rng: np.random.Generator) -> np.ndarray:
    """Points on one shape of random proportions, in random order: float32 (points, 3)."""
    surface = SHAPES[name](points, rng)
    scaled = surface * rng.uniform(_LEAST_SCALE, 1, 3)
    return (scaled + rng.normal(0, NOISE, scaled.shape)).astype(np.float32)


def _sphere(points: int, rng: np.random.Generator) -> np.ndarray:
    directions = rng.normal(size=(points, 3))
    unit: np.ndarray = directions / np.linalg.norm(directions, axis=1, keepdims=True)
    return unit


def _half_shell(points: int, rng: np.random.Generator) -> np.ndarray:
    sphere = _sphere(points, rng)
    sphere[:, 1] = np.abs(sphere[:, 1])
    return sphere


def _two_spheres(points: int, rng: np.random.Generator) -> np.ndarray:
    sides = np.where(np.arange(points) % 2, 0.55, -0.55)
    return 0.45 * _sphere(points, rng) + sides[:, None] * np.array([1.0, 0.0, 0.0])


def _box(points: int, rng: np.random.Generator) -> np.ndarray:
    places = rng.uniform(-1, 1, (points, 3))
    rows = np.arange(points)
    places[rows, rng.integers(0, 3, points)] = rng.choice((-1.0, 1.0), points)
    return places


def _corner(points: int, rng: np.random.Generator) -> np.ndarray:
    """Three faces of a box that meet."""
    places = rng.uniform(-1, 1, (points, 3))
    places[np.arange(points), rng.integers(0, 3, points)] = -1.0
    return places


def _disc(points: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Radius and angle of points spread evenly on a disc."""
    return np.sqrt(rng.uniform(0, 1, points)), rng.uniform(0, 2 * np.pi, points)


def _around(radius: np.ndarray, angle: np.ndarray, height: np.ndarray) -> np.ndarray:
    return np.stack([radius * np.cos(angle), height, radius * np.sin(angle)], axis=1)


def _cylinder(points: int, rng: np.random.Generator) -> np.ndarray:
    radius, angle = _disc(points, rng)
    height = rng.choice((-1.0, 1.0), points)
    side = rng.uniform(size=points) < 2 / 3
    return _around(
        np.where(side, 1.0, radius), angle, np.where(side, rng.uniform(-1, 1, points), height)
    )


def _cone(points: int, rng: np.random.Generator) -> np.ndarray:
    radius, angle = _disc(points, rng)
    side = rng.uniform(size=points) < 0.7
    return _around(radius, angle, np.where(side, 1 - 2 * radius, -1.0))


def _pyramid(points: int, rng: np.random.Generator) -> np.ndarray:
    radius, _ = _disc(points, rng)
    along = rng.uniform(-1, 1, points)
    face = rng.integers(0, 5, points)
    ring = np.stack([along, np.ones(points)], axis=1) * radius[:, None]
    turned = np.where((face % 2 == 0)[:, None], ring, ring[:, ::-1])
    turned = np.where((face >= 2)[:, None], -turned, turned)
    base = rng.uniform(-1, 1, (points, 2))
    is_base = face == 4
    plane = np.where(is_base[:, None], base, turned)
    return np.stack([plane[:, 0], np.where(is_base, -1.0, 1 - 2 * radius), plane[:, 1]], axis=1)


def _torus(points: int, rng: np.random.Generator) -> np.ndarray:
    angle, around = rng.uniform(0, 2 * np.pi, (2, points))
    ring = (1 + _TUBE * np.cos(around)) / (1 + _TUBE)
    return _around(ring, angle, _TUBE * np.sin(around))


def _helix(points: int, rng: np.random.Generator) -> np.ndarray:
    along = rng.uniform(-1, 1, points)
    line = _around(np.full(points, 0.9), along * np.pi * _HELIX_TURNS, along)
    return line + _HELIX_TUBE * _sphere(points, rng)


SHAPES: dict[str, Callable[[int, np.random.Generator], np.ndarray]] = {
    "sphere": _sphere,
    "box": _box,
    "cylinder": _cylinder,
    "cone": _cone,
    "torus": _torus,
    "half_shell": _half_shell,
    "helix": _helix,
    "corner": _corner,
    "two_spheres": _two_spheres,
    "pyramid": _pyramid,
}
"""By name: points on a surface of about unit size, float64 (points, 3)."""
