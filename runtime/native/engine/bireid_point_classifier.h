/* Which class a point cloud is of, by a network of a bundle.
 *
 *   bireid_point_classifier* classifier = NULL;
 *   if (bireid_point_classifier_open("bundle", NULL, &classifier) != BIREID_OK)
 *     puts(bireid_last_error());
 *   bireid_classify_points(classifier, points, count, logits, classes);
 *   bireid_point_classifier_close(classifier);
 *
 * bireid.h says what holds for all functions.
 */
#ifndef BIREID_ENGINE_BIREID_POINT_CLASSIFIER_H_
#define BIREID_ENGINE_BIREID_POINT_CLASSIFIER_H_

#include "bireid.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct bireid_point_classifier bireid_point_classifier;

/* Opens the bundle in a directory, whose network has one input of kind points and one output of
 * kind logits. `options` may be NULL. On failure *classifier is NULL. */
BIREID_API bireid_status bireid_point_classifier_open(const char* directory,
                                                      const bireid_options* options,
                                                      bireid_point_classifier** classifier);

BIREID_API int32_t bireid_point_class_count(const bireid_point_classifier* classifier);

/* UTF-8; NULL unless `index` is 0 to bireid_point_class_count() - 1. Belongs to the classifier. */
BIREID_API const char* bireid_point_class_name(const bireid_point_classifier* classifier,
                                               int32_t index);

/* Classifies one cloud of `count` points, 3 to 2^24: x, y and z of each, finite, not all at one
 * place, in any unit and anywhere; up is the axis that preprocess.up_axis of the manifest names.
 * `logits` gets one number per class, the larger the likelier: exp(logit) over the sum of all
 * exp(logit) is the probability. `classes` must be bireid_point_class_count(). */
BIREID_API bireid_status bireid_classify_points(bireid_point_classifier* classifier,
                                                const float* points, int64_t count, float* logits,
                                                int32_t classes);

/* As bireid_fingerprint, bireid_describe and bireid_selftest of bireid.h; there is no cosine, so
 * `min_cosine` gets NaN. */
BIREID_API const char* bireid_point_classifier_fingerprint(
    const bireid_point_classifier* classifier);
BIREID_API const char* bireid_point_classifier_describe(const bireid_point_classifier* classifier);
BIREID_API bireid_status bireid_point_classifier_selftest(bireid_point_classifier* classifier,
                                                          double* max_difference,
                                                          double* min_cosine);

/* `classifier` may be NULL. No call may use it any more. */
BIREID_API void bireid_point_classifier_close(bireid_point_classifier* classifier);

#ifdef __cplusplus
}
#endif

#endif /* BIREID_ENGINE_BIREID_POINT_CLASSIFIER_H_ */
