/* Mean and deviation of one camera's embeddings, learned on the device from crops without labels.
 *
 *   bireid_statistics* camera = NULL;
 *   bireid_statistics_create(bireid_embedding_dim(extractor), &camera);
 *   bireid_statistics_add(camera, embedding, 1);
 *   bireid_statistics_apply(camera, 1, embedding, 1);
 *   bireid_statistics_destroy(camera);
 *
 * What goes in are embeddings as the network gives them: of a bundle that takes out a mean itself,
 * open it with `uncentred` of bireid_options. bireid.h says what holds for all functions.
 */
#ifndef BIREID_ENGINE_BIREID_STATISTICS_H_
#define BIREID_ENGINE_BIREID_STATISTICS_H_

#include "bireid.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct bireid_statistics bireid_statistics;

/* Empty, for embeddings of `dim` numbers, 1 to 65536. On failure *statistics is NULL. */
BIREID_API bireid_status bireid_statistics_create(int32_t dim, bireid_statistics** statistics);

/* Starts from what the bundle knows of the camera that it was opened for, with the crops that it
 * was learned from as weight. BIREID_INVALID_ARGUMENT if it knows nothing of its embeddings. */
BIREID_API bireid_status bireid_statistics_of(const bireid_extractor* extractor,
                                              bireid_statistics** statistics);

/* Counts `count` embeddings in, [count][dim]. Nothing is counted if a number is not finite. */
BIREID_API bireid_status bireid_statistics_add(bireid_statistics* statistics,
                                               const float* embeddings, int32_t count);

/* Takes the mean out of `count` embeddings, [count][dim], where they lie, divides them by the
 * deviation if `divide` is not 0, and gives them unit length. While fewer than two have been
 * counted they stay as they are. */
BIREID_API bireid_status bireid_statistics_apply(const bireid_statistics* statistics,
                                                 int32_t divide, float* embeddings, int32_t count);

/* Embeddings so far, and [dim] numbers each; the deviation is 1e-6 or more. Any may be NULL. */
BIREID_API bireid_status bireid_statistics_get(const bireid_statistics* statistics, int64_t* count,
                                               float* mean, float* deviation);

/* `statistics` may be NULL. No call may use it any more. */
BIREID_API void bireid_statistics_destroy(bireid_statistics* statistics);

#ifdef __cplusplus
}
#endif

#endif /* BIREID_ENGINE_BIREID_STATISTICS_H_ */
