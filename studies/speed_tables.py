"""The parts of docs/results.md about speed, from the records in studies/results."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from markdown_table import markdown_table

Record = Mapping[str, Any]

_SHARED = " Others used the machine: p10 is what a tenth of the runs stay under."


def training_speed(records: Sequence[Record]) -> str:
    """Images per second of the training steps."""
    rows = []
    for record in records:
        network, speed = record["network"], record["images_per_second"]
        height, width = network["input"]
        rows.append(
            (
                f"width {network['width']}, {height}x{width}",
                network["batch"],
                f"{speed['plain']:.0f}",
                f"{speed['bireid']:.0f}",
                f"{record['ratio']:.2f}",
            )
        )
    return (
        "## Training speed\n\n"
        "Plain cross-entropy step against the full BiRe-ID step on the same network and batch, two "
        f"CPU cores, both in one process, {records[0]['rounds']} interleaved rounds, repeatable to "
        "the bit. `make bench` repeats it.\n\n"
        + markdown_table(
            ("network", "batch", "plain, images/s", "BiRe-ID, images/s", "ratio"), rows
        )
    )


_AUGMENTATIONS = {
    "none": "flip, pad, erasing alone",
    "color": "and colours",
    "degradation": "and losses of resolution, blur, JPEG",
    "all": "and both",
}


def augmentation_speed(record: Record) -> str:
    """Images per second of a training by what its images go through."""
    rows = [
        (label, f"{record['images_per_second'][name]:.0f}", f"{record['ratios'][name]:.2f}")
        for name, label in _AUGMENTATIONS.items()
    ]
    return (
        "## What augmentation costs\n\n"
        f"Training of `{record['recipe']}` on drawn people, batches made beside the step as in "
        f"every training, two CPU cores, one process, {record['rounds']} interleaved rounds. "
        "`make bench` repeats it.\n\n"
        + markdown_table(("images go through", "images/s", "ratio"), rows)
    )


def latency(records: Sequence[Record]) -> str:
    """Latency of engines: one table for each bundle and number of threads.

    Args:
        records: What record_bench.py wrote. Bundles that were timed against other files come
            first.
    """
    parts = [
        "## Latency\n\n"
        "Batch 1, random pixels, one engine per process, interleaved rounds, each table one run on "
        "one machine. Ratio: how many times as long as the first row of the same table; ratios "
        "hold for that run on that machine and are not to be carried to another CPU, least of all "
        "from x86 to ARM. Load: import of the engine and opening of the file; first: the first "
        "embedding; cold: both, in a fresh process. Larq Compute Engine is tuned for ARM, not for "
        "x86. A uint8 stem rounds the first layer's weights; the other 1-bit rows compute what the "
        "file says. Image, frame and item ms are the whole way: an image to its boxes, a frame to "
        "the target's place with all sizes and the correlation, a cloud to its class. "
        "`bireid-deploy bench BUNDLE` repeats it.\n"
    ]
    order = sorted(records, key=lambda each: (not each["against"], each["bundle"], each["threads"]))
    for record in order:
        threads = "1 thread" if record["threads"] == 1 else f"{record['threads']} threads"
        peers = f" {record['remark']}" if record["remark"] else ""
        versions = ", ".join(dict.fromkeys(engine["version"] for engine in record["engines"]))
        first = record["engines"][0]
        whole = first.get("item") or ""
        # Where others used the machine, a median says how much; the quiet runs are comparable.
        shared = record.get("shared", False)
        of = ", p10" if shared else ""
        columns = ["engine", "MB", *([f"{whole} ms{of}"] if whole else [])]
        columns += ["median ms", "p10-p90 ms", f"ratio{of}"]
        columns += ["load ms", "first ms", "cold ms", "peak MB"]
        # What an engine may use of the CPU; older records do not say.
        columns += ["CPU"] if "cpu_features" in first else []
        rows = [_engine(engine, first, bool(whole), shared) for engine in record["engines"]]
        busy = _SHARED if shared else ""
        parts.append(
            f"### {record['bundle']}, {threads}\n\n"
            f"{_taken(record['input'])}; {record['machine']}.{busy}{peers} Engines: {versions}.\n\n"
            + markdown_table(columns, rows)
        )
    return "\n".join(parts)


def _taken(shape: Sequence[int]) -> str:
    """Images in pixels, clouds in points."""
    return f"{shape[0]} points" if shape[1] == 1 else f"{shape[0]}x{shape[1]} pixels"


def _engine(engine: Record, first: Record, whole: bool, shared: bool) -> Sequence[object]:
    item = engine["item_p10_ms" if shared else "item_ms"] if whole else None
    ratio = engine["p10_ms"] / first["p10_ms"] if shared else engine["ratio"]
    return (
        engine["engine"],
        f"{engine['bytes'] / 1e6:.2f}",
        *([] if not whole else ["-" if item is None else f"{item:.2f}"]),
        f"{engine['median_ms']:.2f}",
        f"{engine['p10_ms']:.2f}-{engine['p90_ms']:.2f}",
        f"{ratio:.2f}",
        f"{engine['load_ms']:.0f}",
        f"{engine['first_ms']:.1f}",
        f"{engine['cold_ms']:.0f}",
        f"{engine['peak_rss_bytes'] / 1e6:.0f}",
        *([engine["cpu_features"]] if "cpu_features" in engine else []),
    )


def paths(record: Record) -> str:
    """Whole networks on every path of the native library, beside other engines.

    Args:
        record: What path_speed.py wrote.
    """
    names = ", ".join(dict.fromkeys(_versions(record)))
    parts = [
        "## Every path beside other engines\n\n"
        f"{record['machine']}, strongest level {record['cpu_features']}; one thread, one engine "
        f"per process, {record['rounds']} interleaved rounds, all in one run. Ratio: how many "
        "times as long as the first row of the same network, by p10, what a tenth of the runs stay "
        "under. Of batches, times are of one image. CPU: the strongest "
        "level that the engine may use. Where that is less than the CPU has, OpenVINO was held to "
        "it, which stands in for an older CPU and is none. The peers of either network are its "
        "real-valued counterpart with random weights, on which speed does not depend. "
        f"{_twins(record)}`studies/path_speed.py` repeats it. Engines: {names}.\n"
    ]
    columns = ("engine", "batch", "CPU", "fastest ms", "p10 ms", "median ms", "ratio")
    for network in record["networks"]:
        first = network["rows"][0]
        rows = [
            (
                row["engine"],
                row["batch"],
                row["cpu_features"],
                f"{row['fastest_ms']:.3f}",
                f"{row['p10_ms']:.3f}",
                f"{row['median_ms']:.3f}",
                f"{row['p10_ms'] / first['p10_ms']:.2f}",
            )
            for row in network["rows"]
        ]
        title = f"### {network['bundle']} on every path, {_taken(network['input'])}"
        parts.append(f"{title}\n\n" + markdown_table(columns, rows))
    return "\n".join(parts)


def _twins(record: Record) -> str:
    """What rows of zero-padded twins are, if there are any."""
    rows = [row["engine"] for network in record["networks"] for row in network["rows"]]
    if not any(engine.endswith("padded with 0") for engine in rows):
        return ""
    return (
        "Padded with 0: the same network, whose 1-bit convolutions see 0 outside of a map in the "
        "place of +1 (`studies/zero_padded.py`). "
    )


def _versions(record: Record) -> Iterator[str]:
    """Every engine's own name and version, without what it chose in a row."""
    for network in record["networks"]:
        for row in network["rows"]:
            yield row["version"].partition(" (")[0]


