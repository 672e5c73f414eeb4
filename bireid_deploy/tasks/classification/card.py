"""What the model card of an image classifier says beside its manifest."""

from bireid_converters.card import CardFacts

_SECTIONS = """\
## Use

Images that show one of the classes each. The largest number names the class; the softmax of all of
them gives shares that add up to one, which are not calibrated probabilities.

## Limits

- An image of something else gets a class all the same.
- Accuracy on other pictures than those of the test set is unknown until it is measured there.
- A 1-bit network may answer two nearly equal images with visibly different numbers, because a
  single sign can tip."""

_PYTHON = """\
from bireid_runtime import Classifier

classifier = Classifier.open("BUNDLE")
print(classifier.predict(["a.jpg"])[0])  # the likeliest classes with their shares"""

_C = """\
#include "bireid_classifier.h"

bireid_classifier* classifier = NULL;
if (bireid_classifier_open("BUNDLE", NULL, &classifier) != BIREID_OK) puts(bireid_last_error());
int32_t count = bireid_class_count(classifier);
float* logits = malloc(count * sizeof(float));
bireid_classify_rgb8(classifier, pixels, width, height, 0, logits, count);
bireid_classifier_close(classifier);"""

CARD = CardFacts(
    pipeline_tag="image-classification",
    tags=("image-classification",),
    subject="an RGB image",
    sections=_SECTIONS,
    columns={"top_1": "top-1", "top_5": "top-5"},
    python=_PYTHON,
    c=_C,
)
