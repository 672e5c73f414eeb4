"""TensorFlow's `same` padding as explicit amounts."""


def same_padding(size: int, kernel: int, stride: int, dilation: int = 1) -> tuple[int, int]:
    """Pixels that TensorFlow pads (before, after) one axis; the odd one goes after.

    Args:
        size: Pixels of the input along the axis.
        kernel: Pixels of the kernel or the pooling window.
        stride: Step of the kernel.
        dilation: Distance between the taps of the kernel.
    """
    outputs = -(-size // stride)
    total = max(0, (outputs - 1) * stride + (kernel - 1) * dilation + 1 - size)
    return total // 2, total - total // 2
