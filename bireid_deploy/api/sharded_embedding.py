"""`embed` over numbered shards: on many machines, and after any of them was killed."""

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

from bireid_runtime import Bundle
from bireid_runtime.errors import ArgumentError

from bireid_deploy.api.training import Quiet
from bireid_deploy.data.image_files import find_images
from bireid_deploy.evaluation.embedding_file import NamedEmbeddings
from bireid_deploy.sharding.engines import engine
from bireid_deploy.sharding.plan import Plan, list_digest, read_part
from bireid_deploy.sharding.shards import Job
from bireid_deploy.tasks.base import Progress


def embed_shards(
    bundle: Path | str,
    inputs: Sequence[Path | str],
    shards: Path | str,
    part: str | None = None,
    *,
    shard_size: int = 512,
    engine_name: str = "here",
    backend: str = "auto",
    threads: int = 1,
    camera: str | None = None,
    skip_broken: bool = False,
    on_progress: Progress | None = None,
    quiet: Quiet = nullcontext,
) -> NamedEmbeddings | None:
    """Do the shards of a list of images that are missing, and gather all.

    Every process of a job is given the same bundle, inputs and options: they cut the same list into
    the same shards. A shard is a file that appears whole; what is missing is what there is to do.

    Args:
        bundle: Path of a bundle with an embedding.
        inputs: As for `embed`.
        shards: Folder of the shards, which all machines see.
        part: `I/N`: only shards I, I + N and so on, and nothing is gathered; None for all.
        shard_size: Images of each shard, 1 or more.
        engine_name: A key of `ENGINES`: what does them.
        backend: As for `embed`; likewise the others.
        threads: See `backend`; of each worker.
        camera: See `backend`.
        skip_broken: See `backend`.
        on_progress: Called with (images that are done, images in all).
        quiet: See `backend`.

    Returns:
        As `embed`, the same numbers; None with a part.

    Raises:
        EmbeddingsError: The folder holds shards of another list or network, or of other options.
        ArgumentError: No part, or an impossible size.
        DatasetError, ImageError, BireidError: As `embed`.
    """
    if shard_size < 1:
        raise ArgumentError(f"shard size is {shard_size}; it must be 1 or more")
    first, step = (0, 1) if part is None else read_part(part)
    run = engine(engine_name)
    listed = find_images(inputs)
    opened = Bundle.open(bundle)
    opened.check_camera(camera)
    plan = Plan(
        opened.fingerprint,
        camera,
        backend,
        skip_broken,
        len(listed.files),
        shard_size,
        list_digest(listed.files),
    )
    opened.release()
    folder = Path(shards)
    plan.keep(folder)
    job = Job(Path(bundle), folder, listed.files, plan, threads)
    mine = range(first, plan.shards, step)
    missing = job.missing(first, step)
    total = sum(len(job.files_of(shard)) for shard in mine)
    done = total - sum(len(job.files_of(shard)) for shard in missing)
    if missing:
        with quiet():
            finished = run(job, missing)
        for shard in finished:
            done += len(job.files_of(shard))
            if on_progress is not None:
                on_progress(done, total)
    if part is not None:
        return None
    return replace(job.gather(), left_out=listed.left_out)
