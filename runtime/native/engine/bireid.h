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
 *
 * Lifetimes. What a call takes (pixels, arrays, texts, options, files in memory) may go when it
 * returns. Texts and arrays that a handle gives (fingerprint, names, mean, std) live until that
 * handle is closed and never change; those of bireid_version() live for ever. A handle lives until
 * it is closed, once, by the function of its kind, when no call uses it; handles that share weights
 * are closed each by itself, in any order.
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

/* A file of a bundle in memory. */
typedef struct {
  const char* name; /* as in the folder, "manifest.json" */
  const void* data;
  size_t bytes;
} bireid_file;

/* Set `size` to sizeof(bireid_options), and what is not needed to 0 or NULL. */
typedef struct {
  size_t size;
  int32_t threads;  /* of one call, 1 to 64; 0: 1. Never more than CPUs that it may use */
  const char* isa;  /* "auto" (NULL too), "scalar", "avx2", "avx512f", "avx512", "amx", "neon" */
  const char* stem; /* "float32" or "uint8"; NULL: "float32" */
  int32_t skip_checksums; /* 1: read only what is needed, and do not compare SHA-256 */
  const void* model;  /* the bundle's file of format "lce" or "float", which the caller has read and
                         checked: then nothing but manifest.json is read to open the bundle.
                         Needed until the open returns. NULL: the file is read */
  size_t model_bytes; /* of `model` */
  const char* profile; /* file that gets the time of every step when the network is closed, as a
                          JSON array of {"name", "runs", "nanoseconds", "fastest_nanoseconds"};
                          names are the fused operators with their numbers in the model file.
                          NULL: no step is timed */
  const char* camera;  /* whose crops come in: needed for a bundle that is adapted to cameras, and
                          refused for any other; the message lists those it knows. "": the first
                          one if there are any, for tests and timings. NULL: none; with `model`
                          the network then runs as that file says, whatever the camera */
  int32_t uncentred;   /* 1: embeddings as the network gives them, without what the bundle knows
                          of the camera's mean and deviation, for bireid_statistics.h; never
                          compare them with others */
  const bireid_file* files; /* the bundle in memory: every open function then reads these instead
                               of a directory, whose name is for messages alone. Needed are
                               manifest.json and the file of format "lce" or "float", for the
                               self-test the golden items and what they decode to, if the
                               manifest names it, for cameras adaptation.safetensors;
                               others are not looked at. Sizes and SHA-256 must be those of the
                               manifest; where it comes from is the caller's to know. What is needed
                               later is copied. With `model` that is the model. NULL: the directory
                               is read */
  int32_t file_count;       /* of `files`, at most 1024 */
} bireid_options;

/* Orders of the colours of a picture, 8 bits each. */
enum {
  BIREID_RGB8 = 0,
  BIREID_BGR8 = 1, /* as OpenCV gives it */
  BIREID_NV12 = 2  /* as cameras and video decoders do: luma, then U and V of 2x2 pixels side by
                      side; BT.601 of limited range. docs/c-api.md has the formula */
};

/* A crop in any of these formats, from 1x1 to 20000x20000 pixels. A crop of a larger NV12 frame
 * begins at an even column and row of it. */
typedef struct {
  const uint8_t* pixels; /* of NV12 the luma, one byte a pixel */
  int32_t width;
  int32_t height;
  int64_t row_bytes;        /* from one row to the next; 0: rows follow each other */
  int32_t format;           /* BIREID_RGB8, BIREID_BGR8 or BIREID_NV12 */
  const uint8_t* chroma;    /* of NV12; NULL: behind the last row of luma */
  int64_t chroma_row_bytes; /* of NV12; 0: as row_bytes, or the width, rounded up to even */
} bireid_picture;

/* How a network wants its image. Set `size` to sizeof(bireid_image_info) before the call; arrays
 * belong to the handle. */
typedef struct {
  size_t size;
  int32_t width;
  int32_t height;
  int32_t channels;
  int32_t letterbox; /* 1: keeps its aspect ratio, in the upper left corner of a grey input */
  const float* mean; /* of each channel: the input is (pixel / 255 - mean) / std */
  const float* std;
} bireid_image_info;

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

/* Another handle on a network that is open, for another thread: weights are shared, only working
 * memory is added, and calls of the two do not wait for each other. Same camera, same options;
 * `profile` stays with the first. On failure *another is NULL. */
BIREID_API bireid_status bireid_share(const bireid_extractor* extractor,
                                      bireid_extractor** another);

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

/* Embeds `count` crops in any format; `embeddings` gets [count][dim]. The same embeddings as of RGB
 * one by one; several share the threads, one each. */
BIREID_API bireid_status bireid_embed_pictures(bireid_extractor* extractor,
                                               const bireid_picture* pictures, int32_t count,
                                               float* embeddings, int32_t dim);

/* How alike two embeddings of one fingerprint are, -1 to 1: the sum of their products, in float64
 * and in their order. 0 if a pointer is NULL. */
BIREID_API double bireid_similarity(const float* a, const float* b, int32_t dim);

/* Size, mean and std of the network's input, for who prepares images for bireid_embed_images. */
BIREID_API bireid_status bireid_input_image(const bireid_extractor* extractor,
                                            bireid_image_info* info);

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
