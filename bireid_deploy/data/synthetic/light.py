"""Light on figures, and what a camera makes of the light that reaches it."""

import numpy as np
from PIL import Image, ImageFilter

from bireid_deploy.data.synthetic.cameras import Camera


def relief(rng: np.random.Generator, figure: Image.Image, camera: Camera) -> np.ndarray:
    """Returns the light on a figure, (H, W, 1): roundness, folds, and less towards the feet."""
    width, height = figure.size
    soft = figure.getchannel("A").filter(ImageFilter.GaussianBlur(0.02 * height))
    slope = np.gradient(np.asarray(soft, np.float32) / 255, axis=1) * 0.04 * height
    folds = Image.fromarray(rng.standard_normal((16, 8)).astype(np.float32))
    folds = folds.resize((width, height), Image.Resampling.BICUBIC)
    fall = np.linspace(1.06, 0.9, height, dtype=np.float32)[:, None]
    light = fall - camera.light * slope + 0.07 * np.asarray(folds)
    return np.clip(light, 0.4, 1.5)[..., None]


def expose(rng: np.random.Generator, view: np.ndarray, camera: Camera) -> Image.Image:
    """Turns light, float32 (H, W, 3) in [0, 1], into the camera's picture."""
    height, width = view.shape[:2]
    # Where in the camera's view the person stands decides the brightness.
    ramp = np.linspace(-1, 1, width, dtype=np.float32)[None, :, None]
    place = 2 * rng.random(2) - 1
    light = 1 + camera.vignette * (place[0] + 0.4 * place[1] * ramp)
    linear = np.clip(view * light, 0, None) ** camera.gamma
    color = (linear @ camera.mix.T - 0.5) * camera.contrast + 0.5 + camera.haze
    picture = Image.fromarray((np.clip(color, 0, 1) * 255).astype(np.uint8))
    radius = camera.blur * height / 128
    blurred = np.asarray(picture.filter(ImageFilter.GaussianBlur(radius)), np.float32)
    noise = 255 * camera.noise * rng.standard_normal(blurred.shape, dtype=np.float32)
    return Image.fromarray(np.clip(np.rint(blurred + noise), 0, 255).astype(np.uint8))


def composite(view: np.ndarray, color: np.ndarray, cover: np.ndarray) -> np.ndarray:
    """Lays `color` over `view`, both (H, W, 3), as far as `cover` (H, W, 1) is 1."""
    return view * (1 - cover) + color * cover
