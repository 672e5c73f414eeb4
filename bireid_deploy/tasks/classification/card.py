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

CARD = CardFacts(
    pipeline_tag="image-classification",
    tags=("image-classification",),
    subject="an RGB image",
    sections=_SECTIONS,
)
