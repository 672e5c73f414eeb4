"""Who trains together, how they meet, and what each of them takes and sees."""

import json
import socket
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from bireid_models.framework import keras, tf
from bireid_models.network import build_network
from bireid_runtime.errors import ArgumentError
from free_ports import free_ports

from bireid_deploy.api import train
from bireid_deploy.errors import ClusterError, DatasetError, TrainingError
from bireid_deploy.tasks import TASKS
from bireid_deploy.training.methods import enabled_methods
from bireid_deploy.training.methods.base import MethodContext
from bireid_deploy.training.step import TrainingStep
from bireid_deploy.training.workers.joining import require_replicable
from bireid_deploy.training.workers.members import Members
from bireid_deploy.training.workers.rendezvous import meet
from bireid_deploy.training.workers.replica_network import prepare_replica
from bireid_deploy.training.workers.share import share_of
from bireid_deploy.training.workers.slurm import expand_counts, expand_nodes, from_slurm
from bireid_deploy.training.workers.tf_config import from_tf_config

WORKERS = ["one:2222", "two:2222"]


def _config(cluster: Any, kind: str = "worker", index: Any = 0) -> dict[str, str]:
    return {"TF_CONFIG": json.dumps({"cluster": cluster, "task": {"type": kind, "index": index}})}


def test_tf_config_says_who_they_are() -> None:
    assert from_tf_config(_config({"worker": WORKERS}, index=1)) == Members(tuple(WORKERS), 1)
    with_chief = {"chief": ["zero:1"], "worker": WORKERS}
    assert from_tf_config(_config(with_chief, "chief")) == Members(("zero:1", *WORKERS), 0)
    assert from_tf_config(_config(with_chief, "worker", 1)) == Members(("zero:1", *WORKERS), 2)


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({}, "needs the variable TF_CONFIG"),
        ({"TF_CONFIG": "{"}, "cannot be read"),
        ({"TF_CONFIG": "[]"}, "cannot be read"),
        (_config({"worker": "one:1"}), "cannot be read"),
        (_config({"worker": ["one"]}), "must be HOST:PORT, not 'one'"),
        (_config({"worker": ["one:0"]}), "must be HOST:PORT"),
        (_config({"worker": ["one:1", "one:1"]}), "two workers have one address"),
        (_config({"worker": WORKERS}, index=2), "number 2 of them"),
        (_config({"worker": WORKERS}, index="0"), "number 0 of them"),
        (_config({"worker": WORKERS}, index=True), "number True of them"),
        (_config({"chief": ["a:1", "b:1"], "worker": WORKERS}), "2 of the kind chief; name one"),
        (_config({"worker": ["a..b:1"]}), r"must name a host, not 'a\.\.b:1'"),
        (_config({"worker": [f"{'a' * 64}:1"]}), "must name a host"),
        (_config({"worker": ["a\0b:1"]}), "must name a host"),
        (_config({"worker": WORKERS, "ps": ["three:1"]}), "has 'ps'"),
        (_config({"worker": WORKERS}, "evaluator"), "has 'evaluator'"),
    ],
)
def test_a_malformed_tf_config_is_said(environment: dict[str, str], said: str) -> None:
    with pytest.raises(ArgumentError, match=said):
        from_tf_config(environment)


SLURM = {
    "SLURM_STEP_NODELIST": "gpu[09-10],login",
    "SLURM_STEP_TASKS_PER_NODE": "2(x2),1",
    "SLURM_JOB_ID": "1234567",
    "SLURM_PROCID": "3",
    "SLURM_NODEID": "1",
    "SLURM_LOCALID": "1",
}


def test_slurm_says_who_they_are() -> None:
    addresses = ("gpu09:29134", "gpu09:29135", "gpu10:29134", "gpu10:29135", "login:29134")
    assert from_slurm(SLURM) == Members(addresses, 3)
    assert expand_nodes("r[1-2]n[8-9]-x,a") == ["r1n8-x", "r1n9-x", "r2n8-x", "r2n9-x", "a"]
    assert expand_counts("4(x2),1,3") == [4, 4, 1, 3]


