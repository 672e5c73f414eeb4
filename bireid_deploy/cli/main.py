"""The command `bireid-deploy`: finds the verb, runs it, turns errors into exit codes."""

import errno
import importlib
import io
import keyword
import os
import select
import signal
import sys
import threading

import click

from bireid_deploy import __version__

VERBS = {
    "demo": "The whole story on synthetic people, ending with a table.",
    "train": "Train a network from a recipe.",
    "teach-cache": "Keep what a teacher says of the training images, to learn from it.",
    "search": "Search an architecture, with or without its cost on a device.",
    "experiment": "Train a grid of recipes and seeds, and gather what they measured.",
    "adapt": "Adapt a run or a bundle to cameras by unlabelled crops.",
    "convert": "Turn a trained run into a checked bundle.",
    "import": "Turn a network of another project into a checked bundle.",
    "verify": "Check again that a bundle computes what was trained.",
    "inspect": "Show the layers of a file: 1-bit or float and why, bytes, operations.",
    "evaluate": "Measure a run, a bundle or saved outputs on a test set, as its task does.",
    "compare": "Hold models against each other on a test set: does 1-bit hurt?",
    "report": "Write what a model finds on a test set as one HTML page.",
    "embed": "Turn images into embeddings.",
    "gallery": "Keep people in a file on the device, and find who is on an image.",
    "watch": "Who was seen where and when, in videos of several cameras.",
    "who": "The way from video to identities on rendered people, ending with a page.",
    "serve": "Answer over HTTP who is on an image, from galleries.",
    "calibrate": "Measure what scores mean: thresholds and how often they are wrong.",
    "detect": "Find things in images: boxes as JSON, and drawn.",
    "follow": "Follow one target through frames or a video.",
    "classify": "Name the classes of images or point clouds.",
    "bench": "Measure latency, memory and load time, each engine in its own process.",
    "flash": "Put a bundle on a device, and test and time it there.",
    "doctor": "Show what this machine or a device can run.",
}

EXIT_BUG, EXIT_USAGE, EXIT_CHECK_FAILED, EXIT_MISSING_DEPENDENCY = 1, 2, 3, 4
EXIT_UNREACHABLE, EXIT_UNSUPPORTED, EXIT_INTERRUPTED = 5, 6, 130
# That of a program which SIGPIPE ends.
EXIT_NO_READER = 141

_FAULTS_OF_THE_MACHINE = (
    *(errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO),
    *(errno.ENOMEM, errno.EMFILE, errno.ENFILE),
)


class LazyVerbs(click.Group):
    """A group that imports a verb's module when the verb is used, so that --help is instant."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Verbs in the order of a working day."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import `bireid_deploy.cli.<verb>`, `<verb>_` for a word of Python, for its `command`."""
        if cmd_name not in VERBS:
            return None
        name = cmd_name.replace("-", "_") + "_" * keyword.iskeyword(cmd_name)
        module = importlib.import_module(f"bireid_deploy.cli.{name}")
        command: click.Command = module.command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the verb, or say which one was meant."""
        from bireid_runtime.suggestions import hint

        if args and not args[0].startswith("-") and args[0] not in VERBS:
            ctx.fail(f"no verb '{args[0]}'; {hint(args[0], VERBS)}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the verbs without importing them."""
        with formatter.section("Verbs"):
            formatter.write_dl(list(VERBS.items()))


@click.command(cls=LazyVerbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="bireid-deploy")
def cli() -> None:
    """Train 1-bit person Re-ID networks and put them on small devices.

    Results go to stdout, progress and messages to stderr. Exit codes: 0 ok, 1 bug, 2 usage,
    3 a check failed, 4 optional dependency missing, 5 device unreachable, 6 unsupported,
    130 interrupted, 141 nobody reads the results.
    """


