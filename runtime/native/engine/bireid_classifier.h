/* Which class a picture shows, by a network of a bundle.
 *
 *   bireid_classifier* classifier = NULL;
 *   if (bireid_classifier_open("bundle", NULL, &classifier) != BIREID_OK)
 * puts(bireid_last_error()); bireid_classify_rgb8(classifier, pixels, width, height, 0, logits,
 * classes); bireid_classifier_close(classifier);
 *
 * bireid.h says what holds for all functions.
 */
#ifndef BIREID_ENGINE_BIREID_CLASSIFIER_H_
#define BIREID_ENGINE_BIREID_CLASSIFIER_H_

#include "bireid.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct bireid_classifier bireid_classifier;

/* Opens the bundle in a directory, whose network has one input, an RGB image, and one output of
 * kind logits. `options` may be NULL. On failure *classifier is NULL. */
BIREID_API bireid_status bireid_classifier_open(const char* directory,
                                                const bireid_options* options,
                                                bireid_classifier** classifier);

BIREID_API int32_t bireid_class_count(const bireid_classifier* classifier);

/* UTF-8; NULL unless `index` is 0 to bireid_class_count() - 1. Belongs to the classifier. */
BIREID_API const char* bireid_class_name(const bireid_classifier* classifier, int32_t index);

/* Classifies one picture; pixels as of bireid_embed_rgb8. `logits` gets one number per class, the
 * larger the likelier: exp(logit) over the sum of all exp(logit) is the probability. `classes` must
 * be bireid_class_count(). */
BIREID_API bireid_status bireid_classify_rgb8(bireid_classifier* classifier, const uint8_t* pixels,
                                              int32_t width, int32_t height, int64_t row_bytes,
                                              float* logits, int32_t classes);

/* `classifier` may be NULL. No call may use it any more. */
BIREID_API void bireid_classifier_close(bireid_classifier* classifier);

#ifdef __cplusplus
}
#endif

#endif /* BIREID_ENGINE_BIREID_CLASSIFIER_H_ */
