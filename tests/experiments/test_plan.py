"""What is planned, without any training."""

import json

import pytest

from bireid_deploy.cli.experiment_progress import BarReporter
from bireid_deploy.errors import TrainingError
from bireid_deploy.experiments.data import ExperimentData, open_data
from bireid_deploy.experiments.errors import ExperimentError
from bireid_deploy.experiments.folder import ExperimentFolder
from bireid_deploy.experiments.grid import find_grid, load_grid
from bireid_deploy.experiments.plan import plan_runs

GRIDS = find_grid("ablation").parent
DATA = ExperimentData(root="people", description={"kind": "synthetic", "sha256": "1"})


def _plan(path, *arguments):
    return plan_runs(load_grid(path), path, *arguments)


def test_all_runs_of_a_seed_come_before_the_next_seed(grid):
    keys = [run.key for run in _plan(grid)]
    assert keys == ["first-seed0", "second-seed0", "first-seed1", "second-seed1"]


def test_overrides_of_a_run_come_after_those_of_the_grid(grid):
    overrides = 'set = ["optimizer.other_rate=0.5", "optimizer.epochs=7"]\n'
    grid.write_text(overrides + grid.read_text())
    runs = {run.key: run.recipe.optimizer for run in _plan(grid)}
    assert (runs["first-seed0"].other_rate, runs["first-seed0"].epochs) == (0.5, 7)
    assert (runs["second-seed0"].other_rate, runs["second-seed0"].epochs) == (0.002, 7)


def test_a_fingerprint_depends_on_all_that_decides_the_outcome_and_not_on_names(grid, tmp_path):
    def fingerprints(data=DATA):
        return [run.identity(data).fingerprint for run in _plan(grid)]

    before = fingerprints()
    assert len(set(before)) == 4
    others = ExperimentData("people", {"kind": "synthetic", "sha256": "2"})
    assert not set(before) & set(fingerprints(others))

    recipe = tmp_path / "tiny.toml"
    text = recipe.read_text()
    recipe.write_text(text.replace('"tiny"', '"other name"\ndescription = "new"'))
    assert fingerprints() == before
    recipe.write_text(text.replace("pad = 2", "pad = 3"))
    assert not set(before) & set(fingerprints())
    recipe.write_text(text)
    # What the first stage is trained with decides the second one as well.
    last_run = '[[run]]\nname = "first"\nset = ["augmentation.pad=3"]'
    grid.write_text(grid.read_text().replace('[[run]]\nname = "first"', last_run))
    assert not set(before) & set(fingerprints())


def test_a_run_can_start_from_the_same_seed_of_another_experiment(grid, tmp_path):
    grid.write_text(grid.read_text().replace('init = "first"', 'init_from = "pre+trained"'))
    elsewhere = ExperimentFolder(tmp_path / "elsewhere")
    elsewhere.result("x").parent.mkdir(parents=True)
    for seed in (0, 1):
        record = {"schema_version": 1, "fingerprint": f"sha256:{seed}"}
        elsewhere.result(f"pre+trained-seed{seed}").write_text(json.dumps(record))
    runs = {run.key: run for run in _plan(grid, (), elsewhere.path)}
    second = runs["second-seed1"]
    assert second.initial.run == tmp_path / "elsewhere" / "runs" / "pre+trained-seed1"
    assert second.identity(DATA).initial == {"run": "pre+trained-seed1", "fingerprint": "sha256:1"}
    assert second.requires == ()

    elsewhere.result("pre+trained-seed1").unlink()
    with pytest.raises(ExperimentError, match="holds no finished run"):
        _plan(grid, (), elsewhere.path)


def test_a_run_can_start_from_a_file(grid, tmp_path):
    grid.write_text(grid.read_text().replace('init = "first"', 'init_from = "imagenet"'))
    file = tmp_path / "net.pth"
    file.write_bytes(b"weights")
    second = {run.key: run for run in _plan(grid, (), file)}["second-seed0"]
    assert second.initial.run == file
    before = second.identity(DATA)
    assert before.initial["run"] == "net.pth"
    file.write_bytes(b"other weights")
    other = {run.key: run for run in _plan(grid, (), file)}["second-seed0"]
    assert other.identity(DATA).changes(before) == ["init"]


def test_a_recipe_that_distils_needs_a_teacher(grid):
    text = grid.read_text()
    distils = 'set = ["distillation.enabled=true"]'
    grid.write_text(text.replace('set = ["optimizer.other_rate=0.002"]', distils))
    with pytest.raises(TrainingError, match="name the teacher's run"):
        _plan(grid)
    grid.write_text(grid.read_text().replace('init = "first"', 'teacher = "first"'))
    run = next(run for run in _plan(grid) if run.key == "second-seed1")
    assert run.teacher.key == "first-seed1"
    assert run.requires == ("first-seed1",)


# Whose runs those of a grid start from, as its comment says.
SOURCES = {"ablation_pku": "ablation", "methods_rbcn_pku": "methods_rbcn"}


@pytest.mark.parametrize("name", sorted(path.stem for path in GRIDS.glob("*.toml")))
def test_the_shipped_grids_fit_the_shipped_recipes(name, tmp_path):
    grid = load_grid(find_grid(name))
    assert grid.name == name
    elsewhere = ExperimentFolder(tmp_path)
    elsewhere.result("x").parent.mkdir()
    source = load_grid(find_grid(SOURCES.get(name, name)))
    for key in [f"{entry.name}-seed{seed}" for entry in source.run for seed in source.seeds]:
        elsewhere.result(key).write_text('{"schema_version": 1, "fingerprint": "sha256:0"}')
    runs = plan_runs(grid, find_grid(name), (), elsewhere.path, elsewhere.path)
    assert len(runs) == len(grid.run) * len(grid.seeds)
    fingerprints = {run.identity(DATA).fingerprint for run in runs}
    assert len(fingerprints) == len(runs)


def test_the_description_of_a_folder_follows_its_files(people_folder):
    section = load_grid(find_grid("ablation_pku")).data
    before = open_data(section, people_folder, people_folder).description
    assert before["train"] == {"identities": 2, "images": 8, "cameras": 2}
    (people_folder / ".hidden").write_text("no data")
    assert open_data(section, people_folder, people_folder).description == before
    with next((people_folder / "query").iterdir()).open("ab") as image:
        image.write(b"\0")
    assert open_data(section, people_folder, people_folder).description != before


@pytest.fixture
def people_folder(tmp_path):
    from bireid_deploy.data.synthetic import write_synthetic

    write_synthetic(
        tmp_path / "folder", identities=4, cameras=2, images_per_camera=2, size=(32, 16)
    )
    return tmp_path / "folder"


def test_the_bar_counts_the_epochs_of_the_whole_grid(grid, capfd):
    runs = _plan(grid)
    record = {"data": {"kind": "synthetic"}, "metrics": {"mean_average_precision": 0.5}}
    with BarReporter(runs, {"first-seed0": 1}) as reporter:
        reporter.epochs(runs[1], 1)
        reporter.finished(runs[1], {**record, "seconds": 61.2})
    err = capfd.readouterr().err
    assert "1/4  second-seed0: mAP 50.0, 61 s" in err
    assert "1/4 runs" in err
    assert " 50%" in err
