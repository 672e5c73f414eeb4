"""What the model card of a person re-identification network says beside its manifest."""

from bireid_converters.card import CardFacts

_SECTIONS = """\
## Use

Embeddings of crops that show one person each, to find the same person again by cosine similarity:
retrieval, tracking across cameras, counting of returning visitors. Embeddings of bundles with
another fingerprint are not comparable, and neither are those of a 1-bit network and its
real-valued counterpart.

## Limits

- Accuracy on other cameras, places, clothes, light and groups of people than those of the training
  data is unknown until it is measured there. Measure it before use, for each group it will serve.
- A similarity is not an identification: no threshold comes with this bundle, and a match is a
  proposal for a person to check.
- A 1-bit network may answer two nearly equal images with visibly different embeddings, because a
  single sign can tip.

## Privacy

An embedding is made to recognise a person again: treat embeddings like personal data, with a legal
basis, a purpose and a date of deletion. The runtime stores and sends nothing by itself."""

_PYTHON = """\
from bireid_runtime import Extractor

extractor = Extractor.open("BUNDLE")
embeddings = extractor.embed(["a.jpg", "b.jpg"])  # float32 (2, D), rows of unit length
print(embeddings[0] @ embeddings[1])  # cosine similarity"""

_C = """\
#include "bireid.h"

bireid_extractor* extractor = NULL;
if (bireid_open("BUNDLE", NULL, &extractor) != BIREID_OK) puts(bireid_last_error());
int32_t length = bireid_embedding_dim(extractor);
float* embedding = malloc(length * sizeof(float));
bireid_embed_rgb8(extractor, pixels, width, height, 0, embedding, length);
bireid_close(extractor);"""

CARD = CardFacts(
    pipeline_tag="image-feature-extraction",
    tags=("person-re-identification",),
    subject="an RGB crop of a person",
    sections=_SECTIONS,
    columns={
        "mean_average_precision": "mAP",
        "rank_1": "rank-1",
        "mean_inverse_negative_penalty": "mINP",
    },
    python=_PYTHON,
    c=_C,
)