def test_the_next_job_of_slurm_has_other_ports() -> None:
    seen: set[str] = set()
    for job in range(1234567, 1234567 + 5000):
        addresses = set(from_slurm(SLURM | {"SLURM_JOB_ID": str(job)}).addresses)
        assert not addresses & seen
        seen |= addresses
    ports = {int(each.rpartition(":")[2]) for each in seen}
    assert (min(ports), max(ports)) == (20000, 29999)
    own = from_slurm(SLURM | {"BIREID_FIRST_PORT": "65534"})
    assert own.addresses[:2] == ("gpu09:65534", "gpu09:65535")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"SLURM_STEP_NODELIST": ""}, "start the training with srun"),
        ({"SLURM_STEP_NODELIST": "a[1-2"}, "cannot be read"),
        ({"SLURM_STEP_NODELIST": "a[1-x]"}, "cannot be read"),
        ({"SLURM_STEP_NODELIST": "a[1-999999999]"}, "more than 1024 nodes"),
        ({"SLURM_STEP_NODELIST": "a[1--2]"}, "no range"),
        ({"SLURM_STEP_TASKS_PER_NODE": "2(x99999)"}, "cannot be read"),
        ({"SLURM_STEP_TASKS_PER_NODE": "2"}, "3 nodes and tasks for 1"),
        ({"SLURM_PROCID": "9"}, "SLURM_PROCID is 9, of 5"),
        ({"SLURM_PROCID": "x"}, "no number"),
        ({"SLURM_NODEID": "0"}, "--distribution=block"),
        ({"BIREID_FIRST_PORT": "65535"}, r"it must be in 1024\.\.65534"),
        ({"BIREID_FIRST_PORT": "1023"}, "for 2 tasks on a node it must be in 1024"),
        ({"BIREID_FIRST_PORT": "x"}, "BIREID_FIRST_PORT is 'x'"),
    ],
)
def test_what_slurm_cannot_mean_is_said(change: dict[str, str], said: str) -> None:
    with pytest.raises(ArgumentError, match=said):
        from_slurm(SLURM | change)


def _meet_all(
    agreements: list[dict[str, str]], seconds: float, absent: frozenset[int] = frozenset()
) -> list[str]:
    """What each of them says in the end; nothing where it met all."""
    addresses = tuple(f"127.0.0.1:{port}" for port in free_ports(len(agreements)))
    said = [""] * len(agreements)

    def go(rank: int) -> None:
        try:
            meet(Members(addresses, rank), agreements[rank], seconds)
        except ClusterError as error:
            said[rank] = str(error)

    threads = [threading.Thread(target=go, args=(rank,)) for rank in range(len(agreements))]
    for rank, thread in enumerate(threads):
        if rank not in absent:
            thread.start()
    for rank, thread in enumerate(threads):
        if rank not in absent:
            thread.join()
    return said


def test_all_meet() -> None:
    assert _meet_all([{"recipe": "a"}] * 4, 30) == [""] * 4


def test_who_is_about_to_train_something_else_is_named() -> None:
    said = _meet_all([{"recipe": "a"}, {"recipe": "b"}], 30)
    assert "worker 1 (127.0.0.1:" in said[0]
    assert "has another recipe; give all the same" in said[0]
    assert "worker 0 (127.0.0.1:" in said[1]


def test_who_does_not_come_is_named() -> None:
    said = _meet_all([{}] * 3, 3, absent=frozenset({2}))
    for rank in range(2):
        assert "worker 2 (127.0.0.1:" in said[rank]
        assert "did not come in time: Connection refused" in said[rank]


def test_strangers_do_not_count() -> None:
    (taken,) = free_ports(1)
    with socket.create_server(("127.0.0.1", taken)) as stranger:
        (own,) = free_ports(1)
        members = Members((f"127.0.0.1:{own}", f"127.0.0.1:{taken}"), 0)

        def answer() -> None:
            caller, _ = stranger.accept()
            with caller:
                caller.sendall(b"220 mail.example ESMTP\n")

        threading.Thread(target=answer, daemon=True).start()
        with pytest.raises(ClusterError, match=r"worker 1 .*did not come in time"):
            meet(members, {}, 3)


