"""A trained detector as one network; importing it loads TensorFlow."""

from bireid_runtime.boxes import Decoding
from bireid_runtime.outputs import OutputSpec

from bireid_deploy.errors import TrainingError
from bireid_deploy.tasks.base import Deployment, Run
from bireid_deploy.tasks.detection.section import DetectionSection
from bireid_deploy.tasks.detection.step import MAP, stride_of


def deploy(run: Run) -> Deployment:
    """The network as it is; what follows its map stands in the manifest.

    Raises:
        TrainingError: The run's record does not list the classes that the network tells apart.
    """
    network, options = run.network, run.recipe.section(DetectionSection)
    classes = run.record["data"].get("classes")
    if not isinstance(classes, list) or len(classes) != network.config.classes:
        raise TrainingError(
            f"{run.directory.path}: damaged run: its record does not list the "
            f"{network.config.classes} classes of its network"
        )
    decoding = Decoding(
        stride_of(network), options.score_threshold, options.iou_threshold, options.max_boxes
    )
    rows, columns = network.model.output_shape[1:3]
    output = OutputSpec.boxes(MAP, (rows, columns), classes, decoding)
    return Deployment(network.config, network.model, run.inputs, (output,))
