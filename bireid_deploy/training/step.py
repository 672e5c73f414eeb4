"""One training step of BiRe-ID (Algorithm 11): discriminators ascend, then w, alpha, p descend."""

from dataclasses import dataclass
from typing import Any

from bireid_models.framework import tf
from bireid_models.layers import binary_layers
from bireid_models.network import Network

from bireid_deploy.training.checkpoint import network_variables
from bireid_deploy.training.objectives.adversarial import discriminators_loss
from bireid_deploy.training.objectives.feature_refining import FeatureRefining
from bireid_deploy.training.objectives.identity import identity_loss
from bireid_deploy.training.objectives.kernel_refining import KernelRefining
from bireid_deploy.training.objectives.triplet import batch_hard_triplet_loss
from bireid_deploy.training.optimizers import Optimizers, ParameterGroups
from bireid_deploy.training.recipe import Recipe
from bireid_deploy.training.teacher import Teacher


@dataclass(frozen=True)
class Terms:
    """The loss terms of one step.

    Attributes:
        task: Terms of L_S: identity, triplet and distillation.
        refining: Terms of KR-GAL and FR-GAL that the network descends.
        observed: Numbers that are only logged.
    """

    task: dict[str, Any]
    refining: dict[str, Any]
    observed: dict[str, Any]

    def all(self) -> dict[str, Any]:
        """Every term by name."""
        return {**self.task, **self.refining, **self.observed}


class TrainingStep:
    """The losses, the discriminators and the optimisers of one run, compiled into one function.

    Args:
        network: Built network.
        classifier: Keras layer, neck features (N, D) to logits (N, identities).
        recipe: What to train with.
        teacher: Whom to learn from, if the recipe distils.
    """

    def __init__(
        self,
        network: Network,
        classifier: Any,
        recipe: Recipe,
        teacher: Teacher | None = None,
    ) -> None:
        self.network = network
        self.classifier = classifier
        self.recipe = recipe
        self.teacher = teacher
        layers = binary_layers(network.model)
        self.kernel_refining = (
            KernelRefining.build(layers, recipe.kernel_refining)
            if recipe.kernel_refining.enabled
            else None
        )
        self.feature_refining = (
            FeatureRefining.build(network.features, recipe.feature_refining)
            if recipe.feature_refining.enabled
            else None
        )
        self.groups = ParameterGroups.split(network, classifier)
        self.projections = (
            self.feature_refining.projection_variables if self.feature_refining else []
        )
        self.discriminators = [
            variable
            for part in (self.kernel_refining, self.feature_refining)
            if part is not None
            for variable in part.discriminator_variables
        ]
        self.optimizers = Optimizers(
            recipe.optimizer, self.groups, self.projections, self.discriminators
        )
        self._compiled = tf.function(self._run)

    def __call__(self, images: Any, labels: Any, step: int) -> dict[str, float]:
        """Train on one batch.

        Args:
            images: float32 (N, H, W, 3), preprocessed and augmented.
            labels: int32 (N,), identities in 0..K-1.
            step: Number of the step from 0; seeds the positions that FR-GAL samples.

        Returns:
            The value of every loss term before the update, by name.
        """
        terms = self._compiled(images, labels, tf.constant(step, tf.int32))
        return {name: float(value) for name, value in terms.items()}

    def variables(self) -> dict[str, Any]:
        """All state of the step by a stable name, for checkpoints."""
        named = network_variables(self.network.features)
        named |= {f"classifier/{each.name}": each for each in self.classifier.variables}
        named |= {f"discriminator/{each.name}": each for each in self.discriminators}
        if self.feature_refining:
            named |= self.feature_refining.projection_state()
        return named | self.optimizers.state()

    def _run(self, images: Any, labels: Any, step: Any) -> dict[str, Any]:
        features = self.network.features(images, training=True)
        logits = self.classifier(features["classifier_input"])
        observed, refining = self._refine(features, step)
        task_terms = self._task_terms(features, logits, labels)
        if self.teacher:
            task_terms["distillation"] = self.teacher.loss(images, features["neck"], logits)
        terms = Terms(task_terms, refining, observed)
        task = tf.add_n(list(terms.task.values()))
        total = tf.add_n([task, *terms.refining.values()])
        kernels, alphas, projections = _gradients(
            total, self.groups.kernels, self.groups.alphas, self.projections
        )
        others, head = _gradients(
            task if self.recipe.optimizer.task_gradient_only else total,
            self.groups.others,
            self.groups.head,
        )
        self.optimizers.apply("kernels", kernels)
        self.optimizers.apply("alphas", alphas)
        self.optimizers.apply("others", others)
        self.optimizers.apply("head", head + projections)
        correct = tf.equal(tf.argmax(logits, axis=1, output_type=tf.int32), labels)
        accuracy = tf.reduce_mean(tf.cast(correct, tf.float32))
        return {**terms.all(), "total": total, "accuracy": accuracy}

    def _task_terms(self, features: dict[str, Any], logits: Any, labels: Any) -> dict[str, Any]:
        options = self.recipe.loss
        terms = {}
        if options.identity_weight > 0:
            identity = identity_loss(logits, labels, options.label_smoothing)
            terms["identity"] = options.identity_weight * identity
        if options.triplet_weight > 0:
            triplet = batch_hard_triplet_loss(features["pooled"], labels, options.triplet_margin)
            terms["triplet"] = options.triplet_weight * triplet
        return terms

    def _refine(self, features: dict[str, Any], step: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """KR-GAL and FR-GAL: the discriminators ascend first.

        Returns:
            What to log, and the terms that the network descends.
        """
        observed, ascent, descent = {}, {}, {}
        games: list[tuple[str, KernelRefining | FeatureRefining, Any]] = []
        if self.kernel_refining:
            games.append(("kernel", self.kernel_refining, self.kernel_refining.samples(step)))
            descent["kernel_mse"] = self.kernel_refining.mse_loss()
        if self.feature_refining:
            targets = self.feature_refining.targets(features)
            seed = tf.stack([tf.constant(self.recipe.seed, tf.int32), step * 16])
            samples = self.feature_refining.samples(features, targets, seed)
            games.append(("feature", self.feature_refining, samples))
            descent["feature_mse"] = self.feature_refining.mse_loss(features, targets)
            observed["target_variance"] = self.feature_refining.target_variance(targets)
        for name, game, samples in games:
            ascent[f"{name}_discriminator"] = discriminators_loss(game.discriminators, samples)
        if games:
            loss = tf.add_n(list(ascent.values()))
            self.optimizers.apply("discriminators", *_gradients(loss, self.discriminators))
        for name, game, samples in games:
            descent[f"{name}_adversarial"] = game.adversarial_loss(samples)
        return observed | ascent, descent


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
