"""A network and the classifier that was trained on it, as one; importing it loads TensorFlow."""

from typing import Any

from bireid_models.framework import keras
from bireid_runtime.outputs import OutputSpec

from bireid_deploy.errors import TrainingError
from bireid_deploy.tasks.base import Run
from bireid_deploy.training.checkpoint import read_classifier


def classes_of(run: Run) -> tuple[str, ...]:
    """The names of the classes that a run was trained on.

    Raises:
        TrainingError: Its record does not list them.
    """
    classes = run.record["data"].get("classes")
    if not isinstance(classes, list) or not all(isinstance(each, str) for each in classes):
        raise TrainingError(
            f"{run.directory.path}: damaged run: its record does not list the classes"
        )
    return tuple(classes)


def classifier_model(run: Run, network: Any, output: OutputSpec) -> Any:
    """A Keras model from the input to logits (N, K): a network to its neck, and the classifier.

    Args:
        run: A run with a classifier.
        network: That of the run, or one that computes the same neck.
        output: Spec of the logits; gives their name.

    Raises:
        TrainingError: The checkpoint is damaged.
    """
    kernel = read_classifier(run.directory.checkpoint)
    features = network.features
    neck = features.output["neck"]
    if kernel.shape != (neck.shape[-1], *output.shape):
        raise TrainingError(
            f"{run.directory.path}: damaged run: the classifier {kernel.shape} does not fit the "
            f"network and its {output.shape[0]} classes"
        )
    classifier = keras.layers.Dense(output.shape[0], use_bias=False, name=output.name)
    model = keras.Model(features.input, classifier(neck), name="bireid")
    classifier.kernel.assign(kernel)
    return model
