/* Person re-identification embeddings from a bundle, in one library.
 *
 *   bireid_extractor* extractor = NULL;
 *   if (bireid_open("bundle", NULL, &extractor) != BIREID_OK) puts(bireid_last_error());
 *   bireid_embed_rgb8(extractor, pixels, width, height, 0, embedding, dim);
 *   bireid_close(extractor);
 *
 * bireid_classifier.h is the same for networks that tell classes apart, bireid_detector.h for those
 * that find things in an image, bireid_tracker.h for those that follow one through frames,
 * bireid_session.h for any network: named inputs and outputs. bireid_statistics.h learns what one
 * camera does to embeddings.
 *
 * No function throws or exits. Those that return a status leave, when it is not BIREID_OK, one line
 * for bireid_last_error() in the calling thread. A handle may be used from several threads; its
 * calls then wait for each other. Different handles are independent.
 */
#ifndef BIREID_ENGINE_BIREID_H_
#define BIREID_ENGINE_BIREID_H_

#include <stddef.h>
#include <stdint.h>

/* Of this header; bireid_version() says that of the library. */
#define BIREID_VERSION_MAJOR 0
#define BIREID_VERSION_MINOR 1
#define BIREID_VERSION_PATCH 0

#if defined(__GNUC__)
#define BIREID_API __attribute__((visibility("default")))
#else
#define BIREID_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
  BIREID_OK = 0,
  BIREID_INVALID_ARGUMENT = 1, /* a value outside its documented range */
  BIREID_UNSUPPORTED = 2,      /* a model, schema or instruction set that this version lacks */
  BIREID_OUT_OF_MEMORY = 3,
  BIREID_BAD_BUNDLE = 4,       /* missing, malformed, or not what its checksums say */
  BIREID_SELF_TEST_FAILED = 5, /* this machine computes other outputs */
  BIREID_INTERNAL = 6          /* a defect of this library */
} bireid_status;

typedef struct bireid_extractor bireid_extractor;

/* Set `size` to sizeof(bireid_options), and what is not needed to 0 or NULL. */
typedef struct {
  size_t size;
  int32_t threads;        /* of one call, 1 to 64; 0: 1. Never more than CPUs that it may use */
  const char* isa;        /* "auto", "scalar", "avx2", "avx512", "neon"; NULL: "auto" */
  const char* stem;       /* "float32" or "uint8"; NULL: "float32" */
  int32_t skip_checksums; /* 1: read only what is needed, and do not compare SHA-256 */
  const void* model;      /* the bundle's file of format "lce", which the caller has read and
                             checked: then nothing but manifest.json is read to open the bundle.
                             Needed until the open returns. NULL: the file is read */
  size_t model_bytes;     /* of `model` */
  const char* profile;    /* file that gets the time of every step when the network is closed, as a
                             JSON array of {"name", "runs", "nanoseconds", "fastest_nanoseconds"};
                             names are the fused operators with their numbers in the model file.
                             NULL: no step is timed */
  const char* camera; /* whose crops come in: needed for a bundle that is adapted to cameras, and
                         refused for any other; the message lists those it knows. "": the first
                         one if there are any, for tests and timings. NULL: none; with `model`
                         the network then runs as that file says, whatever the camera */
  int32_t uncentred;  /* 1: embeddings as the network gives them, without what the bundle knows
                         of the camera's mean and deviation, for bireid_statistics.h; never
                         compare them with others */
} bireid_options;

/* One thing in a picture, in pixels, 0 at its left and upper edge. */
typedef struct {
  float left;
  float top;
  float right;
  float bottom;
  float score; /* 0 to 1 */
  int32_t class_index;
} bireid_box;

/* "0.1.0" */
BIREID_API const char* bireid_version(void);

/* Why the last call of this thread that failed did so; one line, UTF-8. Valid until the next call
 * of the thread. */
BIREID_API const char* bireid_last_error(void);

/* Opens the bundle in a directory, whose network has one input, an RGB image, and one output of
 * kind embedding. `options` may be NULL. On failure *extractor is NULL. */
BIREID_API bireid_status bireid_open(const char* directory, const bireid_options* options,
                                     bireid_extractor** extractor);

/* Length of an embedding. */
BIREID_API int32_t bireid_embedding_dim(const bireid_extractor* extractor);

/* Identifies the embedding space, "sha256:...": compare embeddings of equal fingerprints only. */
BIREID_API const char* bireid_fingerprint(const bireid_extractor* extractor);

/* Cameras that the bundle is adapted to, in its order; 0 if it takes all alike. Embeddings of all
 * of them may be compared. The name of one that there is not is NULL. */
BIREID_API int32_t bireid_camera_count(const bireid_extractor* extractor);
BIREID_API const char* bireid_camera_name(const bireid_extractor* extractor, int32_t index);

/* Version and kernels, "bireid 0.1.0 (avx512)". */
BIREID_API const char* bireid_describe(const bireid_extractor* extractor);

/* Embeds one crop: `height` rows of `width` RGB pixels of 3 bytes, rows `row_bytes` apart (0: rows
 * follow each other). Any size from 1x1 to 20000x20000. `embedding` gets `dim` floats of unit
 * length; `dim` must be bireid_embedding_dim(). */
BIREID_API bireid_status bireid_embed_rgb8(bireid_extractor* extractor, const uint8_t* pixels,
                                           int32_t width, int32_t height, int64_t row_bytes,
                                           float* embedding, int32_t dim);

/* Embeds `count` images that are preprocessed already: float32 [count][height][width][3], at the
 * network's input size, (pixel / 255 - mean) / std. `embeddings` gets [count][dim]. Several images
 * share the threads, one each. */
BIREID_API bireid_status bireid_embed_images(bireid_extractor* extractor, const float* images,
                                             int32_t count, float* embeddings, int32_t dim);

/* Embeds the golden crops of the bundle, each under its own camera, and compares with their known
 * embeddings.
 * BIREID_SELF_TEST_FAILED if one is further off than the bundle allows. `max_difference` and
 * `min_cosine` may be NULL. */
BIREID_API bireid_status bireid_selftest(bireid_extractor* extractor, double* max_difference,
                                         double* min_cosine);

/* `extractor` may be NULL. No call may use it any more. */
BIREID_API void bireid_close(bireid_extractor* extractor);

#ifdef __cplusplus
}
#endif

#endif /* BIREID_ENGINE_BIREID_H_ */