def main() -> None:
    """Entry point."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run one command line and return its exit code."""
    # Before anything imports TensorFlow: Keras 2, and no start-up notices between our lines.
    # What a shell says of Keras is meant for other programs.
    os.environ["TF_USE_LEGACY_KERAS"] = "1"
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    # It would change the arithmetic of training, and a flag that is unknown ends the process.
    os.environ.pop("TF_XLA_FLAGS", None)
    from bireid_runtime.errors import BireidError
    from bireid_runtime.terminal import one_line

    from bireid_deploy.cli.console import message

    _take_sigterm_for_ctrl_c()
    try:
        result = cli.main(arguments, prog_name="bireid-deploy", standalone_mode=False)
        return result if isinstance(result, int) else 0
    except click.ClickException as error:
        _show(error)
        return EXIT_USAGE
    except SystemExit:
        # So say click and rich that who reads the results went away, as `head` does.
        if not _has_no_reader():
            raise
        return EXIT_NO_READER
    except (click.Abort, KeyboardInterrupt):
        click.echo("bireid-deploy: interrupted", err=True)
        return EXIT_INTERRUPTED
    except BireidError as error:
        message(one_line(f"bireid-deploy: {error}"))
        return exit_code_of(error)
    except ModuleNotFoundError as error:
        from bireid_deploy import extras

        missing = extras.explain(error)
        if missing is None:
            raise
        message(f"bireid-deploy: {missing}")
        return EXIT_MISSING_DEPENDENCY
    except OSError as error:
        # A path that the system refuses is the person's to mend, and so is a full disk behind
        # something that has no path; any other one is a bug.
        if error.filename is None and error.errno not in _FAULTS_OF_THE_MACHINE:
            raise
        _give_up_on_stdout()
        where = "cannot go on" if error.filename is None else error.filename
        message(one_line(f"bireid-deploy: {where}: {error.strerror}"))
        return EXIT_USAGE
    except MemoryError as error:
        message(one_line(f"bireid-deploy: out of memory: {error or 'give it less at once'}"))
        return EXIT_USAGE


def _has_no_reader() -> bool:
    """Whether standard output is a pipe whose other end is closed."""
    poll = select.poll()
    try:
        poll.register(sys.stdout, 0)
    except (OSError, ValueError):
        return False
    return any(events & (select.POLLERR | select.POLLHUP) for _, events in poll.poll(0))


def _show(error: click.ClickException) -> None:
    """Print what click says of a command line, each line bounded and as it is laid out."""
    from bireid_runtime.terminal import MAX_CHARACTERS, printable

    from bireid_deploy.cli.console import message

    said = io.StringIO()
    error.show(said)
    lines = said.getvalue().rstrip().split("\n")
    message("\n".join(printable(line)[:MAX_CHARACTERS] for line in lines))


def _give_up_on_stdout() -> None:
    """See that what cannot be written is not tried again when the process ends."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _take_sigterm_for_ctrl_c() -> None:
    """A stopped service or container cleans up as a person's Ctrl-C does; one ignored stays so."""
    in_main_thread = threading.current_thread() is threading.main_thread()
    if in_main_thread and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, signal.default_int_handler)


def exit_code_of(error: Exception) -> int:
    """The exit code that a named error stands for."""
    from bireid_converters.errors import CheckpointError, ParityError
    from bireid_runtime.errors import (
        BackendUnavailableError,
        IntegrityError,
        SelfTestError,
        UnsupportedModelError,
    )
    from bireid_runtime.gallery.errors import FingerprintError

    from bireid_deploy.errors import (
        ClusterError,
        DeviceCheckError,
        DeviceUnreachableError,
        DivergenceError,
        MissingPackageError,
        MissingProgramError,
        TrainingInterruptedError,
    )

    codes: tuple[tuple[type[Exception], int], ...] = (
        (TrainingInterruptedError, EXIT_INTERRUPTED),
        (BackendUnavailableError, EXIT_MISSING_DEPENDENCY),
        (MissingPackageError, EXIT_MISSING_DEPENDENCY),
        (MissingProgramError, EXIT_MISSING_DEPENDENCY),
        (UnsupportedModelError, EXIT_UNSUPPORTED),
        (IntegrityError, EXIT_CHECK_FAILED),
        (FingerprintError, EXIT_CHECK_FAILED),
        (SelfTestError, EXIT_CHECK_FAILED),
        (ParityError, EXIT_CHECK_FAILED),
        (CheckpointError, EXIT_CHECK_FAILED),
        (DivergenceError, EXIT_CHECK_FAILED),
        (DeviceCheckError, EXIT_CHECK_FAILED),
        (DeviceUnreachableError, EXIT_UNREACHABLE),
        (ClusterError, EXIT_UNREACHABLE),
    )
    return next((code for kind, code in codes if isinstance(error, kind)), EXIT_USAGE)
