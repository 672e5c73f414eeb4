"""Somebody who walks through the frames of a camera."""

from dataclasses import dataclass, replace
from math import ceil

import numpy as np

from bireid_deploy.data.synthetic.cameras import Camera
from bireid_deploy.data.synthetic.canvas import Projection
from bireid_deploy.data.synthetic.figure import draw_figure
from bireid_deploy.data.synthetic.light import relief
from bireid_deploy.data.synthetic.people import Person
from bireid_deploy.data.synthetic.pose import Pose

_SUPERSAMPLING = 2


@dataclass(frozen=True)
class Walker:
    """A person who walks, seen by one camera.

    Attributes:
        person: Who it is.
        pose: At frame 0.
        stride: Of the walking cycle, radians per frame.
        folds: Seed of the clothes' folds.
    """

    person: Person
    pose: Pose
    stride: float
    folds: int

    def draw(self, camera: Camera, tall: float, frame: int) -> np.ndarray:
        """RGBA in [0, 1], float32 (rows, columns, 4), `tall` pixels high and a little more."""
        pose = replace(self.pose, phase=self.pose.phase + frame * self.stride)
        rows, columns = ceil(1.1 * tall), ceil(tall)
        projection = Projection(
            center=0.5 * columns * _SUPERSAMPLING,
            top=0.03 * rows * _SUPERSAMPLING,
            scale=0.93 * tall * _SUPERSAMPLING,
            width=camera.stretch,
            tilt=camera.tilt,
            shear=camera.shear,
            yaw=pose.yaw,
        )
        drawn = draw_figure(
            self.person, pose, projection, rows * _SUPERSAMPLING, columns * _SUPERSAMPLING
        ).reduce(_SUPERSAMPLING)
        pixels = np.asarray(drawn, np.float32) / 255
        # The same folds in every frame.
        pixels[..., :3] *= relief(np.random.default_rng(self.folds), drawn, camera)
        return pixels
