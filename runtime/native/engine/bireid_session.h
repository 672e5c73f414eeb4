/* Any network of a bundle: named inputs and outputs, float32, one or more items at a time.
 *
 * bireid.h says what holds for all functions.
 */
#ifndef BIREID_ENGINE_BIREID_SESSION_H_
#define BIREID_ENGINE_BIREID_SESSION_H_

#include "bireid.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct bireid_session bireid_session;

/* One item of an input or output: without the batch. Set `size` to sizeof(bireid_tensor_info)
 * before the call. The texts belong to the session. */
typedef struct {
  size_t size;
  const char* name;
  const char* kind; /* of an input "image", "points" or "tensor"; of an output "embedding",
                       "logits", "boxes", "correlation" or "tensor" */
  int32_t rank;     /* 1 to 7 */
  int64_t shape[7]; /* an image: height, width, channels; 0 behind the rank */
  int64_t elements; /* the product */
} bireid_tensor_info;

/* 8-bit pixels, the channels of a pixel together; any size from 1x1 to 20000x20000. */
typedef struct {
  const uint8_t* pixels;
  int32_t width;
  int32_t height;
  int64_t row_bytes; /* from one row to the next; 0: rows follow each other */
} bireid_image;

/* A point cloud of 3 to 2^24 points: x, y and z of each, finite, not all at one place. */
typedef struct {
  const float* points;
  int64_t count;
} bireid_cloud;

/* Opens the bundle in a directory. `options` may be NULL. On failure *session is NULL. */
BIREID_API bireid_status bireid_session_open(const char* directory, const bireid_options* options,
                                             bireid_session** session);

/* As bireid_share. */
BIREID_API bireid_status bireid_session_share(const bireid_session* session,
                                              bireid_session** another);

/* `session` may be NULL. No call may use it any more. */
BIREID_API void bireid_session_close(bireid_session* session);

BIREID_API int32_t bireid_session_input_count(const bireid_session* session);
BIREID_API int32_t bireid_session_output_count(const bireid_session* session);

/* In the order of the bundle's manifest, `index` from 0. */
BIREID_API bireid_status bireid_session_input(const bireid_session* session, int32_t index,
                                              bireid_tensor_info* info);
BIREID_API bireid_status bireid_session_output(const bireid_session* session, int32_t index,
                                               bireid_tensor_info* info);

/* Classes of an output of kind logits, one per element: their number (0 of any other kind) and
 * their names (NULL where there is none), UTF-8. */
BIREID_API int32_t bireid_session_class_count(const bireid_session* session, int32_t output);
BIREID_API const char* bireid_session_class_name(const bireid_session* session, int32_t output,
                                                 int32_t index);

/* As bireid_camera_count and bireid_camera_name. */
BIREID_API int32_t bireid_session_camera_count(const bireid_session* session);
BIREID_API const char* bireid_session_camera_name(const bireid_session* session, int32_t index);

/* What the network is for, such as "reid" or "classification". */
BIREID_API const char* bireid_session_task(const bireid_session* session);

/* Identifies what the outputs mean, "sha256:...": compare outputs of equal fingerprints only. */
BIREID_API const char* bireid_session_fingerprint(const bireid_session* session);

/* Version and kernels, "bireid 0.1.0 (avx512)". */
BIREID_API const char* bireid_session_describe(const bireid_session* session);

/* All of the above in one JSON object: name, task, fingerprint, engine, threads, and inputs and
 * outputs with name, kind, shape (null for the batch) and classes; of a bundle that is adapted also
 * cameras and camera (null if it was opened for none). */
BIREID_API const char* bireid_session_describe_json(const bireid_session* session);

/* inputs[i] and outputs[i] are in the order of the manifest; each holds `items` items behind one
 * another. An output pointer that is NULL is not wanted. Several items share the threads, one
 * each. */
BIREID_API bireid_status bireid_session_run(bireid_session* session, const float* const* inputs,
                                            int32_t items, float* const* outputs);

/* For a network with one input, of kind image: `count` images, each resized and normalised as the
 * bundle says. Outputs as of bireid_session_run. */
BIREID_API bireid_status bireid_session_run_images(bireid_session* session,
                                                   const bireid_image* images, int32_t count,
                                                   float* const* outputs);

/* The same of pictures in any format. */
BIREID_API bireid_status bireid_session_run_pictures(bireid_session* session,
                                                     const bireid_picture* pictures, int32_t count,
                                                     float* const* outputs);

/* As bireid_input_image. */
BIREID_API bireid_status bireid_session_input_image(const bireid_session* session,
                                                    bireid_image_info* info);

/* For a network with one input, of kind points: `count` clouds, each sampled and scaled as the
 * bundle says. Outputs as of bireid_session_run. */
BIREID_API bireid_status bireid_session_run_clouds(bireid_session* session,
                                                   const bireid_cloud* clouds, int32_t count,
                                                   float* const* outputs);

/* How many boxes the map of an output is decoded to at most; 0 for other kinds than boxes. */
BIREID_API int32_t bireid_session_max_boxes(const bireid_session* session, int32_t output);

/* Decodes the map that an output of kind boxes gave for one image of `width` x `height` pixels, as
 * bireid_detect_rgb8 of bireid_detector.h does. `capacity` must be at least
 * bireid_session_max_boxes(). */
BIREID_API bireid_status bireid_session_decode_boxes(const bireid_session* session, int32_t output,
                                                     const float* map, int32_t width,
                                                     int32_t height, double score_threshold,
                                                     bireid_box* boxes, int32_t capacity,
                                                     int32_t* count);

/* Runs the golden items of the bundle, each under its own camera, and compares with their known
 * outputs.
 * BIREID_SELF_TEST_FAILED if one is further off than the bundle allows. `max_difference`, over all
 * outputs, and `min_cosine`, -1 to 1 over all embeddings, may be NULL. A network that gives no
 * embedding has no cosine: `min_cosine` gets NaN. */
BIREID_API bireid_status bireid_session_selftest(bireid_session* session, double* max_difference,
                                                 double* min_cosine);

#ifdef __cplusplus
}
#endif

#endif /* BIREID_ENGINE_BIREID_SESSION_H_ */
