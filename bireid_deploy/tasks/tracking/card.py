"""What the model card of a tracker says beside its manifest."""

from bireid_converters.card import CardFacts

_SECTIONS = """\
## Use

Follows one target that is marked in the first frame. The network makes a map of a crop around
it; `bireid_runtime.Tracker` and `bireid_tracker_open` cut the crops, seek the target's part of the
first map in the maps of later frames, and give its box with a score.

## Limits

- The first frame alone says what the target looks like: it may be lost as it turns or is hidden,
  and another thing that resembles it may be followed instead. A low score says so, if late.
- The target is sought near its last place; at few frames per second it may have left it.
- Measure it on videos of the place before use. A score is no probability.

## Privacy

To follow a person through a video is to process what they do: have a legal basis, a purpose and a
date of deletion for what is kept. The runtime stores and sends nothing by itself."""

_PYTHON = """\
from bireid_runtime import Tracker

tracker = Tracker.open("BUNDLE")
tracker.start(first_frame, (left, top, width, height))  # uint8 (H, W, 3)
print(tracker.update(next_frame))  # the box, with a score"""

_C = """\
#include "bireid_tracker.h"

bireid_tracker* tracker = NULL;
if (bireid_tracker_open("BUNDLE", NULL, &tracker) != BIREID_OK) puts(bireid_last_error());
bireid_tracked_box box = {left, top, box_width, box_height, 0};
bireid_tracker_start_rgb8(tracker, frame, width, height, 0, &box);
bireid_tracker_update_rgb8(tracker, next_frame, width, height, 0, &box);
bireid_tracker_close(tracker);"""

CARD = CardFacts(
    pipeline_tag="image-feature-extraction",
    tags=("object-tracking",),
    subject="an RGB crop around the target",
    sections=_SECTIONS,
    columns={"success": "success", "precision": "prec@20", "ao": "AO"},
    python=_PYTHON,
    c=_C,
    item="crop",
    speed="frames/s",
)
