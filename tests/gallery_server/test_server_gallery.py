"""A gallery on a server: what is removed is gone, what is written stays, rights are the least."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psycopg
import pytest
from bireid_runtime.errors import ArgumentError
from bireid_runtime.gallery import Gallery, GalleryError
from gallery_embeddings import DIM, NETWORK, OTHER_NETWORK, person_rows
from postgres_server import Server

from bireid_deploy.gallery_server import finding, migrations, opening
from bireid_deploy.gallery_server.location import read_location, shown
from bireid_deploy.gallery_server.store import ServerGallery

# Appends eight rows at a time, says each time that they are safe, and goes on after an error.
_WRITER = """
import sys
import numpy as np
from bireid_deploy.gallery_server.store import ServerGallery
from bireid_runtime.gallery import GalleryError

url, person, turns = sys.argv[1], sys.argv[2], int(sys.argv[3])
rows = np.eye(64, dtype=np.float32)[:8]
with ServerGallery.open(url) as gallery:
    for turn in range(turns):
        try:
            gallery.add(rows, person=[person, "both", *[None] * 6])
            print(len(rows), flush=True)
        except GalleryError as error:
            print(error, file=sys.stderr)
"""


@pytest.fixture
def gallery(stock: Server) -> Iterator[ServerGallery]:
    with ServerGallery.create(stock.url(), NETWORK, DIM) as made:
        yield made
    _drop(stock, "main")


def _drop(server: Server, name: str) -> None:
    with server.connect() as database:
        database.execute(f"DROP SCHEMA IF EXISTS bireid_{name} CASCADE")


def _holds(server: Server, piece: bytes) -> list[str]:
    """Files of a server in which some bytes are, once it is done with its journal."""
    with server.connect() as database:
        for statement in ("CHECKPOINT", "SELECT pg_switch_wal()", "CHECKPOINT"):
            database.execute(statement)
    files = [path for path in server.data.rglob("*") if path.is_file()]
    return [str(path) for path in files if piece in path.read_bytes()]


def _writer(url: str, person: str, turns: int) -> subprocess.Popen:
    command = [sys.executable, "-P", "-c", _WRITER, url, person, str(turns)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_what_is_removed_is_in_no_file_of_the_server(gallery: ServerGallery, stock: Server) -> None:
    rows = person_rows(0, 200)
    entries = gallery.add(
        rows,
        person=["secret-label" if i == 7 else "other" for i in range(200)],
        source=[f"secret-source-{i}-" for i in range(200)],
        thumbnails=[b"secret-picture" if i == 7 else None for i in range(200)],
    )
    pieces = (rows[7].tobytes(), b"secret-label", b"secret-source-7-", b"secret-picture")
    with stock.connect() as database:
        # Statistics keep values of rows, too.
        for table in ("person", "entry", "embedding", "thumbnail"):
            database.execute(f"ANALYZE bireid_main.{table}")
    assert all(_holds(stock, piece) for piece in pieces)
    assert gallery.remove([entries[7]]) == 1
    for piece in pieces:
        assert not _holds(stock, piece)
    assert gallery.stats().entries == 199
    other = next(each.person for each in gallery.people())
    assert gallery.remove(person=other) == 199
    assert not _holds(stock, b"secret-source")
    assert not _holds(stock, rows[100].tobytes())


def test_a_reader_of_removed_rows_is_said(gallery: ServerGallery, stock: Server) -> None:
    entries = gallery.add(person_rows(0, 3))
    with stock.connect() as reader:
        reader.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        # Not the gallery's tables, so that VACUUM need not wait for a lock.
        reader.execute("SELECT count(*) FROM pg_class")
        with pytest.raises(GalleryError, match="removed bytes remain"):
            gallery.remove(entries[:1])
        reader.execute("COMMIT")
    gallery.erase()
    assert not _holds(stock, person_rows(0, 3)[0].tobytes())


def test_entries_go_when_their_time_is_over(stock: Server) -> None:
    now = time.time()
    rows = person_rows(0, 4)
    url = stock.url("old")
    with ServerGallery.create(url, NETWORK, DIM, retention_days=2) as gallery:
        gallery.add(rows[:2], at=[now - 3 * 86400, now - 86400], person="p")
        gallery.add(rows[2:3], expires=now - 1)
        gallery.add(rows[3:], expires=now + 1000)
        # What is over is not found before it is removed.
        found = gallery.search(rows[:1], one_per_person=False)[0]
        assert {hit.entry for hit in found} == {2, 4}
        assert gallery.stats().entries == 2
        assert _holds(stock, rows[0].tobytes())
    with ServerGallery.open(url) as gallery:
        assert gallery.stats().entries == 2
        assert not _holds(stock, rows[0].tobytes())
        assert not _holds(stock, rows[2].tobytes())
    _drop(stock, "old")


def test_roles_may_what_they_need(gallery: ServerGallery, stock: Server) -> None:
    (entry,) = gallery.add(person_rows(0, 1), person="ada")
    with stock.connect() as database:
        for role in ("eyes", "hands", "nobody_known"):
            database.execute(f"DROP ROLE IF EXISTS {role}")
            database.execute(f"CREATE ROLE {role} LOGIN")
    for role, rights in (("eyes", "writer"), ("eyes", "reader"), ("hands", "writer")):
        opening.grant_rights(stock.url(), role, rights)
    with pytest.raises(GalleryError, match=r"no such gallery|permission denied"):
        ServerGallery.open(stock.url(user="nobody_known"))
    with ServerGallery.open(stock.url(user="eyes")) as eyes:
        assert eyes.search(person_rows(0, 1))[0][0].label == "ada"
        assert eyes.match(person_rows(0, 1), same=0.5)[0].label == "ada"
        with pytest.raises(GalleryError, match=r"permission denied.*gallery grant"):
            eyes.add(person_rows(1, 1))
    with ServerGallery.open(stock.url(user="hands")) as hands:
        added = hands.add(person_rows(1, 2), person="bo", thumbnails=[b"x", b"y"])
        hands.split(added[:1], "cy")
        hands.split(added[1:], "cy")
        hands.learn("door", person_rows(1, 2))
        assert [each.label for each in hands.people()] == ["ada", "cy"]
        for refused in (
            lambda: hands.remove([entry]),
            lambda: hands.relate(OTHER_NETWORK, "mine"),
            lambda: opening.grant_rights(stock.url(user="hands"), "eyes", "writer"),
        ):
            with pytest.raises(GalleryError, match="permission denied"):
                refused()
    with pytest.raises(ArgumentError, match="owns the gallery"):
        opening.grant_rights(stock.url(), "postgres", "reader")
    with pytest.raises(ArgumentError, match="reader or writer"):
        opening.grant_rights(stock.url(), "eyes", "owner")
    with pytest.raises(GalleryError, match='role "nobody_here" does not exist'):
        opening.grant_rights(stock.url(), "nobody_here", "reader")
    assert gallery.stats().entries == 3


def test_writers_at_once_lose_nothing(gallery: ServerGallery, stock: Server) -> None:
    writers = [_writer(stock.url(), f"p{number}", 15) for number in range(3)]
    ended = [writer.communicate(timeout=60) for writer in writers]
    assert [error for _, error in ended] == [""] * 3
    stats = gallery.stats()
    assert stats.entries == 3 * 15 * 8
    # The person whom all of them name is one.
    assert {each.label: each.entries for each in gallery.people()} == {
        **{f"p{number}": 15 for number in range(3)},
        "both": 45,
    }


def test_a_server_that_is_killed_keeps_what_was_safe(gallery: ServerGallery, stock: Server) -> None:
    assert gallery.stats().entries == 0
    writer = _writer(stock.url(), "p", 150)
    assert writer.stdout is not None
    said = sum(int(writer.stdout.readline()) for _ in range(10))
    stock.kill()
    stock.start()
    out, error = writer.communicate(timeout=60)
    said += sum(map(int, out.split()))
    # It was away between two appends, or broke one off, which then may be whole all the same.
    errors = error.splitlines()
    assert len(errors) <= 1
    assert all(each.startswith("postgresql://postgres@/") for each in errors)
    assert said == 8 * (150 - len(errors))
    # The connection of before comes back by itself.
    stats = gallery.stats()
    assert said <= stats.entries <= said + 8 * len(errors)
    assert stats.entries % 8 == 0
    assert gallery.search(np.eye(64, dtype=np.float32)[:1])[0][0].score == 1.0
    assert len(gallery.add(person_rows(0, 1))) == 1


def test_an_older_gallery_is_brought_up_to_date(
    stock: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as then:
        then.setattr(migrations, "MIGRATIONS", migrations.MIGRATIONS)
        then.setattr("bireid_deploy.gallery_server.schema.MIGRATIONS", migrations.MIGRATIONS[:1])
        with pytest.raises(GalleryError, match="live"):
            ServerGallery.create(stock.url("older"), NETWORK, DIM)
    with pytest.raises(GalleryError, match="let its owner run `gallery migrate`"):
        opening.open_gallery(stock.url("older"))
    assert opening.migrate_gallery(stock.url("older")) == 1
    assert opening.migrate_gallery(stock.url("older")) == 0
    with opening.open_gallery(stock.url("older")) as gallery:
        gallery.add(person_rows(0, 2))
    with stock.connect() as database:
        database.execute("INSERT INTO bireid_older.migration VALUES (99)")
    with pytest.raises(GalleryError, match="version 99"):
        opening.open_gallery(stock.url("older"))
    _drop(stock, "older")


def test_nothing_is_lost_from_file_to_server_and_back(stock: Server, tmp_path: Path) -> None:
    with Gallery.create(tmp_path / "a", NETWORK, DIM, retention_days=36500.5) as gallery:
        gallery.add(
            person_rows(0, 3), person="ada", camera=["door", None, "till"], at=[1e9, 2e9, 3]
        )
        gallery.add(person_rows(1, 2), source=["b'\\\n\t", "c"], expires=4e9, at=1.5e9 + 1 / 3)
        gallery.add(person_rows(2, 2), thumbnails=[b"\x00\xff", None], at=1.6e9)
        gallery.split([1])
        gallery.remove([2])
        gallery.learn("door", person_rows(0, 3))
        gallery.relate(OTHER_NETWORK, "a twin")
    url = stock.url("copied")
    assert opening.copy_gallery(tmp_path / "a", url) == 6
    assert opening.copy_gallery(url, tmp_path / "b") == 6
    with Gallery.open(tmp_path / "a") as before, Gallery.open(tmp_path / "b") as after:
        assert before.retention_days == after.retention_days
        assert before.people() == after.people()
        assert before.stats().related == after.stats().related
        with before.contents() as left, after.contents() as right:
            assert left.people == right.people
            assert left.cameras == right.cameras
            (rows,), (copied,) = list(left.entries), list(right.entries)
        for field in ("numbers", "people", "cameras", "at", "expires", "sources", "thumbnails"):
            assert getattr(rows, field) == getattr(copied, field), field
        np.testing.assert_array_equal(rows.vectors, copied.vectors)
    with opening.open_gallery(url) as server:
        # A number is never given twice.
        assert server.add(person_rows(3, 1), person="new") == [8]
    with pytest.raises(GalleryError, match="copy into a new gallery"):
        opening.copy_gallery(tmp_path / "a", url)
    _drop(stock, "copied")


def test_the_index_finds_what_the_scan_finds(
    pgvector: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finding, "INDEX_FROM", 0)
    rows = np.concatenate([person_rows(person, 20) for person in range(100)])
    url = pgvector.url("many")
    with ServerGallery.create(url, NETWORK, DIM) as gallery:
        gallery.add(rows, person=[f"p{i // 20}" for i in range(len(rows))], camera="door")
        gallery.add(person_rows(7, 3), camera="rare", at=5.0)
        queries = np.concatenate([person_rows(person, 21)[20:] for person in range(0, 100, 10)])
        exact = gallery.search(queries, 10, one_per_person=False, exact=True)
        found = gallery.search(queries, 10, one_per_person=False)
        same = [
            len({*map(_entry, a)} & {*map(_entry, b)}) for a, b in zip(exact, found, strict=True)
        ]
        assert sum(same) >= 0.97 * 10 * len(queries)
        # A filter that leaves few entries finds them all.
        (rare,) = gallery.search(queries[:1], 10, cameras=["rare"], one_per_person=False)
        assert len(rare) == 3
    # The server counts the uses of an index when a connection ends.
    deadline, used = time.monotonic() + 20, 0
    while not used and time.monotonic() < deadline:
        with pgvector.connect() as database:
            query = "SELECT idx_scan FROM pg_stat_user_indexes WHERE indexrelname = 'entry_code'"
            (used,) = database.execute(query).fetchone() or (0,)
    assert used >= len(queries)
    _drop(pgvector, "many")


def _entry(hit) -> int:
    return hit.entry


def test_a_damaged_row_is_no_answer(gallery: ServerGallery, stock: Server) -> None:
    gallery.add(person_rows(0, 3))
    for damage in (
        "UPDATE bireid_main.embedding SET value = '\\x00'",
        "DELETE FROM bireid_main.embedding",
    ):
        with stock.connect() as database:
            database.execute(damage)
        for exact in (False, True):
            if exact and damage.startswith("DELETE"):
                assert gallery.search(person_rows(0, 1), exact=True) == [[]]
                continue
            with pytest.raises(GalleryError, match="damaged"):
                gallery.search(person_rows(0, 1), exact=exact)


def test_locations_say_no_password() -> None:
    url = (
        "postgresql://ada:secret@db.example:5433/shop?sslmode=require&gallery=north&password=secret"
    )
    location = read_location(url)
    assert location.schema == "bireid_north"
    assert "gallery" not in location.url
    assert "secret" in location.url
    assert "secret" not in shown(url)
    assert shown(url).startswith("postgresql://ada@db.example:5433/shop?")
    for wrong in ("postgresql://h/d?gallery=A-B", "postgresql://h/d?gallery=", "postgresql://[/d"):
        with pytest.raises(ArgumentError):
            read_location(wrong)
    with pytest.raises(ArgumentError, match="only a gallery of a server"):
        opening.migrate_gallery(Path("shop.gallery"))


def test_a_server_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(GalleryError) as caught:
        opening.open_gallery(f"postgresql://ada:secret@/d?host={tmp_path}")
    assert "\n" not in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_gallery_that_is_not_there_is_said(stock: Server) -> None:
    with pytest.raises(GalleryError, match="gallery create"):
        opening.open_gallery(stock.url("none"))
    with ServerGallery.create(stock.url("once"), NETWORK, DIM) as made:
        with pytest.raises(GalleryError, match="is there already"):
            ServerGallery.create(stock.url("once"), NETWORK, DIM)
        made.close()
        with pytest.raises(GalleryError, match="was closed"):
            made.stats()
    _drop(stock, "once")
    with pytest.raises(ArgumentError, match="dim is 0"):
        ServerGallery.create(stock.url("once"), NETWORK, 0)


def test_a_broken_connection_comes_back(gallery: ServerGallery, stock: Server) -> None:
    with stock.connect() as database:
        database.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE application_name = 'bireid-deploy'"
        )
    assert len(gallery.add(person_rows(0, 2))) == 2
    with pytest.raises(psycopg.OperationalError), stock.connect() as database:
        database.execute("SELECT pg_terminate_backend(pg_backend_pid())")
