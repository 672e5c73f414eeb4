"""Whether a video file is as long as it says: FFmpeg takes where a file is cut off for its end."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.stream import VideoStream

# Kinds of files that say themselves how long they are; of others FFmpeg may have guessed it.
_SAY_THEIR_LENGTH = ("matroska", "mov")
# By how many frames' time what came may fall short of what a video says.
_SLACK_FRAMES = 2


def early_end(video: "InputContainer", stream: "VideoStream", passed: float) -> str | None:
    """Hold the time from the first frame to the last one against what the video says.

    Args:
        video: The file.
        stream: What was read of it, to where it ends.
        passed: Time from the first frame to the last one, seconds.

    Returns:
        By how much it is too short, in words; None if it is whole, or does not say how long it is.
    """
    seconds = _seconds(video, stream)
    if seconds is None or not stream.average_rate:
        return None
    each = 1 / float(stream.average_rate)
    if seconds - (passed + each) <= _SLACK_FRAMES * each:
        return None
    return f"says that it lasts {seconds:.2f} s and ends after {passed + each:.2f} s"


def _seconds(video: "InputContainer", stream: "VideoStream") -> float | None:
    """How long a video says that it is; None if it does not, or may count its sound in."""
    import av

    if not video.format.name.startswith(_SAY_THEIR_LENGTH):
        return None
    said = []
    if stream.duration is not None and stream.time_base is not None:
        said.append(float(stream.duration * stream.time_base))
    if video.duration is not None and (said or len(video.streams) == 1):
        said.append(video.duration / av.time_base)
    # The shorter one leaves out what an edit has cut off.
    return min(said, default=None)
