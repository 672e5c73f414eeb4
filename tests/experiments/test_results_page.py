"""docs/results.md and its figures, drawn from records of experiments."""

import json
import re
from pathlib import Path

import pytest

STUDIES = Path(__file__).parents[2] / "studies"


def _record(run, seed, value, **recipe):
    return {
        "schema_version": 1,
        "run": run,
        "label": f"label of {run}",
        "seed": seed,
        "recipe": {
            "network": {
                "backbone": "resnet18",
                "input_height": 128,
                "input_width": 64,
                "width": 0.5,
            },
            **recipe,
        },
        "data": {
            "kind": "synthetic",
            "name": "people",
            "train": {"identities": 300, "images": 3600},
            "query": {"identities": 200, "images": 800},
            "gallery": {"images": 1640},
        },
        "metrics": {
            "mean_average_precision": value,
            "rank_1": value + 0.1,
            "mean_inverse_negative_penalty": value - 0.1,
        },
        "epochs": 2,
        "images_per_second": 200.0 + seed,
        "history": {"identity": [2.0, 1.0 + value], "total": [3.0, 1.0]},
    }


@pytest.fixture
def page(monkeypatch, tmp_path):
    """Write the page from made-up records, into a folder of its own; returns the text."""
    monkeypatch.syspath_prepend(str(STUDIES))
    import results_page

    monkeypatch.setattr(results_page, "RESULTS", tmp_path / "results")
    monkeypatch.setattr(results_page, "PAGE", tmp_path / "docs" / "results.md")
    monkeypatch.setattr(results_page, "FIGURES", tmp_path / "docs" / "figures")
    (tmp_path / "docs").mkdir()

    def call(grid=None, records=()):
        for record in records:
            path = tmp_path / "results" / "experiments" / grid
            path.mkdir(parents=True, exist_ok=True)
            (path / f"{record['run']}-seed{record['seed']}.json").write_text(json.dumps(record))
        results_page.main()
        return (tmp_path / "docs" / "results.md").read_text()

    return call


ABLATION = [
    _record(run, seed, value + slope * seed)
    for run, value, slope in (("bireid", 0.6, 0.02), ("baseline", 0.5, 0.01), ("xnor", 0.3, 0.01))
    for seed in (0, 1, 2)
]


def test_the_table_has_means_intervals_sizes_and_the_papers_numbers_as_theirs(page):
    text = page("ablation", ABLATION)
    assert "300 people with 3600 images to train; 200 other people, 800 queries and 1640" in text
    assert "128x64, width 0.5, 2 epochs" in text
    assert (
        "| model | seeds | mAP | rank-1 | mINP | mAP against the baseline's | "
        "paper's mAP, Market-1501 | paper's rank-1, Market-1501 |" in text
    )
    rows = [line for line in text.splitlines() if line.startswith("| label of ")]
    # s = 0.01, t(2) = 4.30265: 2.48 points; the difference has s = 0.01 as well.
    assert rows == [
        "| label of xnor | 3 | 31.0 ± 2.5 | 41.0 ± 2.5 | 21.0 ± 2.5 | -20.0 ± 0.0 | 40.1 | 63.8 |",
        "| label of baseline | 3 | 51.0 ± 2.5 | 61.0 ± 2.5 | 41.0 ± 2.5 | - | 54.0 | 74.9 |",
        "| label of bireid | 3 | 62.0 ± 5.0 | 72.0 ± 5.0 | 52.0 ± 5.0 "
        "| +11.0 ± 2.5 | 64.0 | 84.1 |",
    ]


def test_runs_at_paper_size_stand_beside_the_papers_table(page):
    network = {"backbone": "resnet18", "input_height": 256, "input_width": 128, "width": 1.0}
    values = {"xnor": 0.35, "bireal": 0.4, "baseline": 0.5, "bireid": 0.55, "real": 0.6}
    records = [_record(run, 0, value, network=network) for run, value in values.items()]
    for record in records:
        record["data"] |= {"kind": "reid", "name": "market"}
    text = page("market1501", records)
    assert "ResNet-18, 256x128, width 1.0, 2 epochs. One seed." in text
    assert "theirs and not reproduced" in text
    rows = [line.split(" | ")[-2:] for line in text.splitlines() if line.startswith("| label of ")]
    assert rows == [
        ["40.1", "63.8 |"],
        ["-", "- |"],
        ["54.0", "74.9 |"],
        ["64.0", "84.1 |"],
        ["-", "- |"],
    ]


