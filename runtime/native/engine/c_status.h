// What the functions of the C interface share: errors as statuses, and the caller's options.
#ifndef BIREID_ENGINE_C_STATUS_H_
#define BIREID_ENGINE_C_STATUS_H_

#include <exception>
#include <new>
#include <stdexcept>

#include "engine/bireid.h"
#include "engine/errors.h"
#include "engine/kinds.h"
#include "engine/session.h"

namespace bireid {

// Leaves a line for bireid_last_error() and returns `status`.
bireid_status Fail(bireid_status status, const char* message);

// Runs a function that returns a status; what it throws becomes one.
template <typename Function>
bireid_status Guard(Function function) {
  try {
    return function();
  } catch (const BundleError& error) {
    return Fail(BIREID_BAD_BUNDLE, error.what());
  } catch (const UnsupportedError& error) {
    return Fail(BIREID_UNSUPPORTED, error.what());
  } catch (const std::invalid_argument& error) {
    return Fail(BIREID_INVALID_ARGUMENT, error.what());
  } catch (const std::bad_alloc&) {
    return Fail(BIREID_OUT_OF_MEMORY, "not enough memory");
  } catch (const std::exception& error) {
    return Fail(BIREID_INTERNAL, error.what());
  } catch (...) {
    return Fail(BIREID_INTERNAL, "an unknown error");
  }
}

// Throws std::invalid_argument.
void Require(bool condition, const char* message);

// The caller's options, with what an older or a newer caller does not know left at its default.
// Throws std::invalid_argument or UnsupportedError.
SessionOptions ReadOptions(const bireid_options* given);

// Name of a camera of the bundle; null if there is no such index.
const char* CameraName(const Session& session, int32_t index);
int32_t CameraCount(const Session& session);

// Runs the self-test of a session as bireid_session_selftest does.
bireid_status SelfTest(Session* session, double* max_difference, double* min_cosine);

// The output of a kind that a face shows; `face` is the function that opens it. Throws
// UnsupportedError unless the network has one input, an RGB image or a cloud as `input` says, and
// one output of that kind.
int OutputOfFace(const Session& session, const char* kind, const char* face,
                 RawItem input = RawItem::kImage);

// Runs one image and fills the one output, of `count` elements.
void RunOneImage(Session* session, int output, const ImageView& image, float* values);

}  // namespace bireid

#endif  // BIREID_ENGINE_C_STATUS_H_
