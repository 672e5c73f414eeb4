"""One training step (Algorithm 11 of BiRe-ID): adversaries ascend, then w, alpha, p descend."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from bireid_models.framework import keras, tf

from bireid_deploy.training.checkpoint import network_variables
from bireid_deploy.training.curriculum import Curriculum
from bireid_deploy.training.methods.base import MethodStep, Play, Scene, TappingStep
from bireid_deploy.training.optimizers import Optimizers, ParameterGroups
from bireid_deploy.training.recipe import Recipe
from bireid_deploy.training.task_step import LocatingStep, TaskStep, TeachableStep
from bireid_deploy.training.workers.replica_network import running_statistics
from bireid_deploy.training.workers.replicas import ALONE, Replicas


@dataclass(frozen=True)
class Terms:
    """The loss terms of one step.

    Attributes:
        task: Terms of L_S: those of the task, and of methods that teach it.
        refining: Terms of the methods that the network descends beside them.
        observed: Numbers that are only logged.
    """

    task: dict[str, Any]
    refining: dict[str, Any]
    observed: dict[str, Any]

    def all(self) -> dict[str, Any]:
        """Every term by name."""
        return _united(self.task, self.refining, self.observed)


class TrainingStep:
    """The losses, the adversaries and the optimisers of one run, compiled into one function.

    Args:
        network: Built network.
        task: The task's part.
        methods: The methods at work, in the order of their table.
        recipe: What to train with.
        replicas: Of the network; each sees a batch of its own, and all move alike.
    """

    def __init__(
        self,
        network: Any,
        task: TaskStep,
        methods: Sequence[MethodStep],
        recipe: Recipe,
        replicas: Replicas = ALONE,
    ) -> None:
        self.network = network
        self.task = task
        self.methods = tuple(methods)
        self.recipe = recipe
        self.groups = ParameterGroups.split(network, list(task.variables.values()))
        self.companions = [each for method in methods for each in method.companions]
        self.adversaries = [each for method in methods for each in method.adversaries]
        _require_saved_companions(methods)
        self.optimizers = Optimizers(
            recipe.optimizer, self.groups, self.companions, self.adversaries
        )
        self._replicas = replicas
        self._statistics = running_statistics(network.features, replicas)
        self._features = _with_taps(network.features, methods)
        # Rewriting the code for conditions on tensors takes half as long as the first step.
        self._compiled = tf.function(self._run, autograph=False)
        self._compiled_others = tf.function(self._run_others, autograph=False)

    def __call__(
        self, images: Any, targets: Any, step: int, origins: Any = None
    ) -> dict[str, float]:
        """Train on one batch.

        Args:
            images: float32 (N, H, W, C), preprocessed and augmented.
            targets: What the task learns from, such as labels int32 (N,).
            step: Number of the step from 0; methods sample by it.
            origins: Of `Batch.origins`.

        Returns:
            The value of every loss term before the update, by name.
        """
        terms = self._compiled(images, targets, tf.constant(step, tf.int32), origins)
        return {name: float(value) for name, value in terms.items()}

    def descend_others(self, images: Any, targets: Any, origins: Any = None) -> None:
        """Train everything but latent kernels and their scales on one batch, by the task's loss."""
        self._compiled_others(images, targets, origins)

    def variables(self) -> dict[str, Any]:
        """All state of the step by a stable name, for checkpoints.

        Raises:
            ValueError: Two variables have one name.
        """
        return _united(
            network_variables(self.network.features),
            self.task.variables,
            self.task.state() if isinstance(self.task, Curriculum) else {},
            *({f"discriminator/{each.name}": each} for each in self.adversaries),
            *(method.state() for method in self.methods),
            self.optimizers.state(),
        )

    def _run(self, images: Any, targets: Any, step: Any, origins: Any = None) -> dict[str, Any]:
        scene = self._scene(images, targets, step, origins)
        features, predictions = scene.features, scene.predictions
        plays = [method.play(scene) for method in self.methods]
        observed, refining = self._play_on(plays)
        taught = _united(
            self.task.terms(features, predictions, targets), *(play.task for play in plays)
        )
        terms = Terms(taught, refining, observed)
        task = tf.add_n(list(terms.task.values()))
        total = tf.add_n([task, *terms.refining.values()])
        groups = self.groups
        refined = (groups.kernels, groups.alphas, self.companions)
        if self.recipe.optimizer.task_gradient_only:
            kernels, alphas, companions = self._gradients(total, *refined)
            others, head = self._gradients(task, groups.others, groups.head)
        else:
            # One pass: a second one would run the branches of a condition again.
            kernels, alphas, companions, others, head = self._gradients(
                total, *refined, groups.others, groups.head
            )
        self.optimizers.apply("kernels", kernels)
        self.optimizers.apply("alphas", alphas)
        self.optimizers.apply("others", others)
        self.optimizers.apply("head", head + companions)
        return self._averaged(
            _united(terms.all(), {"total": total}, self.task.observed(predictions, targets))
        )

    def _gradients(self, loss: Any, *groups: list[Any]) -> list[list[Any]]:
        """The mean over all replicas of the gradients of their losses, by group of variables."""
        own = _gradients(loss, *groups)
        found = [gradient for group in own for gradient in group if gradient is not None]
        means = iter(self._replicas.mean(found))
        return [[None if each is None else next(means) for each in group] for group in own]

    def _averaged(self, terms: Mapping[str, Any]) -> dict[str, Any]:
        """The mean of every term over all replicas, whose running statistics become one too."""
        means = self._replicas.mean([*terms.values(), *self._statistics])
        for variable, mean in zip(self._statistics, means[len(terms) :], strict=True):
            variable.assign(mean)
        return dict(zip(terms, means[: len(terms)], strict=True))

    def _scene(self, images: Any, targets: Any, step: Any, origins: Any) -> Scene:
        features = self._features(images, training=True)
        predictions = self.task.predict(features)
        task = self.task
        return Scene(
            images,
            targets,
            features,
            predictions,
            step,
            taught=partial(task.taught, predictions) if isinstance(task, TeachableStep) else None,
            foreground=partial(task.foreground, targets)
            if isinstance(task, LocatingStep)
            else None,
            origins=origins,
        )

    def _run_others(self, images: Any, targets: Any, origins: Any = None) -> None:
        # What methods add to the task's loss, such as a teacher, stays with it.
        scene = self._scene(images, targets, tf.zeros((), tf.int32), origins)
        plays = [method.play(scene) for method in self.methods]
        own = self.task.terms(scene.features, scene.predictions, targets)
        terms = _united(own, *(play.task for play in plays))
        loss = tf.add_n(list(terms.values()))
        others, head = self._gradients(loss, self.groups.others, self.groups.head)
        self.optimizers.apply("others", others)
        self.optimizers.apply("head", head + [None] * len(self.companions))

    def _play_on(self, plays: Sequence[Play]) -> tuple[dict[str, Any], dict[str, Any]]:
        """The adversaries move first, and the methods answer.

        Returns:
            What to log, and the terms that the network descends.
        """
        ascent = _united(*(play.ascent for play in plays))
        if ascent:
            loss = tf.add_n(list(ascent.values()))
            self.optimizers.apply("discriminators", *self._gradients(loss, self.adversaries))
        observed = _united(ascent, *(play.observed for play in plays))
        before = [play.refining for play in plays]
        return observed, _united(*before, *(play.answer() for play in plays))


