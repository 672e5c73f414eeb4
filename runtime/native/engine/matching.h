// How the maps of a Siamese network become places, as in bireid_runtime/matching.py.
#ifndef BIREID_ENGINE_MATCHING_H_
#define BIREID_ENGINE_MATCHING_H_

#include "engine/json.h"

namespace bireid {

// The constants of an output of kind correlation.
struct Matching {
  int stride = 0;          // pixels of the network's input from one cell to the next
  int exemplar_first = 0;  // first cell of the exemplar on both axes
  int exemplar_cells = 0;  // its rows and columns
  int search_first = 0;    // first cell of the search on both axes
  int search_cells = 0;    // its rows and columns
  double search_scale = 0;
  double context = 0;
  int scales = 0;  // odd
  double scale_step = 0;
  double scale_penalty = 0;
  double scale_rate = 0;
  double window_weight = 0;
  int upsampling = 0;
  double response_scale = 0;
  double response_bias = 0;

  // Rows of a response, before and after it is enlarged.
  int response_cells() const { return search_cells - exemplar_cells + 1; }
  int response_side() const { return response_cells() * upsampling; }
};

// Reads the entry `decode` of a map of `rows` rows and columns. Throws BundleError.
Matching ReadMatching(const JsonSection& decode, int rows);

}  // namespace bireid

#endif  // BIREID_ENGINE_MATCHING_H_
