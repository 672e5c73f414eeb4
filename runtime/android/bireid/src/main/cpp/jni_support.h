// What crosses between Java and C: bytes, options and errors.
#ifndef BIREID_ANDROID_JNI_SUPPORT_H_
#define BIREID_ANDROID_JNI_SUPPORT_H_

#include <jni.h>

#include <cstdint>
#include <optional>

#include "engine/bireid.h"

namespace bireid_jni {

// The bytes of a Java array until the end of a scope.
class ByteArray {
 public:
  ByteArray(JNIEnv* env, jbyteArray array)
      : env_(env), array_(array), bytes_(env->GetByteArrayElements(array, nullptr)) {}
  ~ByteArray() {
    if (bytes_ != nullptr) env_->ReleaseByteArrayElements(array_, bytes_, JNI_ABORT);
  }
  ByteArray(const ByteArray&) = delete;
  ByteArray& operator=(const ByteArray&) = delete;

  bool ok() const { return bytes_ != nullptr; }
  const char* text() const { return reinterpret_cast<const char*>(bytes_); }
  const uint8_t* data() const { return reinterpret_cast<const uint8_t*>(bytes_); }

 private:
  JNIEnv* env_;
  jbyteArray array_;
  jbyte* bytes_;
};

// Bytes of text; null with a pending exception if there is no memory.
jbyteArray ToBytes(JNIEnv* env, const char* text);

// Throws bireid_last_error() in Java.
void ThrowLastError(JNIEnv* env, bireid_status status);

// The arguments of an open in Java; valid as long as the object.
class OpenArguments {
 public:
  // `camera` may be null.
  OpenArguments(JNIEnv* env, jbyteArray directory, jint threads, jbyteArray isa, jbyteArray stem,
                jboolean skip_checksums, jbyteArray camera)
      : directory_(env, directory), isa_(env, isa), stem_(env, stem) {
    if (camera != nullptr) camera_.emplace(env, camera);
    options_.size = sizeof(options_);
    options_.threads = threads;
    options_.isa = isa_.text();
    options_.stem = stem_.text();
    options_.skip_checksums = skip_checksums == JNI_TRUE ? 1 : 0;
    options_.camera = camera_ ? camera_->text() : nullptr;
  }

  // Otherwise an exception of Java is pending.
  bool ok() const {
    return directory_.ok() && isa_.ok() && stem_.ok() && (!camera_ || camera_->ok());
  }
  const char* directory() const { return directory_.text(); }
  const bireid_options* options() const { return &options_; }

  // The bundle in memory, which must outlive the open.
  void set_files(const bireid_file* files, int32_t count) {
    options_.files = files;
    options_.file_count = count;
  }

 private:
  ByteArray directory_;
  ByteArray isa_;
  ByteArray stem_;
  std::optional<ByteArray> camera_;
  bireid_options options_{};
};

// A handle of the C interface as Java keeps it.
template <typename Handle>
Handle* FromHandle(jlong handle) {
  return reinterpret_cast<Handle*>(static_cast<intptr_t>(handle));
}

// Opens with a function of the C interface; 0 with a pending exception if it fails.
template <typename Handle>
jlong Open(JNIEnv* env, const OpenArguments& arguments,
           bireid_status (*open)(const char*, const bireid_options*, Handle**)) {
  if (!arguments.ok()) return 0;
  Handle* handle = nullptr;
  const bireid_status status = open(arguments.directory(), arguments.options(), &handle);
  if (status != BIREID_OK) ThrowLastError(env, status);
  return static_cast<jlong>(reinterpret_cast<intptr_t>(handle));
}

// Null if the self-test passed, else why not; `measured` gets largest difference and smallest
// cosine.
template <typename Handle>
jbyteArray SelfTest(JNIEnv* env, jlong handle, jdoubleArray measured,
                    bireid_status (*test)(Handle*, double*, double*)) {
  jdouble values[2] = {0, 0};
  const bireid_status status = test(FromHandle<Handle>(handle), &values[0], &values[1]);
  if (status == BIREID_OK || status == BIREID_SELF_TEST_FAILED) {
    env->SetDoubleArrayRegion(measured, 0, 2, values);
    return status == BIREID_OK ? nullptr : ToBytes(env, bireid_last_error());
  }
  ThrowLastError(env, status);
  return nullptr;
}

}  // namespace bireid_jni

#endif  // BIREID_ANDROID_JNI_SUPPORT_H_
