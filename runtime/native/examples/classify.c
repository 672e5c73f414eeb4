/* classify BUNDLE PIXELS.rgb WIDTH HEIGHT: prints the logit and the name of every class. */
#include <stdio.h>
#include <stdlib.h>

#include "bireid_classifier.h"

int main(int argc, char** argv) {
  bireid_classifier* classifier = NULL;
  if (argc != 5 || bireid_classifier_open(argv[1], NULL, &classifier) != BIREID_OK) {
    fprintf(stderr, "%s\n",
            argc != 5 ? "usage: classify BUNDLE PIXELS WIDTH HEIGHT" : bireid_last_error());
    return 1;
  }
  const int width = atoi(argv[3]), height = atoi(argv[4]);
  const size_t bytes = (size_t)width * height * 3;
  unsigned char* pixels = malloc(bytes);
  FILE* file = fopen(argv[2], "rb");
  const int classes = bireid_class_count(classifier);
  float* logits = malloc(classes * sizeof(float));
  int failed =
      pixels == NULL || file == NULL || logits == NULL || fread(pixels, 1, bytes, file) != bytes;
  if (!failed && bireid_classify_rgb8(classifier, pixels, width, height, 0, logits, classes)) {
    fprintf(stderr, "%s\n", bireid_last_error());
    failed = 1;
  }
  for (int i = 0; i < classes && !failed; ++i) {
    printf("%.9g %s\n", logits[i], bireid_class_name(classifier, i));
  }
  if (file != NULL) fclose(file);
  free(logits);
  free(pixels);
  bireid_classifier_close(classifier);
  return failed;
}
