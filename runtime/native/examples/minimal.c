/* minimal BUNDLE PIXELS.rgb WIDTH HEIGHT: prints the embedding of one crop. */
#include <stdio.h>
#include <stdlib.h>

#include "bireid.h"

int main(int argc, char** argv) {
  bireid_extractor* extractor = NULL;
  if (argc != 5 || bireid_open(argv[1], NULL, &extractor) != BIREID_OK) {
    fprintf(stderr, "%s\n",
            argc != 5 ? "usage: minimal BUNDLE PIXELS WIDTH HEIGHT" : bireid_last_error());
    return 1;
  }
  const int width = atoi(argv[3]), height = atoi(argv[4]);
  const size_t bytes = (size_t)width * height * 3;
  unsigned char* pixels = malloc(bytes);
  FILE* file = fopen(argv[2], "rb");
  const int dim = bireid_embedding_dim(extractor);
  float* embedding = malloc(dim * sizeof(float));
  int failed =
      pixels == NULL || file == NULL || embedding == NULL || fread(pixels, 1, bytes, file) != bytes;
  if (!failed && bireid_embed_rgb8(extractor, pixels, width, height, 0, embedding, dim)) {
    fprintf(stderr, "%s\n", bireid_last_error());
    failed = 1;
  }
  for (int i = 0; i < dim && !failed; ++i) printf("%.9g\n", embedding[i]);
  if (file != NULL) fclose(file);
  free(embedding);
  free(pixels);
  bireid_close(extractor);
  return failed;
}