def _with_taps(features: Any, methods: Sequence[MethodStep]) -> Any:
    taps = [method.taps for method in methods if isinstance(method, TappingStep)]
    if not taps:
        return features
    return keras.Model(features.input, _united(features.output, *taps), name="tapped")


def _require_saved_companions(methods: Sequence[MethodStep]) -> None:
    """See that every variable that learns beside the head would come back with a checkpoint."""
    for method in methods:
        saved = {id(variable) for variable in method.state().values()}
        for variable in method.companions:
            if id(variable) not in saved:
                raise ValueError(
                    f"{type(method).__name__}: its companion {variable.name!r} is not in state()"
                )


def _united(*parts: Mapping[str, Any]) -> dict[str, Any]:
    """The entries of all mappings; a name that two of them have would lose a value."""
    united: dict[str, Any] = {}
    for part in parts:
        for name, value in part.items():
            if name in united:
                raise ValueError(f"two things in a training step are named {name!r}")
            united[name] = value
    return united


def _gradients(loss: Any, *groups: list[Any]) -> list[list[Any]]:
    """Gradients of a loss in a graph, by group of variables.

    A tape would add the gradients of three or more paths with one AddN, whose order varies from
    run to run; the tree method adds them in pairs, so that a run can be repeated exactly.
    """
    handles = [variable.handle for group in groups for variable in group]
    found = iter(
        tf.gradients(loss, handles, aggregation_method=tf.AggregationMethod.EXPERIMENTAL_TREE)
    )
    return [[next(found) for _ in group] for group in groups]
