"""`bireid-embed serve`: one line of JSON an answer, over real pipes and sockets."""

import json
import os
import signal
import socket
import stat
import subprocess
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np
import pytest
from bireid_runtime import Bundle
from bundle_files import classifier_bundle, golden_crops
from embed_program import BUNDLE, PROGRAMS, embeddings, refusal, run
from PIL import Image


@pytest.fixture(scope="module", params=PROGRAMS)
def program(request):
    return request.param


@pytest.fixture(scope="module")
def crop():
    return golden_crops(BUNDLE)[1]


@pytest.fixture
def crop_file(crop, tmp_path):
    Image.fromarray(crop).save(tmp_path / "crop.png")
    return tmp_path / "crop.png"


@pytest.fixture
def expected(program, crop_file):
    return embeddings(program, crop_file)[0]


def raw_request(crop):
    height, width, _ = crop.shape
    return f"raw {width} {height}\n".encode() + crop.tobytes()


def path_request(path):
    return os.fsencode(path) + b"\n"


def run_stdio(program, requests, bundle=BUNDLE):
    """Send requests, then end of file; returns the answers."""
    command = [program, "serve", bundle, "--stdio"]
    done = subprocess.run(command, input=requests, capture_output=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, b"")
    return [json.loads(line) for line in done.stdout.splitlines()]


@contextmanager
def listening(program, path, *options):
    """A server on a socket, from when it can be connected to; stopped by SIGTERM."""
    command = [program, "serve", BUNDLE, "--socket", path, *options]
    with subprocess.Popen(command, stderr=subprocess.PIPE) as process:
        try:
            assert process.stderr.readline() == f"bireid-embed: listening on {path}\n".encode()
            yield process
        finally:
            process.terminate()
        assert process.wait(timeout=60) == 0
        assert process.stderr.read() == b""
    assert not path.exists()


class Client:
    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(60)
        self.socket.connect(os.fspath(path))
        self.lines = self.socket.makefile("rb")

    def ask(self, request):
        self.socket.sendall(request)
        return json.loads(self.lines.readline())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.lines.close()
        self.socket.close()


def test_paths_and_raw_pixels(program, crop, crop_file, expected):
    requests = path_request(crop_file) + raw_request(crop) + os.fsencode(crop_file)
    answers = run_stdio(program, requests)  # the last line ends with the input
    assert [list(answer) for answer in answers] == [["fingerprint", "embedding"]] * 3
    for answer in answers:
        np.testing.assert_array_equal(np.float32(answer["embedding"]), expected)


def test_a_classifier_answers_with_class_probability_and_logits(program, crop):
    failure, success = run_stdio(program, b"\n" + raw_request(crop), classifier_bundle())
    assert list(failure) == ["fingerprint", "error"]
    assert list(success) == ["fingerprint", "class", "probability", "logits"]
    assert len(success["logits"]) == 256


@pytest.mark.parametrize(
    ("request_", "reason"),
    [
        (b"/no/such.png\n", "/no/such.png: No such file or directory"),
        (b"\n", "the request is empty"),
        (b"a\0b\n", "zero byte"),
        (b"x" * 20_000 + b"\n", "at most 8192 bytes"),
        (b"raw 4\n", "H of raw W H must be a number from 1 to 20000, not ''"),
        (b"raw 4 0\n", "H of raw W H"),
        (b"raw -4 4\n", "W of raw W H"),
        (b"raw 4 4 4\n", "H of raw W H"),
        (b"raw 20001 4\n", "W of raw W H"),
        (b'no "such"\xff\n', 'no "such"\udcff: '),
    ],
)
def test_a_bad_request_is_answered_and_the_next_one_too(program, crop, expected, request_, reason):
    failure, success = run_stdio(program, request_ + raw_request(crop))
    assert list(failure) == ["fingerprint", "error"]
    assert reason in failure["error"]
    np.testing.assert_array_equal(np.float32(success["embedding"]), expected)


def test_every_answer_says_whose_it_is_and_echoes_the_id(program, crop, crop_file, expected):
    requests = b"id 7 " + raw_request(crop) + b"id \xc3\xa4\x22/x " + path_request(crop_file)
    requests += b"id none-1 /no/such.png\nid only\n"
    answers = run_stdio(program, requests)
    assert [answer["id"] for answer in answers] == ["7", 'ä"/x', "none-1", "only"]
    assert {answer["fingerprint"] for answer in answers} == {Bundle.open(BUNDLE).fingerprint}
    assert [list(answer)[:2] for answer in answers] == [["id", "fingerprint"]] * 4
    for answer in answers[:2]:
        np.testing.assert_array_equal(np.float32(answer["embedding"]), expected)
    assert all("error" in answer for answer in answers[2:])