def web(record: Record) -> str:
    """The engine in WebAssembly beside onnxruntime-web.

    Args:
        record: What web_speed.py wrote.
    """
    rows = [
        (
            network,
            engine,
            f"{times['wall']['least_ms']:.2f}",
            f"{times['cpu']['least_ms']:.2f}",
            f"{times['wall']['ratio']:.2f}",
            "{:.2f}, {:.2f}, {:.2f}".format(*times["ratios"]),
        )
        for network, engines in record["networks"].items()
        for engine, times in engines.items()
    ]
    columns = ("network", "engine", "ms", "CPU ms", "ratio", "ratios of the rounds")
    return (
        "## WebAssembly beside onnxruntime-web\n\n"
        f"WebAssembly in Node {record['node'].removeprefix('v')}, onnxruntime-web "
        f"{record['onnxruntime-web']}, one thread each; {record['machine']}, "
        f"{record['rounds']} rounds of {record['runs']} runs, in turns, load {record['load']:.1f} "
        "at the start. Least time of all runs, and the processor's, least of the rounds. Ratio: "
        "how many times as long as ours, by the least; and of each round's the lowest, middle and "
        "highest. Ours begins at 8-bit pixels, theirs at a normalised image. "
        "`studies/web_speed/web_speed.py` repeats it.\n\n" + markdown_table(columns, rows)
    )