def test_what_was_converted_from_a_run_stands_behind_it(page):
    twin = _record("real", 0, 0.7)
    int8 = {**_record("real-int8", 0, 0.6), "converted_from": "real", "history": {}}
    text = page("ablation", [int8, *ABLATION, twin, _record("baseline-long", 0, 0.55)])
    rows = re.findall(r"^\| label of (\S+)", text, re.MULTILINE)
    assert rows == ["xnor", "baseline", "bireid", "real", "real-int8", "baseline-long"]


def test_runs_of_unequal_length_have_a_column_of_epochs(page):
    longer = {**_record("baseline-long", 0, 0.55), "epochs": 4}
    text = page("ablation", [_record("baseline", 0, 0.5), longer])
    assert "width 0.5, epochs as in the table." in text
    assert "| model | epochs | seeds | mAP |" in text
    assert "| label of baseline-long | 4 | 1 | 55.0 |" in text


@pytest.mark.parametrize(
    "recipe", [{"images_per_class": 1000}, {"classification": {"images_per_class": 1000}}]
)
def test_images_that_no_run_took_are_not_said_to_train(page, recipe):
    record = _record("baseline", 0, 0.5, **recipe)
    images = {"train": {"classes": 10, "images": 15000}, "test": {"images": 3000}}
    record["data"] = {"kind": "classification", "name": "small", **images}
    record["metrics"] = {"top_1": 0.5, "top_5": 0.9}
    text = page("ablation_cifar", [record])
    assert "15000 images of 10 classes, up to 1000 of each to train, 3000 to test. " in text


def test_a_second_call_writes_the_same_bytes(page, tmp_path):
    first = page("ablation", ABLATION)
    figures = {path.name: path.read_bytes() for path in (tmp_path / "docs" / "figures").iterdir()}
    assert sorted(figures) == ["ablation_losses.svg", "ablation_scores.svg"]
    assert all(f"](figures/{name})" in first for name in figures)
    assert page() == first
    for name, content in figures.items():
        assert (tmp_path / "docs" / "figures" / name).read_bytes() == content
        assert not re.search(rb"dc:date|Matplotlib", content)
        assert b"label of xnor" in content


def test_a_figure_follows_the_records(page, tmp_path):
    page("ablation", ABLATION)
    scores = tmp_path / "docs" / "figures" / "ablation_scores.svg"
    before = scores.read_bytes()
    page("ablation", [_record("bireid", 0, 0.7)])
    assert scores.read_bytes() != before


def test_the_sweeps_are_drawn_over_their_weights(page, tmp_path):
    weights = {"lambda": ("kernel_refining", "1e-5"), "mu": ("feature_refining", "1e-3")}
    records = [
        _record(f"{name}-{value}", seed, 0.5, **{section: {"mse_weight": float(value)}})
        for name, (section, weight) in weights.items()
        for value in ("0", weight)
        for seed in (0, 1)
    ]
    text = page("sweeps", records)
    assert "| label of lambda-1e-5 | 2 | 50.0 ± 0.0 |" in text
    assert "paper's mAP" not in text
    drawn = (tmp_path / "docs" / "figures" / "sweeps.svg").read_text()
    assert "weight of the kernel MSE" in drawn
    assert "weight of the feature MSE" in drawn


STREET = {
    "data": {
        "kind": "street",
        "classes": 1,
        "train": {"images": 300, "boxes": 700},
        "test": {"images": 150, "boxes": 350},
        "remarks": [],
    },
    "metrics": {"ap": 0.3, "ap_50": 0.7, "ap_75": 0.2, "ap_small": 0.1},
    "history": {"score": [2.0, 1.0], "box": [1.0, 0.5]},
}


def _detectors(sides):
    records = [{**_record(run, seed, 0), **STREET} for run in sides for seed in (0, 1)]
    for record in records:
        network = record["recipe"]["network"]
        network["input_height"] = network["input_width"] = sides[record["run"]]
    return records