def test_info_is_what_describe_says(program, crop):
    told, asked = run_stdio(program, b"info\nid i info\n")
    assert list(told) == ["fingerprint", "info"]
    assert list(asked) == ["id", "fingerprint", "info"]
    assert told["info"] == json.loads(run(program, BUNDLE, "--describe").stdout)
    # A file of that name has its folder before it.
    assert "./info: No such file" in run_stdio(program, b"./info\n")[0]["error"]


def test_a_batch_is_answered_in_one_line(program, crop, crop_file, expected):
    wanted = raw_request(crop) + b"id b /no/such.png\nid c " + path_request(crop_file)
    batch, after = run_stdio(program, b"id all batch 3\n" + wanted + path_request(crop_file))
    assert list(batch) == ["id", "fingerprint", "answers"]
    first, failure, last = batch["answers"]
    np.testing.assert_array_equal(np.float32(first["embedding"]), expected)
    np.testing.assert_array_equal(np.float32(last["embedding"]), expected)
    np.testing.assert_array_equal(np.float32(after["embedding"]), expected)
    assert (failure["id"], last["id"]) == ("b", "c")
    assert "/no/such.png" in failure["error"]


@pytest.mark.parametrize("count", [b"0", b"257", b"-1", b"x", b"", b"1 1"])
def test_a_batch_of_another_size_is_refused(program, crop, expected, count):
    failure, success = run_stdio(program, b"batch " + count + b"\n" + raw_request(crop))
    assert "N of batch N must be a number from 1 to 256" in failure["error"]
    np.testing.assert_array_equal(np.float32(success["embedding"]), expected)


def test_input_that_ends_within_a_batch_ends_the_session(program, crop_file):
    assert run_stdio(program, b"batch 2\n" + path_request(crop_file)) == []


def test_pixels_over_the_limit_are_skipped(program, crop, expected):
    # 100 006 000 pixels, whose bytes must not be taken for requests.
    requests = b"raw 19000 5264\n" + b"\n" * (19000 * 5264 * 3) + raw_request(crop)
    failure, success = run_stdio(program, requests)
    assert "19000x5264 pixels" in failure["error"]
    np.testing.assert_array_equal(np.float32(success["embedding"]), expected)


