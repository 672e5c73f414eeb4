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

CARD = CardFacts(
    pipeline_tag="image-feature-extraction",
    tags=("object-tracking",),
    subject="an RGB crop around the target",
    sections=_SECTIONS,
)