def busy_core(record: Record) -> str:
    """Threads beside a process that keeps a core busy, with the pool before and after.

    Args:
        record: What busy_core.py wrote.
    """
    rows = [
        (
            row["bundle"],
            row["library"],
            row["threads"],
            *(
                f"{row[moment][key]:.2f}"
                for moment in ("alone", "busy")
                for key in ("median_ms", "p90_ms")
            ),
        )
        for row in record["rows"]
    ]
    columns = ("network", "pool", "threads", "ms alone", "p90", "ms beside a busy core", "p90")
    return (
        "## Threads beside a busy core\n\n"
        f"{record['machine']}, {record['cores']} cores, {record['rounds']} interleaved rounds of "
        "both libraries. Before, every step waited for the slowest thread; since then parts that "
        "a late thread has not begun are done by the others. `studies/busy_core.py` repeats it."
        "\n\n" + markdown_table(columns, rows)
    )


def kernels(record: Record) -> str:
    """Speed of the native kernels: one table for each path."""
    parts = [
        "## Native kernels on x86\n\n"
        f"Layers of ResNet-18 at 256x128, {record['machine']}, one thread, one path per process, "
        f"{record['rounds']} interleaved rounds of {record['runs']} runs, maps and weights in the "
        "cache. `binary` is the convolution with batch normalisation, stored; `fused` adds the "
        "shortcut, PReLU and the signs of the next layer, `zero` what zero padding adds at the "
        "edge; `half` is `fused` at half the channels, `/2` a stride of 2. MAC per cycle: of the "
        "fastest run, at the fastest clock that a chain of dependent multiplications showed in the "
        "same process, so at least that. The bound is what the execution ports of an Intel core "
        "since Ice Lake with two 512-bit units allow for the products alone: on amx, 16 x 16 x 64 "
        "products of bytes take 16 cycles (1024 per cycle; 512 of pixels, whose weights are two "
        "bytes); on avx512, 512 1-bit products are 3 operations on 2 ports (341.3 per cycle); on "
        "avx2, 128 are a table look-up and an addition on 3 ports (192); floats are 2 FMA per "
        "cycle (32 and 16); 16-bit products of the uint8 stem are 2 VPDPWSSD per cycle (64), or a "
        "multiplication and an addition on 3 ports (24). "
        "`studies/kernel_speed.py` "
        "repeats it.\n"
    ]
    columns = ("layer", "fastest us", "median us", "fastest GMAC/s", "median GMAC/s")
    for path, summary in record["paths"].items():
        clock = f", {summary['ghz']:.2f} GHz" if summary["ghz"] else ""
        rows = [
            (
                layer["layer"],
                f"{layer['fastest_us']:.1f}",
                f"{layer['median_us']:.1f}",
                f"{layer['fastest_gmac_per_second']:.1f}",
                f"{layer['median_gmac_per_second']:.1f}",
                _optional(layer, "mac_per_cycle", ".1f"),
                _optional(layer, "bound_mac_per_cycle", ".1f"),
                _optional(layer, "share_of_bound", ".0%"),
            )
            for layer in summary["layers"]
        ]
        parts.append(
            f"### {path}{clock}\n\n"
            + markdown_table((*columns, "MAC per cycle", "bound", "share of the bound"), rows)
        )
    return "\n".join(parts)


def _optional(record: Record, key: str, form: str) -> str:
    return f"{record[key]:{form}}" if key in record else "-"
