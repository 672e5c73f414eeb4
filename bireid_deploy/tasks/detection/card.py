"""What the model card of a detector says beside its manifest."""

from bireid_converters.card import CardFacts

_SECTIONS = """\
## Use

Boxes around the things of its classes, in whole images: to count them, to follow them, or to cut
out crops for a network that tells them apart. `bireid_runtime.Detector` and `bireid_detector_open`
decode the map; the thresholds of the manifest are defaults that a caller may change.

## Limits

- Where the network errs depends on the size of things in the image, on cameras, places and light.
  Measure it on images of the place before use, and for each group of people that it will serve.
- Of two things whose middles fall into one cell of the map the smaller one is found.
- A score is no probability.

## Privacy

A detector of persons processes images of people: have a legal basis, a purpose and a date of
deletion for what is kept. The runtime stores and sends nothing by itself."""

_PYTHON = """\
from bireid_runtime import Detector

detector = Detector.open("BUNDLE")
print(detector.detect(["a.jpg"])[0])  # boxes, scores and classes"""

_C = """\
#include "bireid_detector.h"

bireid_detector* detector = NULL;
if (bireid_detector_open("BUNDLE", NULL, &detector) != BIREID_OK) puts(bireid_last_error());
int32_t capacity = bireid_detector_max_boxes(detector), count = 0;
bireid_box* boxes = malloc(capacity * sizeof(bireid_box));
bireid_detect_rgb8(detector, pixels, width, height, 0, -1, boxes, capacity, &count);
bireid_detector_close(detector);"""

CARD = CardFacts(
    pipeline_tag="object-detection",
    tags=("object-detection",),
    subject="an RGB image",
    sections=_SECTIONS,
    columns={"ap": "AP", "ap_50": "AP50", "ap_75": "AP75"},
    python=_PYTHON,
    c=_C,
)
