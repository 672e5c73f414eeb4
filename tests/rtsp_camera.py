"""A camera of the tests that speaks RTSP 1.0 (RFC 2326): MPEG-TS by RTP within its connection."""

import io
import itertools
import socketserver
import struct
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np

_TS_PACKETS = 7 * 188
_SDP = (
    "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=camera\r\nt=0 0\r\n"
    "m=video 0 RTP/AVP 33\r\na=rtpmap:33 MP2T/90000\r\na=control:track\r\n"
)


def transport_stream(pictures: Sequence[np.ndarray], rate: int = 25) -> bytes:
    """Pictures, uint8 (H, W, 3), as MPEG-4 in MPEG-TS."""
    import av

    held = io.BytesIO()
    with av.open(held, "w", format="mpegts") as video:
        stream = video.add_stream("mpeg4", rate=rate)
        stream.height, stream.width = pictures[0].shape[:2]
        stream.pix_fmt, stream.bit_rate = "yuv420p", 4_000_000
        for picture in pictures:
            video.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        video.mux(stream.encode())
    return held.getvalue()


class _Handler(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        try:
            while request := self._request():
                self._answer(*request)
                if request[0] == "PLAY":
                    self._play()
                    return
        except (BrokenPipeError, ConnectionResetError):
            # Whoever watched has gone.
            pass

    def _request(self) -> tuple[str, str] | None:
        """Method and CSeq; None at the end."""
        first = self.rfile.readline().decode()
        if not first.strip():
            return None
        number = "0"
        while line := self.rfile.readline().decode().strip():
            name, _, value = line.partition(":")
            if name.lower() == "cseq":
                number = value.strip()
        return first.split()[0], number

    def _answer(self, method: str, number: str) -> None:
        more, body = {
            "OPTIONS": ("Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN\r\n", ""),
            "DESCRIBE": ("Content-Type: application/sdp\r\n", _SDP),
            "SETUP": ("Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\nSession: 1\r\n", ""),
        }.get(method, ("Session: 1\r\n", ""))
        head = f"RTSP/1.0 200 OK\r\nCSeq: {number}\r\n{more}Content-Length: {len(body)}\r\n\r\n"
        self.wfile.write(f"{head}{body}".encode())

    def _play(self) -> None:
        sequence = itertools.count()
        for part in next(self.server.connections, ()):
            for start in range(0, len(part), _TS_PACKETS):
                payload = part[start : start + _TS_PACKETS]
                head = struct.pack(">BBHII", 0x80, 33, next(sequence) & 0xFFFF, 0, 1)
                self.wfile.write(b"$\0" + struct.pack(">H", len(head) + len(payload)))
                self.wfile.write(head + payload)


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True


@contextmanager
def rtsp_camera(*connections: Iterator[bytes]) -> Iterator[str]:
    """Gives the address; each connection in turn is what an iterator of MPEG-TS says."""
    with _Server(("127.0.0.1", 0), _Handler) as server:
        server.connections = iter(connections)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"rtsp://127.0.0.1:{server.server_address[1]}/stream"
        finally:
            server.shutdown()
            thread.join()