def _say(connection: Any, **said: Any) -> None:
    connection.write(json.dumps(said).encode() + b"\n")
    connection.flush()


def _reach(port: int, **said: Any) -> Any:
    """Call on a worker, and say who one is; what it answers can be read."""
    while True:
        try:
            with socket.create_connection(("127.0.0.1", port)) as call:
                lines = call.makefile("rwb")
        except ConnectionRefusedError:
            continue
        _say(lines, **said)
        return lines


def test_who_waits_for_the_chief_hears_why_it_leaves() -> None:
    """The third one shows another recipe to the chief alone, once the other two have met it."""
    first, second, third = free_ports(3)
    addresses = tuple(f"127.0.0.1:{port}" for port in (first, second, third))
    said = ["", ""]

    def go(rank: int) -> None:
        try:
            meet(Members(addresses, rank), {"recipe": "a"}, 30)
        except ClusterError as error:
            said[rank] = str(error)

    threads = [threading.Thread(target=go, args=(rank,)) for rank in range(2)]
    with socket.create_server(("", third)) as listener:
        for thread in threads:
            thread.start()
        opened = []
        for _ in range(2):
            caller, _ = listener.accept()
            with caller:
                opened.append(caller.makefile("rwb"))
            hello = json.loads(opened[-1].readline())
            _say(opened[-1], **{**hello, "rank": 2})
        alike = {**hello, "rank": 2}
        opened.append(_reach(second, **alike))
        assert json.loads(opened[-1].readline())["rank"] == 1
        opened.append(_reach(first, **{**alike, "recipe": "b"}))
        for thread in threads:
            thread.join()
        for each in opened:
            each.close()
    assert said[0] == f"worker 2 ({addresses[2]}) has another recipe; give all the same"
    assert said[1] == f"worker 0 ({addresses[0]}) left: {said[0]}"


@pytest.mark.parametrize("rank", [0, True, 2, "1"])
def test_nobody_else_has_the_rank_of_this_one(rank: Any) -> None:
    own, other = free_ports(2)
    members = Members((f"127.0.0.1:{own}", f"127.0.0.1:{other}"), 0)
    said = []

    def go() -> None:
        try:
            meet(members, {}, 1)
        except ClusterError as error:
            said.append(str(error))

    thread = threading.Thread(target=go)
    thread.start()
    with _reach(own, rank=rank) as call:
        assert call.readline() == b""
    thread.join()
    assert "did not come in time" in said[0]


def test_a_port_that_is_taken_is_said() -> None:
    with socket.create_server(("", 0)) as taken:
        own = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(ClusterError, match="cannot listen at its own address"):
            meet(Members((own, "127.0.0.1:1"), 0), {}, 1)


