"""What a network on clouds learns; importing it loads TensorFlow with the classifier."""

from typing import Any

from bireid_deploy.errors import TrainingError
from bireid_deploy.tasks.supervised import ClassifierStep, LossSection


def classifier_step(network: Any, classes: int, options: LossSection) -> ClassifierStep:
    """Cross-entropy over the classes, on the features of the whole cloud.

    Raises:
        TrainingError: The network takes something else than a column of points.
    """
    shape = tuple(network.features.input_shape[1:])
    if shape[1:] != (1, 3):
        raise TrainingError(
            f"the network takes {shape}, not a column of points: set network.backbone='pointnet' "
            "and network.input_width=1"
        )
    return ClassifierStep(network, classes, options)
