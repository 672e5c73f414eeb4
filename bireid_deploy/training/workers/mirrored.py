"""Replicas by `tf.distribute.MultiWorkerMirroredStrategy`; importing it loads TensorFlow.

The variables are plain ones of each process, and the step is the one of a single process: it asks
for the mean of the gradients, of the terms and of running statistics over all replicas, and moves
its own variables by them. All means are alike to the last bit on all replicas, and so are the
weights.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from bireid_models.framework import tf
from bireid_runtime.errors import ArgumentError

from bireid_deploy.errors import ClusterError
from bireid_deploy.training.workers.members import Members

_GONE = (
    tf.errors.UnavailableError,
    tf.errors.AbortedError,
    tf.errors.CancelledError,
    tf.errors.DeadlineExceededError,
)


class Mirrored:
    """The replica of this process, joined with the others.

    To be made before TensorFlow computes anything, once in a process, when all members are there:
    TensorFlow waits for them without a word.

    Args:
        members: Who they are.

    Raises:
        ArgumentError: This process has several GPUs.
    """

    def __init__(self, members: Members) -> None:
        self.count, self.rank = members.count, members.rank
        self._members = members
        cluster = tf.train.ClusterSpec({"worker": list(members.addresses)})
        resolver = tf.distribute.cluster_resolver.SimpleClusterResolver(
            cluster, task_type="worker", task_id=members.rank, rpc_layer="grpc"
        )
        with self.guarded():
            self._strategy = tf.distribute.MultiWorkerMirroredStrategy(resolver)
        replicas = self._strategy.num_replicas_in_sync
        if replicas != members.count:
            raise ArgumentError(
                f"{replicas} replicas in {members.count} workers; start a worker for each GPU and "
                "give it that one alone (CUDA_VISIBLE_DEVICES)"
            )
        self._sum_now = tf.function(self._sum, autograph=False)

    def mean(self, values: Sequence[Any]) -> list[Any]:
        """The mean of each over all replicas, by one exchange."""
        if not values:
            return []

        @tf.custom_gradient
        def averaged(*given: Any) -> Any:
            # Every replica descends the mean of the losses, and all that hang on it have a share.
            return self._averaged(given), lambda *upstream: self._averaged(upstream)

        return list(averaged(*map(tf.convert_to_tensor, values)))

    def agree(self, flag: bool) -> bool:
        """Whether any of them says yes."""
        (found,) = self._sum_now([tf.constant(float(flag))])
        return bool(found.numpy() > 0)

    def share(self, variables: Mapping[str, Any]) -> None:
        """Give all of them the chief's values."""
        for dtype in sorted({each.dtype.name for each in variables.values()}):
            chosen = [each for each in variables.values() if each.dtype.name == dtype]
            own = np.concatenate([each.numpy().ravel() for each in chosen])
            (found,) = self._sum_now([tf.constant(own if self.rank == 0 else np.zeros_like(own))])
            ends = np.cumsum([each.shape.num_elements() for each in chosen])
            for variable, values in zip(chosen, np.split(found.numpy(), ends[:-1]), strict=True):
                variable.assign(values.reshape(variable.shape))

    @contextmanager
    def guarded(self) -> Iterator[None]:
        """Within it, one that has gone is a `ClusterError`."""
        try:
            yield
        except tf.errors.OpError as error:
            if isinstance(error, _GONE) or "ollective" in error.message:
                others = (
                    "one of the others" if self.count > 2 else self._members.named(1 - self.rank)
                )
                raise ClusterError(
                    f"{self._members.named(self.rank)} lost {others}, whose own message says why; "
                    "start all again with --resume"
                ) from error
            raise

    def _averaged(self, values: Sequence[Any]) -> list[Any]:
        return [total / self.count for total in self._sum(values)]

    def _sum(self, values: Sequence[Any]) -> list[Any]:
        def exchange(given: Sequence[Any]) -> Any:
            context = tf.distribute.get_replica_context()
            # Copies lie on the replica's device, from which TensorFlow learns where to sum.
            return context.all_reduce(
                tf.distribute.ReduceOp.SUM, [tf.identity(each) for each in given]
            )

        found = self._strategy.run(exchange, args=(list(values),))
        return [self._strategy.experimental_local_results(each)[0] for each in found]