def test_workers_share_an_epoch(plain_recipe, data) -> None:
    batches = TASKS["reid"].batches(plain_recipe(), data)
    whole = list(batches.epoch(1))
    shares = [list(batches.deal(1, 0, rank, 2)) for rank in range(2)]
    for rank, share in enumerate(shares):
        assert [batch.index for batch in share] == list(range(len(whole) // 2))
        for batch in share:
            same = whole[batch.index * 2 + rank]
            np.testing.assert_array_equal(batch.images, same.images)
            assert batch.count == len(whole) // 2
    (last,) = batches.deal(1, len(shares[1]) - 1, 1, 2)
    np.testing.assert_array_equal(last.images, shares[1][-1].images)
    nine = OneOfTwo(0, list)
    nine.count = 9
    # Before a run begins.
    with pytest.raises(TrainingError, match="too few for 9 workers"):
        share_of(batches, nine)


class OneOfTwo:
    """A replica whose peer has said its part before, in the order in which it is asked."""

    count = 2

    def __init__(self, rank: int, mean: Callable[[list[Any]], list[Any]]) -> None:
        self.rank, self.mean = rank, mean


def test_synchronised_normalisation_of_halves_is_that_of_the_whole() -> None:
    images = np.random.default_rng(0).normal(2, 3, (8, 4, 4, 3)).astype(np.float32)
    halves = images[:3], images[3:6]

    def model() -> Any:
        image = keras.Input(images.shape[1:])
        return keras.Model(image, keras.layers.BatchNormalization()(image))

    whole = model()
    expected = whole(images[:6], training=True)
    heard: list[list[Any]] = []

    def listen(values: list[Any]) -> list[Any]:
        heard.append(values)
        return values

    def answer(values: list[Any]) -> list[Any]:
        return [(one + two) / 2 for one, two in zip(values, heard.pop(0), strict=True)]

    found = []
    for rank, replicas in enumerate((OneOfTwo(1, listen), OneOfTwo(0, answer))):
        half = model()
        prepare_replica(half, replicas, sync_batch_norm=True)
        found.append(half(halves[1 - rank], training=True))
    np.testing.assert_allclose(found[1], expected[:3], atol=1e-5)
    np.testing.assert_allclose(half.layers[1].moving_mean, whole.layers[1].moving_mean, atol=1e-6)
    with tf.GradientTape() as tape:
        heard.append([tf.zeros(3), tf.ones(3)])
        loss = tf.reduce_sum(half(halves[0], training=True) ** 3)
    assert all(np.isfinite(tape.gradient(loss, half.trainable_variables)[0]))


def test_all_that_moves_is_the_mean_over_the_replicas(plain_recipe, data) -> None:
    recipe = plain_recipe(
        optimizer={"epochs": 1, "weight_decay": 0.0},
        feature_refining={"enabled": True, "pairs": [{"low": "stage1", "high": "stage2"}]},
    )
    network, task = build_network(recipe.network.config()), TASKS["reid"]
    context = MethodContext(recipe, network, {})
    methods = [method.build(context) for method in enabled_methods(recipe)]
    replicas = OneOfTwo(0, lambda values: [0 * value for value in values])
    step = TrainingStep(network, task.step(recipe, network, data), methods, recipe, replicas)
    before = {name: each.numpy() for name, each in step.variables().items()}
    batch = next(task.batches(recipe, data).epoch(0))
    terms = step(batch.images, batch.targets, 0)
    assert "feature_discriminator" in terms
    assert not any(terms.values())
    for name, variable in step.variables().items():
        if "moving_" in name:
            assert not variable.numpy().any(), name
        elif "optimizer" not in name:
            np.testing.assert_array_equal(variable, before[name], err_msg=name)


def test_replicas_have_dropout_masks_of_their_own() -> None:
    from bireid_models.dropout import RepeatableDropout

    masks, states = [], []
    for rank in range(2):
        keras.utils.set_random_seed(0)
        image = keras.Input((64,))
        model = keras.Model(image, RepeatableDropout(0.5)(image))
        prepare_replica(model, OneOfTwo(rank, list), sync_batch_norm=False)
        masks.append(model(tf.ones((1, 64)), training=True).numpy())
        states.append(model.variables[0].numpy())
    assert (masks[0] != masks[1]).any()
    # A checkpoint of the chief serves all.
    np.testing.assert_array_equal(*states)


def test_methods_that_were_not_made_for_it_are_refused(plain_recipe) -> None:
    refused = plain_recipe(rbcn={"enabled": True}, network={"binarization": "rbcn"})
    with pytest.raises(TrainingError, match="rbcn is not made for several workers"):
        require_replicable(refused)
    taken = plain_recipe(kernel_refining={"enabled": True}, feature_refining={"enabled": True})
    lines = require_replicable(taken)
    assert [line.partition(",")[0] for line in lines] == ["kernel_refining", "feature_refining"]


def test_a_single_worker_trains_alone(plain_recipe, tmp_path) -> None:
    recipe = plain_recipe(rbcn={"enabled": True}, network={"binarization": "rbcn"})
    # What several workers are refused for comes before the data.
    with pytest.raises(DatasetError):
        train(recipe, tmp_path / "none", tmp_path / "run", members=Members(("one:1",), 0))
