"""Making a training run repeatable to the last bit."""

from bireid_models.framework import keras, tf


def make_repeatable(seed: int, exactly: bool = True) -> None:
    """Seed everything and forbid TensorFlow the orders that vary from run to run.

    On the same machine and versions the same recipe and data then give the same weights. An
    `AddN` of three or more tensors starts with whichever buffer is free first, so its rounding
    varies; TensorFlow's arithmetic optimiser would merge our pairwise additions of gradients into
    such nodes and is switched off.

    Args:
        seed: Seed of Python, NumPy and TensorFlow.
        exactly: Whether the last bit counts; otherwise only the seeds are set.
    """
    keras.utils.set_random_seed(seed)
    if not exactly:
        return
    tf.config.experimental.enable_op_determinism()
    tf.config.optimizer.set_experimental_options({"arithmetic_optimization": False})
