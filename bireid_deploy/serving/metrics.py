"""Counts of the service in Prometheus' text format."""

from collections import Counter
from threading import Lock

# Upper bounds of the histogram, seconds.
_BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
# A client may invent methods; each would be a line kept for ever.
_METHODS = ("GET", "POST", "PATCH", "DELETE")


class Metrics:
    """Requests by method and status, and how long they took."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._requests: Counter[tuple[str, int]] = Counter()
        self._below = [0] * len(_BOUNDS)
        self._seconds = 0.0

    def count(self, method: str, status: int, seconds: float) -> None:
        """Count one request."""
        with self._lock:
            self._requests[method if method in _METHODS else "other", status] += 1
            self._seconds += seconds
            for index, bound in enumerate(_BOUNDS):
                self._below[index] += seconds <= bound

    def text(self, entries: dict[str, int]) -> str:
        """All lines; `entries` is how many each gallery holds."""
        with self._lock:
            lines = ["# TYPE bireid_requests_total counter"]
            for (method, status), count in sorted(self._requests.items()):
                labels = f'method="{method}",status="{status}"'
                lines.append(f"bireid_requests_total{{{labels}}} {count}")
            total = self._requests.total()
            lines.append("# TYPE bireid_request_seconds histogram")
            for bound, count in zip(_BOUNDS, self._below, strict=True):
                lines.append(f'bireid_request_seconds_bucket{{le="{bound:g}"}} {count}')
            lines.append(f'bireid_request_seconds_bucket{{le="+Inf"}} {total}')
            lines.append(f"bireid_request_seconds_sum {self._seconds:.6f}")
            lines.append(f"bireid_request_seconds_count {total}")
        lines.append("# TYPE bireid_gallery_entries gauge")
        for name, count in sorted(entries.items()):
            lines.append(f'bireid_gallery_entries{{gallery="{name}"}} {count}')
        return "\n".join(lines) + "\n"
