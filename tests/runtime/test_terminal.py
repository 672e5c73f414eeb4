"""What strangers wrote reaches a terminal as text, and as little of it as a person can read."""

from bireid_runtime.terminal import MAX_CHARACTERS, one_line, printable


def test_nothing_that_a_terminal_obeys_gets_through():
    assert printable("a\x1b[2Jb\rc\x07\u202ed") == "a\ufffd[2Jb\ufffdc\ufffd\ufffdd"
    assert printable("größte\tKlasse\n[red]") == "größte\tKlasse\n[red]"


def test_a_message_is_one_line_with_an_end():
    assert one_line("no\n  such\r\nfile\n") == "no such file"
    long = one_line("x" * 60_000)
    assert len(long) == MAX_CHARACTERS
    assert long.endswith(" ...")
