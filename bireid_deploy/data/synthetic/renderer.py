"""Renders crops: a person before a camera, as a loose detection would cut them out."""

import numpy as np
from PIL import Image, ImageFilter

from bireid_deploy.data.synthetic.cameras import Camera, draw_camera
from bireid_deploy.data.synthetic.canvas import Projection
from bireid_deploy.data.synthetic.figure import draw_figure
from bireid_deploy.data.synthetic.people import Person, draw_person
from bireid_deploy.data.synthetic.pose import draw_pose
from bireid_deploy.data.synthetic.scene import cut_scene, draw_occluder, draw_scene

RENDERER_VERSION = 1
"""Raised with every change that alters a pixel."""

# People are drawn this much larger than the crop and averaged down.
_SUPERSAMPLING = 2
_PASSER_BY = 0.15

# What a stream of random numbers is for; with the seed it makes the streams independent.
_PERSON, _CAMERA, _CROP = 0, 1, 2


class Renderer:
    """Renders any image of a synthetic data set, in any order; pixels depend on the seed alone.

    Args:
        seed: Seed of people, cameras and images.
        cameras: Number of cameras.
        size: (height, width) of a crop, pixels.
    """

    def __init__(self, seed: int, cameras: int, size: tuple[int, int]) -> None:
        self._seed = seed
        self._height, self._width = size
        self._cameras: list[Camera] = []
        self._scenes: list[Image.Image] = []
        for index in range(cameras):
            rng = self._rng(_CAMERA, index)
            self._cameras.append(draw_camera(rng, index, cameras))
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
        camera = self._cameras[camera_id]
        person = draw_person(self._rng(_PERSON, person_number))
        view = np.asarray(cut_scene(rng, self._scenes[camera_id], self._width), np.float32) / 255
        if rng.random() < _PASSER_BY:
            view = self._add_person(rng, view, draw_person(rng), camera, beside=True)
        view = self._add_person(rng, view, person, camera, beside=misplaced)
        if rng.random() < camera.occlusion:
            occluder = np.asarray(draw_occluder(rng, self._height, self._width), np.float32) / 255
            view = _composite(view, occluder[..., :3], occluder[..., 3:])
        return self._expose(rng, view, camera)

    def jpeg_quality(self, camera_id: int) -> int:
        """Returns the JPEG quality of a camera, 1 to 95."""
        return self._cameras[camera_id].jpeg_quality

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
        return _composite(view * shadow, color * self._relief(rng, figure, camera), cover)

    def _shadow(self, projection: Projection, camera: Camera) -> np.ndarray:
        """Returns the light left on the ground around the feet, (H, W, 1)."""
        column, row = (value / _SUPERSAMPLING for value in projection.point((0, 0.98, 0)))
        rows, columns = np.ogrid[: self._height, : self._width]
        across = (columns - column + 0.15 * self._width * camera.light) / (0.3 * self._width)
        along = (rows - row) / (0.04 * self._height)
        spot = np.exp(-(across**2) - along**2)
        return (1 - 0.5 * spot)[..., None].astype(np.float32)

    def _relief(self, rng: np.random.Generator, figure: Image.Image, camera: Camera) -> np.ndarray:
        """Returns the light on a figure, (H, W, 1): roundness, folds, and less towards the feet."""
        soft = figure.getchannel("A").filter(ImageFilter.GaussianBlur(0.02 * self._height))
        slope = np.gradient(np.asarray(soft, np.float32) / 255, axis=1) * 0.04 * self._height
        folds = Image.fromarray(rng.standard_normal((16, 8)).astype(np.float32))
        folds = folds.resize((self._width, self._height), Image.Resampling.BICUBIC)
        fall = np.linspace(1.06, 0.9, self._height, dtype=np.float32)[:, None]
        light = fall - camera.light * slope + 0.07 * np.asarray(folds)
        return np.clip(light, 0.4, 1.5)[..., None]

    def _expose(self, rng: np.random.Generator, view: np.ndarray, camera: Camera) -> Image.Image:
        """Turns light, float32 (H, W, 3) in [0, 1], into the camera's picture."""
        # Where in the camera's view the person stands decides the brightness.
        ramp = np.linspace(-1, 1, self._width, dtype=np.float32)[None, :, None]
        place = 2 * rng.random(2) - 1
        light = 1 + camera.vignette * (place[0] + 0.4 * place[1] * ramp)
        linear = np.clip(view * light, 0, None) ** camera.gamma
        color = (linear @ camera.mix.T - 0.5) * camera.contrast + 0.5 + camera.haze
        picture = Image.fromarray((np.clip(color, 0, 1) * 255).astype(np.uint8))
        radius = camera.blur * self._height / 128
        blurred = np.asarray(picture.filter(ImageFilter.GaussianBlur(radius)), np.float32)
        noise = 255 * camera.noise * rng.standard_normal(blurred.shape, dtype=np.float32)
        return Image.fromarray(np.clip(np.rint(blurred + noise), 0, 255).astype(np.uint8))

    def _rng(self, *stream: int) -> np.random.Generator:
        return np.random.default_rng([self._seed, *stream])


def _composite(view: np.ndarray, color: np.ndarray, cover: np.ndarray) -> np.ndarray:
    return view * (1 - cover) + color * cover
