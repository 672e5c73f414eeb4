"""A trained tracker as one network; importing it loads TensorFlow."""

from bireid_runtime.outputs import OutputSpec

from bireid_deploy.tasks.base import Deployment, Run
from bireid_deploy.tasks.tracking.section import TrackingSection
from bireid_deploy.tasks.tracking.step import BIAS, MAP, cells_of


def deploy(run: Run) -> Deployment:
    """The network as it is; what is done with its maps stands in the manifest.

    Raises:
        TrainingError: The network has no map that can be sought in.
    """
    network, options = run.network, run.recipe.section(TrackingSection)
    cells = cells_of(network, options)
    bias = float(network.features.get_layer(BIAS).bias.numpy())
    shape = network.model.output_shape[1:]
    output = OutputSpec.correlation(MAP, shape, cells.matching(options, bias))
    return Deployment(network.config, network.model, run.inputs, (output,))
