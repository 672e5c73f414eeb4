"""The file of a gallery: what is removed is gone, what is written stays."""

import os
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from bireid_runtime.errors import ArgumentError
from bireid_runtime.gallery import Gallery, GalleryError
from gallery_embeddings import DIM, NETWORK, person_rows

# Appends until it is killed, and says how many rows are safe.
_WRITER = """
import os, signal, sys
import numpy as np
from bireid_runtime.gallery import Gallery

path, kills = sys.argv[1], int(sys.argv[2])
rows = np.eye(64, dtype=np.float32)
safe = 0
for kill in range(kills):
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        with Gallery.open(path) as gallery:
            while True:
                added = gallery.add(rows[:8], person="p" if kill % 2 else None)
                os.write(write, len(added).to_bytes(1, "little"))
    os.close(write)
    for _ in range(kill % 5):
        safe += os.read(read, 1)[0]
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    while said := os.read(read, 1):
        safe += said[0]
    os.close(read)
    with Gallery.open(path) as gallery:
        stats = gallery.stats()
        # The last append may be whole without having been said.
        assert safe <= stats.entries <= safe + 8 * (kill + 1), (kill, safe, stats.entries)
        assert stats.entries % 8 == 0, stats.entries
        safe = stats.entries
        found = gallery.search(rows[:1], 1)[0]
        assert not safe or found[0].score == 1.0
print(safe)
"""


def holds(folder: Path, piece: bytes) -> list[str]:
    """Files of a folder in which some bytes are."""
    return [path.name for path in sorted(folder.iterdir()) if piece in path.read_bytes()]


def test_what_is_removed_is_in_no_file_any_more(tmp_path: Path) -> None:
    rows = person_rows(0, 200)
    secret = rows[7].tobytes()
    with Gallery.create(tmp_path / "g", NETWORK, DIM) as gallery:
        entries = gallery.add(
            rows,
            person=["secret-label" if i == 7 else "other" for i in range(200)],
            source=[f"secret-source-{i}" for i in range(200)],
            thumbnails=[b"secret-picture" if i == 7 else None for i in range(200)],
        )
        pieces = (secret, b"secret-label", b"secret-source-7\x00"[:-1], b"secret-picture")
        assert all(holds(tmp_path, piece) for piece in pieces)
        assert gallery.remove([entries[7]]) == 1
        assert not holds(tmp_path, secret)
        assert not holds(tmp_path, b"secret-label")
        assert not holds(tmp_path, b"secret-picture")
        assert gallery.stats().entries == 199
        ada = next(p.person for p in gallery.people())
        assert gallery.remove(person=ada) == 199
        assert not holds(tmp_path, rows[100].tobytes())
        assert not holds(tmp_path, b"secret-source")
    assert not holds(tmp_path, rows[100].tobytes())


def test_a_reader_that_holds_the_journal_is_said(tmp_path: Path) -> None:
    with Gallery.create(tmp_path / "g", NETWORK, DIM) as gallery:
        entries = gallery.add(person_rows(0, 3))
        with closing(sqlite3.connect(tmp_path / "g", isolation_level=None)) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT * FROM entry").fetchone()
            gallery._database.execute("PRAGMA busy_timeout=10")
            with pytest.raises(GalleryError, match="remain in the journal"):
                gallery.remove(entries[:1])
        gallery.erase()
        assert gallery.stats().entries == 2
        assert not holds(tmp_path, person_rows(0, 3)[0].tobytes())


def test_entries_go_when_their_time_is_over(tmp_path: Path) -> None:
    now = time.time()
    rows = person_rows(0, 4)
    with Gallery.create(tmp_path / "g", NETWORK, DIM, retention_days=2) as gallery:
        gallery.add(rows[:2], at=[now - 3 * 86400, now - 86400], person="p")
        gallery.add(rows[2:3], expires=now - 1)
        gallery.add(rows[3:], expires=now + 1000)
    with Gallery.open(tmp_path / "g") as gallery:
        assert gallery.stats().entries == 2
        assert not holds(tmp_path, rows[0].tobytes())
        assert not holds(tmp_path, rows[2].tobytes())
        assert {hit.entry for hit in gallery.search(rows[:1], one_per_person=False)[0]} == {2, 4}