def test_scores_stand_beside_the_times_of_their_networks(page, tmp_path):
    times = tmp_path / "results" / "times" / "detectors.json"
    times.parent.mkdir(parents=True)
    runs = {"one-map": {"input": [192, 192], "bytes": 755_772, "p10_ms": 1.94, "median_ms": 3.1}}
    about = {"engine": "bireid 0.1.0 (neon)", "machine": "a board", "threads": 1, "rounds": 40}
    times.write_text(json.dumps({"grid": "detectors", **about, "runs": runs}))
    text = page("detectors", _detectors({"one-map": 192, "fused": 224}))
    # What the runs do not share is not said of all.
    assert "350 in 150 to test. ResNet-18, width 0.5, 2 epochs." in text
    assert "in bireid 0.1.0 (neon), batch 1, 1 thread, a board, 40 interleaved rounds" in text
    assert "| model | MB | ms | seeds | AP | AP50 | AP75 | AP, small people |" in text
    assert (
        "| label of one-map | 0.76 | 1.94 | 2 | 30.0 ± 0.0 | 70.0 ± 0.0 | 20.0 ± 0.0 | 10.0 ± 0.0 |"
        in text
    )
    assert "| label of fused | - | - | 2 | 30.0 ± 0.0 |" in text


def test_networks_of_several_grids_stand_on_one_front(page, tmp_path):
    """What is larger and slower, and scores less, is drawn and not on the front."""
    costs = {
        "methods_rbcn": {
            "bireal": (500_000, 0.5),
            "bireid": (600_000, 0.7),
            "real": (9_000_000, 3.0),
        },
        "search": {"cnet": (700_000, 0.8)},
    }
    about = {"engine": "bireid", "machine": "a board", "threads": 1, "rounds": 40}
    records = {
        grid: [_record(run, 0, score) for run, score in scores.items()]
        for grid, scores in (
            ("methods_rbcn", {"bireal": 0.3, "bireid": 0.6, "real": 0.8}),
            ("search", {"cnet": 0.5}),
        )
    }
    for grid, runs in costs.items():
        times = tmp_path / "results" / "times" / f"{grid}.json"
        times.parent.mkdir(parents=True, exist_ok=True)
        rows = {
            run: {"input": [128, 64], "bytes": size, "p10_ms": ms}
            for run, (size, ms) in runs.items()
        }
        times.write_text(json.dumps({"grid": grid, **about, "runs": rows}))
        for record in records[grid]:
            precision = "real" if record["run"] == "real" else "binary"
            record["recipe"]["network"]["precision"] = precision
    page("search", records["search"])
    text = page("methods_rbcn", records["methods_rbcn"])
    part = text[text.index("## Methods and architectures on synthetic people") :]
    table = [line for line in part.splitlines() if line.startswith("|")][:5]
    assert table == [
        "| on the front of time | MB | ms | mAP |",
        "|---|---|---|---|",
        "| label of bireal | 0.50 | 0.50 | 30.0 |",
        "| label of bireid | 0.60 | 0.70 | 60.0 |",
        "| label of real | 9.00 | 3.00 | 80.0 |",
    ]
    drawn = (tmp_path / "docs" / "figures" / "people_front.svg").read_text()
    assert "label of bireid" in drawn
    assert "label of cnet" not in drawn


def test_the_losses_that_are_drawn_are_those_of_the_task(page, tmp_path):
    text = page("ablation_detection", _detectors({"baseline": 192, "real": 192}))
    assert "192x192, width 0.5" in text
    assert "Times are of" not in text
    assert "score loss in training by method" in text
    drawn = (tmp_path / "docs" / "figures" / "ablation_detection_losses.svg").read_text()
    assert "Score loss in training" in drawn
    assert "label of real" in drawn


def test_of_a_machine_that_was_shared_the_quiet_runs_are_compared(page, tmp_path):
    def engine(name, item, item_p10, median, p10):
        return {
            **{"engine": name, "version": "1", "bytes": 1_000_000, "item": "image"},
            **{"item_ms": item, "item_p10_ms": item_p10, "median_ms": median, "p10_ms": p10},
            **{"p90_ms": 9.0, "ratio": median / 2.0, "load_ms": 1, "first_ms": 2, "cold_ms": 3},
            **{"peak_rss_bytes": 50_000_000},
        }

    engines = [engine("ours", 5.0, 3.0, 2.0, 1.0), engine("theirs", 9.0, 4.0, 8.0, 1.5)]
    about = {"bundle": "b", "input": [8, 8, 3], "machine": "m", "threads": 1, "remark": ""}
    folder = tmp_path / "results" / "bench"
    folder.mkdir(parents=True)
    for shared in (True, False):
        record = {**about, "against": [], "shared": shared, "engines": engines}
        (folder / f"{shared}.json").write_text(json.dumps(record))
    text = page()
    assert "| engine | MB | image ms, p10 | median ms | p10-p90 ms | ratio, p10 |" in text
    assert "| theirs | 1.00 | 4.00 | 8.00 | 1.50-9.00 | 1.50 |" in text
    assert "| engine | MB | image ms | median ms | p10-p90 ms | ratio |" in text
    assert "| theirs | 1.00 | 9.00 | 8.00 | 1.50-9.00 | 4.00 |" in text
    assert text.count("Others used the machine") == 1


