/* detect BUNDLE PIXELS.rgb WIDTH HEIGHT: prints class, score and box of what it finds. */
#include <stdio.h>
#include <stdlib.h>

#include "bireid_detector.h"

int main(int argc, char** argv) {
  bireid_detector* detector = NULL;
  if (argc != 5 || bireid_detector_open(argv[1], NULL, &detector) != BIREID_OK) {
    fprintf(stderr, "%s\n",
            argc != 5 ? "usage: detect BUNDLE PIXELS WIDTH HEIGHT" : bireid_last_error());
    return 1;
  }
  const int width = atoi(argv[3]), height = atoi(argv[4]);
  const size_t bytes = (size_t)width * height * 3;
  unsigned char* pixels = malloc(bytes);
  FILE* file = fopen(argv[2], "rb");
  const int capacity = bireid_detector_max_boxes(detector);
  bireid_box* boxes = malloc(capacity * sizeof(bireid_box));
  int count = 0;
  int failed =
      pixels == NULL || file == NULL || boxes == NULL || fread(pixels, 1, bytes, file) != bytes;
  if (!failed &&
      bireid_detect_rgb8(detector, pixels, width, height, 0, -1, boxes, capacity, &count)) {
    fprintf(stderr, "%s\n", bireid_last_error());
    failed = 1;
  }
  for (int i = 0; i < count; ++i) {
    printf("%s %.9g %.9g %.9g %.9g %.9g\n",
           bireid_detector_class_name(detector, boxes[i].class_index), boxes[i].score,
           boxes[i].left, boxes[i].top, boxes[i].right, boxes[i].bottom);
  }
  if (file != NULL) fclose(file);
  free(boxes);
  free(pixels);
  bireid_detector_close(detector);
  return failed;
}
