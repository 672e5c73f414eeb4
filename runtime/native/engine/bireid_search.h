/* Exact search in embeddings that the caller keeps, such as a mapped file: the nearest of all rows.
 *
 *   bireid_sign_codes(vectors, count, dim, codes);             once, beside the vectors
 *   bireid_search_codes(codes, count, dim, code, NULL, 200, 1, rows, distances, &found);
 *   bireid_search_rescore(vectors, count, dim, query, rows, found, scores);
 *
 * A code holds the signs of an embedding, a 32nd of its bytes. 200 rows by their codes, with their
 * products then, cost a fraction of all products and hold nearly always the same ten nearest.
 * bireid_search_vectors computes all products. Embeddings have unit length, so a product is the
 * cosine. bireid.h says what holds for all functions. Calls from several threads are independent.
 */
#ifndef BIREID_ENGINE_BIREID_SEARCH_H_
#define BIREID_ENGINE_BIREID_SEARCH_H_

#include "bireid.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Of `count` embeddings, [count][dim], dim 1 to 65536: codes of (dim + 7) / 8 bytes behind one
 * another. Bit i is set if number i is 0 or more, the first being the highest of the first byte. */
BIREID_API bireid_status bireid_sign_codes(const float* vectors, int64_t count, int32_t dim,
                                           uint8_t* codes);

/* The `top` rows (1 to 65536) whose codes differ from the query's in the fewest bits, the nearest
 * first, of equal ones the lower row first. `allowed` has a byte per row, 0 for one that is left
 * out, or is NULL. `threads` (1 to 64) share the rows. `rows` and `distances` have `top` elements;
 * *found says how many are filled: all, unless fewer rows are allowed. */
BIREID_API bireid_status bireid_search_codes(const uint8_t* codes, int64_t count, int32_t dim,
                                             const uint8_t* query, const uint8_t* allowed,
                                             int64_t top, int32_t threads, int64_t* rows,
                                             int32_t* distances, int64_t* found);

/* The same by products of vectors [count][dim] with query [dim], the highest first. The bits of a
 * product are those of every CPU: 16 sums, of the elements i, i + 16 ..., then of halves. */
BIREID_API bireid_status bireid_search_vectors(const float* vectors, int64_t count, int32_t dim,
                                               const float* query, const uint8_t* allowed,
                                               int64_t top, int32_t threads, int64_t* rows,
                                               float* scores, int64_t* found);

/* The products of the query with the rows of these numbers, in their order. */
BIREID_API bireid_status bireid_search_rescore(const float* vectors, int64_t count, int32_t dim,
                                               const float* query, const int64_t* rows,
                                               int64_t row_count, float* scores);

#ifdef __cplusplus
}
#endif

#endif /* BIREID_ENGINE_BIREID_SEARCH_H_ */