def test_every_grid_of_the_page_is_there(page):
    """Records may come later: their headings are of grids that ship."""
    import experiment_tables

    from bireid_deploy.experiments.grid import find_grid, load_grid

    for name in experiment_tables.EXPERIMENTS:
        load_grid(find_grid(name.partition("@")[0]))


def test_a_single_seed_has_a_table_and_no_figures(page, tmp_path):
    text = page("half_width", [_record("real", 0, 0.5), _record("distilled", 0, 0.4)])
    assert "2 epochs. One seed. `bireid-deploy experiment half_width` repeats it." in text
    assert "Student" not in text
    assert not (tmp_path / "docs" / "figures").exists()


def test_without_experiments_the_page_has_no_part_about_them(page, tmp_path):
    assert "Student" not in page()
    assert not (tmp_path / "docs" / "figures").exists()


def test_models_stand_by_size_and_time(page, tmp_path):
    def model(name, size, score):
        return {
            "model": name,
            "bytes": size,
            "scores": {"mean_average_precision": score},
            "intervals": {"mean_average_precision": [score - 0.02, score + 0.02]},
        }

    record = {
        "models": [
            model("b/model.float.onnx", 11_200_000, 0.93),
            model("b/model.int8.tflite", 2_900_000, 0.92),
            model("b", 600_000, 0.91),
        ]
    }
    folder = tmp_path / "results" / "tradeoffs"
    folder.mkdir(parents=True)
    engines = ("model.float.onnx, ONNX Runtime", "model.int8.tflite, LiteRT")
    times = dict(zip((*engines, "1-bit, bireid (native)"), (2.8, 2.6, 0.8), strict=True))
    rows = [{"engine": name, "p10_ms": ms} for name, ms in times.items()]
    folder.with_name("tradeoffs_bench.json").write_text(json.dumps({"engines": rows}))
    (folder / "people.json").write_text(json.dumps(record))
    text = page()
    assert "| 1-bit | 0.60 | 0.80 | 91.0 (89.0 to 93.0) |" in text
    assert "[Accuracy against size and time](#accuracy-against-size-and-time)" in text
    assert "int8" in (tmp_path / "docs" / "figures" / "tradeoffs_people.svg").read_text()


def test_paths_beside_other_engines_have_ratios_to_the_first_row_of_their_network(page, tmp_path):
    row = {"version": "bireid 1 (amx)", "cpu_features": "AMX", "batch": 1, "calls": 9}
    times = {"fastest_ms": 1.9, "p10_ms": 2.0, "median_ms": 2.2, "p90_ms": 3.0}
    other = {**row, "version": "openvino 1 (bf16)", "batch": 8, **times, "p10_ms": 2.5}
    network = {
        "bundle": "people",
        "input": [256, 128, 3],
        "rows": [{"engine": "ours", **row, **times}, {"engine": "theirs", **other}],
    }
    record = {"machine": "x86_64, a CPU", "cpu_features": "AMX", "rounds": 3, "budget_ms": 25}
    path = tmp_path / "results" / "paths.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({**record, "networks": [network]}))
    text = page()
    assert "x86_64, a CPU, strongest level AMX; one thread" in text
    assert "Engines: bireid 1, openvino 1." in text
    assert "### people on every path, 256x128 pixels" in text
    assert "| theirs | 8 | AMX | 1.900 | 2.500 | 2.200 | 1.25 |" in text


def test_records_need_a_heading(page):
    with pytest.raises(SystemExit, match=r"no heading for ablation@nowhere"):
        page("ablation@nowhere", [_record("baseline", 0, 0.5)])


def test_runs_elsewhere_stand_against_the_other_cameras_too(page):
    records = []
    for seed, score in enumerate((0.2, 0.4)):
        record = _record("all", seed, score)
        record["metrics"] |= {"other_cameras_mean_average_precision": score + 0.1}
        records.append(record)
    text = page("real_people@pku-training-half", records)
    assert "| rank-1 | mINP | mAP, other cameras |" in text
    (row,) = [line for line in text.splitlines() if "| 2 | 30.0 ± 127.1 |" in line]
    assert row.endswith("| 40.0 ± 127.1 |")
