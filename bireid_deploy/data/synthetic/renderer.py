"""Renders crops: a person before a camera, as a loose detection would cut them out."""

import numpy as np
from PIL import Image

from bireid_deploy.data.synthetic.cameras import Camera, draw_camera, restyle
from bireid_deploy.data.synthetic.canvas import Projection
from bireid_deploy.data.synthetic.figure import draw_figure
from bireid_deploy.data.synthetic.light import composite, expose, relief
from bireid_deploy.data.synthetic.people import Person, draw_person
from bireid_deploy.data.synthetic.pose import draw_pose
from bireid_deploy.data.synthetic.scene import cut_scene, draw_occluder, draw_scene

RENDERER_VERSION = 1
"""Raised with every change that alters a pixel."""

# People are drawn this much larger than the crop and averaged down.
_SUPERSAMPLING = 2
_PASSER_BY = 0.15

# What a stream of random numbers is for; with the seed it makes the streams independent.
_PERSON, _CAMERA, _CROP, _STYLE = 0, 1, 2, 3


class Renderer:
    """Renders any image of a synthetic data set, in any order; pixels depend on the seed alone.

    Args:
        seed: Seed of people, cameras and images.
        cameras: Number of cameras.
        size: (height, width) of a crop, pixels.
        styles: Lights and colours of each camera; an image has one of them, whoever is on it.
    """

    def __init__(self, seed: int, cameras: int, size: tuple[int, int], *, styles: int = 1) -> None:
        self._seed = seed
        self._height, self._width = size
        # Every camera in each of its styles; the first is its own.
        self._cameras: list[list[Camera]] = []
        self._scenes: list[Image.Image] = []
        for index in range(cameras):
            rng = self._rng(_CAMERA, index)
            camera = draw_camera(rng, index, cameras)
            others = (restyle(self._rng(_STYLE, index, n), camera) for n in range(1, styles))
            self._cameras.append([camera, *others])
            self._scenes.append(draw_scene(rng, *size))

    def render(
        self, person_number: int, camera_id: int, image_number: int, *, misplaced: bool = False
    ) -> Image.Image:
        """Renders one crop.

        Args:
            person_number: Which person, from 0; any number gives a person.
            camera_id: Which camera, from 0.
            image_number: Which moment, from 0.
            misplaced: Cut the crop far beside the person, as a bad detection does.

        Returns:
            RGB picture of the renderer's size.
        """
        rng = self._rng(_CROP, person_number, camera_id, image_number)
        camera = self._style(person_number, camera_id, image_number)
        person = draw_person(self._rng(_PERSON, person_number))
        view = np.asarray(cut_scene(rng, self._scenes[camera_id], self._width), np.float32) / 255
        if rng.random() < _PASSER_BY:
            view = self._add_person(rng, view, draw_person(rng), camera, beside=True)
        view = self._add_person(rng, view, person, camera, beside=misplaced)
        if rng.random() < camera.occlusion:
            occluder = np.asarray(draw_occluder(rng, self._height, self._width), np.float32) / 255
            view = composite(view, occluder[..., :3], occluder[..., 3:])
        return expose(rng, view, camera)

    def jpeg_quality(self, camera_id: int) -> int:
        """Returns the JPEG quality of a camera, 1 to 95."""
        return self._cameras[camera_id][0].jpeg_quality

    def _style(self, person_number: int, camera_id: int, image_number: int) -> Camera:
        styles = self._cameras[camera_id]
        if len(styles) == 1:
            return styles[0]
        # A stream of its own: the pose of an image does not depend on how many styles there are.
        rng = self._rng(_STYLE, camera_id, person_number, image_number)
        return styles[int(rng.integers(len(styles)))]

    def _add_person(
        self,
        rng: np.random.Generator,
        view: np.ndarray,
        person: Person,
        camera: Camera,
        *,
        beside: bool,
    ) -> np.ndarray:
        """Composes a lit person and their shadow into `view`, float32 (H, W, 3) in [0, 1]."""
        pose = draw_pose(rng, camera.yaws)
        height, width = self._height * _SUPERSAMPLING, self._width * _SUPERSAMPLING
        offset = 0.14 * (rng.random() - 0.5)
        if beside:
            offset += 0.55 if rng.random() < 0.5 else -0.55
        projection = Projection(
            center=width * (0.5 + offset),
            top=height * (0.02 + 0.07 * rng.random()),
            scale=height * (0.83 + 0.1 * rng.random()),
            # A detector's box takes the height out: tall people come out slim.
            width=camera.stretch / person.height,
            tilt=camera.tilt,
            shear=camera.shear,
            yaw=pose.yaw,
        )
        figure = draw_figure(person, pose, projection, height, width).reduce(_SUPERSAMPLING)
        pixels = np.asarray(figure, np.float32) / 255
        color, cover = pixels[..., :3], pixels[..., 3:]
        shadow = self._shadow(projection, camera)
        return composite(view * shadow, color * relief(rng, figure, camera), cover)

    def _shadow(self, projection: Projection, camera: Camera) -> np.ndarray:
        """Returns the light left on the ground around the feet, (H, W, 1)."""
        column, row = (value / _SUPERSAMPLING for value in projection.point((0, 0.98, 0)))
        rows, columns = np.ogrid[: self._height, : self._width]
        across = (columns - column + 0.15 * self._width * camera.light) / (0.3 * self._width)
        along = (rows - row) / (0.04 * self._height)
        spot = np.exp(-(across**2) - along**2)
        return (1 - 0.5 * spot)[..., None].astype(np.float32)

    def _rng(self, *stream: int) -> np.random.Generator:
        return np.random.default_rng([self._seed, *stream])