def test_input_that_ends_within_pixels_ends_the_session(program, crop):
    assert run_stdio(program, raw_request(crop)[:-1]) == []
    assert run_stdio(program, b"") == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_stdio(program, crop, number):
    command = [program, "serve", BUNDLE, "--stdio"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        process.stdin.write(raw_request(crop))
        process.stdin.flush()
        assert b"embedding" in process.stdout.readline()
        process.send_signal(number)
        assert process.wait(timeout=60) == 0


def test_clients_of_a_socket(program, crop, crop_file, expected, tmp_path):
    path = tmp_path / "socket"
    with listening(program, path):
        mode = path.stat().st_mode
        assert stat.S_ISSOCK(mode)
        assert stat.S_IMODE(mode) == 0o600
        with Client(path) as first, Client(path) as second:
            for client in (first, second, first):
                assert "error" in client.ask(b"/none\n")
                for request in (path_request(crop_file), raw_request(crop)):
                    answer = client.ask(request)
                    np.testing.assert_array_equal(np.float32(answer["embedding"]), expected)
        with Client(path) as leaving:
            leaving.socket.sendall(raw_request(crop)[:100])
        with Client(path) as impatient:
            impatient.socket.sendall(raw_request(crop) * 3)
        with Client(path) as third:
            assert "embedding" in third.ask(raw_request(crop))


def test_more_clients_than_threads_wait_for_their_turn(program, crop, tmp_path):
    path = tmp_path / "socket"
    with listening(program, path):
        clients = [Client(path) for _ in range(12)]
        for client in clients:
            client.socket.sendall(raw_request(crop))
        for client in clients:
            assert b"embedding" in client.lines.readline()
            client.__exit__()


def test_a_signal_ends_a_server_with_idle_and_stuck_clients(program, crop, tmp_path):
    path = tmp_path / "socket"
    with listening(program, path), Client(path) as idle, Client(path) as stuck:
        assert "embedding" in idle.ask(raw_request(crop))
        stuck.socket.sendall(raw_request(crop)[:100])
    # `listening` has stopped it, and checked that it ended cleanly.


def test_a_socket_that_was_left_behind_is_replaced(program, crop, tmp_path):
    path = tmp_path / "socket"
    with socket.socket(socket.AF_UNIX) as left_behind:
        left_behind.bind(os.fspath(path))
    with listening(program, path), Client(path) as client:
        assert "embedding" in client.ask(raw_request(crop))


def test_what_is_in_the_way_is_left_alone(program, crop, tmp_path):
    path = tmp_path / "socket"
    with listening(program, path):
        line = refusal(program, "serve", BUNDLE, "--socket", path)
        assert line == f"bireid-embed: {path}: Address already in use"
        with Client(path) as client:
            assert "embedding" in client.ask(raw_request(crop))
    path.write_text("mine")
    assert "Address already in use" in refusal(program, "serve", BUNDLE, "--socket", path)
    assert path.read_text() == "mine"


def test_a_path_too_long_for_a_socket_is_refused(program, tmp_path):
    line = refusal(program, "serve", BUNDLE, "--socket", tmp_path / ("s" * 120))
    assert "a socket's path has at most 107 bytes" in line


def test_an_idle_client_gives_its_place_to_one_who_waits(program, crop, tmp_path):
    path = tmp_path / "socket"
    with listening(program, path, "--patience", "1"):
        idle = [Client(path) for _ in range(8)]
        for client in idle:
            assert "embedding" in client.ask(raw_request(crop))
        with Client(path) as ninth:
            assert "embedding" in ninth.ask(raw_request(crop))
        # One place was enough, and the others are served as before.
        answers = []
        for client in idle:
            try:
                client.socket.sendall(raw_request(crop))
                answers.append(client.lines.readline())
            except OSError:
                answers.append(b"")
            client.__exit__()
        assert sum(b"embedding" in answer for answer in answers) == 7


def test_a_client_that_stops_within_a_request_is_dropped(program, crop, tmp_path):
    path = tmp_path / "socket"
    with listening(program, path, "--patience", "1"), Client(path) as stuck:
        stuck.socket.sendall(raw_request(crop)[:100])
        assert stuck.lines.readline() == b""


def resident_bytes(process):
    (line,) = [
        line
        for line in Path(f"/proc/{process.pid}/status").read_text().splitlines()
        if line.startswith("VmRSS:")
    ]
    return int(line.split()[1]) * 1024


def test_what_is_declared_takes_no_memory_and_what_arrives_has_a_budget(program, crop, tmp_path):
    path = tmp_path / "socket"
    with listening(program, path) as process, ExitStack() as stack:
        clients = [stack.enter_context(Client(path)) for _ in range(4)]
        assert "embedding" in clients[0].ask(raw_request(crop))
        before = resident_bytes(process)
        for client in clients[:3]:
            client.socket.sendall(b"raw 10000 10000\n" + bytes(1000))
        assert "embedding" in clients[3].ask(raw_request(crop))
        assert resident_bytes(process) < before + 100 * 2**20
        # The second large image finds too little left; crops go on.
        clients[0].socket.sendall(bytes(280 * 10**6))
        clients[1].socket.sendall(bytes(3 * 10**8 - 1000))
        failure = json.loads(clients[1].lines.readline())
        assert "MB left for large ones" in failure["error"]
        assert "embedding" in clients[1].ask(raw_request(crop))


def test_a_large_file_counts_too(program, crop, tmp_path):
    path, large = tmp_path / "socket", tmp_path / "large.png"
    Image.new("RGB", (9000, 9000)).save(large)
    with listening(program, path), Client(path) as client:
        assert "MB left for large ones" in client.ask(path_request(large))["error"]
        assert "embedding" in client.ask(raw_request(crop))


def test_the_socket_of_another_server_is_not_removed(program, crop, tmp_path):
    path = tmp_path / "socket"
    command = [program, "serve", BUNDLE, "--socket", path]
    with subprocess.Popen(command, stderr=subprocess.PIPE) as first:
        first.stderr.readline()
        path.unlink()
        with listening(program, path):
            first.terminate()
            assert first.wait(timeout=60) == 0
            with Client(path) as client:
                assert "embedding" in client.ask(raw_request(crop))


def test_a_full_disk_is_told(program, crop_file):
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [program, "serve", BUNDLE, "--stdio"],
            input=path_request(crop_file),
            stdout=full,
            stderr=subprocess.PIPE,
            timeout=60,
        )
    assert done.returncode == 2
    assert done.stderr == b"bireid-embed: writing an answer: No space left on device\n"


def test_requests_that_cannot_be_read_are_told(program, tmp_path):
    folder = os.open(tmp_path, os.O_RDONLY)
    try:
        done = subprocess.run(
            [program, "serve", BUNDLE, "--stdio"], stdin=folder, capture_output=True, timeout=60
        )
    finally:
        os.close(folder)
    assert done.returncode == 2
    assert done.stderr == b"bireid-embed: reading a request: Is a directory\n"
