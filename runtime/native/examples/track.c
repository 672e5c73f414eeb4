/* track BUNDLE WIDTH HEIGHT LEFT TOP BOX_WIDTH BOX_HEIGHT FRAME.rgb...: follows what the box shows
 * in the first frame; prints left, top, width, height and score of each one that follows. */
#include <stdio.h>
#include <stdlib.h>

#include "bireid_tracker.h"

static int read_frame(const char* path, unsigned char* pixels, size_t bytes) {
  FILE* file = fopen(path, "rb");
  const int failed = file == NULL || fread(pixels, 1, bytes, file) != bytes;
  if (file != NULL) fclose(file);
  if (failed) fprintf(stderr, "%s: cannot be read, or is too short\n", path);
  return failed;
}

int main(int argc, char** argv) {
  bireid_tracker* tracker = NULL;
  if (argc < 9 || bireid_tracker_open(argv[1], NULL, &tracker) != BIREID_OK) {
    fprintf(stderr, "%s\n",
            argc < 9 ? "usage: track BUNDLE WIDTH HEIGHT LEFT TOP BOX_WIDTH BOX_HEIGHT FRAME..."
                     : bireid_last_error());
    return 1;
  }
  const int width = atoi(argv[2]), height = atoi(argv[3]);
  bireid_tracked_box box = {atof(argv[4]), atof(argv[5]), atof(argv[6]), atof(argv[7]), 0};
  const size_t bytes = (size_t)width * height * 3;
  unsigned char* pixels = malloc(bytes);
  int failed = pixels == NULL;
  for (int i = 8; i < argc && !failed; ++i) {
    failed = read_frame(argv[i], pixels, bytes);
    if (failed) break;
    failed = i == 8 ? bireid_tracker_start_rgb8(tracker, pixels, width, height, 0, &box)
                    : bireid_tracker_update_rgb8(tracker, pixels, width, height, 0, &box);
    if (failed) fprintf(stderr, "%s\n", bireid_last_error());
    if (!failed && i > 8) {
      printf("%.17g %.17g %.17g %.17g %.17g\n", box.left, box.top, box.width, box.height,
             box.score);
    }
  }
  free(pixels);
  bireid_tracker_close(tracker);
  return failed;
}
