/* Where one target is, frame after frame, by a network of a bundle.
 *
 *   bireid_tracker* tracker = NULL;
 *   if (bireid_tracker_open("bundle", NULL, &tracker) != BIREID_OK) puts(bireid_last_error());
 *   bireid_tracked_box box = {left, top, width, height, 0};
 *   bireid_tracker_start_rgb8(tracker, frame, width, height, 0, &box);
 *   bireid_tracker_update_rgb8(tracker, next_frame, width, height, 0, &box);
 *   bireid_tracker_close(tracker);
 *
 * bireid.h says what holds for all functions.
 */
#ifndef BIREID_ENGINE_BIREID_TRACKER_H_
#define BIREID_ENGINE_BIREID_TRACKER_H_

#include "bireid.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct bireid_tracker bireid_tracker;

/* In pixels, 0 at the edge of the frame; it may reach beyond. */
typedef struct {
  double left;
  double top;
  double width;
  double height;
  double score; /* 0 to 1, how well the place matches the first frame */
} bireid_tracked_box;

/* Opens the bundle in a directory, whose network has one input, an RGB image, and one output of
 * kind correlation. `options` may be NULL. On failure *tracker is NULL. */
BIREID_API bireid_status bireid_tracker_open(const char* directory, const bireid_options* options,
                                             bireid_tracker** tracker);

/* Takes the target in `box`, whose score is not looked at; a former one is forgotten. Pixels as of
 * bireid_embed_rgb8. The middle of the box lies in the frame, its sides are at least 1 pixel. */
BIREID_API bireid_status bireid_tracker_start_rgb8(bireid_tracker* tracker, const uint8_t* pixels,
                                                   int32_t width, int32_t height, int64_t row_bytes,
                                                   const bireid_tracked_box* box);

/* Finds the target in the next frame, which is as large as the first one. */
BIREID_API bireid_status bireid_tracker_update_rgb8(bireid_tracker* tracker, const uint8_t* pixels,
                                                    int32_t width, int32_t height,
                                                    int64_t row_bytes, bireid_tracked_box* box);

/* As bireid_fingerprint, bireid_describe and bireid_selftest of bireid.h; there is no cosine, so
 * `min_cosine` gets NaN. */
BIREID_API const char* bireid_tracker_fingerprint(const bireid_tracker* tracker);
BIREID_API const char* bireid_tracker_describe(const bireid_tracker* tracker);
BIREID_API bireid_status bireid_tracker_selftest(bireid_tracker* tracker, double* max_difference,
                                                 double* min_cosine);

/* `tracker` may be NULL. No call may use it any more. */
BIREID_API void bireid_tracker_close(bireid_tracker* tracker);

#ifdef __cplusplus
}
#endif

#endif /* BIREID_ENGINE_BIREID_TRACKER_H_ */
