/* What a picture shows and where, by a network of a bundle.
 *
 *   bireid_detector* detector = NULL;
 *   if (bireid_detector_open("bundle", NULL, &detector) != BIREID_OK) puts(bireid_last_error());
 *   bireid_detect_rgb8(detector, pixels, width, height, 0, -1, boxes, capacity, &count);
 *   bireid_detector_close(detector);
 *
 * bireid.h says what holds for all functions.
 */
#ifndef BIREID_ENGINE_BIREID_DETECTOR_H_
#define BIREID_ENGINE_BIREID_DETECTOR_H_

#include "bireid.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct bireid_detector bireid_detector;

/* Opens the bundle in a directory, whose network has one input, an RGB image, and one output of
 * kind boxes. `options` may be NULL. On failure *detector is NULL. */
BIREID_API bireid_status bireid_detector_open(const char* directory, const bireid_options* options,
                                              bireid_detector** detector);

BIREID_API int32_t bireid_detector_class_count(const bireid_detector* detector);

/* UTF-8; NULL unless `index` is 0 to bireid_detector_class_count() - 1. Belongs to the detector. */
BIREID_API const char* bireid_detector_class_name(const bireid_detector* detector, int32_t index);

/* How many boxes are found in a picture at most. */
BIREID_API int32_t bireid_detector_max_boxes(const bireid_detector* detector);

/* Finds boxes in one picture, from the highest score on; pixels as of bireid_embed_rgb8. Only
 * higher scores than `score_threshold`, 0 to 1, count; -1 takes that of the bundle. `boxes` has
 * room for `capacity`, which must be at least bireid_detector_max_boxes(); *count says how many it
 * got. */
BIREID_API bireid_status bireid_detect_rgb8(bireid_detector* detector, const uint8_t* pixels,
                                            int32_t width, int32_t height, int64_t row_bytes,
                                            double score_threshold, bireid_box* boxes,
                                            int32_t capacity, int32_t* count);

/* As bireid_fingerprint, bireid_describe and bireid_selftest of bireid.h; there is no cosine, so
 * `min_cosine` gets NaN. */
BIREID_API const char* bireid_detector_fingerprint(const bireid_detector* detector);
BIREID_API const char* bireid_detector_describe(const bireid_detector* detector);
BIREID_API bireid_status bireid_detector_selftest(bireid_detector* detector, double* max_difference,
                                                  double* min_cosine);

/* `detector` may be NULL. No call may use it any more. */
BIREID_API void bireid_detector_close(bireid_detector* detector);

#ifdef __cplusplus
}
#endif

#endif /* BIREID_ENGINE_BIREID_DETECTOR_H_ */
