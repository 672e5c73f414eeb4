#include "programs/bireid_embed/options.h"

namespace bireid_embed {

const char kHelp[] =
    R"(Usage: bireid-embed [OPTION]... BUNDLE IMAGE...
       bireid-embed [OPTION]... BUNDLE --describe | --selftest | --bench [N]
       bireid-embed [OPTION]... serve BUNDLE --stdio | --socket PATH
       bireid-embed [OPTION]... watch DETECTOR BUNDLE

Embeds crops of people with a bundle's 1-bit network, classifies pictures, finds things in them, or
follows one from frame to frame, or classifies point clouds, whichever the network does. Prints one
line of JSON an image:
{"image": PATH, "embedding": [NUMBER, ...]}, or
{"image": PATH, "class": NAME, "probability": NUMBER, "logits": [NUMBER, ...]}, or
{"image": PATH, "boxes": [{"class": NAME, "score": NUMBER, "box": [LEFT, TOP, RIGHT, BOTTOM]}]}, or
{"image": PATH, "box": [LEFT, TOP, WIDTH, HEIGHT], "score": NUMBER}, or
{"cloud": PATH, "class": NAME, "probability": NUMBER, "logits": [NUMBER, ...]}.
An IMAGE is a PNG, JPEG or BMP file of at most 64 MiB, 20000 pixels a side and 100 million pixels;
its EXIF orientation is applied. Where the network takes point clouds it is a .npy file of floats
(M, 3) or a .ply file, text or little endian, of 3 to 2^24 points.

  --raw WxH      every IMAGE holds W * H * 3 bytes, RGB, row by row
  --box X,Y,W,H  where the target is in the first IMAGE, in pixels, 0 at its edge; the others are
                 the frames that follow
  --binary       print float32 rows, little endian, instead of JSON; of boxes the map
  --describe     print as JSON what the network takes and gives, its task and its fingerprint
  --selftest     run the bundle's own items and compare; exit code 3 if they differ too much
  --bench [N]    time N runs (default 100) on a crop of 128x256 pixels
  --json         print the self-test or the timings as JSON
  --camera NAME  whose crops come in, where the bundle is adapted to cameras: needed to embed
                 images; --selftest tests all of them
  --threads N    threads of one image, 1 to 64 (default 1)
  --isa NAME     auto (default), scalar, avx2, avx512f, avx512, amx or neon
  --stem KIND    float32 (default) or uint8: the first layer on 8-bit pixels, faster, not as exact
  --help         print this
  --version      print the version

serve answers requests, one a line, until it gets end of file, SIGTERM or SIGINT. A request is the
path of an image, or "raw W H" followed by W * H * 3 bytes; of a network on point clouds the path
of one, or "raw N" followed by N * 3 float32, little endian; where the bundle is adapted to cameras
and --camera names none, with "camera NAME " before it; of a tracker with "box X,Y,W,H " before the
frame in which a target is taken. An answer is a line of JSON, {"embedding": [NUMBER, ...]},
{"class": NAME, "probability": NUMBER, "logits": [NUMBER, ...]}, {"boxes": [...]},
{"box": [...], "score": NUMBER} or {"error": TEXT}.

  --stdio        requests on standard input, answers on standard output
  --socket PATH  a Unix socket for this user, of up to 8 clients at a time
  --patience N   with --socket: a client loses its place that is silent within a request, or idle
                 while others wait, for N seconds, 1 to 3600 (default 30)

watch reads frames from standard input until it gets end of file, SIGTERM or SIGINT, follows the
people that DETECTOR finds in them, and prints a line of JSON for each when they are gone: {"track":
NUMBER, "camera": NAME, "first": SECONDS, "last": SECONDS, ..., "embedding": [NUMBER, ...]}; in the
end {"frames": NUMBER, "broken": NUMBER, "tracks": NUMBER, "refused": NUMBER}.

  --format NAME  mjpeg (default): JPEG files behind one another; ppm: PPM files; rgb24, nv12: pixels
  --size WxH     of the frames of rgb24 and nv12
  --fps N        count seconds by frames, N a second; without it they are those of the clock
  --class NAME   of DETECTOR's classes the one that is watched (default person, or the only one)
  --camera NAME  what the camera is called; BUNDLE may be adapted to it
  --against FILE the people of a .jsonl file of "bireid-deploy gallery export": lines get "person"
                 and "score", who resembles most
  --boxes        print a line for each box of a track as well: {"frame": NUMBER, "track": NUMBER,
                 "box": [LEFT, TOP, RIGHT, BOTTOM], "score": NUMBER}

Exit codes: 0 ok, 1 bug, 2 usage (command line, image or bundle), 3 a check failed, 6 unsupported.
)";

}  // namespace bireid_embed
