"""Handlers of the layers that imported networks bring along."""

from collections.abc import Callable

import numpy as np
from bireid_models.imported.gem import GEM_SMALLEST, GeneralizedMean
from bireid_models.imported.image_norm import ImageNorm

from bireid_converters.onnx_export.emission import Emission


def _image_norm(emission: Emission) -> str:
    graph, layer, name = emission.graph, emission.layer, emission.layer.name

    def constant(part: str, values: np.ndarray) -> str:
        return emission.constant(part, values[:, None, None])

    def mixed(of_the_image: str, part: str, stored: np.ndarray) -> str:
        if layer.mask is None:
            return of_the_image
        masked = graph.node(
            "Mul", [of_the_image, constant(f"{part}_mask", layer.mask)], f"{name}/{part}_own"
        )
        return graph.node("Add", [masked, constant(part, stored)], f"{name}/{part}_mixed")

    average = graph.node("GlobalAveragePool", [emission.input], f"{name}/average")
    mean = mixed(average, "mean", np.asarray(layer.stored_mean))
    centred = graph.node("Sub", [emission.input, mean], f"{name}/centred")
    squares = graph.node("Mul", [centred, centred], f"{name}/squares")
    spread = graph.node("GlobalAveragePool", [squares], f"{name}/spread")
    variance = mixed(spread, "variance", np.asarray(layer.stored_variance))
    epsilon = graph.constant(f"{name}/epsilon", np.float32(layer.epsilon))
    positive = graph.node("Add", [variance, epsilon], f"{name}/positive")
    deviation = graph.node("Sqrt", [positive], f"{name}/deviation")
    gamma = constant("gamma", np.asarray(layer.gamma))
    factor = graph.node("Div", [gamma, deviation], f"{name}/factor")
    scaled = graph.node("Mul", [centred, factor], f"{name}/scaled")
    return graph.node("Add", [scaled, constant("beta", np.asarray(layer.beta))], emission.output)


def _generalized_mean(emission: Emission) -> str:
    graph, name = emission.graph, emission.layer.name
    power = float(emission.layer.power)
    smallest, up, down = (
        graph.constant(f"{name}/{part}", np.float32(value))
        for part, value in (("smallest", GEM_SMALLEST), ("power", power), ("root", 1.0 / power))
    )
    positive = graph.node("Max", [emission.input, smallest], f"{name}/positive")
    raised = graph.node("Pow", [positive, up], f"{name}/raised")
    average = graph.node("GlobalAveragePool", [raised], f"{name}/average")
    flat = graph.node("Flatten", [average], f"{name}/flat")
    return graph.node("Pow", [flat, down], emission.output)


IMPORTED_HANDLERS: dict[type, Callable[[Emission], str]] = {
    ImageNorm: _image_norm,
    GeneralizedMean: _generalized_mean,
}
