"""What the model card of a classifier of point clouds says beside its manifest."""

from bireid_converters.card import CardFacts

_SECTIONS = """\
## Use

Clouds of one thing each, of one of the classes, as lidar, depth cameras or CAD programs give them.
The axis that `preprocess.up_axis` of the manifest names points up; position and size do not count.
`bireid_runtime.PointClassifier` and `bireid_point_classifier_open` sample and scale a cloud. The
largest number names the class; the softmax of all of them gives shares that add up to one, which
are not calibrated probabilities.

## Limits

- A cloud of something else, or of several things, gets a class all the same.
- Turned about another axis than the one that points up, a thing may get another class.
- Accuracy on clouds of another sensor than that of the test set is unknown until it is measured.
- A 1-bit network may answer two nearly equal clouds with visibly different numbers, because a
  single sign can tip."""

_PYTHON = """\
from bireid_runtime import PointClassifier

classifier = PointClassifier.open("BUNDLE")
print(classifier.predict([points])[0])  # points: float32 (N, 3)"""

_C = """\
#include "bireid_point_classifier.h"

bireid_point_classifier* classifier = NULL;
if (bireid_point_classifier_open("BUNDLE", NULL, &classifier) != BIREID_OK)
  puts(bireid_last_error());
int32_t classes = bireid_point_class_count(classifier);
float* logits = malloc(classes * sizeof(float));
bireid_classify_points(classifier, points, count, logits, classes);
bireid_point_classifier_close(classifier);"""

CARD = CardFacts(
    pipeline_tag="other",
    tags=("point-cloud-classification",),
    subject="a point cloud",
    sections=_SECTIONS,
    columns={"overall": "overall", "mean_class": "mean class"},
    python=_PYTHON,
    c=_C,
    item="cloud",
    speed="clouds/s",
)
