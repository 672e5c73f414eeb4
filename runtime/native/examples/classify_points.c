/* classify_points BUNDLE POINTS.f32 COUNT: prints the logit and the name of every class of a file
 * of COUNT points, x, y and z of each as float32. */
#include <stdio.h>
#include <stdlib.h>

#include "bireid_point_classifier.h"

int main(int argc, char** argv) {
  bireid_point_classifier* classifier = NULL;
  if (argc != 4 || bireid_point_classifier_open(argv[1], NULL, &classifier) != BIREID_OK) {
    fprintf(stderr, "%s\n",
            argc != 4 ? "usage: classify_points BUNDLE POINTS COUNT" : bireid_last_error());
    return 1;
  }
  const long count = atol(argv[3]);
  const size_t numbers = (size_t)count * 3;
  float* points = malloc(numbers * sizeof(float));
  FILE* file = fopen(argv[2], "rb");
  const int classes = bireid_point_class_count(classifier);
  float* logits = malloc(classes * sizeof(float));
  int failed = points == NULL || file == NULL || logits == NULL ||
               fread(points, sizeof(float), numbers, file) != numbers;
  if (!failed && bireid_classify_points(classifier, points, count, logits, classes)) {
    fprintf(stderr, "%s\n", bireid_last_error());
    failed = 1;
  }
  for (int i = 0; i < classes && !failed; ++i) {
    printf("%.9g %s\n", logits[i], bireid_point_class_name(classifier, i));
  }
  if (file != NULL) fclose(file);
  free(logits);
  free(points);
  bireid_point_classifier_close(classifier);
  return failed;
}
