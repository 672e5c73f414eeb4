"""A walking body in three dimensions.

Body coordinates are fractions of the body height: x to the person's left, y down from the top of
the head, z forward. Yaw turns the body: 0 faces the camera, pi shows the back.
"""

from dataclasses import dataclass
from math import cos, pi, sin

import numpy as np

from bireid_deploy.data.synthetic.people import Person

Joint = tuple[float, float, float]
Limb = tuple[Joint, Joint, Joint]

SHOULDER_Y = 0.185
HIP_Y = 0.5
TRUNK_DEPTH = 0.06
_THIGH, _SHIN = 0.235, 0.225
_UPPER_ARM, _FOREARM = 0.155, 0.15


@dataclass(frozen=True)
class Pose:
    """How a person walks at one moment.

    Attributes:
        yaw: Radians, 0 faces the camera, pi/2 walks to the right of the image.
        phase: Of the walking cycle, radians.
        stride: Largest angle between thigh and vertical, radians; 0 stands.
        elbow: Bend of the elbows, radians.
        spread: Angle of the arms away from the trunk, radians.
    """

    yaw: float
    phase: float
    stride: float
    elbow: float
    spread: float


@dataclass(frozen=True)
class Skeleton:
    """Joints of the limbs; left limb first.

    Attributes:
        legs: Hip, knee and ankle of each leg.
        arms: Shoulder, elbow and wrist of each arm.
    """

    legs: tuple[Limb, Limb]
    arms: tuple[Limb, Limb]


def draw_pose(rng: np.random.Generator, yaws: tuple[float, ...]) -> Pose:
    """Draws a pose whose yaw lies within 0.35 rad of one of `yaws`."""
    yaw = yaws[int(rng.integers(len(yaws)))]
    standing = rng.random() < 0.15
    return Pose(
        yaw=yaw + 0.7 * (float(rng.random()) - 0.5),
        phase=2 * pi * float(rng.random()),
        stride=0.06 if standing else 0.3 + 0.2 * float(rng.random()),
        elbow=0.1 + 0.9 * float(rng.random()) ** 2,
        spread=0.04 + 0.14 * float(rng.random()),
    )


def pose_skeleton(person: Person, pose: Pose) -> Skeleton:
    """Returns the joints of `person` in `pose`; the arms swing against the legs."""
    return Skeleton(
        legs=(_leg(person, pose, 1), _leg(person, pose, -1)),
        arms=(_arm(person, pose, 1), _arm(person, pose, -1)),
    )


def _leg(person: Person, pose: Pose, side: int) -> Limb:
    swing = side * pose.stride * sin(pose.phase)
    # The knee bends while the leg comes forward, most as it passes the other one.
    bend = 1.8 * pose.stride * max(0.0, side * cos(pose.phase)) + 0.05
    x = side * 0.048 * (0.6 + 0.4 * person.girth)
    hip = (x, HIP_Y, 0.0)
    knee = (x, HIP_Y + _THIGH * cos(swing), _THIGH * sin(swing))
    shin = swing - bend
    ankle = (x * 0.9, knee[1] + _SHIN * cos(shin), knee[2] + _SHIN * sin(shin))
    return hip, knee, ankle


def _arm(person: Person, pose: Pose, side: int) -> Limb:
    swing = -0.9 * side * pose.stride * sin(pose.phase)
    x = side * 0.098 * person.shoulders
    shoulder = (x, SHOULDER_Y + 0.025, 0.0)
    outward = side * sin(pose.spread)
    elbow = (
        x + _UPPER_ARM * outward,
        shoulder[1] + _UPPER_ARM * cos(swing),
        _UPPER_ARM * sin(swing),
    )
    fore = swing + pose.elbow
    wrist = (
        elbow[0] + 0.3 * _FOREARM * outward,
        elbow[1] + _FOREARM * cos(fore),
        elbow[2] + _FOREARM * sin(fore),
    )
    return shoulder, elbow, wrist
