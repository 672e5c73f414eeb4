"""Frames of live cameras: the newest one counts, older ones that nobody took are dropped."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from bireid_runtime.images import MAX_PIXELS

from bireid_deploy.data.watched_frames import WatchedFrame
from bireid_deploy.errors import DatasetError
from bireid_deploy.extras import require

_SCHEMES = ("rtsp", "rtsps", "http", "https")
# What FFmpeg may reach from there: the network, and no files.
_PROTOCOLS = "rtsp,rtp,srtp,udp,tcp,tls,http,https,httpproxy,crypto"
# Microseconds without a byte after which a camera is taken for gone.
_TIMEOUT = 10_000_000
_FIRST_WAIT, _LONGEST_WAIT = 1.0, 30.0
# Seconds that a thread gets to end.
_ENDING = 2.0
# Seconds between questions whether to stop, while no frame comes.
_PATIENCE = 0.2


def is_live(location: object) -> bool:
    """Whether it is the address of a camera, and no file or folder."""
    return isinstance(location, str) and urlsplit(location).scheme in _SCHEMES


def without_password(location: str) -> str:
    """The address as messages and files show it."""
    parts = urlsplit(location)
    _, at, host = parts.netloc.rpartition("@")
    return parts._replace(netloc=f"...@{host}" if at else host).geturl()


@dataclass(eq=False)
class LiveCamera:
    """A camera at an address, read by a thread of its own.

    A camera that goes away is asked again, after one second, two, four, up to thirty, until the
    watch is stopped. Its frames are numbered as they come, those too that are dropped.

    Attributes:
        name: Of the camera.
        location: `rtsp://...`, or `http://...` of a stream such as MJPEG.
        broken: Frames so far that could not be decoded.
        dropped: Frames so far that a newer one has overtaken.
        lost: How often the camera went away.
        gone: None: a camera is waited for.
        first_wait: Seconds before it is asked again.
    """

    name: str
    location: str
    broken: int = 0
    dropped: int = 0
    lost: int = 0
    gone: None = None
    first_wait: float = _FIRST_WAIT
    _number: int = 0
    _newest: WatchedFrame | None = None
    _thread: threading.Thread | None = None
    _failure: Exception | None = None
    _stopped: threading.Event = field(default_factory=threading.Event)

    @property
    def path(self) -> str:
        """The address without a password."""
        return without_password(self.location)

    def check(self) -> None:
        """See that live cameras can be read.

        Raises:
            MissingPackageError: PyAV is not installed.
        """
        require("video")

    @property
    def identity(self) -> str:
        """What tells whether a watch is of the same camera."""
        return self.path

    def modified(self) -> float:
        """Now, seconds since 1970."""
        return time.time()

    def start(self, news: threading.Condition, after: int, origin: float) -> None:
        """Begin to read.

        Args:
            news: Notified of each frame, and held while it is handed over.
            after: Number of the last frame before.
            origin: Second since 1970 that times of frames count from.
        """
        self._number = after
        arguments = (news, origin)
        self._thread = threading.Thread(target=self._read, args=arguments, daemon=True)
        self._thread.start()

    def take(self) -> WatchedFrame | None:
        """The newest frame, once; `news` is held.

        Raises:
            DatasetError: There was never a video.
        """
        if self._failure is not None:
            raise self._failure
        frame, self._newest = self._newest, None
        return frame

    def stop(self) -> None:
        """Read no more; the thread may still wait for a camera that is silent."""
        self._stopped.set()
        if self._thread is not None:
            self._thread.join(_ENDING)

    def _read(self, news: threading.Condition, origin: float) -> None:
        wait = self.first_wait
        while not self._stopped.is_set():
            before = self._number
            try:
                self._read_once(news, origin)
            except DatasetError as error:
                # What never showed a frame is a mistake in the address, no camera that went away.
                if not self._number:
                    with news:
                        self._failure = error
                        news.notify()
                    return
            with news:
                self.lost += 1
            wait = self.first_wait if self._number > before else min(2 * wait, _LONGEST_WAIT)
            self._stopped.wait(wait)

    def _read_once(self, news: threading.Condition, origin: float) -> None:
        """Read until the camera goes away."""
        import av

        options = {"protocol_whitelist": _PROTOCOLS, "rtsp_transport": "tcp"}
        options |= {"timeout": str(_TIMEOUT)}
        try:
            with av.open(self.location, options=options, timeout=_TIMEOUT / 1e6) as video:
                if not video.streams.video:
                    raise DatasetError(f"{self.path}: holds no video")
                stream = video.streams.video[0]
                if stream.width * stream.height > MAX_PIXELS:
                    raise DatasetError(f"{self.path}: frames have more than {MAX_PIXELS} pixels")
                for packet in video.demux(stream):
                    if self._stopped.is_set():
                        return
                    self._decode(packet, news, origin)
        except (av.error.FFmpegError, OSError) as error:
            raise DatasetError(f"{self.path}: cannot be read: {error.strerror}") from error

    def _decode(self, packet: object, news: threading.Condition, origin: float) -> None:
        import av

        try:
            frames = packet.decode()  # type: ignore[attr-defined]
        except av.error.InvalidDataError:
            with news:
                self._number, self.broken = self._number + 1, self.broken + 1
            return
        for frame in frames:
            pixels = frame.to_ndarray(format="rgb24")
            with news:
                self._number += 1
                self.dropped += self._newest is not None
                seconds = max(0.0, time.time() - origin)
                self._newest = WatchedFrame(self._number, seconds, pixels)
                news.notify()


def as_they_come(
    cameras: Sequence[LiveCamera],
    after: Mapping[str, int],
    origin: float,
    is_stopped: Callable[[], bool],
) -> Iterator[tuple[LiveCamera, WatchedFrame]]:
    """The newest frames of live cameras, each by turns, until it is stopped.

    Who takes them slower than they come gets fewer of them, none that is old: at most one frame of
    each camera waits.

    Args:
        cameras: The cameras.
        after: Per camera the number of the last frame before.
        origin: Second since 1970 that times count from.
        is_stopped: Asked between frames, and while none comes.

    Raises:
        DatasetError: An address that never gave a video.
    """
    news = threading.Condition()
    for camera in cameras:
        camera.start(news, after[camera.name], origin)
    try:
        while not is_stopped():
            with news:
                taken = [(camera, camera.take()) for camera in cameras]
                if not any(frame for _, frame in taken):
                    news.wait(_PATIENCE)
            for camera, frame in taken:
                if frame is not None:
                    yield camera, frame
    finally:
        for camera in cameras:
            camera.stop()