def test_200_kills_lose_nothing_that_was_safe(tmp_path: Path) -> None:
    with Gallery.create(tmp_path / "g", NETWORK, DIM):
        pass
    ended = subprocess.run(
        [sys.executable, "-P", "-c", _WRITER, str(tmp_path / "g"), "200"],
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert int(ended.stdout) > 800


def test_readers_see_what_others_write_and_remove(tmp_path: Path) -> None:
    with (
        Gallery.create(tmp_path / "g", NETWORK, DIM) as writer,
        Gallery.open(tmp_path / "g") as reader,
    ):
        query = person_rows(1, 1)
        assert reader.search(query) == [[]]
        first = writer.add(person_rows(0, 1), person="a")
        assert [hit.label for hit in reader.search(query)[0]] == ["a"]
        writer.add(query, person="b")
        assert reader.search(query, 1)[0][0].label == "b"
        writer.remove(first)
        assert [hit.label for hit in reader.search(query)[0]] == ["b"]


def test_a_gallery_is_made_once(tmp_path: Path) -> None:
    Gallery.create(tmp_path / "g", NETWORK, DIM).close()
    with pytest.raises(GalleryError, match="is there already"):
        Gallery.create(tmp_path / "g", NETWORK, DIM)
    with pytest.raises(ArgumentError, match="dim is 0"):
        Gallery.create(tmp_path / "h", NETWORK, 0)
    with pytest.raises(ArgumentError, match="retention"):
        Gallery.create(tmp_path / "h", NETWORK, DIM, retention_days=0)
    assert not (tmp_path / "h").exists()


def _foreign(path: Path) -> None:
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE gallery (x)")


def _trigger(path: Path) -> None:
    Gallery.create(path, NETWORK, DIM).close()
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TRIGGER t AFTER INSERT ON entry BEGIN DELETE FROM person; END")


def _version(path: Path) -> None:
    Gallery.create(path, NETWORK, DIM).close()
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA user_version=9")


def _header(path: Path) -> None:
    Gallery.create(path, NETWORK, DIM).close()
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("UPDATE gallery SET dim = 'many'")


def _text(path: Path) -> None:
    path.write_text("no database " * 100)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (_text, "no gallery, or damaged"),
        (_foreign, "no gallery"),
        (_trigger, "tables are not those"),
        (_version, "version 9"),
        (_header, "damaged"),
        (os.mkfifo, "not a regular file"),
        (lambda path: None, "No such file"),
    ],
)
def test_what_is_no_gallery_is_refused(make, words: str, tmp_path: Path) -> None:
    make(tmp_path / "g")
    with pytest.raises(GalleryError, match=words):
        Gallery.open(tmp_path / "g")


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE entry SET code = x'00'",
        "UPDATE vector SET value = x'00'",
        "DELETE FROM vector",
        "UPDATE entry SET at = 'never'",
    ],
)
def test_a_damaged_entry_is_no_answer(damage: str, tmp_path: Path) -> None:
    with Gallery.create(tmp_path / "g", NETWORK, DIM) as gallery:
        gallery.add(person_rows(0, 3))
    with closing(sqlite3.connect(tmp_path / "g")) as database, database:
        database.execute(damage)
    with Gallery.open(tmp_path / "g") as gallery, pytest.raises(GalleryError, match="damaged"):
        gallery.search(person_rows(0, 1))


@pytest.mark.parametrize("use", [Gallery.expire, Gallery.stats, Gallery.people])
def test_tables_that_go_while_it_is_open_are_one_line(use, tmp_path: Path) -> None:
    with Gallery.create(tmp_path / "g", NETWORK, DIM) as gallery:
        with closing(sqlite3.connect(tmp_path / "g")) as database, database:
            database.execute("ALTER TABLE entry RENAME TO gone")
        with pytest.raises(GalleryError, match="no such table"):
            use(gallery)


def test_mutated_files_end_in_an_answer_or_one_line(tmp_path: Path) -> None:
    with Gallery.create(tmp_path / "g", NETWORK, DIM) as gallery:
        gallery.add(person_rows(0, 20), person="a", camera="door")
    whole = (tmp_path / "g").read_bytes()
    random = np.random.default_rng(0)
    refused: list[str] = []
    for turn in range(150):
        damaged = bytearray(whole)
        # The first page holds the header and the tables; the others the entries.
        for place in random.integers(0, 100 if turn % 3 == 0 else len(whole), 8):
            damaged[place] = random.integers(256)
        path = tmp_path / f"d{turn}"
        path.write_bytes(damaged)
        try:
            with Gallery.open(path) as opened:
                opened.search(person_rows(0, 1))
                list(opened.records())
        except GalleryError as error:
            refused.append(str(error))
    assert len(refused) > 20
    assert not [text for text in refused if "\n" in text]
